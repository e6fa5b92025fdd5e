"""Two orders of play: where they lead, and the factor of a turn against eta and k."""

import numpy as np

from tinygan import R1, NonSaturating, Wasserstein
from tinygan.theory.canvas import BLACK, BLUE, GREY, ORANGE, RED, subplots
from tinygan.theory.dirac import DiracGAN
from tinygan.theory.play import (
    Turn,
    predicted_turn,
    spectral_radius,
    spectral_radius_measured,
)

PLAIN, TAMED = DiracGAN(NonSaturating()), DiracGAN(NonSaturating(), R1(0.4))
ORDERS = ((False, "simultaneous", ORANGE), (True, "alternating", BLUE))


def figure():
    drawn, ((path, rate, steps),) = subplots(1, 3, 11, 4)
    _paths(path)
    _against_eta(rate)
    _against_k(steps)
    return drawn


def _paths(axis):
    """The bilinear game, turn by turn."""
    for alternating, name, colour in ORDERS:
        turn = Turn(DiracGAN(Wasserstein()), 0.25, alternating=alternating)
        w = turn.trajectory((1.0, 0.0), 50)
        axis.plot(*w.T, ".-", color=colour, lw=1, ms=5, label=name)
    theta, psi = np.meshgrid(np.linspace(-1.2, 1.2, 60), np.linspace(-1.2, 1.2, 60))
    kept = theta**2 - 0.25 * theta * psi + psi**2  # eq: kept-ellipse
    axis.contour(theta, psi, kept, [1.0], colors=GREY, linewidths=4, zorder=0)
    axis.plot(0, 0, "+", color=RED, ms=13, mew=2.5)
    axis.plot(1, 0, "o", color=BLACK, ms=6)
    axis.set(xlabel=r"$\theta$, where G is", ylabel=r"$\psi$, D's slope")
    axis.set_aspect("equal", adjustable="datalim")
    axis.legend(loc="upper left", fontsize=9)


def _against_eta(axis):
    """rho of a turn: lines from the algebra, circles from trajectories."""
    eta = np.linspace(0.02, 5, 250)
    r1 = r"R1, $\gamma$ = 0.4"
    for game, line, name in ((PLAIN, "-", "no damping"), (TAMED, "--", r1)):
        axis.plot([], [], line, color=BLACK, lw=1.8, label=name)
        for alternating, _, colour in ORDERS:
            rho = [
                spectral_radius(predicted_turn(game, v, 1, alternating)) for v in eta
            ]
            axis.plot(eta, rho, line, color=colour, lw=1.8)
            for v in (0.5, 1, 1.5, 2, 3):
                seen = spectral_radius_measured(game, v, 1, alternating)
                axis.plot(v, seen, "o", mfc="white", mec=colour, ms=5)
    axis.axhline(1, color=GREY, lw=1, zorder=0)
    axis.set(xlabel=r"learning rate $\eta$", ylabel=r"$\rho$, a turn's factor")
    axis.set(ylim=(0, 2.1))
    axis.legend(loc="upper left", fontsize=9)


def _against_k(axis):
    """rho of an alternating turn with k steps of D, eta = 0.25."""
    k = np.arange(1, 101)
    for gamma, line in ((0.1, "-"), (0.4, "--"), (0.8, ":")):
        game = DiracGAN(NonSaturating(), R1(gamma))
        rho = [spectral_radius(predicted_turn(game, 0.25, int(n))) for n in k]
        label = rf"R1, $\gamma$ = {gamma}"
        axis.plot(k, rho, line, color=BLUE, lw=1.8, label=label)
        for n in (1, 5, 20, 100):
            seen = spectral_radius_measured(game, 0.25, n)
            axis.plot(n, seen, "o", mfc="white", mec=BLUE, ms=5)
    axis.plot(k, np.ones(len(k)), color=BLACK, lw=1.2, label="no damping")
    axis.set(xscale="log", xlabel="k, steps of D in a turn", ylim=(0, 1.05))
    axis.set(ylabel=r"$\rho$, alternating, $\eta$ = 0.25")
    axis.legend(loc="lower left", fontsize=9)
