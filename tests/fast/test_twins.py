"""The fast twins: each against its plain function, and all of them turned off at once.

A twin is fast code for a function of the same name that is written plainly. Here every
twin there is, on the CPU, in CUDA (on the emulator of test_kernels.py) and for any
library, is held to the plain function, on inputs that a strategy draws. Then the whole
package is run with the twins turned off.
"""

import copy
import functools
import inspect
import os
import subprocess
import sys

import growing_nets
import numpy as np
import pytest
import test_kernels
from hypothesis import assume, given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import fast
from tinygan.check import builtin_rows, relative
from tinygan.check.device import xp as fake_device
from tinygan.fast import interleaved, rows, winograd
from tinygan.group import ALONE
from tinygan.growth import GrowingNet
from tinygan.layers import (
    Conv2d,
    Dense,
    Flatten,
    LayerNorm,
    LeakyReLU,
    PixelNorm,
    Sequential,
    SpectralNorm,
    Tanh,
)
from tinygan.layers.correlation import Correlation, conv_size
from tinygan.likelihood import Bernoulli, Categorical
from tinygan.optim.fed import step_numbers

# A case of a primitive: draw(its arguments), and what is to be compared afterwards.

sizes = st.integers(1, 5)


class Draw:
    """Random arrays and numbers for one case, of a dtype."""

    def __init__(self, data, dtype):
        self.data, self.dtype = data, np.dtype(dtype)
        self.rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))

    def __call__(self, *shape):
        a = self.rng.standard_normal(shape)
        if self.dtype.kind == "c":
            a = a + 1j * self.rng.standard_normal(shape)
        return a.astype(self.dtype)

    def shape(self, least=2, most=4):
        return tuple(self.data.draw(st.lists(sizes, min_size=least, max_size=most)))

    def one_of(self, *choices):
        return self.data.draw(st.sampled_from(choices))

    def geometry(self):
        """(N, H, W, C), kernel, stride, pad with at least one window: of images, or of
        sounds, whose rows are long and whose kernels are long and flat.
        """
        if self.one_of(False, False, True):
            T, k = self.data.draw(st.tuples(st.integers(1, 60), st.integers(1, 25)))
            s, p = self.data.draw(st.tuples(st.integers(1, 5), st.integers(0, 12)))
            assume(conv_size(T, k, s, p) > 0)
            x_shape = (*self.shape(1, 1), 1, T, *self.shape(1, 1))
            return x_shape, (1, k), (1, s), (0, p)
        pairs = [
            self.data.draw(st.tuples(n, n))
            for n in (st.integers(1, 9), st.integers(1, 4), st.integers(1, 3))
        ]
        size, kernel, stride = pairs
        pad = self.data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
        axes = zip(size, kernel, stride, pad, strict=True)
        assume(all(conv_size(*axis) > 0 for axis in axes))
        return (*self.shape(1, 1), *size, *self.shape(1, 1)), kernel, stride, pad


def returned(result, arguments):
    return result if isinstance(result, tuple) else (result,)


def im2col(draw):
    x_shape, *windows = draw.geometry()
    return (draw(*x_shape), *windows), returned


def col2im(draw):
    (N, H, W, C), kernel, stride, pad = draw.geometry()
    OH, OW = (conv_size(*a) for a in zip((H, W), kernel, stride, pad, strict=True))
    cols = draw(N * OH * OW, kernel[0] * kernel[1] * C)
    return (cols, (N, H, W, C), kernel, stride, pad), returned


def correlation(draw):
    if draw.one_of(True, False):  # where Winograd may be taken
        side = draw.data.draw(st.tuples(st.integers(6, 13), st.integers(6, 13)))
        (N, C), kernel, stride, pad = draw.shape(2, 2), (4, 4), (2, 2), (1, 1)
    else:
        (N, *side, C), kernel, stride, pad = draw.geometry()
    groups, C_out = draw.one_of(1, 1, 2, 3), draw.one_of(1, 2, 3)
    W = draw(*kernel, C, groups * C_out)

    def maps(A, arguments):
        rng, xp = np.random.default_rng(0), tg.get_xp(A.W)
        x = xp.asarray(rng.standard_normal((N, *A.x_shape)).astype(draw.dtype))
        dy = xp.asarray(rng.standard_normal((N, *A.y_shape)).astype(draw.dtype))
        first = A.forward(x), A.weight_grad(x, dy), A.adjoint(dy)
        again = A.weight_grad(x, 2 * dy), A.adjoint(3 * dy), A.forward(dy_to_x(x))
        return *first, *again

    return (W, (*side, groups * C), stride, pad), maps


