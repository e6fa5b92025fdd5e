"""The best logit with hard labels, and with labels smoothed on one side or on both."""

import numpy as np

from tinygan import sigmoid
from tinygan.data import mixture_1d
from tinygan.theory.canvas import BLACK, BLUE, GREY, ORANGE, RED, subplots
from tinygan.theory.divergences import on_line, optimal_logit

A = 0.9


def both_sides(pair):
    """The best logit for the labels a of real samples and 1 - a of generated ones."""
    real = np.logaddexp(np.log(A) + pair.log_p, np.log(1 - A) + pair.log_q)
    fake = np.logaddexp(np.log(1 - A) + pair.log_p, np.log(A) + pair.log_q)
    return real - fake  # eq: two-sided-optimum


def figure():
    x = np.linspace(-4, 8, 241)
    pair = on_line(mixture_1d((0.0,), 1.0), mixture_1d((4.0,), 1.0), x)
    drawn, ((left, right),) = subplots(1, 2, 11, 3.8, sharex=True)
    curves = {
        "labels 1 and 0": (optimal_logit(pair), "-", BLACK),
        "labels 0.9 and 0": (optimal_logit(pair, A), "-", BLUE),
        "labels 0.9 and 0.1": (both_sides(pair), "--", RED),
    }
    for name, (s, line, colour) in curves.items():
        left.plot(x, s, line, color=colour, lw=2, label=name)
        right.plot(x, sigmoid(s), line, color=colour, lw=2, label=name)
    left.axhline(0, color=GREY, lw=0.8)
    left.set(xlabel="x", ylabel="the best logit", ylim=(-14, 14))
    left.legend(fontsize=9)
    for density, colour, name in ((pair.p, GREY, "p"), (pair.q, ORANGE, "q")):
        right.fill_between(x, density, color=colour, alpha=0.5, lw=0)
        right.text(x[density.argmax()], 0.15, name, ha="center")
    right.set(xlabel="x", ylabel="the best belief", ylim=(-0.02, 1.05))
    return drawn
