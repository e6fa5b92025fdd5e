"""The Dirac-GAN against its damping: eigenvalues, the way home, and a slow creep."""

import numpy as np

from tinygan import R1, NonSaturating
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, RED, subplots
from tinygan.theory.dirac import DiracGAN, eigenvalues, predicted_eigenvalues
from tinygan.theory.play import Turn


def figure():
    drawn, ((roots, home, creep),) = subplots(1, 3, 11, 4)
    _roots(roots)
    _home(home)
    _creep(creep)
    return drawn


def _roots(axis):
    """Real and imaginary parts of lambda against gamma; circles: measured."""
    gamma = np.linspace(0, 2.5, 201)
    values = np.array([predicted_eigenvalues(_r1(g)) for g in gamma])
    axis.plot(gamma, values.real.max(axis=1), color=BLUE, lw=2, label="Re, slower mode")
    axis.plot(gamma, values.real.min(axis=1), "--", color=BLUE, label="Re, faster mode")
    axis.plot(gamma, values.imag.max(axis=1), color=ORANGE, lw=2, label="Im")
    for g in (0, 0.4, 0.8, 1.2, 1.6, 2.0, 2.4):
        seen = eigenvalues(_r1(g))
        for v, colour in (
            (seen.real.max(), BLUE),
            (seen.real.min(), BLUE),
            (seen.imag.max(), ORANGE),
        ):
            axis.plot(g, v, "o", mfc="white", mec=colour, ms=5)
    axis.axhline(0, color=GREY, lw=0.8, zorder=0)
    axis.set(xlabel=r"$\gamma$ of R1", ylabel=r"$\lambda$")
    axis.legend(loc="lower left", fontsize=9)


def _home(axis):
    """The distance to (0, 0) over alternating turns."""
    styles = (0.0, BLACK, "-"), (0.2, ORANGE, "--"), (1.0, GREEN, "-"), (5.0, RED, "-.")
    for gamma, colour, line in styles:
        r = np.hypot(*Turn(_r1(gamma), 0.1).trajectory((0.5, 0.5), 600).T)
        label = rf"$\gamma$ = {gamma:g}"
        axis.semilogy(np.arange(len(r)) / 10, r, line, color=colour, label=label)
    axis.set(xlabel=r"time t, turns times $\eta$", ylabel="distance r from (0, 0)")
    axis.set(ylim=(1e-9, 3))
    axis.legend(loc="lower left", fontsize=9)


def _creep(axis):
    """Without damping: terms of third order, and a power of t."""
    r = np.hypot(*Turn(_r1(0.0), 0.1).trajectory((1.0, 1.0), 6000).T)
    t = np.arange(1, len(r)) / 10
    axis.loglog(t, r[1:], color=BLUE, lw=1.2, label=r"alternating steps, $\eta$ = 0.1")
    r = np.sqrt(8 / t)  # eq: dirac-creep
    axis.loglog(t[100:], r[100:], "--", color=BLACK, label=r"$\sqrt{8/t}$")
    axis.set(xlabel="time t", ylabel=r"distance r, $\gamma$ = 0", ylim=(0.07, 2))
    axis.legend(loc="lower left", fontsize=9)


def _r1(gamma: float) -> DiracGAN:
    return DiracGAN(NonSaturating(), R1(gamma) if gamma else None)