def enlarged(draw):
    (N, H, W, C), C_out = draw.shape(4, 4), draw.one_of(1, 3)

    def maps(A, arguments):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((N, H, W, C)).astype(draw.dtype)
        dy = rng.standard_normal((N, 2 * H, 2 * W, C_out)).astype(draw.dtype)
        return A.forward(x), A.weight_grad(x, dy), A.adjoint(dy)

    return (draw(3, 3, C, C_out), (H, W, C), (1, 1), 2), maps


def dy_to_x(x):
    return x[::-1].copy()


def elementwise(*rest, arrays=1):
    def case(draw):
        shape = draw.shape(1, 4)
        return (*(draw(*shape) for _ in range(arrays)), *rest), returned

    return case


def column_sum(draw):
    return (draw(*draw.shape()),), returned


def channel_sums(draw):
    shape = draw.shape()
    return (draw(*shape), draw(*shape)), returned


def mean_product(draw):
    shape = draw.shape(2, 4)
    axes = draw.one_of((len(shape) - 1,), tuple(range(1, len(shape))))
    return (draw(*shape), draw(*shape), axes), returned


def moments(draw):
    shape = (2 + draw.one_of(0, 1, 5), *draw.shape(1, 3))
    C = shape[-1]
    running = {"mean": draw(C), "var": draw(C) ** 2}

    def and_running(result, arguments):
        return *result, *arguments[2].values()

    return (3 + draw(*shape), ALONE, running, 0.1), and_running


def batchnorm(draw):
    (x, *batch), _ = moments(draw)
    gamma, beta = (draw(x.shape[-1]) for _ in range(2))

    def and_running(result, arguments):
        return *result, *arguments[5].values()

    return (x, gamma, beta, 0.1, *batch), and_running


def normalise(draw):
    shape = draw.shape()
    mean, var, gamma, beta = (draw(shape[-1]) for _ in range(4))
    return (draw(*shape), mean, var**2, gamma, beta, 0.1), returned


def standardise(draw):
    shape = draw.shape()
    return (draw(*shape), draw(shape[-1]), draw(shape[-1]) ** 2, 0.1), returned


def batchnorm_dx(draw):
    shape = draw.shape()
    channels = [draw(shape[-1]) for _ in range(4)]
    return (draw(*shape), draw(*shape), *channels, 7), returned


def axes(draw, ndim):
    """Of a LayerNorm, an InstanceNorm, a PixelNorm or a MinibatchStd."""
    within = [tuple(range(1, ndim)), tuple(range(1, ndim - 1)), (ndim - 1,), (0,)]
    return draw.one_of(*filter(None, within))


def normalised(draw):
    shape = draw.shape(2, 4)
    return (draw(*shape), axes(draw, len(shape)), 0.1, draw.one_of(0, 1)), returned


def jacobian(draw):
    (x, over, _, centre), _ = normalised(draw)
    inv_std = draw(*(1 if i in over else n for i, n in enumerate(x.shape)))
    return (draw(*x.shape), x, inv_std, over, centre), returned


def take_step(draw):
    optimizer, theta = tg.Adam(0.1, 0.5, 0.99), draw(draw.one_of(1, 7, 40_000))
    optimizer.prepare(theta)
    optimizer.t = 3
    optimizer.m[...], optimizer.v[...] = draw(theta.size), draw(theta.size) ** 2

    def changed(result, arguments):
        theta, _, optimizer, _ = arguments
        return theta, optimizer.m, optimizer.v

    return (theta, draw(theta.size), optimizer, -0.01), changed


def fed_step(draw):
    (theta, g, optimizer, _), changed = take_step(draw)
    numbers = step_numbers(optimizer, -1.0, 2, theta.dtype)
    return (theta, g, optimizer, numbers), changed


