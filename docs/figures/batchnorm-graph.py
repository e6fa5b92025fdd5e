"""BatchNorm taken apart, with the numbers of one channel forward and backward."""

import numpy as np

from tinygan import BatchNorm, Net
from tinygan.theory.canvas import RED, subplots

X = np.array([1.0, 3.0, 4.0, 5.0, 7.0])
DY = np.array([40.0, 0.0, 0.0, 0.0, 0.0])

AT = {  # where each quantity stands
    "x": (0, 0),
    "mu": (1.35, 1.4),
    "c": (2.7, 0),
    "v": (3.75, 1.4),
    "r": (5.5, 1.4),
    "x_hat": (6.1, 0),
    "y": (9.3, 0),
}
NAMES = {"mu": r"\mu", "x_hat": r"\hat x"}
STEPS = (  # (from, to, label, how far from the middle of the two it stands)
    ("x", "mu", "mean", (-0.5, 0.1)),
    ("x", "c", "", (0, 0)),
    ("mu", "c", "subtract", (0.6, 0)),
    ("c", "v", "mean of\nsquares", (0.55, -0.2)),
    ("v", "r", r"$(v + \epsilon)^{-1/2}$", (0, 0.2)),
    ("r", "x_hat", "times", (0.5, 0)),
    ("c", "x_hat", "", (0, 0)),
    ("x_hat", "y", r"$\gamma \hat x + \beta$", (0, 0.22)),
)


def values():
    """(forward, backward): each quantity and its gradient, for gamma = 1, beta = 0."""
    m, dx_hat = len(X), DY
    mu = X.mean()
    c = X - mu
    v = (c * c).mean()
    r = v**-0.5
    x_hat = c * r
    dr = (c * dx_hat).sum()
    dv = -0.5 * r**3 * dr
    dc = r * dx_hat + 2 / m * c * dv
    dmu = -dc.sum()
    dx = dc + dmu / m
    net = Net(BatchNorm(eps=0.0), (1,), dtype="float64")
    _, cache = net.forward(X[:, None])
    assert np.allclose(net.backward(DY[:, None], cache)[:, 0], dx, atol=1e-15)
    forward = {"x": X, "mu": mu, "c": c, "v": v, "r": r, "x_hat": x_hat, "y": x_hat}
    backward = {"x": dx, "mu": dmu, "c": dc, "v": dv, "r": dr, "x_hat": DY, "y": DY}
    return forward, backward


def figure():
    drawn, ((axis,),) = subplots(1, 1, 10.5, 3.2)
    forward, backward = values()
    boxes = {}
    for name, (x, y) in AT.items():
        lines = written(f"${NAMES.get(name, name)}$", forward[name], backward[name])
        frame = {"facecolor": "white", "edgecolor": "0.6", "boxstyle": "round,pad=0.5"}
        middle = {"ha": "center", "va": "center"}
        text = axis.text(x, y, "\n".join(lines), color="white", bbox=frame, **middle)
        boxes[name] = text.get_bbox_patch()
        axis.text(x, y + 0.09, lines[0], **middle)
        axis.text(x, y - 0.09, lines[1], color=RED, **middle)
    for start, end, label, (right, up) in STEPS:
        a, b = np.array(AT[start]), np.array(AT[end])
        arrow = {"arrowstyle": "-|>", "color": "0.4", "shrinkA": 2, "shrinkB": 2}
        arrow |= {"patchA": boxes[start], "patchB": boxes[end]}
        axis.annotate("", b, a, arrowprops=arrow)
        axis.text(*((a + b) / 2 + (right, up)), label, ha="center", va="center")
    axis.set(xlim=(-1.1, 10.5), ylim=(-0.35, 1.8))
    axis.set_axis_off()
    return drawn


def written(name, value, gradient):
    """Two lines: the quantity, and its gradient."""
    numbers = (
        "  ".join(f"{v:.3g}" for v in np.atleast_1d(a)) for a in (value, gradient)
    )
    signs = (f"{d}{name}:  {text}" for d, text in zip(("", "d"), numbers, strict=True))
    return [text.replace("-", "\u2212") for text in signs]
