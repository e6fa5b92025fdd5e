"""Defaults are a promise: a game without an option is the one that papers describe.

A changed default changes everybody's results, and no derivative shows it.
"""

import inspect
import math

import numpy as np

import tinygan as tg
from tinygan import measures

ROOMS = ("layers", "objectives", "penalties", "optim", "gan", "net", "measures")
DEFAULTS = {
    "Adam": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-08},
    "AuxiliaryClassifier": {"source": None, "weight": 1.0},
    "AuxiliaryWords": {"source": None, "weight": 1.0},
    "AvgPool1d": {"k": 2},
    "AvgPool2d": {"k": 2},
    "BatchNorm": {"eps": 1e-05, "momentum": 0.1, "gamma_std": 0.0},
    "ConditionalBatchNorm": {"eps": 1e-05, "momentum": 0.1, "gamma_std": 0.0},
    "CausalConv2d": {"bias": True},
    "Conv1d": {"pad": 0, "stride": 1, "bias": True, "init": None, "groups": 1},
    "Conv2d": {"stride": 1, "pad": 0, "bias": True, "init": None, "groups": 1},
    "ConvTranspose1d": {
        "stride": 1,
        "pad": 0,
        "output_pad": 0,
        "bias": True,
        "init": None,
        "groups": 1,
    },
    "ConvTranspose2d": {
        "stride": 1,
        "pad": 0,
        "output_pad": 0,
        "bias": True,
        "init": None,
        "groups": 1,
    },
    "Cutout": {"share": 0.5},
    "DRAGAN": {"weight": 10.0, "k": 1.0, "c": 0.5},
    "Dense": {"bias": True, "init": None},
    "Drift": {"eps": 0.001},
    "Dropout": {"p": 0.5},
    "Embedding": {"init": None},
    "EqualRate": {"gain": math.sqrt(2)},
    "Fade": {"alpha": 1.0},
    "GRU": {"init": None, "every": False},
    "GatedBlock": {"k": 3, "residual": True},
    "GrowingDiscriminator": {"down": tg.AvgPool2d, "first": None},
    "GrowingGenerator": {"up": tg.Upsample2d},
    "GumbelSoftmax": {"tau": 1.0, "straight_through": False},
    "InstanceNoise": {"steps": None},
    "InstanceNorm": {"eps": 1e-05},
    "LayerNorm": {"eps": 1e-05},
    "LeakyReLU": {"a": 0.2},
    "LeastSquares": {"a": 0.0, "b": 1.0, "c": 1.0},
    "MADE": {"direct": True},
    "MaskedDense": {"bias": True},
    "MatchingAware": {"real_label": 1.0},
    "MinibatchStd": {"group": 4, "eps": 1e-08},
    "Minimax": {"real_label": 1.0},
    "Mismatch": {"weight": 0.5, "near": 0.0},
    "Momentum": {"mu": 0.9, "final": None, "ramp": 1},
    "NonSaturating": {"real_label": 1.0},
    "Pack": {"m": 2},
    "PixelNorm": {"eps": 1e-08},
    "Projection": {"init": None},
    "R1": {"gamma": 10.0},
    "R2": {"gamma": 10.0},
    "RMSProp": {"rho": 0.99, "eps": 1e-08},
    "RelativisticAverage": {"real_label": 1.0},
    "Residual": {"shortcut": None, "scale": 1.0},
    "Scale": {"b": 0.0},
    "SpectralNorm": {"n_iterations": 1},
    "Translate": {"share": 0.125},
    "UpConv2d": {"pad": 0, "k": 2, "bias": True, "init": None, "groups": 1},
    "Upsample1d": {"k": 2},
    "Upsample2d": {"k": 2},
    "WGANGP": {"weight": 10.0, "k": 1.0, "one_sided": False},
    "d_step": {"penalties": (), "rng": None},
    "g_step": {"x_real": None},
    "fixup": {"a": 0.0},
    "he": {"a": 0.0},
    "normal": {"std": 0.02},
    "play": {"k": 1, "penalties": (), "rng": None},
    "NgramModel": {"a": 1.0},
    "PCA": {"components": 64},
    "cheap_measures": {"directions": 16},
    "feature_space": {"seed": 0},
    "median_distance": {"y": None, "most": 1000},
    "mmd2": {"scales": None},
    "digit_judge": {"seed": 0},
    "precision_recall": {"k": 3},
    "stacked_modes": {"weights": None},
    "sliced_wasserstein": {"directions": 128, "seed": 0},
    "sliced_wasserstein_patches": {
        "size": 7,
        "per_image": 128,
        "directions": 512,
        "least": 16,
        "seed": 0,
    },
    "Net": {"seed": 0, "dtype": "float32", "backend": tg.NUMPY},
    "parzen_log_likelihood": {"sigmas": tuple(np.logspace(-1, 0, 10).tolist())},
}


def defaults() -> dict[str, dict]:
    """{name: {parameter: default}} of the public functions and classes."""
    found = {}
    for room in (tg, measures):
        for name in room.__all__:
            thing = getattr(room, name)
            where = getattr(thing, "__module__", "").split(".")
            if len(where) < 2 or where[1] not in ROOMS or not callable(thing):
                continue
            made = thing.__init__ if inspect.isclass(thing) else thing
            parameters = inspect.signature(made).parameters.values()
            own = {p.name: p.default for p in parameters if p.default is not p.empty}
            if own:
                found[name] = own
    return found


def test_the_defaults_are_these():
    assert defaults() == DEFAULTS