def penalise(draw):
    layers = draw.one_of(
        (Dense(4), LeakyReLU(), Dense(3), Tanh(), Dense(1)),
        (Conv2d(3, 3, 2, 1), LayerNorm(), LeakyReLU(), Flatten(), Dense(1)),
        (Sequential(Conv2d(3, 3), LeakyReLU()), Sequential(Flatten(), Dense(1))),
        (tg.EqualRate(Conv2d(3, 3)), PixelNorm(), Flatten(), tg.EqualRate(Dense(1))),
        (Dense(4), tg.Residual(Tanh(), Dense(4), 0.5), tg.Residual(Tanh()), Dense(1)),
        (Dense(4), tg.Fade(Tanh(), SpectralNorm(Dense(4)), 0.3), Tanh(), Dense(1)),
    )
    in_shape = (6,) if isinstance(layers[0], Dense) else (5, 4, 2)
    D = tg.Net(Sequential(*layers), in_shape, seed=1, dtype=draw.dtype)
    if draw.one_of(True, False):
        D = GrowingNet(growing_nets.discriminator(Tanh, 3), (8, 8, 2), 1, draw.dtype)
        D.grow(*draw.one_of((0, 1.0), (1, 0.3), (2, 1.0)))
        in_shape = D.in_shape
    s, cache = D.forward(draw(3, *in_shape))

    def gradient(P, arguments):
        grad = D.grad.copy()
        D.zero_grad()
        return P, grad

    return (D, s, cache, tg.WGANGP(2.0).phi, ALONE), gradient


def d_gradient(draw):
    layers = draw.one_of(
        (Dense(4), Tanh(), Dense(1)),
        (tg.Conv1d(3, 4, pad=1, stride=2), LeakyReLU(), Flatten(), Dense(1)),
        (Conv2d(3, 3), tg.MinibatchStd(2), Flatten(), Dense(1)),
    )
    in_shape = {Dense: (3,), tg.Conv1d: (6, 2), Conv2d: (4, 3, 2)}[type(layers[0])]
    D = tg.Net(Sequential(*layers), in_shape, seed=1, dtype=draw.dtype)
    real, fake = ((x, *D.forward(x)) for x in (draw(n, *in_shape) for n in (6, 4)))
    penalties = draw.one_of(
        *([tg.Drift()], [tg.Drift(0.3), tg.R2(), tg.Drift(0.1)]),
        *([tg.R1(), tg.Drift(), tg.R2(0.3)], [tg.Drift(), tg.R1(), tg.R1(2.0)]),
    )

    def gradient(values, arguments):
        return *values, D.grad.copy()

    return (D, (draw(6, 1), draw(4, 1)), real, fake, penalties, None), gradient


def weight_grad_and_adjoint(draw):
    kind, groups = draw.one_of(Conv2d, tg.ConvTranspose2d), draw.one_of(1, 3)
    layer = kind(3, 4, 2, 1, groups=groups)
    net = tg.Net(layer, (6, 8, 3), seed=1, dtype=draw.dtype)
    y, cache = net.forward(draw(2, 6, 8, 3))

    def gradient(dx, arguments):
        grad = net.grad.copy()
        net.zero_grad()
        return dx, grad

    return (layer, draw(*y.shape), cache), gradient


def gates(draw):
    shape = draw.shape(2, 4)
    return (4 * draw(*shape[:-1], 2 * shape[-1]),), returned


def gate_dx(draw):
    shape = draw.shape(2, 4)
    return tuple(draw(*shape) for _ in range(3)), returned


def softmax(draw):
    return (4 * draw(*draw.shape(1, 4)),), returned


def softmax_jacobian(draw):
    shape = draw.shape(1, 4)
    return (draw(*shape), draw(*shape)), returned


def ancestral(draw):
    """For u of a few seeds: none is within rounding of a probability."""
    reader = Sequential(tg.Delay(), tg.GRU(3, every=True))
    more = tg.Dropout(), tg.GRU(5, every=True), Dense(3), Tanh()
    tree, in_shape, likelihood = draw.one_of(
        (tg.MADE([9]), (2, 3, 1), Bernoulli()),
        (tg.MADE([5, 7], direct=False), (4,), Bernoulli()),
        (tg.PixelCNN(3, 2), (4, 3, 1), Bernoulli()),
        (tg.PixelCNN(3, 1), (2, 3, 4), Categorical()),
        (Sequential(reader, Dense(4)), (3, 4), Categorical()),
        (Sequential(reader, *more, Dense(4)), (3, 4), Categorical()),
        (Sequential(tg.Delay(), Dense(4)), (3, 4), Categorical()),
    )
    places = likelihood.numbers(in_shape)
    u = np.random.default_rng(draw.one_of(0, 1, 2)).random((3, places))
    net = tg.Net(tree, in_shape, seed=1, dtype=draw.dtype)
    return (net, likelihood, u.astype(draw.dtype)), returned


