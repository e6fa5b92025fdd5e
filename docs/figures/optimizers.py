"""Four optimizers in a valley, Adam's first steps, and momentum in a game."""

import math

import numpy as np

from tinygan import SGD, Adam, Momentum, RMSProp
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, RED, subplots


def valley(axes):
    """Descents of (x^2 + 25 y^2)/2 from one point."""
    curvature = np.array([1.0, 25.0])
    x, y = np.meshgrid(np.linspace(-4.4, 0.6, 60), np.linspace(-1.1, 1.6, 60))
    axes.contour(x, y, x**2 + 25 * y**2, 12, colors=GREY, linewidths=0.7)
    for optimizer, steps, colour in (
        (SGD(0.07), 60, BLACK),
        (Momentum(0.01, 0.8), 100, ORANGE),
        (RMSProp(0.05), 120, GREEN),
        (Adam(0.1), 120, BLUE),
    ):
        theta = np.array([-4.0, 1.2])
        path = [theta.copy()]
        for _ in range(steps):
            optimizer.descend(theta, curvature * theta)
            path.append(theta.copy())
        name = type(optimizer).__name__
        axes.plot(*np.transpose(path), ".-", color=colour, lw=1, ms=3, label=name)
    axes.plot(0, 0, "*", color=RED, ms=10)
    axes.set(xlabel="x", ylabel="y", title="a valley")
    axes.legend(fontsize=9, loc="upper right")


def first_steps(axes):
    """|u| of Adam for a constant gradient, and what m/sqrt(v) would be."""
    t = np.arange(1, 2001)
    for beta1, colour in ((0.9, BLUE), (0.5, ORANGE), (0.0, GREEN)):
        adam, theta, g = Adam(1.0, beta1), np.zeros(1), np.ones(1)
        right, wrong = [], []
        for _ in t:
            before = theta[0]
            adam.descend(theta, g)
            right.append(before - theta[0])
            wrong.append(adam.m[0] / math.sqrt(adam.v[0]))
        label = f"$m/\\sqrt{{v}}$, $\\beta_1$ = {beta1:g}"
        axes.semilogx(t, wrong, "--", color=colour, label=label)
    axes.semilogx(t, right, color=BLACK, lw=2.5, label="Adam, corrected")
    axes.set(xlabel="step t", ylabel="u", ylim=(0, None), title="with a gradient of 1")
    axes.legend(fontsize=9)


def game(axes):
    """D ascends psi theta - gamma/2 psi^2, G descends it, each with momentum."""
    gamma, rate, steps = 0.5, 0.1, 400
    for mu, colour in ((0.0, BLACK), (0.5, ORANGE), (0.9, BLUE)):
        opt_D, opt_G = (Momentum(rate * (1 - mu), mu) for _ in range(2))
        theta, psi = np.ones(1), np.zeros(1)
        radius = [1.0]
        for _ in range(steps):
            opt_D.ascend(psi, theta - gamma * psi)
            opt_G.descend(theta, psi.copy())
            radius.append(math.hypot(theta[0], psi[0]))
        age = f"$\\mu$ = {mu:g}: {mu / (1 - mu):g} steps old"
        axes.semilogy(radius, color=colour, label=age)
    axes.set(xlabel="turn", ylabel="distance from equilibrium", title="a game")
    axes.legend(fontsize=9)


def figure():
    drawn, ((left, middle, right),) = subplots(1, 3, 13, 4)
    valley(left)
    first_steps(middle)
    game(right)
    return drawn
