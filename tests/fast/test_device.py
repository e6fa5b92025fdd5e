"""One program, two kinds of memory: what NumPy computes, a device computes too.

Every layer, objective, optimizer and step runs on the strict stand-in of
`tinygan/check/device` and, where there is a GPU, on CuPy, and is held against NumPy. On
the stand-in the host reads and launches are counted as well: a training step reads
nothing.
"""

import contextlib
import sys
import types

import growing_nets
import numpy as np
import pytest

import tinygan as tg
from tinygan import NUMPY, Net, backend
from tinygan.check import Cut, Given, OneLogit
from tinygan.check.device import xp as fake_device
from tinygan.layers import (
    GRU,
    MADE,
    Augment,
    AvgPool1d,
    AvgPool2d,
    BatchNorm,
    Bias,
    BilinearDown2d,
    BilinearUp2d,
    Branch,
    CausalConv2d,
    ColourJitter,
    Concat,
    ConditionalBatchNorm,
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    ConvTranspose2d,
    Coordinates,
    Cutout,
    Delay,
    Dense,
    Dropout,
    Each,
    Embedding,
    EqualRate,
    Fade,
    Flatten,
    Gate,
    GumbelSoftmax,
    Identity,
    InnerProduct,
    InstanceNoise,
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    MaskedDense,
    Maxout,
    MeanPool,
    MinibatchStd,
    Pack,
    Paint,
    Parallel,
    PhaseShuffle,
    Pick,
    PixelCNN,
    PixelNorm,
    Projection,
    ReLU,
    Reshape,
    Residual,
    Scale,
    Sequential,
    Sigmoid,
    Softmax,
    Softplus,
    SpectralNorm,
    Tanh,
    Translate,
    UpConv2d,
    Upsample1d,
    Upsample2d,
)


def get(name: str) -> tg.Backend:
    if name == "fake":
        return fake_device.FakeBackend()
    try:
        return tg.get_backend(name)
    except tg.BackendError as e:
        pytest.skip(str(e))


@pytest.fixture(params=["fake", "cupy"])
def device(request):
    return get(request.param)


@pytest.fixture(params=["numpy", "fake", "cupy"])
def anywhere(request):
    return get(request.param)


@contextlib.contextmanager
def no_host_read():
    """Nothing within this context makes the host wait (seen on the stand-in only)."""
    with fake_device.counting() as counts:
        yield counts
    assert counts.host_reads == 0


def agree(device, ours: dict, numpys: dict, tolerance=None) -> None:
    """The same entries, of the same dtypes and shapes, ours on the device; equal up to
    `tolerance` times the largest number. A GPU adds up in another order."""
    assert list(ours) == list(numpys)
    if tolerance is None:
        tolerance = 1e-12 if device.name == "fake" else 1e-10
    for name, a in ours.items():
        b = np.asarray(numpys[name])
        assert tg.get_xp(a) is device.xp, f"{name} is not on the device"
        assert (a.dtype, a.shape) == (b.dtype, b.shape), name
        error = np.abs(device.to_host(a) - b).max(initial=0)
        assert error <= tolerance * max(1e-300, np.abs(b).max(initial=0)), (name, error)


def draw(device, seed: int, *shape: int, dtype="float64"):
    """The same normal numbers on every backend."""
    a = np.random.default_rng([20, seed]).standard_normal(shape)
    return device.asarray(a.astype(dtype))


# The layers, all their passes.

