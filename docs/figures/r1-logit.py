"""The best discriminator that pays R1, R2 or both, without a network: on a grid."""

import numpy as np

from tinygan import sigmoid
from tinygan.data import mixture_1d
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, subplots
from tinygan.theory.divergences import Pair

STD, GAMMA = 0.4, 1.0
X = np.linspace(-2.2, 2.2, 221)
DX = X[1] - X[0]
KINDS = {
    "no penalty": (0.0, 0.0, BLACK, "-"),
    "R1": (GAMMA, 0.0, BLUE, "-"),
    "R2": (0.0, GAMMA, ORANGE, "--"),
    "R1 and R2": (GAMMA, GAMMA, GREEN, "-."),
}


def pair(theta: float) -> Pair:
    """The data around -theta/2, the samples around theta/2."""
    p, q = (mixture_1d((mean,), STD) for mean in (-theta / 2, theta / 2))
    return Pair(p.log_density(X[:, None]), q.log_density(X[:, None]), DX, X)


def best_logit(both: Pair, gamma1: float, gamma2: float) -> np.ndarray:
    """The s that maximises V - R1 - R2, by Newton's method."""
    p, q = both.p, both.q
    rho = gamma1 * p + gamma2 * q
    between = (rho[1:] + rho[:-1]) / 2 / DX  # the flow between neighbouring points
    L, i = np.zeros((len(X), len(X))), np.arange(len(X) - 1)
    for a, b, sign in ((i, i, 1), (i + 1, i + 1, 1), (i, i + 1, -1), (i + 1, i, -1)):
        L[a, b] += sign * between
    s = np.zeros(len(X))
    for _ in range(100):
        D = sigmoid(s)
        slope = DX * (p * (1 - D) - q * D) - L @ s  # eq: penalised-optimum
        if np.abs(slope).max() < 1e-13:
            break
        step = np.linalg.solve(np.diag(DX * (p + q) * D * (1 - D) + 1e-15) + L, slope)
        s += step * min(1.0, 2 / np.abs(step).max())
    return s


def pull(both: Pair, s) -> float:
    """How fast the non-saturating J rises as samples move away: E_q[-(1 - D) s']."""
    slope = np.gradient(s, DX)
    return float((DX * both.q * -sigmoid(-s) * slope).sum())


def figure():
    drawn, ((left, right),) = subplots(1, 2, 11, 4)
    both = pair(1.0)
    scale = 3 / both.p.max()
    left.fill_between(X, scale * both.p - 8, -8, color=BLUE, alpha=0.2, lw=0)
    left.fill_between(X, scale * both.q - 8, -8, color=ORANGE, alpha=0.2, lw=0)
    left.text(-0.5, -7.6, "data", ha="center")
    left.text(0.5, -7.6, "samples", ha="center")
    thetas = np.linspace(0, 1, 21)
    for name, (gamma1, gamma2, colour, line) in KINDS.items():
        style = {"color": colour, "ls": line, "lw": 2}
        left.plot(X, best_logit(both, gamma1, gamma2), **style, label=name)
        pulls = [pull(pair(t), best_logit(pair(t), gamma1, gamma2)) for t in thetas]
        right.plot(thetas, pulls, **style, label=name)
    left.axhline(0, color=GREY, lw=0.8, zorder=0)
    left.set(xlabel="x", ylabel="best logit s(x)", xlim=(-1.6, 1.6), ylim=(-8, 8))
    left.legend(loc="upper right")
    right.set(xlabel="distance $\\theta$", ylabel="pull on G, back to the data")
    right.set(xlim=(0, 1), ylim=(0, 4))
    return drawn
