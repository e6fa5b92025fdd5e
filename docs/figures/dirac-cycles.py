"""Phase portraits of the Dirac-GAN: the field, and where the real steps lead."""

import numpy as np

from tinygan.theory.canvas import BLACK, BLUE, GREY, RED, subplots
from tinygan.theory.convergence import method, spectrum
from tinygan.theory.dirac import eigenvalues, field
from tinygan.theory.play import Turn

PANELS = (
    ("minimax", "none"),
    ("non-saturating", "none"),
    ("minimax", "R1"),
    ("Wasserstein", "weight clipping"),
    ("Wasserstein", "WGAN-GP"),
    ("Wasserstein", "WGAN-GP, strong"),
)


def figure():
    drawn, axes = subplots(2, 3, 11, 7.6, sharex=True, sharey=True)
    for names, axis in zip(PANELS, axes.flat, strict=True):
        game = method(*names)
        theta, psi = np.linspace(-2.4, 2.4, 13), np.linspace(-2, 2, 12)
        v = np.array([[field(game, t, p) for t in theta] for p in psi])
        flow = {"color": GREY, "density": 0.7, "linewidth": 0.8, "arrowsize": 0.9}
        axis.streamplot(theta, psi, v[..., 0], v[..., 1], **flow)
        points = Turn(game, 0.1).trajectory((1.0, 1.0), 300)
        axis.plot(*points.T, color=BLUE, lw=1.5)
        axis.plot(1, 1, "o", color=BLACK, ms=6)
        axis.plot(0, 0, "+", color=RED, ms=13, mew=2.5)
        values = None if game.obstacle else eigenvalues(game)
        axis.set_title(", ".join(n for n in names if n != "none") + _lambda(values))
        axis.set(xlim=(-2.4, 2.4), ylim=(-2, 2))
    for axis in axes[-1]:
        axis.set_xlabel(r"$\theta$, where G is")
    for axis in axes[:, 0]:
        axis.set_ylabel(r"$\psi$, D's slope")
    return drawn


def _lambda(values) -> str:
    if values is None:
        return "\nno Jacobian at (0, 0)"
    return f"\n$\\lambda$ = {spectrum(values).replace('+-', '±')}"