CASES = {
    "Fade": (lambda: Fade(Dense(3), Sequential(Dense(3), Tanh()), 0.3), (5,)),
    "GrowingGenerator": (growing_nets.generator, (growing_nets.Z,)),
    "GrowingDiscriminator": (lambda: growing_nets.discriminator(group=3), (8, 8, 2)),
    "Dense": (lambda: Dense(3), (5,)),
    "Dense on a sequence": (lambda: Dense(3), (4, 5)),
    "Dense without bias": (lambda: Dense(3, bias=False), (5,)),
    "Conv2d": (lambda: Conv2d(3, 4, stride=2, pad=1), (6, 8, 2)),
    "Conv2d, oblong": (lambda: Conv2d(3, (3, 2), (1, 3), (2, 0)), (5, 6, 2)),
    "Conv2d 1x1": (lambda: Conv2d(3, 1, bias=False), (3, 4, 2)),
    "Conv2d in groups": (lambda: Conv2d(6, 3, 2, 1, groups=2), (5, 6, 4)),
    "Conv2d, depthwise": (lambda: Conv2d(4, 3, groups=4, bias=False), (5, 6, 4)),
    "ConvTranspose2d in groups": (
        lambda: ConvTranspose2d(6, 4, 2, 1, groups=2),
        (3, 4, 4),
    ),
    "ConvTranspose2d": (lambda: ConvTranspose2d(3, 4, stride=2, pad=1), (3, 4, 2)),
    "ConvTranspose2d, output_pad": (
        lambda: ConvTranspose2d(2, (3, 2), (2, 3), (1, 0), output_pad=(1, 2)),
        (4, 3, 2),
    ),
    "BatchNorm": (BatchNorm, (4,)),
    "BatchNorm of images": (BatchNorm, (3, 2, 4)),
    "LeakyReLU": (LeakyReLU, (4, 3)),
    "ReLU": (ReLU, (7,)),
    "Tanh": (Tanh, (7,)),
    "Sigmoid": (Sigmoid, (7,)),
    "Softplus": (Softplus, (7,)),
    "Softmax": (Softmax, (4, 3)),
    "GumbelSoftmax": (lambda: GumbelSoftmax(0.5), (4, 3)),
    "GumbelSoftmax, straight through": (lambda: GumbelSoftmax(0.5, True), (4, 3)),
    "Flatten": (Flatten, (3, 2, 4)),
    "Reshape": (lambda: Reshape(2, 3, 4), (24,)),
    "Dropout": (lambda: Dropout(0.3), (50,)),
    "InstanceNoise": (lambda: InstanceNoise(0.3, steps=4), (3, 2, 4)),
    "Translate": (lambda: Translate(0.4), (5, 4, 2)),
    "Cutout": (Cutout, (5, 4, 2)),
    "ColourJitter": (ColourJitter, (3, 4, 2)),
    "Augment": (Augment, (8, 8, 3)),
    "LayerNorm": (LayerNorm, (7,)),
    "LayerNorm of images": (LayerNorm, (3, 2, 4)),
    "InstanceNorm": (InstanceNorm, (3, 2, 4)),
    "PixelNorm": (PixelNorm, (3, 2, 4)),
    "SpectralNorm of Dense": (lambda: SpectralNorm(Dense(3)), (4, 5)),
    "SpectralNorm of Conv2d": (
        lambda: SpectralNorm(Conv2d(3, 4, stride=2, pad=1), n_iterations=2),
        (6, 8, 2),
    ),
    "SpectralNorm of ConvTranspose2d": (
        lambda: SpectralNorm(ConvTranspose2d(3, 4, stride=2, pad=1, bias=False)),
        (3, 4, 2),
    ),
    "EqualRate of Dense": (lambda: EqualRate(Dense(3)), (4, 5)),
    "EqualRate of Conv2d": (lambda: EqualRate(Conv2d(4, 3, 2, 1, groups=2)), (6, 8, 2)),
    "EqualRate of ConvTranspose2d": (
        lambda: EqualRate(ConvTranspose2d(3, 4, 2, 1, bias=False), gain=1),
        (3, 4, 2),
    ),
    "AvgPool2d": (lambda: AvgPool2d(2), (4, 6, 3)),
    "BilinearUp2d": (BilinearUp2d, (3, 4, 2)),
    "BilinearDown2d": (BilinearDown2d, (4, 6, 2)),
    "Bias": (Bias, (3, 4, 2)),
    "Scale": (lambda: Scale(2, -1), (4, 3)),
    "Upsample2d": (lambda: Upsample2d(2), (2, 3, 3)),
    "UpConv2d": (lambda: UpConv2d(2, 3, pad=1), (2, 3, 3)),
    "Maxout": (lambda: Maxout(3), (2, 6)),
    "MinibatchStd": (lambda: MinibatchStd(3), (7,)),
    "MinibatchStd of images": (lambda: MinibatchStd(2), (3, 2, 4)),
    "Pack": (lambda: Pack(2), (7,)),
    "Pack of images": (lambda: Pack(3), (3, 2, 4)),
    "Residual": (
        lambda: Residual(
            Sequential(Conv2d(3, 3, pad=1), LayerNorm(), Tanh()), Conv2d(3, 1), 0.5
        ),
        (3, 2, 4),
    ),
    "Residual of the identity": (lambda: Residual(Dense(5)), (5,)),
    "Sequential": (
        lambda: Sequential(
            ConvTranspose2d(3, 3, stride=2, pad=1),
            Softplus(),
            Dropout(0.3),
            Conv2d(4, 3, stride=2, pad=1),
            Tanh(),
            Flatten(),
            Dense(2),
        ),
        (3, 3, 2),
    ),
    "Sequential with BatchNorm": (
        lambda: Sequential(
            Conv2d(3, 4, 2, 1), BatchNorm(), LeakyReLU(), Flatten(), Dense(1)
        ),
        (6, 6, 2),
    ),
    "Parallel": (
        lambda: Sequential(Cut(2), Parallel(Dense(3), Identity()), Concat()),
        (5,),
    ),
    "Concat of images and vectors": (
        lambda: Sequential(Cut(2), Parallel(Identity(), MeanPool()), Concat()),
        (3, 2, 5),
    ),
    "Branch": (lambda: Sequential(Branch(Tanh(), Dense(4)), Concat()), (5,)),
    "Pick": (lambda: Sequential(Branch(Tanh(), Dense(4)), Pick(1)), (5,)),
    "Embedding": (
        lambda: Sequential(
            *(CLASSES, Parallel(Identity(), Embedding(3)), Concat(), Tanh(), Dense(1))
        ),
        (5,),
    ),
    "Embedding of words": (
        lambda: Sequential(WORDS, Parallel(Identity(), text_encoder()), Concat()),
        (3, 2, 2),
    ),
    "ConditionalBatchNorm": (
        lambda: Sequential(CLASSES, ConditionalBatchNorm(), Pick(0)),
        (5,),
    ),
    "ConditionalBatchNorm of images": (
        lambda: Sequential(CLASSES, ConditionalBatchNorm(), Pick(0)),
        (3, 2, 4),
    ),
    "Paint": (lambda: Sequential(Cut(1), mask_and_colours(), Paint()), (3, 2, 4)),
    "InnerProduct": (lambda: Sequential(Cut(4), InnerProduct()), (8,)),
    "Projection": (lambda: Sequential(CLASSES, Projection()), (5,)),
    "Conv1d": (lambda: Conv1d(3, 3, pad=1, stride=2), (5, 2)),
    "Conv1d of WaveGAN": (lambda: Conv1d(3, 25, pad=11, stride=4), (24, 1)),
    "Conv1d in groups": (lambda: Conv1d(4, 5, pad=2, stride=2, groups=2), (9, 4)),
    "ConvTranspose1d": (lambda: ConvTranspose1d(2, 3, stride=2, bias=False), (4, 3)),
    "ConvTranspose1d of WaveGAN": (
        lambda: ConvTranspose1d(1, 25, stride=4, pad=11, output_pad=1),
        (5, 3),
    ),
    "SpectralNorm of ConvTranspose1d": (
        lambda: SpectralNorm(ConvTranspose1d(3, 5, stride=4, pad=1)),
        (4, 2),
    ),
    "AvgPool1d": (lambda: AvgPool1d(4), (8, 3)),
    "Upsample1d": (lambda: Upsample1d(4), (3, 2)),
    "PhaseShuffle": (lambda: PhaseShuffle(2), (9, 2)),
    "PhaseShuffle, short": (lambda: PhaseShuffle(2), (3, 4)),
    "GRU": (lambda: GRU(3), (4, 2)),
    "GRU, all states": (lambda: GRU(3, every=True), (4, 2)),
    "Delay": (Delay, (4, 2)),
    "MaskedDense": (lambda: MaskedDense([[1, 0, 1], [1, 1, 0]]), (3, 2)),
    "MADE": (lambda: MADE([5, 4]), (3, 2)),
    "CausalConv2d": (lambda: CausalConv2d(3, (2, 3), before=(1, 1)), (4, 3, 2)),
    "Coordinates": (Coordinates, (4, 3, 2)),
    "Gate": (Gate, (3, 2, 4)),
    "PixelCNN": (lambda: PixelCNN(3, 2), (3, 4, 1)),
}


