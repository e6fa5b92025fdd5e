"""What phase shuffle leaves of a tone's phase, and of a critic that listens for it."""

import numpy as np

from tinygan import (
    Adam,
    Conv1d,
    Dense,
    Flatten,
    LeakyReLU,
    Net,
    NonSaturating,
    PhaseShuffle,
    Sequential,
    d_step,
)
from tinygan.theory.canvas import BLUE, GREEN, ORANGE, RED, subplots

T, BATCH, STEPS = 128, 64, 200
TONE, NOISE = 0.4, 0.5
GAMES = {  # the period of the tone, and the largest shift behind each convolution
    "period 16, no shuffle": (16, 0, RED, "-"),
    "period 4, n = 2": (4, 2, ORANGE, "--"),
    "period 16, n = 2": (16, 2, BLUE, "-"),
}


def remaining(f, n: int):
    """The mean over the shifts -n to n of a tone of f cycles per place, elementwise."""
    a = np.arange(-n, n + 1)
    return np.cos(2 * np.pi * f[:, None] * a).mean(axis=1)  # eq: shuffle-mean


def figure():
    drawn, ((left, right),) = subplots(1, 2, 11, 3.8, gridspec_kw={"wspace": 0.24})
    f = np.linspace(0, 0.5, 201)
    marks = np.array([0, 1 / 4, 1 / 2])
    for n, colour in ((1, GREEN), (2, BLUE), (4, ORANGE)):
        left.plot(f, remaining(f, n), color=colour, label=f"n = {n}")
        left.plot(marks, remaining(marks, n), "o", color=colour)
    left.axhline(0, color="0.6", lw=0.8)
    left.set_xticks(marks, ["0", "1/4", "1/2"])
    left.set(xlabel="cycles per place", ylabel="what remains in the mean")
    left.legend()
    for name, (period, n, colour, line) in GAMES.items():
        V = game(period, n)
        right.plot(smooth(V), line, color=colour, label=name)
    right.axhline(-2 * np.log(2), color="0.6", lw=0.8)
    right.set(xlabel="step of D", ylabel="V, mean of 20 steps", ylim=(-1.5, 0.05))
    right.legend(loc="center right")
    return drawn


def sounds(rng, period: int, phase):
    """(BATCH, T, 1): a tone in noise; the phase (BATCH, 1) in radians."""
    tone = TONE * np.cos(2 * np.pi * np.arange(T) / period + phase)
    x = tone + NOISE * rng.standard_normal((BATCH, T))
    return x[:, :, None].astype("float32")


def game(period: int, n: int):
    """V of each step of a D that has to tell tones of one phase from those of any."""
    layers = []
    for C in (16, 32):
        layers += [Conv1d(C, 25, pad=11, stride=4), LeakyReLU(0.2), PhaseShuffle(n)]
    D = Net(Sequential(*layers, Flatten(), Dense(1)), (T, 1), seed=1)
    optimizer, rng = Adam(1e-3, 0.5), np.random.default_rng(0)
    found = []
    for _ in range(STEPS):
        real = sounds(rng, period, rng.uniform(0, 2 * np.pi, (BATCH, 1)))
        fake = sounds(rng, period, np.full((BATCH, 1), 0.7))
        V, *_ = d_step(D, optimizer, NonSaturating(), real, fake)
        found.append(float(V))
    return np.array(found)


def smooth(V, width: int = 20):
    """Means of so many steps in a row."""
    return np.convolve(V, np.ones(width) / width, mode="valid")
