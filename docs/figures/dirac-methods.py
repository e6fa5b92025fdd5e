"""What alternating steps of the Dirac-GAN do, for objectives and regularisers."""

from tinygan.theory.canvas import subplots
from tinygan.theory.convergence import START, method, spectrum
from tinygan.theory.dirac import predicted_eigenvalues
from tinygan.theory.play import Turn, verdict
from tinygan.theory.portraits import COLOURS

OBJECTIVES = (
    "minimax",
    "non-saturating",
    "Wasserstein",
    "least squares -1, 1, 1",
    "relativistic average",
)
REGULARISERS = (
    "none",
    "weight clipping",
    "spectral norm",
    "drift",
    "WGAN-GP",
    "WGAN-GP, strong",
    "one-sided GP",
    "GP with k = 0",
    "instance noise",
    "R1",
    "R2",
)
TURNS = 200


def figure():
    drawn, ((axis,),) = subplots(1, 1, 10, 6)
    for y, regulariser in enumerate(REGULARISERS):
        for x, objective in enumerate(OBJECTIVES):
            game = method(objective, regulariser)
            did = verdict(Turn(game, 0.25).trajectory(START, TURNS), TURNS)
            axis.fill_between((x - 0.49, x + 0.49), y - 0.47, y + 0.47, fc=COLOURS[did])
            values = None if game.obstacle else predicted_eigenvalues(game)
            text = "" if values is None else spectrum(values).replace("+-", "±")
            text = f"$\\lambda$ = {text}" if text else "no $\\lambda$"
            where = {"ha": "center", "va": "center", "fontsize": 10}
            axis.text(x, y, f"{did}\n{text}", **where)
    names = [name.replace(" ", "\n", 1) for name in OBJECTIVES]
    axis.set_xticks(range(len(OBJECTIVES)), names)
    axis.set_yticks(range(len(REGULARISERS)), REGULARISERS)
    axis.set(xlim=(-0.5, len(OBJECTIVES) - 0.5), ylim=(len(REGULARISERS) - 0.5, -0.5))
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return drawn
