"""The integrand of V as a function of the logit, a trained D, and what it lacks."""

import numpy as np

from tinygan import sigmoid, softplus
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, RED, subplots
from tinygan.theory.divergences import Pair, optimal_discriminator, optimal_logit
from tinygan.theory.training import train_discriminator


def lost(pair: Pair, s) -> float:
    """V(D*) - V(D), as the distance between two coins at every x."""
    best, m = optimal_logit(pair), (pair.p + pair.q) / 2
    heads = sigmoid(best) * (softplus(-s) - softplus(-best))  # log D*/D
    tails = sigmoid(-best) * (softplus(s) - softplus(best))
    return 2 * float((pair.dx * m * (heads + tails)).sum())  # eq: value-gap


def figure():
    steps = (0, 3, 10, 20, 40, 80, 160, 320)
    training = train_discriminator(steps=320, snapshots=steps)
    drawn, ((left, middle, right),) = subplots(1, 3, 11.5, 3.8)

    s = np.linspace(-4, 4, 161)
    for p, q, colour in ((0.3, 0.1, BLUE), (0.2, 0.2, GREEN), (0.1, 0.3, ORANGE)):
        v = -p * softplus(-s) - q * softplus(s)
        left.plot(s, v, color=colour, label=f"p = {p}, q = {q}")
        left.plot(np.log(p / q), v.max(), "o", color=colour)
    left.set(xlabel="logit s at one x", ylabel="p log D + q log(1 - D)")
    left.legend(fontsize=9, loc="lower center")

    pair, shown = training.pair, training.snapshots[2]
    x, last = pair.x, training.snapshots[-1]
    middle.fill_between(x, pair.p, color=BLUE, alpha=0.3, lw=0, label="p, data")
    middle.fill_between(x, pair.q, color=ORANGE, alpha=0.3, lw=0, label="q, of G")
    middle.plot(x, optimal_discriminator(pair), color=BLACK, lw=2.5, label="D*")
    middle.plot(x, sigmoid(shown.s), ":", color=RED, lw=1.8, label="D, 10 steps")
    middle.plot(x, sigmoid(last.s), "--", color=RED, lw=1.8, label="D, 320 steps")
    middle.set(xlabel="x", ylabel="density, belief", xlim=(-5, 5), ylim=(-0.02, 1.2))
    middle.legend(fontsize=9, loc="upper center", ncols=2)

    gaps = [lost(pair, shot.s) for shot in training.snapshots[1:]]
    squares = [4 * shot.error**2 for shot in training.snapshots[1:]]
    right.loglog(steps[1:], gaps, "o-", color=RED, label="V(D*) - V(D)")
    right.loglog(steps[1:], squares, "s-", color=GREY, label="4 error$^2$")
    right.set(xlabel="steps of D", ylabel="nats")
    right.legend(fontsize=9)
    return drawn