def add_rows(draw):
    n, dim, M = draw.one_of(200, 130), draw.one_of(1, 3), draw.one_of(1, 40)
    i = draw.rng.integers(0, n, M)

    def changed(result, arguments):
        return arguments[:1]

    return (draw(n, dim), i, draw(M, dim)), changed


def gru_forward(draw):
    (N, T), C, n = draw.shape(2, 2), draw.one_of(1, 4), draw.one_of(1, 3)
    x = draw(N, T, C)
    if draw.one_of(True, False):  # symbols, and places without one
        x = np.eye(C + 1, C, dtype=draw.dtype)[draw.rng.integers(0, C + 1, (N, T))]
        x[draw.rng.integers(N)] *= draw.one_of(1, 1, 2)
    return (x, draw(C, 3 * n), draw(n, 3 * n), draw(3 * n), draw(n)), returned


def gru_step(draw):
    N, n = draw.shape(2, 2)
    return (draw(N, 3 * n), draw(N, n), draw(n, 3 * n), draw(n)), returned


def gru_backward(draw):
    arguments, _ = gru_forward(draw)
    steps, U = fast.PRIMITIVES["gru_forward"](*arguments), arguments[2]
    T, N, n = steps[1].shape
    dy = draw(N, T, n) if draw.one_of(True, False) else draw(N, n)
    return (dy, *steps, U), returned


CASES = {
    "add_rows": add_rows,
    "ancestral": ancestral,
    "batchnorm_dx": batchnorm_dx,
    "channel_sums": channel_sums,
    "col2im": col2im,
    "column_sum": column_sum,
    "correlation": correlation,
    "d_gradient": d_gradient,
    "enlarged": enlarged,
    "gru_backward": gru_backward,
    "gru_forward": gru_forward,
    "gru_step": gru_step,
    "gate_dx": gate_dx,
    "gates": gates,
    "im2col": im2col,
    "jacobian": jacobian,
    "leaky_relu": elementwise(0.2),
    "leaky_relu_slope": elementwise(0.2, arrays=2),
    "mean_product": mean_product,
    "moments": moments,
    "batchnorm": batchnorm,
    "normalise": normalise,
    "normalised": normalised,
    "penalise": penalise,
    "softmax": softmax,
    "softmax_jacobian": softmax_jacobian,
    "standardise": standardise,
    "take_step": take_step,
    "fed_step": fed_step,
    "tanh_slope": elementwise(arrays=2),
    "weight_grad_and_adjoint": weight_grad_and_adjoint,
}
TWINS = fast.twins()


def test_every_primitive_has_a_case_and_every_twin_a_primitive():
    assert set(fast.PRIMITIVES) == set(CASES)
    assert {name for _, name, _ in TWINS} <= set(fast.PRIMITIVES)
    assert {wing for wing, _, _ in TWINS} == {"cpu", "cuda", "structure"}


@pytest.fixture
def compiled(request, monkeypatch):
    """Kernels run on the emulator."""
    test_kernels.library(np.dtype("float64"))  # or skip: there is no C++ compiler
    kernel = test_kernels.CpuKernel
    monkeypatch.setattr(fake_device, "RawKernel", kernel, raising=False)


def on_device(value):
    """The arrays among the arguments, as arrays of the stand-in for CuPy."""
    if isinstance(value, np.ndarray):
        return fake_device.asarray(value)
    if isinstance(value, dict):
        return {k: on_device(v) for k, v in value.items()}
    if isinstance(value, tg.Optimizer):
        for name in value.moments:
            setattr(value, name, on_device(getattr(value, name)))
    return value