CLASSES = Given(np.array([2, 0, 2, 3, 3, 3]), 5)
WORDS = Given(np.arange(48).reshape(6, 2, 4) * 5 % 7, 7)


def mask_and_colours():
    """A mask, and of the other channels' means two colours."""
    return Branch(Pick(0), *(Sequential(Pick(1), MeanPool(), Dense(3)) for _ in "fb"))


def text_encoder():
    phrases = Sequential(Conv1d(4, 3, pad=1), LeakyReLU(), MeanPool())
    return Sequential(Embedding(3), Each(phrases), MeanPool())


def passes(case, where, train: bool, dtype="float64") -> dict:
    """Every result of every pass of one network, left where it was computed."""
    make, in_shape = case
    net = Net(make(), in_shape, seed=1, dtype=dtype, backend=where)
    N = 6
    net.theta[...] = draw(where, 1, net.theta.size, dtype=dtype)  # no bias is 0
    y, _ = net.forward(draw(where, 2, N, *in_shape, dtype=dtype))  # statistics move
    x, x_dot = (draw(where, i, N, *in_shape, dtype=dtype) for i in (3, 4))
    dy, dy_dot = (draw(where, i, *y.shape, dtype=dtype) for i in (5, 6))
    results = {}
    with no_host_read():
        net.advance()
        y, cache = net.forward(x, train)
        net.zero_grad()
        results |= {"y": y, "dx": net.backward(dy, cache), "grad": net.grad.copy()}
        results["dx only"] = net.backward(dy, cache, param_grads=False)
        results["grad, still"] = net.grad.copy()
        with contextlib.suppress(tg.TangentError):
            results["y_dot"], cache_dot = net.tangent(x_dot, cache)
            for i, pair in enumerate(((dy, dy_dot), (None, dy_dot), (dy, None))):
                net.zero_grad()
                dx, dx_dot = net.tangent_backward(*pair, cache, cache_dot)
                results[f"{i} grad"] = net.grad.copy()
                results |= {f"{i} dx": dx} if dx is not None else {}
                results |= {f"{i} dx_dot": dx_dot} if dx_dot is not None else {}
    state = net.state().items()
    return results | {name: a for name, a in state if not isinstance(a, int)}


