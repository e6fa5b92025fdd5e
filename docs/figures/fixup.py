"""How deep residual networks grow, and how far a step takes them, by initialisation."""

import numpy as np

from tinygan import Dense, LeakyReLU, Net, Residual, Sequential, fixup, he, normal
from tinygan.theory.canvas import BLUE, GREEN, ORANGE, subplots

WIDTH, M, A, SEEDS = 64, 3, 0.2, 3
DEPTHS = 2 ** np.arange(6)
GAIN = 2 / (1 + A * A)  # what the last layer of a branch adds, by He


def network(L, inside, last, seed):
    """L residual branches of M dense layers."""

    def branch():
        layers = [Dense(WIDTH, bias=False, init=inside(L)) for _ in range(M - 1)]
        bent = [part for layer in layers for part in (layer, LeakyReLU(A))]
        return Sequential(*bent, Dense(WIDTH, bias=False, init=last))

    blocks = [Residual(branch()) for _ in range(L)]
    return Net(Sequential(*blocks), (WIDTH,), seed=seed, dtype="float64")


def measured(L, inside, last):
    """The means over seeds of |y|^2/|x|^2, and of the first step's effect per lr.

    The loss is <dy, y>. A step of SGD changes it by -lr |grad|^2.
    """
    rng, found = np.random.default_rng(0), []
    for seed in range(SEEDS):
        net = network(L, inside, last, seed)
        x, dy = rng.standard_normal((2, 1, WIDTH))
        y, cache = net.forward(x)
        net.zero_grad()
        net.backward_weights(dy, cache)
        size, push = (x * x).sum(), (dy * dy).sum()
        found.append(((y * y).sum() / size, net.grad @ net.grad / (size * push)))
    return np.mean(found, axis=0)


KINDS = {
    "He": (lambda L: he(A), he(A), ORANGE),
    "He, but the last layer 0": (lambda L: he(A), normal(0), BLUE),
    "fix-up": (lambda L: fixup(L, M, A), normal(0), GREEN),
}


def predicted(L):
    """|y|^2/|x|^2 and the effect of a step, in the mean, by the names of KINDS."""
    grown = (1 + GAIN) ** L  # eq: residual-growth
    effect = L * (L ** (-1 / (2 * M - 2))) ** (2 * M - 2)  # eq: fixup-step
    ones = np.ones(len(L))
    effects = M * L * (1 + GAIN) ** (L - 1), 1.0 * L, effect
    return dict(zip(KINDS, zip((grown, ones, ones), effects, strict=True), strict=True))


def figure():
    drawn, ((left, right),) = subplots(1, 2, 11, 4)
    L = np.geomspace(1, DEPTHS[-1], 200)
    for name, (inside, last, colour) in KINDS.items():
        found = np.transpose([measured(n, inside, last) for n in DEPTHS.tolist()])
        both = zip((left, right), predicted(L)[name], found, strict=True)
        for axis, line, dots in both:
            axis.loglog(L, line, color=colour, lw=1.5)
            axis.loglog(DEPTHS, dots, "o", color=colour, label=name)
    for axis in (left, right):
        axis.set(xlabel="residual branches L", ylim=(0.3, 1e8))
        axis.set_xticks(DEPTHS, DEPTHS)
        axis.minorticks_off()
    left.set(title="|y|$^2$ / |x|$^2$ at the start")
    right.set(title="effect of the first step, per lr")
    left.legend(loc="upper left")
    return drawn
