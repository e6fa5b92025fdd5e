"""What each objective charges where q/p = r, and what it fits to two modes."""

import numpy as np

from tinygan.data import mixture_1d
from tinygan.theory.canvas import BLUE, GREEN, GREY, PINK, RED, subplots
from tinygan.theory.divergences import Pair, jsd, kl, on_line, reverse_kl

X = np.linspace(-12, 12, 481)
P = mixture_1d((-2.0, 2.0), 0.7, (0.6, 0.4))


def mixed(pair: Pair) -> float:
    """2 KL(m||p), m = (p + q)/2: what the non-saturating G descends."""
    log_m = np.logaddexp(pair.log_p, pair.log_q) - np.log(2)
    return 2 * kl(Pair(log_m, pair.log_p, pair.dx))  # eq: nonsaturating-descends


def fitted(divergence) -> np.ndarray:
    """The density (n,) of the Gaussian at the least distance from P."""
    best = np.inf, None
    for mu in np.linspace(-2.2, 2.2, 23):
        for tau in np.linspace(0.4, 2.6, 23):
            pair = on_line(P, mixture_1d((mu,), tau), X)
            best = min(best, (divergence(pair), (mu, tau)))
    mu, tau = best[1]
    return mixture_1d((mu,), tau).density(X[:, None])


def figure():
    drawn, ((left, right),) = subplots(1, 2, 11, 4)
    r = np.linspace(1e-6, 4, 400)
    log_r, two_m = np.log(r), (1 + r) * np.log((1 + r) / 2)
    wide, thin = {"lw": 6, "alpha": 0.45}, {"lw": 2}
    right.fill_between(X, P.density(X[:, None]), color=GREY, alpha=0.6, lw=0)
    for name, f, divergence, colour, style in (
        ("KL(p||q)", r - 1 - log_r, kl, PINK, wide),
        ("KL(q||p)", r * log_r - r + 1, reverse_kl, GREEN, wide),
        ("minimax: 2 JSD", r * log_r - two_m, jsd, RED, thin),
        ("non-saturating: 2 KL(m||p)", two_m - r + 1, mixed, BLUE, thin),
    ):
        left.plot(r, f, color=colour, label=name, **style)
        right.plot(X, fitted(divergence), color=colour, **style)
    left.set(xlabel="r = q/p at one x", ylabel="charge, per unit of p")
    left.set_ylim(-0.05, 2)
    left.legend(fontsize=9, loc="upper center")
    right.set(xlabel="x", ylabel="density", xlim=(-5.5, 5.5), ylim=(0, 0.62))
    right.text(2, 0.26, "p", ha="center")
    return drawn