@pytest.mark.parametrize("train", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_layers(case, train, device):
    ours, numpys = passes(case, device, train), passes(case, NUMPY, train)
    assert np.array_equal(numpys["grad"], numpys["grad, still"])
    agree(device, ours, numpys)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_layers_keep_float32(case, anywhere):
    for train in (True, False):
        results = passes(case, anywhere, train, "float32")
        assert {str(a.dtype) for a in results.values()} == {"float32"}


def test_only_batch_statistics_lack_a_tangent():
    """Or the layers' test would skip tangents unseen."""
    without = {
        (name, train)
        for name, case in CASES.items()
        for train in (True, False)
        if "y_dot" not in passes(case, NUMPY, train)
    }
    assert without == {(name, True) for name in CASES if "BatchNorm" in name}


def test_every_layer_is_a_case():
    exported = {v for v in vars(tg.layers).values() if isinstance(v, type)}
    abstract = {tg.Layer, tg.Affine, tg.Activation, tg.Growing}
    leaves = {c for c in exported if issubclass(c, tg.Layer)} - abstract
    nets = [Net(make(), in_shape) for make, in_shape in CASES.values()]
    kinds = {type(layer) for net in nets for _, layer in net.layers()}
    assert leaves == kinds - {Cut, Given}


# Objectives and optimizers.


def concrete(base: type) -> list[type]:
    """The exported subclasses of `base`."""
    kinds = [v for v in vars(tg).values() if isinstance(v, type)]
    abstract = (base, tg.Critic)
    found = [v for v in kinds if issubclass(v, base) and v not in abstract]
    return [CLIPPED.get(v, v) for v in found]


CLIPPED = {  # optimizers that wrap another
    tg.ClipValue: lambda lr: tg.ClipValue(tg.Adam(lr), 0.5),
    tg.ClipNorm: lambda lr: tg.ClipNorm(tg.Adam(lr), 0.5),
    tg.ClipWeights: lambda lr: tg.ClipWeights(tg.Adam(lr), 0.5),
}


def objective_results(objective, where, dtype="float64") -> dict:
    s_real = draw(where, 7, 9, 1, dtype=dtype) * 30  # far from 0 on both sides
    s_fake = draw(where, 8, 9, 1, dtype=dtype) * 30
    with no_host_read():
        ds_real, ds_fake = objective.d_grads(s_real, s_fake)
        return {
            "V": objective.value(s_real, s_fake),
            "ds_real": ds_real,
            "ds_fake": ds_fake,
            "J": objective.g_value(s_fake, s_real),
            "dJ": objective.g_grad(s_fake, s_real),
        }


HEADS = {
    tg.AuxiliaryClassifier: lambda: OneLogit(tg.AuxiliaryClassifier()),
    tg.AuxiliaryWords: lambda: OneLogit(tg.AuxiliaryWords(), (2, 2)),
}
OBJECTIVES = [HEADS.get(v, v) for v in concrete(tg.Objective)]


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_objectives(kind, device):
    ours, numpys = (objective_results(kind(), b) for b in (device, NUMPY))
    agree(device, ours, numpys)
    assert ours["V"].shape == ours["J"].shape == ()


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_objectives_keep_float32(kind, anywhere):
    results = objective_results(kind(), anywhere, "float32")
    assert {str(a.dtype) for a in results.values()} == {"float32"}


def optimized(optimizer, where, steps=range(4), theta=None, dtype="float64") -> dict:
    """Where some steps up and down lead, and what the optimizer remembers then."""
    theta = draw(where, 9, 40, dtype=dtype) if theta is None else theta.copy()
    for t in steps:
        g = draw(where, 10 + t, 40, dtype=dtype)
        with no_host_read():
            (optimizer.descend if t % 2 else optimizer.ascend)(theta, g)
    state = optimizer.state().items()
    return {"theta": theta} | {k: v for k, v in state if k != "t"}


@pytest.mark.parametrize("kind", concrete(tg.Optimizer))
def test_optimizers(kind, device):
    ours, numpys = (optimized(kind(0.01), b) for b in (device, NUMPY))
    agree(device, ours, numpys)


@pytest.mark.parametrize("kind", concrete(tg.Optimizer))
def test_optimizers_keep_float32(kind, anywhere):
    results = optimized(kind(0.01), anywhere, dtype="float32")
    assert {str(a.dtype) for a in results.values()} == {"float32"}


@pytest.mark.parametrize("kind", concrete(tg.Optimizer))
def test_an_optimizer_resumes_from_host_memory(kind, device):
    straight = optimized(kind(0.01), device)
    first, second = kind(0.01), kind(0.01)
    theta = optimized(first, device, range(2))["theta"]
    saved = {k: v if k == "t" else device.to_host(v) for k, v in first.state().items()}
    second.prepare(theta)
    second.load_state(saved)
    resumed = optimized(second, device, range(2, 4), theta)
    agree(device, resumed, {k: device.to_host(v) for k, v in straight.items()}, 0)


LAUNCHES_PER_STEP = {
    "SGD": 3,
    "Momentum": 5,
    "RMSProp": 10,
    "Adam": 15,
}  # the plain code


@pytest.mark.parametrize("name", LAUNCHES_PER_STEP)
def test_launches_of_an_optimizer(name):
    where, optimizer = fake_device.FakeBackend(), getattr(tg, name)(0.01)
    theta, g = draw(where, 1, 40), draw(where, 2, 40)
    optimizer.ascend(theta, g)  # makes the moments
    with fake_device.counting() as counts:
        optimizer.ascend(theta, g)
    assert counts.launches <= LAUNCHES_PER_STEP[name]


# The game.


def mlp_game(where, dtype):
    G = Sequential(Dense(16), ReLU(), Dense(16), Softplus(), Dense(2))
    D = Sequential(Dense(16), LeakyReLU(), Dense(16), LeakyReLU(), Dense(1))
    return Net(G, (3,), 1, dtype, where), Net(D, (2,), 2, dtype, where)


def dcgan_game(where, dtype):
    """8x8 images. No bias in front of BatchNorm: its gradient would be rounding noise,
    which Adam blows up to a whole step, another one on every machine."""
    G = Sequential(
        Dense(2 * 2 * 8, bias=False),
        Reshape(2, 2, 8),
        BatchNorm(),
        ReLU(),
        ConvTranspose2d(4, 4, stride=2, pad=1, bias=False),
        BatchNorm(),
        ReLU(),
        ConvTranspose2d(1, 4, stride=2, pad=1),
        Tanh(),
    )
    D = Sequential(
        Conv2d(4, 4, stride=2, pad=1),
        LeakyReLU(),
        Dropout(0.3),
        Conv2d(8, 4, stride=2, pad=1, bias=False),
        BatchNorm(),
        LeakyReLU(),
        Flatten(),
        Dense(1),
    )
    return Net(G, (5,), 1, dtype, where), Net(D, (8, 8, 1), 2, dtype, where)


GAMES = {"mlp": mlp_game, "dcgan": dcgan_game}


class Match:
    """A game with all its pieces and the batches of one turn, on one backend."""

    def __init__(
        self,
        game,
        where,
        dtype="float64",
        optimizer=tg.Adam,
        objective=None,
        penalties=(),
    ):
        self.G, self.D = GAMES[game](where, dtype)
        self.opt_G, self.opt_D = optimizer(1e-2), optimizer(1e-2)
        self.objective = objective or tg.NonSaturating()
        self.penalties = penalties
        self.x = draw(where, 30, 8, *self.D.in_shape, dtype=dtype)
        shape = (8, *self.G.in_shape)
        self.z = [draw(where, i, *shape, dtype=dtype) for i in (31, 32, 33)]

    def d_step(self):
        V, D_x, D_Gz, P = tg.d_step(
            self.D,
            self.opt_D,
            self.objective,
            self.x,
            self.G.forward(self.z[0])[0],
            self.penalties,
            np.random.default_rng(5),
        )
        return {"V": V, "D(x)": D_x, "D(G(z))": D_Gz, "P": P}

    def g_step(self):
        x = self.x if self.objective.paired else None
        J = tg.g_step(self.G, self.D, self.opt_G, self.objective, self.z[1], x)
        return {"J": J}

    def play(self, k=2):
        z = iter(self.z)
        values = tg.play(
            (self.G, self.D, self.opt_G, self.opt_D),
            self.objective,
            lambda: self.x,
            lambda: next(z),
            k,
            self.penalties,
            np.random.default_rng(5),
        )
        return dict(zip(("V", "J", "D(x)", "D(G(z))", "P"), values, strict=True))

    def everything(self) -> dict:
        """All that a step leaves behind, by name."""
        found = {}
        for name, net, opt in (("G", self.G, self.opt_G), ("D", self.D, self.opt_D)):
            found |= {f"{name} theta": net.theta, f"{name} grad": net.grad}
            found |= {f"{name} {k}": v for k, v in net.state().items()}
            opt.prepare(net.theta)
            found |= {f"{name} {k}": v for k, v in opt.state().items()}
        return {k: v for k, v in found.items() if not isinstance(v, int)}


PENALTIES = (tg.WGANGP(), tg.R1(0.1), tg.R2(0.1), tg.DRAGAN(), tg.Drift())


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: type(p).__name__)
def test_penalties(penalty, device):
    """A discriminator step with each: the same numbers, and no host read."""
    ours, numpys = (Match("mlp", b, penalties=[penalty]) for b in (device, NUMPY))
    with no_host_read():
        values = ours.d_step()
    agree(device, values, numpys.d_step())
    agree(device, ours.everything(), numpys.everything())
    assert float(device.to_host(values["P"])) > 0


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: type(p).__name__)
def test_penalties_keep_float32(penalty, anywhere):
    match = Match("mlp", anywhere, "float32", penalties=[penalty])
    everything = match.d_step() | match.everything()
    assert {str(v.dtype) for v in everything.values()} == {"float32"}


