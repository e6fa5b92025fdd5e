"""Gumbel-softmax rows at three temperatures, and four gradients of a random choice."""

import numpy as np

from tinygan import GumbelSoftmax, Net
from tinygan.layers.softmax import softmax, softmax_jacobian
from tinygan.theory.canvas import BLUE, GREEN, GREY, ORANGE, RED, subplots

X = np.log([0.5, 0.3, 0.2])  # logits of three choices
C = np.array([1.0, -0.5, 0.5])
TEMPERATURES = np.geomspace(0.1, 5, 9)
DRAWS = 40_000
CORNERS = np.array([[0, 0], [1, 0], [0.5, np.sqrt(3) / 2]])  # of the triangle


def loss(y):
    """L(y) = sum_v c_v y_v^3 of rows (N, 3): (N,)."""
    return y**3 @ C


def exact(x):
    """d/dx E[L(e_k)], k drawn from softmax(x); x: (3,)."""
    return softmax_jacobian(softmax(x), loss(np.eye(3)))[0]  # eq: choice-gradient


def reinforce(x, rng, baseline: float = 0.0):
    """DRAWS estimates of that gradient, by the values of L alone; x: (3,)."""
    p = softmax(x)
    e = np.eye(3)[rng.choice(3, DRAWS, p=p)]
    return (loss(e) - baseline)[:, None] * (e - p)  # eq: reinforce


def relaxed(x, tau: float, straight_through: bool):
    """DRAWS estimates through the layer; x: (3,)."""
    net = Net(GumbelSoftmax(tau, straight_through), (3,), seed=1, dtype="float64")
    y, cache = net.forward(np.broadcast_to(x, (DRAWS, 3)))
    return net.backward(3 * C * y**2, cache)


def figure():
    drawn, ((*triangles, right),) = subplots(
        1, 4, 12, 3.2, gridspec_kw={"width_ratios": [1, 1, 1, 1.5], "wspace": 0.1}
    )
    for axis, tau in zip(triangles, (0.1, 0.5, 2.0), strict=True):
        net = Net(GumbelSoftmax(tau), (3,), seed=2, dtype="float64")
        y, _ = net.forward(np.broadcast_to(X, (600, 3)))
        axis.plot(*CORNERS[[0, 1, 2, 0]].T, color=GREY, lw=1)
        axis.plot(*(y @ CORNERS).T, ".", color=BLUE, ms=3, alpha=0.5)
        axis.set_title(f"tau = {tau:g}")
        axis.set(aspect="equal")
        axis.set_axis_off()
    draw_errors(right)
    return drawn


def draw_errors(axis):
    """Bias and deviation of each estimator, over the length of the right gradient."""
    right, rng = exact(X), np.random.default_rng(0)
    size = np.linalg.norm(right)
    for hard, name, colour in (
        (False, "Gumbel-softmax", BLUE),
        (True, "straight through", ORANGE),
    ):
        found = [relaxed(X, tau, hard) for tau in TEMPERATURES]
        bias = [np.linalg.norm(g.mean(axis=0) - right) / size for g in found]
        spread = [np.sqrt(g.var(axis=0).sum()) / size for g in found]
        axis.loglog(TEMPERATURES, bias, "-", color=colour, label=f"{name}: bias")
        axis.loglog(TEMPERATURES, spread, ":", color=colour, label="deviation")
    mean = float(softmax(X) @ loss(np.eye(3)))
    for baseline, name, colour in (
        (0.0, "REINFORCE", RED),
        (mean, "with a baseline", GREEN),
    ):
        spread = np.sqrt(reinforce(X, rng, baseline).var(axis=0).sum()) / size
        axis.axhline(spread, ls=":", color=colour, label=f"{name}: deviation")
    axis.set(xlabel="tau", title="errors / length of the gradient")
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.02, 0.5))
