"""`tinygan theory NAME`: the theory in pictures, and the numbers beside them.

Each figure is a function that takes a seed and returns a matplotlib figure and lines of
text. matplotlib is imported only when a figure is drawn, and never needs a screen.
"""

import difflib
import pathlib

import numpy as np

from .. import plots
from ..data import mixture_1d
from ..errors import InputError
from ..ops import sigmoid
from . import divergences as div
from . import saturation
from .canvas import BLACK, BLUE, GREEN, GREY, ORANGE, PINK, RED, pixels, subplots
from .convergence import OBJECTIVES
from .portraits import dirac, dirac_table
from .training import MU, TAU, train_discriminator

# D against D*


def optimal_discriminator(seed: int):
    """A trained D against D* = p/(p + q), at four moments, over the two densities."""
    training = train_discriminator(seed=seed)
    pair = training.pair
    panels = {"sharex": True, "sharey": "row", "height_ratios": (3, 2)}
    figure, axes = subplots(2, len(training.snapshots), 12, 5, **panels)
    best = div.optimal_discriminator(pair)
    for shot, above, below in zip(training.snapshots, *axes, strict=True):
        above.plot(pair.x, best, color=BLACK, lw=2.5, label="D* = p/(p + q)")
        above.plot(pair.x, sigmoid(shot.s), "--", color=RED, lw=2, label="D, trained")
        above.set_title(f"step {shot.step}\nerror {shot.error:.3f}, V = {shot.V:.3f}")
        below.fill_between(pair.x, pair.p, color=BLUE, alpha=0.35, lw=0)
        below.plot(pair.x, pair.p, color=BLUE, label="p, the data")
        below.plot(pair.x, pair.q, color=ORANGE, lw=2, label=f"q, G(z) = {TAU}z + {MU}")
        below.set(xlim=(-5, 5), xlabel="x")
        below.set_ylim(0, 1.5 * pair.p.max())
    axes[0, 0].set(ylim=(-0.03, 1.03), ylabel="belief that x is real")
    axes[1, 0].set_ylabel("density")
    shown = [axes[row, 0].get_legend_handles_labels() for row in (0, 1)]
    (top, top_names), (low, low_names) = shown
    where = {"loc": "outside lower center", "ncols": 4}
    figure.legend(top + low, top_names + low_names, **where)
    figure.suptitle(f"A discriminator learns D*      V(D*) = {training.V_star:.3f}")
    return figure, _training_lines(training)


def _training_lines(training):
    yield "step     E|D - D*|     V(D)     V(D) - V(D*)"
    for shot in training.snapshots:
        gap = shot.V - training.V_star
        yield f"{shot.step:<6}{shot.error:>12.4f}{shot.V:>9.4f}{gap:>17.4f}"
    yield f"V(D*) = 2 JSD - log 4 = {training.V_star:.4f} nats"


# Divergences


def divergences(seed: int):
    """JSD, TV, KL and W1 as two densities are drawn apart: Gaussians, and lines."""
    figure, axes = subplots(2, 2, 10, 6.5, sharex="col")
    wide = np.linspace(0, 8, 65)
    pairs = [div.on_line(mixture_1d((0.0,), 1.0), mixture_1d((t,), 1.0)) for t in wide]
    w1 = [div.wasserstein(pair) for pair in pairs]
    _bounded(axes[0, 0], wide, pairs)
    axes[0, 0].set_title("N(0, 1) and N($\\theta$, 1): all of them move")
    axes[1, 0].plot(wide, w1, color=GREEN, lw=2.5, label="W1")
    kl = [div.kl(pair) for pair in pairs]
    axes[1, 0].plot(wide, kl, "-.", color=PINK, lw=2, label="KL(p||q) = $\\theta^2/2$")
    axes[1, 0].set(xlabel="distance $\\theta$", ylim=(-0.3, 10))
    narrow = np.linspace(-1, 1, 81)
    both = [div.parallel_lines(t) for t in narrow]
    _bounded(axes[0, 1], narrow, [pair for pair, _ in both], marker=".")
    axes[0, 1].set_title("two parallel lines: only W1 tells which way to go")
    w1 = [w for _, w in both]
    axes[1, 1].plot(narrow, w1, color=GREEN, lw=2.5, label="W1 = |$\\theta$|")
    axes[1, 1].plot(
        [], [], "-.", color=PINK, label="KL is infinite unless $\\theta$ = 0"
    )
    axes[1, 1].set(xlabel="distance $\\theta$", ylim=(-0.05, 1.3))
    for a in axes.flat:
        a.legend(loc="center right" if a in axes[0] else "upper center", fontsize=9)
    axes[1, 0].legend(loc="upper left", fontsize=9)
    return figure, _divergence_lines()


