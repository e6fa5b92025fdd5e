"""Check the twins of fast/ against the plain code, and Mismatch on a D of pairs.

The small shapes of the other checks reach few twins: Winograd's scheme begins at many
channels. So these networks are of the size at which the twins work.
"""

import numpy as np

from .. import fast
from ..gan import d_gradient
from ..layers import (
    GRU,
    MADE,
    BatchNorm,
    Concat,
    ConditionalBatchNorm,
    Conv2d,
    ConvTranspose2d,
    Delay,
    Dense,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    LeakyReLU,
    Parallel,
    Pick,
    PixelCNN,
    Reshape,
    Sequential,
    Tanh,
    UpConv2d,
)
from ..likelihood import Bernoulli, ancestral
from ..net import Net
from ..optim import Adam
from ..penalties import WGANGP, Drift, Mismatch
from ..values import Integers
from .moves.game import penalty_rows
from .oracles import relative
from .report import Row

LIMIT = 1e-9  # of a twin, relative to the plain result, in float64


def networks() -> list[tuple[Layer, tuple]]:
    """Trees and the shapes of their inputs, in which every twin for NumPy is called."""
    return [
        (
            Sequential(
                Conv2d(32, 4, 2, 1),
                LayerNorm(),
                LeakyReLU(),
                Conv2d(64, 4, 2, 1),
                Tanh(),
                Conv2d(32, 4, 2, 1),
                LeakyReLU(),
                Flatten(),
                Dense(1),
            ),
            (28, 28, 1),
        ),
        (
            Sequential(
                Dense(4 * 4 * 32),
                Reshape(4, 4, 32),
                ConvTranspose2d(32, 4, 2, 1),
                BatchNorm(),
                LeakyReLU(),
                UpConv2d(16, 3, 1),
                Tanh(),
                Conv2d(16, 5, 2, 2),
                Flatten(),
                Dense(1),
            ),
            (8,),
        ),
        (Sequential(PixelCNN(4, 2), Flatten(), Dense(1)), (6, 5, 1)),
        (Sequential(Delay(), GRU(5, every=True), Flatten(), Dense(1)), (6, 3)),
        (
            Sequential(ConditionalBatchNorm(), Pick(0), Dense(1)),
            ((6,), Integers((), 4)),
        ),
        (
            Sequential(Parallel(Embedding(8), Tanh()), Concat(), Dense(1)),
            (Integers((), 500), (4,)),
        ),
    ]


def twin_rows(seed: int = 0) -> list[Row]:
    """For each network the largest difference between fast and plain results, and of
    Adam's step. For autoregressive networks, that between samples.
    """
    rows = sample_rows(seed)
    for tree, in_shape in networks():
        net = Net(tree, in_shape, seed=seed, dtype="float64")
        found = []
        for plain in (False, True):
            with fast.plain(plain):
                found.append(_results(net, np.random.default_rng(seed)))
        error = max(
            map(relative, (a - b for a, b in zip(*found, strict=True)), found[1])
        )
        name = " ".join(type(layer).__name__ for _, layer in tree.children())
        rows.append(Row(f"twins: {name}", "twins", error, LIMIT, "fast against plain"))
    return rows


def sample_rows(seed: int) -> list[Row]:
    """How far fast samples are from plain samples of the same u: 0 if all are equal."""
    rows = []
    for tree, in_shape in ((MADE([9]), (7,)), (PixelCNN(4, 2), (4, 3, 1))):
        net = Net(tree, in_shape, seed=seed, dtype="float64")
        u, found = np.random.default_rng(seed).random((3, *in_shape)), []
        for plain in (False, True):
            with fast.plain(plain):
                found.append(ancestral(net, Bernoulli(), u))
        error = relative(found[0] - found[1], found[1])
        rows.append(Row(f"twins: {tree!r}", "twins", error, LIMIT, "samples"))
    return rows


def _results(net: Net, rng) -> list:
    """The results of all passes, of a penalty and of a step, from the same start."""
    start, state = net.theta.copy(), {k: np.copy(v) for k, v in net.state().items()}
    x = _drawn(net.in_shape, 160 if isinstance(net.in_shape[0], tuple) else 3, rng)
    y, cache = net.forward(x)
    dy = rng.standard_normal(y.shape)
    net.zero_grad()
    dx = net.backward(dy, cache)
    found = [y, net.grad.copy(), *net.state().values()]
    found.append(net.forward(x, False)[0])
    found += [a for a in (dx if isinstance(dx, tuple) else (dx,)) if a is not None]
    if isinstance(net.in_shape[0], int) and len(net.in_shape) == 3:  # a critic
        y_dot, cache_dot = net.tangent(rng.standard_normal(x.shape), cache)
        found += [y_dot, *net.tangent_backward(dy, dy, cache, cache_dot)]
        found.append(net.grad.copy())
        real, fake = (x, y, cache), (x[::-1], *net.forward(x[::-1]))
        found += d_gradient(net, (dy, dy), real, fake, [WGANGP(), Drift()], rng)
    found.append(net.grad.copy())
    Adam(0.01).descend(net.theta, net.grad)
    found = [np.copy(a) for a in (*found, net.theta)]
    net.theta[...] = start
    net.load_state(state)
    return found


def _drawn(shape, n: int, rng):
    if isinstance(shape, Integers):
        return rng.integers(0, shape.n, (n, *shape))
    if isinstance(shape[0], tuple):
        return tuple(_drawn(part, n, rng) for part in shape)
    return rng.standard_normal((n, *shape))


def mismatch_rows(seed: int = 0) -> list[Row]:
    """Mismatch's gradient on a critic of pairs, with and without near sentences."""
    rng, rows = np.random.default_rng(seed), []
    tree = Sequential(
        Parallel(Dense(4), Sequential(Embedding(3), Flatten())),
        Concat(),
        Tanh(),
        Dense(1),
    )
    shape = (3,), Integers((4,), 6)
    for penalty in (Mismatch(0.5), Mismatch(2.0, near=0.6)):
        D = Net(tree, shape, seed=seed, dtype="float64")
        D.theta += 0.3 * rng.standard_normal(D.theta.size)
        x, x_fake = (_drawn(shape, 7, rng) for _ in range(2))
        rows += penalty_rows(penalty, D, x, x_fake, rng, f"{penalty!r} of pairs")
    return rows
