"""A D whose slope at the data and whose slope far away have nothing to do with each
other: with R1 alone G goes round and round, R2 brings it home."""

import numpy as np

from tinygan import RelativisticPairing
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, RED, subplots

WINDOW, GAMMA, H, TURNS = 1.0, 0.5, 0.05, 1200
START = np.array([2.0, 0, 0, 0, 0, 1])  # theta, u, v
KINDS = {  # the weights of R1 and R2
    "R1": (GAMMA, 0.0, ORANGE, "-"),
    "R2": (0.0, GAMMA, BLUE, "--"),
    "R1 and R2": (GAMMA, GAMMA, GREEN, "-."),
    "no penalty": (0.0, 0.0, BLACK, ":"),
}


def features(x):
    """phi (4,) and M (2, 4) at x (2,): s = <phi, (u, v)>, and its slope is M (u, v)."""
    inside = max(0.0, 1 - x @ x / WINDOW**2)
    k, dk = inside**2, -4 * inside / WINDOW**2 * x
    M = np.outer(dk, x) + k * np.eye(2)
    phi = np.concatenate([k * x, x - k * x])  # eq: two-slopes
    return phi, np.hstack([M, np.eye(2) - M])


def field(w, gamma1, gamma2):
    """(-dJ/dtheta, d(V - P)/d(u, v)), (6,), with the data at 0."""
    theta, psi, zero, objective = w[:2], w[2:], np.zeros((1, 1)), RelativisticPairing()
    (_, M_real), (phi, M) = features(np.zeros(2)), features(theta)
    s = np.array([[phi @ psi]])
    _, ds = objective.d_grads(zero, s)
    dpsi = ds.item() * phi - gamma1 * M_real.T @ (M_real @ psi)
    dpsi = dpsi - gamma2 * M.T @ (M @ psi)
    return np.concatenate([-objective.g_grad(s, zero).item() * (M @ psi), dpsi])


def play(gamma1, gamma2):
    """theta, u, v after each of many alternating turns, (turns + 1, 6)."""
    w = [START]
    for _ in range(TURNS):
        now = w[-1].copy()
        now[2:] += H * field(now, gamma1, gamma2)[2:]
        now[:2] += H * field(now, gamma1, gamma2)[:2]
        w.append(now)
    return np.array(w)


def figure():
    drawn, ((plane, distance, moment),) = subplots(1, 3, 12, 4)
    plane.add_patch(window())
    t = H * np.arange(TURNS + 1)
    for name, (gamma1, gamma2, colour, line) in KINDS.items():
        x, y, _, _, v1, v2 = play(gamma1, gamma2).T
        style = {"color": colour, "ls": line, "lw": 1.5}
        if gamma1 or gamma2:  # without a penalty it is R1's
            plane.plot(x, y, **style)
        distance.semilogy(t, np.hypot(x, y), **style, label=name)
        ell = x * v2 - y * v1  # eq: angular-momentum
        moment.plot(t, ell, **style)
    plane.plot(*START[:2], "o", color=BLACK, ms=4)
    plane.plot(0, 0, "*", color=RED, ms=10)
    plane.set(title="G's way", aspect="equal", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2))
    distance.set(title="distance from the data", xlabel=r"time t, turns times $\eta$")
    distance.set(ylim=(1e-5, 5))
    distance.legend(loc="lower left", fontsize=9)
    moment.set(title=r"angular momentum $\ell$", xlabel=r"time t, turns times $\eta$")
    return drawn


def window():
    """Where D's slope has to do with its slope at the data."""
    from matplotlib.patches import Circle

    return Circle((0, 0), WINDOW, facecolor=GREY, alpha=0.4, lw=0)