STEPS = {"d_step": Match.d_step, "g_step": Match.g_step, "play": Match.play}


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("game", GAMES)
def test_a_step(game, step, objective, device):
    ours, numpys = (Match(game, b, objective=objective()) for b in (device, NUMPY))
    with no_host_read():
        values = STEPS[step](ours)
    agree(device, values, STEPS[step](numpys))
    # Adam makes steps of rounding where a gradient is 0, as that of the last bias of a
    # relativistic D is; and NumPy adds columns in another order than the stand-in
    agree(device, ours.everything(), numpys.everything(), 1e-9)
    assert {v.shape for v in values.values()} == {()}
    moved = {"d_step": "D", "g_step": "G", "play": "GD"}[step]
    for name, net in (("G", ours.G), ("D", ours.D)):
        fresh = getattr(Match(game, NUMPY), name).theta
        assert np.array_equal(device.to_host(net.theta), fresh) == (name not in moved)


@pytest.mark.parametrize("optimizer", concrete(tg.Optimizer))
@pytest.mark.parametrize("game", GAMES)
def test_turns(game, optimizer, device):
    """Three turns of two discriminator steps and one generator step."""
    ours, numpys = (Match(game, b, optimizer=optimizer) for b in (device, NUMPY))
    for _ in range(3):
        with no_host_read():
            values = ours.play()
        expected = numpys.play()
    tolerance = None if device.name == "fake" else 1e-8
    agree(device, values, expected, tolerance)
    agree(device, ours.everything(), numpys.everything(), tolerance)


