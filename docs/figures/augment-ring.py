"""A game on a ring of places, with random shifts: for both players, or not for both."""

import numpy as np

from tinygan import softplus
from tinygan.theory.canvas import BLACK, BLUE, GREY, ORANGE, RED, subplots

N, RATE, STEPS = 8, 0.5, 4000
P = np.array([6, 5, 1, 1, 2, 4, 1, 2]) / 22.0
NEAR = np.bincount([0, 1, N - 1], minlength=N) / 3  # a shift by -1, 0 or 1
GAMES = {  # what is shifted: real samples, fakes in D's step, fakes in G's step
    "both, in both steps": (True, True, True),
    "real samples only": (True, False, False),
    "both, in D's step only": (True, True, False),
}


def shift(w) -> np.ndarray:
    """T as a matrix (n, n): column i holds where place i goes, with which chance."""
    return np.stack([np.roll(w, i) for i in range(len(w))], axis=1)


def changed(p, w):
    """T p: the distribution (n,) of a sample of p after a shift."""
    return sum(w[k] * np.roll(p, k) for k in range(len(w)))  # eq: ring-shift


def factors(w) -> np.ndarray:
    """By how much T multiplies each Fourier coefficient of p, (n,)."""
    return np.fft.fft(w)  # eq: ring-factors


def near_factors(m: int, n: int) -> np.ndarray:
    """The same for the shifts -m to m, each as likely as any other."""
    f = np.arange(1, n)
    above = np.sin((2 * m + 1) * np.pi * f / n)
    rest = above / ((2 * m + 1) * np.sin(np.pi * f / n))  # eq: ring-near
    return np.concatenate([[1.0], rest])


def played(real, fake, step):
    """q at each step, (STEPS, N): D is the best, and G, a softmax, descends its J."""
    same = np.eye(N)
    T_real, T_fake, T_step = (shift(NEAR) if on else same for on in (real, fake, step))
    theta, path = np.zeros(N), []
    for _ in range(STEPS):
        q = np.exp(theta - theta.max())
        q /= q.sum()
        path.append(q)
        s = np.log(T_real @ P) - np.log(T_fake @ q)  # the best logits
        charge = T_step.T @ softplus(-s)  # what J = E -log D(T(G)) charges each place
        theta = theta - RATE * q * (charge - q @ charge)
    return np.array(path)


def rates(w, both: bool):
    """How fast a wave of each frequency in q - p dies out near a flat p, (n,)."""
    f = factors(w)
    return np.abs(f) ** 2 if both else f.real  # eq: ring-rates


def figure():
    drawn, ((left, middle, right),) = subplots(
        1, 3, 13, 3.6, gridspec_kw={"wspace": 0.06}
    )
    assert np.allclose(factors(NEAR), near_factors(1, N))
    assert np.allclose(shift(NEAR) @ P, changed(P, NEAR))
    f = np.arange(N // 2 + 1)
    left.axhline(0, color=BLACK, lw=0.8)
    for both, colour, name in ((True, BLUE, "both steps"), (False, RED, "D's step")):
        left.plot(f, rates(NEAR, both)[f], "o-", color=colour, label=name)
    left.set(
        xlabel="frequency f of a wave in q - p", ylabel="rate at which it dies out"
    )
    left.legend(title="shifted in", loc="upper right")
    i, TP = np.arange(N), changed(P, NEAR)
    middle.bar(i, P, color=GREY, label="p")
    middle.plot(i, TP, "_", color=BLACK, ms=14, mew=2, label="T p")
    for (name, who), colour in zip(GAMES.items(), (BLUE, ORANGE, RED), strict=True):
        path = played(*who)
        middle.plot(i, path[-1], "o-", color=colour, ms=4, lw=1)
        apart = np.abs(path - P).sum(axis=1) / 2
        right.plot(1 + np.arange(STEPS), apart, color=colour, lw=2, label=name)
    middle.set(xlabel="place", ylabel="probability", title="p, T p and the last q")
    middle.legend(loc="upper right")
    right.set(xscale="log", yscale="log", xlabel="step of G")
    right.set_ylabel("total variation of p and q")
    right.legend(title="shifted", fontsize=9, loc="lower left")
    return drawn