def _bounded(axes, distance, pairs, marker=""):
    style = {"lw": 0 if marker else 2, "marker": marker}
    tv = [div.total_variation(pair) for pair in pairs]
    jsd = [div.jsd(pair) for pair in pairs]
    axes.axhline(np.log(2), color=GREY, lw=1, ls=":")
    axes.plot(distance, tv, color=ORANGE, label="TV", **style)
    axes.plot(distance, jsd, color=BLUE, label="JSD, at most log 2", **style)
    axes.set_ylim(-0.05, 1.1)


def _divergence_lines():
    yield "N(0, 1) and N(theta, 1), in nats; W1 in the units of x"
    yield "theta       JSD        TV        KL     V(D*)        W1"
    for theta in (0.0, 0.5, 1.0, 2.0, 4.0, 8.0):
        pair = div.on_line(mixture_1d((0.0,), 1.0), mixture_1d((theta,), 1.0))
        functions = div.jsd, div.total_variation, div.kl, div.value_at_optimum
        numbers = [f(pair) for f in (*functions, div.wasserstein)]
        yield f"{theta:<5}" + "".join(f"{v:>10.5f}" for v in numbers)
    yield ""
    yield "two parallel lines"
    yield "theta       JSD        TV        KL     V(D*)        W1"
    for theta in (0.0, 0.1, 0.5, 1.0):
        pair, w1 = div.parallel_lines(theta)
        numbers = [f(pair) for f in functions]
        yield f"{theta:<5}" + "".join(f"{v:>10.5f}" for v in (*numbers, w1))


# Saturation


def saturation_curves(seed: int):
    """dJ/ds_fake against the logit, and how hard it pulls against D(G(z))."""
    figure, ((left, right),) = subplots(1, 2, 10.5, 4.4)
    s, D = np.linspace(-6, 6, 241), np.linspace(0.002, 0.998, 250)
    curves = {
        "minimax": ("-", RED),
        "non-saturating": ("-", BLUE),
        "Wasserstein": ("--", GREEN),
        "hinge": (":", BLACK),
        "least squares 0, 1, 1": ("-.", PINK),
    }
    for name, (line, colour) in curves.items():
        style = {"ls": line, "color": colour, "lw": 2.2, "label": name}
        left.plot(s, saturation.generator_gradient(OBJECTIVES[name], s), **style)
        right.plot(D, saturation.pull(OBJECTIVES[name], D), **style)
    left.axhline(0, color=GREY, lw=0.8)
    left.set(xlabel="s = logit of D(G(z))", ylabel="dJ/ds", ylim=(-2.6, 0.9))
    left.set_title("G moves s the other way: where dJ/ds < 0, up")
    right.set(xlabel="D(G(z))", ylabel="|dJ/ds|", ylim=(-0.05, 2.6), xlim=(0, 1))
    right.set_title("on the left D is sure that the sample is fake")
    left.legend(loc="lower right", fontsize=9)
    return figure, saturation.rows(OBJECTIVES)


# By name

FIGURES = {
    "optimal-discriminator": (optimal_discriminator, "a trained D against D*"),
    "divergences": (divergences, "JSD, TV, KL and W1 as two densities part"),
    "saturation": (saturation_curves, "how hard each objective pulls G"),
    "dirac": (dirac, "the Dirac-GAN: phase portraits and eigenvalues"),
    "dirac-table": (dirac_table, "which objective with which regulariser converges"),
}


def find(name: str):
    """The figure's function. InputError, with the nearest names, if there is none."""
    if name not in FIGURES:
        near = difflib.get_close_matches(name, FIGURES, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else "see tinygan theory"
        raise InputError(f"theory {name!r} is unknown; {hint}")
    return FIGURES[name][0]


def write(name: str, out, seed: int = 0) -> list[str]:
    """Draw the figure `name` into the PNG file `out`, and return its numbers as lines.

    Raises InputError for an unknown name, and for an `out` that does not end in .png or
    cannot be written.
    """
    draw, out = find(name), pathlib.Path(out)
    if out.suffix != ".png":
        raise InputError(f"--out {out}: expected a name ending in .png")
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: expected a folder {out.parent}, found none")
    figure, text = draw(seed)
    try:
        plots.save_png(out, pixels(figure))
    except OSError as e:
        raise InputError(f"--out {out}: cannot be written ({e.strerror or e})") from e
    return list(text)