def on_host(a):
    return a.get() if isinstance(a, fake_device.Array) else np.asarray(a)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("wing", "name", "twin"), TWINS, ids=[f"{wing}-{name}" for wing, name, _ in TWINS]
)
def test_each_twin_gives_what_the_plain_function_gives(
    wing, name, twin, dtype, request, monkeypatch
):
    if wing == "cuda":
        request.getfixturevalue("compiled")
    monkeypatch.setattr(winograd, "CHANNELS", 1)  # wherever it is right
    monkeypatch.setattr(interleaved, "LONG", 0)
    monkeypatch.setattr(rows, "LONG", 0)

    @given(st.data())
    def held(data):
        arguments, compared = CASES[name](Draw(data, dtype))
        theirs = arguments  # a network's views would not survive a copy
        if wing != "structure":
            theirs = copy.deepcopy(arguments)
        with fast.plain():
            expected = compared(fast.PRIMITIVES[name](*arguments), arguments)
        if wing == "cuda":
            theirs = tuple(map(on_device, theirs))
        result = twin(*theirs)
        assert result is not NotImplemented
        got = compared(result, theirs)
        for ours, plain in zip(map(on_host, got), expected, strict=True):
            assert ours.dtype == plain.dtype and ours.shape == plain.shape
            scale = 1 + np.abs(plain).max(initial=0) + np.sqrt(plain.size)
            error = np.abs(ours - plain).max(initial=0) / scale
            assert error <= {"float64": 1e-12, "float32": 2e-5}[dtype]

    held()


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "fast"])
def test_a_primitive_takes_its_settings_by_name(plain):
    """As users of im2col and col2im may write them."""
    x, how = np.arange(72.0).reshape(1, 6, 6, 2), ((3, 3), (1, 1), (1, 1))
    names = dict(zip(("kernel", "stride", "pad"), how, strict=True))
    with fast.plain(plain):
        cols = tg.im2col(x, **names)
        assert np.array_equal(cols, tg.im2col(x, *how))
        back = tg.col2im(cols, x_shape=x.shape, **names)
        assert np.array_equal(back, tg.col2im(cols, x.shape, *how))


@pytest.mark.parametrize(
    ("wing", "name", "twin"), TWINS, ids=[f"{wing}-{name}" for wing, name, _ in TWINS]
)
def test_a_twin_has_the_parameters_of_its_plain_function(wing, name, twin):
    ours, plain = (
        list(inspect.signature(f).parameters) for f in (twin, fast.PRIMITIVES[name])
    )
    assert ours == plain


# All of them turned off.


def test_plain_turns_all_twins_off():
    x = np.ones((2, 6, 6, 3))
    net = tg.Net(Conv2d(4, 4, 2, 1), (6, 6, 3))
    with fast.plain():
        assert fast.is_plain()
        _, (_, A) = net.forward(x)
        assert type(A) is Correlation
        with fast.plain(False):
            assert not fast.is_plain()
    assert not fast.is_plain() or os.environ.get("TINYGAN_PLAIN")
    with fast.plain(False):
        _, (_, A) = net.forward(x)
        assert type(A) is not Correlation


@pytest.mark.parametrize(("value", "plain"), [("1", True), ("0", False), ("", False)])
def test_the_environment_turns_them_off(value, plain):
    code = "from tinygan import fast; print(fast.is_plain())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TINYGAN_PLAIN": value},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(plain)


def test_every_certified_row_passes_without_twins():
    """In one case each. test_checker.py holds the twins to more cases, and above each
    twin is held to its plain function.
    """
    with fast.plain():
        rows = builtin_rows(effort="plain")
    assert len(rows) > 600
    assert [row for row in rows if not row.ok] == []


def test_both_modes_train_alike():
    """A game of a DCGAN with a penalised critic, in float64, to 1e-10 after 3 turns."""
    thetas = []
    for plain in (True, False):
        G = tg.Net(
            Sequential(
                Dense(4 * 4 * 32),
                tg.Reshape(4, 4, 32),
                tg.BatchNorm(),
                tg.ReLU(),
                tg.ConvTranspose2d(32, 4, 2, 1),
                tg.Tanh(),
            ),
            (3,),
            seed=1,
            dtype="float64",
        )
        D = tg.Net(
            Sequential(
                Conv2d(32, 4, 2, 1), LayerNorm(), LeakyReLU(), Flatten(), Dense(1)
            ),
            (8, 8, 32),
            seed=2,
            dtype="float64",
        )
        rng, players = np.random.default_rng(0), (G, D, tg.Adam(1e-3), tg.Adam(1e-3))
        real = functools.partial(rng.standard_normal, (4, 8, 8, 32))
        latent = functools.partial(rng.standard_normal, (4, 3))
        with fast.plain(plain):
            for _ in range(3):
                tg.play(
                    *(players, tg.NonSaturating(), real, latent),
                    penalties=[tg.R1(1.0), tg.WGANGP(1.0)],
                    rng=np.random.default_rng(5),
                )
        thetas.append(np.concatenate([G.theta, D.theta]))
    assert relative(thetas[1] - thetas[0], thetas[0]) <= 1e-10