@pytest.mark.parametrize("optimizer", concrete(tg.Optimizer))
@pytest.mark.parametrize("game", GAMES)
def test_a_float32_step_is_float32_throughout(game, optimizer, anywhere):
    match, seen = Match(game, anywhere, "float32", optimizer), {}

    def see(path, which, result):
        seen[path, which] = str(result.dtype)

    with match.G.observe(see), match.D.observe(see):
        values = match.play()
    assert set(seen.values()) == {"float32"}
    everything = values | match.everything()
    assert {k: str(v.dtype) for k, v in everything.items()} == dict.fromkeys(
        everything, "float32"
    )


# The plain code, without the kernels that a real GPU takes: those are counted in
# test_kernels.py. A twentieth above the 174, 103, 480 and 368 launches seen. A 4x4
# convolution adds or copies sixteen times, once for each place in a window.
CEILINGS = {
    ("mlp", "d_step"): 183,
    ("mlp", "g_step"): 108,
    ("dcgan", "d_step"): 504,
    ("dcgan", "g_step"): 386,
}


@pytest.mark.parametrize(("game", "step"), CEILINGS)
def test_launches_of_a_step(game, step):
    match = Match(game, fake_device.FakeBackend(), "float32")
    match.play()  # moments exist
    with no_host_read() as counts:
        STEPS[step](match)
    assert counts.launches <= CEILINGS[game, step]
    forwards_of_dropout = {"d_step": 2, "g_step": 1}[step] if game == "dcgan" else 0
    assert counts.uploads == forwards_of_dropout  # masks are drawn on the host


