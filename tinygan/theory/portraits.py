"""Pictures of the Dirac-GAN: phase portraits, and the table of methods in colours."""

import numpy as np

from .canvas import BLACK, BLUE, DARK, GREY, ORANGE, RED, subplots
from .convergence import (
    OBJECTIVES,
    REGULARISERS,
    START,
    WORDS,
    convergence_table,
    lines,
    method,
    spectrum,
)
from .dirac import eigenvalues, field
from .play import Turn

PANELS = (
    ("minimax", "none"),
    ("non-saturating", "none"),
    ("Wasserstein", "none"),
    ("least squares -1, 1, 1", "none"),
    ("Wasserstein", "weight clipping"),
    ("Wasserstein", "WGAN-GP"),
    ("Wasserstein", "WGAN-GP, strong"),
    ("minimax", "one-sided GP"),
    ("minimax", "instance noise"),
    ("minimax", "R1"),
    ("Wasserstein", "R1"),
    ("relativistic average", "R1"),
)


def dirac(seed: int):
    """Phase portraits: the field, and the path of the real steps from (1, 1)."""
    figure, axes = subplots(len(PANELS) // 4, 4, 13, 10.4, sharex=True, sharey=True)
    text = [f"{'objective':<23} {'regulariser':<18} eigenvalues, measured"]
    for (objective, regulariser), panel in zip(PANELS, axes.flat, strict=True):
        game = method(objective, regulariser)
        values = None if game.obstacle else eigenvalues(game)
        _portrait(panel, game)
        extra = "" if regulariser == "none" else f", {regulariser}"
        panel.set_title(f"{objective}{extra}\n{_lambda(values)}", fontsize=10.5)
        why = f" ({game.obstacle})" if game.obstacle else ""
        text.append(f"{objective:<23} {regulariser:<18} {spectrum(values)}{why}")
    for panel in axes[-1]:
        panel.set_xlabel("$\\theta$, where G is")
    for panel in axes[:, 0]:
        panel.set_ylabel("$\\psi$, D's slope")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, fontsize=10)
    return figure, text


def _lambda(values) -> str:
    if values is None:
        return "no $\\lambda$"
    return f"$\\lambda$ = {spectrum(values).replace('+-', '±')}"


def _portrait(axes, game, eta: float = 0.1, turns: int = 400) -> None:
    theta, psi = np.linspace(-2.4, 2.4, 25), np.linspace(-2, 2, 25)
    v = np.array([[field(game, t, p) for t in theta] for p in psi])
    axes.streamplot(
        theta,
        psi,
        v[..., 0],
        v[..., 1],
        color=GREY,
        density=0.6,
        linewidth=0.7,
        arrowsize=0.8,
    )
    for alternating, colour, line, label in (
        (False, ORANGE, "--", "simultaneous steps"),
        (True, BLUE, "-", "alternating steps"),
    ):
        points = Turn(game, eta, alternating=alternating).trajectory(START, turns)
        axes.plot(*points.T, line, color=colour, lw=1.3, label=label)
    axes.plot(*START, "o", color=BLACK, ms=5, label="start", ls="")
    axes.plot(0, 0, "+", color=RED, ms=13, mew=2.5, label="equilibrium", ls="")
    axes.set(xlim=(-2.4, 2.4), ylim=(-2, 2))


COLOURS = {
    "converges": "#7FCDA9",
    "creeps in": "#C5E5F7",
    "circles": "#FBE3A8",
    "stops": "#E3C4D9",
    "diverges": "#F0A884",
}


def dirac_table(seed: int):
    """Every objective with every regulariser: eigenvalues, and what play did."""
    rows = convergence_table()
    figure, ((axes,),) = subplots(1, 1, 13, 7)
    names, methods = list(OBJECTIVES), list(REGULARISERS)
    for r in rows:
        x, y = names.index(r.objective), methods.index(r.regulariser)
        colour = COLOURS[r.did[True]]
        axes.add_patch(_box(x, y, colour))
        what = f"{r.did[True]}\n{_lambda(r.eigenvalues)}"
        axes.text(x, y, what, ha="center", va="center", fontsize=8.5, color=DARK)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(methods) - 0.5, -0.5))
    axes.set_xticks(range(len(names)), [n.replace(" ", "\n", 1) for n in names])
    axes.set_yticks(range(len(methods)), methods)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_xlabel(WORDS, fontsize=10)
    axes.set_title("The Dirac-GAN: what alternating steps did, and eigenvalues")
    return figure, lines(rows)


def _box(x: float, y: float, colour: str):
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.5, y - 0.5), 1, 1, fc=colour, ec="white", lw=2)
