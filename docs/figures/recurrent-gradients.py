"""How the gradient of a state fades or grows with the steps that it goes back."""

import numpy as np

from tinygan.layers.conditional.gru import gru_step
from tinygan.theory.canvas import BLACK, BLUE, GREEN, ORANGE, RED, subplots

n, T, RUNS, TINY = 64, 60, 8, 1e-30


def plain(g: float, rng):
    """The step of a recurrence without gates, with U = g times a rotation."""
    U = g * np.linalg.qr(rng.standard_normal((n, n)))[0]

    def step(a, h):
        return np.tanh(a[:, :n] + h @ U)  # eq: rnn

    return step


def gated(b_z: float, rng):
    """The step of a GRU at its initial weights, with a bias of the update gate."""
    U = rng.uniform(-(n**-0.5), n**-0.5, (n, 3 * n))
    b = np.repeat([0, b_z, 0], n)
    return lambda a, h: gru_step(a + b, h, U, np.zeros(n))[-1]


def sizes(make, setting: float, seed: int) -> np.ndarray:
    """The typical size of dh_T/dh_t, for t = T, T - 1, ..., 0: (T + 1,)."""
    rng = np.random.default_rng(seed)
    step, h, slopes = make(setting, rng), np.zeros((1, n)), []
    for _ in range(T):
        a = 0.5 * rng.standard_normal((1, 3 * n))
        after = step(a, h + TINY * 1j * np.eye(n))  # row i: from h moved along e_i
        slopes.append(after.imag / TINY)  # [i, j]: of number j of h_t, by the complex
        h = after.real[:1]  # step along number i of h_{t-1}
    P, found = np.eye(n), [1.0]
    for J in reversed(slopes):
        P = J @ P  # eq: rnn-product
        found.append(np.linalg.norm(P) / n**0.5)
    return np.array(found)


def typical(make, setting: float) -> np.ndarray:
    """The geometric mean of `sizes` over some runs."""
    runs = [sizes(make, setting, seed) for seed in range(RUNS)]
    return np.exp(np.log(runs).mean(axis=0))


def figure():
    drawn, axes = subplots(1, 2, 9, 3.6, sharex=True, sharey=True)
    left, right = axes[0]
    for g, colour in ((0.5, BLACK), (1.0, BLUE), (1.5, GREEN), (2.0, RED)):
        left.semilogy(typical(plain, g), color=colour, label=f"{g:g}")
    for b_z, colour in ((0.0, BLACK), (2.0, BLUE), (4.0, ORANGE)):
        right.semilogy(typical(gated, b_z), color=colour, label=f"{b_z:g}")
    left.set(title="tanh, |U| =", xlabel="steps back", ylabel="size of dh_T / dh_t")
    right.set(title="GRU, bias of z =", xlabel="steps back", ylim=(1e-12, 1e6))
    left.legend(ncols=2)
    right.legend(ncols=2)
    return drawn