# Networks move between backends.


def on_host(where, state: dict) -> dict:
    return {k: v if isinstance(v, int) else where.to_host(v) for k, v in state.items()}


def equal(where, net, saved: dict) -> None:
    """theta and the state of `net`, which lives on `where`, are those saved."""
    arrays = [v for v in net.state().values() if not isinstance(v, int)]
    assert {tg.get_xp(a) for a in (net.theta, net.grad, *arrays)} == {where.xp}
    np.testing.assert_equal(on_host(where, {"theta": net.theta} | net.state()), saved)


@pytest.mark.parametrize("game", GAMES)
def test_clone_to_the_host_and_back(game, device):
    here = GAMES[game](device, "float64")[1]
    x = draw(device, 1, 4, *here.in_shape)
    here.forward(x)  # its state is no longer the first
    saved = on_host(device, {"theta": here.theta} | here.state())
    host = here.clone(backend=NUMPY)
    back = host.clone(backend=device)
    assert host.backend is NUMPY and back.backend is device
    equal(NUMPY, host, saved)
    equal(device, back, saved)
    results = {"here": here.forward(x)[0], "back": back.forward(x)[0]}
    y, _ = host.forward(device.to_host(x))
    agree(device, results, dict.fromkeys(results, y))


def test_clones_share_no_memory(device):
    net = dcgan_game(device, "float64")[1]
    saved = on_host(device, {"theta": net.theta} | net.state())
    for dtype in ("float64", "float32"):
        clone = net.clone(dtype)
        clone.theta[...] = 7
        W = device.to_host(clone.tree.layers[0].W)
        assert (W == 7).all() and W.dtype == dtype  # the layers' views moved along
        clone.forward(draw(device, 1, 4, 8, 8, 1, dtype=dtype))
        equal(device, net, saved)


