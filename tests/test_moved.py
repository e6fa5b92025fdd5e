"""Names of version 0.1 that moved: they answer, and say where they are now."""

import importlib
import subprocess
import sys

import pytest

import tinygan
from tinygan.moved import MOVED

OLD_NAMES = {
    "experiment": ("Experiment", "Latent", "CriticSteps"),
    "conditions": ("Classes", "Sentences"),
    "clipping": ("ClipNorm", "ClipValue", "ClipWeights"),
    "conditional": ("AuxiliaryClassifier", "MatchingAware", "softmax"),
    "relativistic": ("RelativisticAverage",),
    "metrics": ("mode_coverage", "sliced_wasserstein"),
    "metrics.modes": ("kl_divergence",),
    "layers.norm": ("BatchNorm", "ConditionalBatchNorm"),
    "layers.tuples": ("Branch", "Pick"),
    "data.readers": ("load_images", "read_idx"),
    "run": ("Run",),
    "train": ("train",),
}


@pytest.mark.parametrize("old", MOVED)
def test_an_old_name_leads_to_the_new_module(old, monkeypatch):
    monkeypatch.delitem(sys.modules, f"tinygan.{old}", raising=False)
    new = f"tinygan.{MOVED[old]}"
    with pytest.warns(DeprecationWarning, match=f"tinygan.{old} is now {new}$"):
        module = importlib.import_module(f"tinygan.{old}")
    assert module is importlib.import_module(new)
    assert module.__spec__.name == module.__name__ == new  # it is left as it was
    for name in OLD_NAMES.get(old, ()):
        assert hasattr(module, name)
    monkeypatch.delitem(sys.modules, f"tinygan.{old}")


def test_the_warning_names_the_users_own_line(tmp_path):
    """And only old code is warned: tinygan itself imports nothing by an old name."""
    mine = tmp_path / "mine.py"
    mine.write_text(
        "import tinygan\nfrom tinygan.experiment import Latent\nLatent(3)\n"
    )
    command = [sys.executable, "-W", "always::DeprecationWarning", str(mine)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.count("DeprecationWarning") == 1
    assert f"{mine}:2: DeprecationWarning: tinygan.experiment" in done.stderr


def test_what_never_was_is_not_found():
    for name in ("tinygan.nowhere", "tinygan.data.nowhere"):
        with pytest.raises(ModuleNotFoundError, match="nowhere"):
            importlib.import_module(name)


def test_the_public_names_are_those_of_version_0_1():
    """A user's imports from tinygan and tinygan.data go on working."""
    kept = {
        *("Adam", "AuxiliaryClassifier", "AuxiliaryWords", "Backend", "BackendError"),
        *("CheckpointError", "ClipNorm", "ClipValue", "ClipWeights", "Critic"),
        *("DRAGAN", "DataError", "Diversity", "Drift", "Hinge", "InputError"),
        *("Integers", "LeastSquares", "MatchingAware", "Minimax", "Mismatch"),
        *("Momentum", "NUMPY", "Net", "NonFiniteError", "NonSaturating", "Objective"),
        *("Optimizer", "Penalty", "R1", "R2", "RMSProp", "RelativisticAverage"),
        *("RelativisticPairing", "SGD", "ShapeError", "TangentError", "WGANGP"),
        *("Wasserstein", "d_step", "g_step", "get_backend", "get_xp", "play"),
        *("sigmoid", "softplus", "GRU", "Activation", "Affine", "AvgPool2d"),
        *("BatchNorm", "Branch", "Concat", "ConditionalBatchNorm", "Conv1d", "Conv2d"),
        *("ConvTranspose2d", "Dense", "Dropout", "Each", "Embedding", "Flatten"),
        *("Identity", "InnerProduct", "InstanceNoise", "InstanceNorm", "Layer"),
        *("LayerNorm", "LeakyReLU", "Maxout", "MeanPool", "MinibatchStd", "Pack"),
        *("Paint", "Parallel", "Pick", "PixelNorm", "Projection", "ReLU", "Reshape"),
        *("Residual", "Scale", "Sequential", "Sigmoid", "Softplus", "SpectralNorm"),
        *("Tanh", "Upsample2d", "col2im", "glorot", "he", "im2col", "normal"),
        "uniform",
    }
    assert kept <= set(tinygan.__all__)
    of_data = {
        *("Captioned", "Conditioned", "Density", "GaussianMixture", "ImageStream"),
        *("Images", "Labelled", "PairStream", "SampleStream", "Scene", "TwoMoons"),
        *("Vocabulary", "all_words", "captioned_digits", "describe", "draw", "grid"),
        *("held_out", "joined", "load_captioned", "load_digits", "load_images"),
        *("mixture_1d", "read_array", "read_idx", "ring", "sentences", "split"),
        "vocabulary",
    }
    assert of_data <= set(importlib.import_module("tinygan.data").__all__)
