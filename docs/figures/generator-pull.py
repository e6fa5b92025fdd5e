"""How hard each objective pulls a sample, and how fast G gets home by it."""

import numpy as np

from tinygan import Hinge, LeastSquares, Minimax, NonSaturating
from tinygan.data import mixture_1d
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, RED, subplots
from tinygan.theory.divergences import on_line, optimal_logit
from tinygan.theory.saturation import generator_gradient

P, X = mixture_1d((0.0,), 1.0), np.linspace(-12, 18, 601)


def velocity(objective, theta: float) -> float:
    """-dJ/dtheta for p = N(0, 1), q = N(theta, 1) and the best D, held fixed.

    G(z) = z + theta, so dJ/dtheta = E_q[dJ/ds ds*/dx], and ds*/dx = -theta.
    """
    pair = on_line(P, mixture_1d((theta,), 1.0), X)
    s = optimal_logit(pair)
    slope = objective.g_grad(s) * s.size  # its mean is over q, not over the grid
    return theta * float((pair.dx * pair.q * slope).sum())  # eq: generator-velocity


def journey(objective, theta: float, dt: float, steps: int) -> list[float]:
    """theta along its velocity, by Euler steps."""
    seen = [theta]
    for _ in range(steps):
        seen.append(seen[-1] + dt * velocity(objective, seen[-1]))
    return seen


def figure():
    drawn, ((left, right),) = subplots(1, 2, 11, 4)
    s = np.linspace(-6, 6, 241)
    curves = {
        "minimax": (Minimax(), "-", RED),
        "non-saturating": (NonSaturating(), "-", BLUE),
        "hinge": (Hinge(), ":", BLACK),
        "least squares (0, 1, 1)": (LeastSquares(), "-.", GREEN),
    }
    for name, (objective, line, colour) in curves.items():
        slope = generator_gradient(objective, s)
        left.plot(s, slope, line, color=colour, lw=2, label=name)
    left.axhline(0, color=GREY, lw=0.8)
    left.set(xlabel="s, the logit of a generated sample", ylabel="N dJ/ds")
    left.set_ylim(-2.6, 0.9)
    left.legend(fontsize=9, loc="lower right")

    t = 0.1 * np.arange(301)
    for name in ("minimax", "non-saturating"):
        objective, _, colour = curves[name]
        for start in (2.0, 4.0, 6.0):
            label = name if start == 2 else None
            path = journey(objective, start, 0.1, 300)
            right.plot(t, path, color=colour, lw=2, label=label)
    right.axhline(0, color=GREY, lw=0.8)
    right.set(xlabel="time", ylabel="$\\theta$, the distance from the data")
    right.legend(fontsize=9, loc="upper right", bbox_to_anchor=(1, 0.85))
    return drawn
