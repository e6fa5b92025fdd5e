"""-log(1 - D) and its slope in float32: by way of D, with an epsilon, on the logit."""

import numpy as np

from tinygan import sigmoid, softplus
from tinygan.theory.canvas import BLACK, BLUE, ORANGE, RED, subplots

EPS = np.float32(1e-8)


def figure():
    s = np.linspace(-5, 30, 1401, dtype=np.float32)
    D = sigmoid(s)
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = -np.log(1 - D), D * (1 - D) / (1 - D)  # the slope by the chain rule
        held = -np.log(1 - D + EPS), D * (1 - D) / (1 - D + EPS)  # eq: epsilon-slope
    exact = softplus(s), D
    drawn, ((left, right),) = subplots(1, 2, 10.5, 3.8, sharex=True)
    for axis, a, b, c in zip((left, right), exact, held, plain, strict=True):
        axis.plot(s, a, color=BLUE, lw=5, alpha=0.35, label="softplus(s), on the logit")
        axis.plot(s, b, color=ORANGE, lw=2, label="$-\\log(1 - D + 10^{-8})$")
        axis.plot(s, c, "--", color=RED, lw=1.6, label="$-\\log(1 - D)$")
        axis.set(xlabel="s, the logit of a generated sample")
        axis.axvline(s[np.argmax(D == 1)], color=BLACK, lw=0.8, ls=":")
    left.text(17.2, -0.6, "from here D rounds to 1", fontsize=9)
    left.set_ylabel("D's loss for it")
    right.set_ylabel("slope of that in s")
    left.legend(loc="upper left", fontsize=9)
    return drawn