def test_a_clone_may_change_its_dtype(device):
    clone = dcgan_game(device, "float32")[0].clone("float64", NUMPY)
    arrays = [clone.theta, clone.grad, *clone.state().values()]
    assert {(tg.get_xp(a), str(a.dtype)) for a in arrays} == {(np, "float64")}


def test_state_is_loaded_from_host_memory(device):
    """As a checkpoint does it."""
    first, second = (dcgan_game(device, "float64")[1] for _ in range(2))
    x = draw(device, 1, 4, 8, 8, 1)
    first.forward(x)
    saved = on_host(device, {"theta": first.theta} | first.state())
    second.load_state(saved)
    equal(device, second, saved)
    first.forward(x)  # and copied: neither moves the other
    equal(device, second, saved)


def test_describe_and_watch_work_on_a_device(device):
    net = dcgan_game(device, "float32")[1]
    assert net.describe() == dcgan_game(NUMPY, "float32")[1].describe()
    x = draw(device, 1, 4, 8, 8, 1, dtype="float32")
    with net.watch("D"):
        net.forward(x)
    net.parameters()["3_Conv2d.W"][0, 0] = float("nan")
    with net.watch("D"), pytest.raises(tg.NonFiniteError, match="D, layer 3_Conv2d"):
        net.forward(x)


# A backend that cannot be had says so, in one sentence.


@pytest.fixture
def pretend(monkeypatch):
    """pretend(module): what `import cupy` finds from now on; None is nothing."""

    def found(module):
        backend._usable_cupy.cache_clear()
        monkeypatch.setitem(sys.modules, "cupy", module)

    yield found
    backend._usable_cupy.cache_clear()


def refusal() -> str:
    with pytest.raises(tg.BackendError) as e:
        tg.get_backend("cupy")
    sentence = str(e.value)
    assert sentence.startswith("--backend cupy: ") and "\n" not in sentence
    return sentence


def test_no_cupy_or_no_gpu_here():
    try:
        tg.get_backend("cupy")
    except tg.BackendError:
        refusal()
    else:
        pytest.skip("there is a GPU")


def test_cupy_is_not_installed(pretend):
    pretend(None)
    assert "not installed" in refusal() and "pip install" in refusal()


def test_cupy_finds_no_gpu(pretend):
    def ones(shape, dtype):
        raise RuntimeError("cudaErrorNoDevice: no CUDA-capable device\nand a trace")

    pretend(types.SimpleNamespace(ones=ones))
    assert refusal().endswith("(cudaErrorNoDevice: no CUDA-capable device)")


def test_the_gpu_computes_nonsense(pretend):
    pretend(types.SimpleNamespace(ones=fake_device.zeros, exp=fake_device.exp))
    assert "wrong result" in refusal()


def test_cupy_backend_asks_cupy(pretend):
    """CuPy's backend over the stand-in: copies, and one probe however often asked."""
    pretend(fake_device)
    with fake_device.counting() as counts:
        first, second = tg.get_backend("cupy"), tg.get_backend("cupy")
    assert counts.host_reads == 1 and first.xp is second.xp is fake_device
    a = first.asarray(np.arange(3.0))
    assert type(a) is fake_device.Array
    assert type(first.to_host(a)) is np.ndarray


def test_an_unknown_backend_is_refused():
    with pytest.raises(tg.BackendError, match="'torch' is unknown"):
        tg.get_backend("torch")
    assert tg.get_backend("numpy") is NUMPY
