"""The scoreboard's page: a table and a plot of its games, beside published numbers."""

import math
import statistics
from pathlib import Path

import numpy as np

from tinygan import InputError, plots

from .games import DATA, OBJECTIVES, REGULARISERS
from .lines import Lines

MODES = {name: len(data().means) for name, data in DATA.items()}
KEYS = ("data", "objective", "regulariser", "steps", "seed")
PLOT = "images/scoreboard.png"
PUBLISHED = (  # name, then (modes, % high quality, reverse KL) on ring and on grid
    ("GAN (PacGAN's table)", (6.3, 98.2, 0.45), (17.3, 94.8, 0.70)),
    ("ALI (PacGAN's table)", (6.6, 97.6, 0.36), (24.1, 95.7, 0.14)),
    ("PacGAN2", (7.9, 95.6, 0.07), (23.8, 91.3, 0.13)),
    ("PacGAN4", (7.8, 95.9, 0.07), (24.8, 93.6, 0.04)),
    ("GAN (VEEGAN's table)", (1.0, None, None), None),
    ("Unrolled GAN (VEEGAN's table)", (7.6, 35.6, None), None),
    ("VEEGAN", (8.0, 52.9, None), None),
)
HEAD = """# The scoreboard: every objective with every regulariser

The data are a ring of 8 Gaussians (radius 2, standard deviation 0.02) and a grid of 25
(spacing 2, standard deviation 0.05). Numbers are mean ± standard error over {seeds}.
All games share two tanh MLPs (G 3x64, D 2x64), the latent N(0, 4^2) in 2-D, Adam at
3e-3 (.5, .999) falling linearly to 0, batch 256 and {steps:,} turns of one step for
each player. Each game is scored by 2,500 samples. A sample is of high quality if it
lies within 3 standard deviations of a mode (at best 98.89 % do in two dimensions). A
mode counts if it has one such sample. The reverse KL, in nats, compares the shares of
the samples' nearest modes with equal shares. A dash means that a game diverged.

**No method is tuned.** The networks and rates were chosen on the grid, with a seed or
two of the plain game. Among the regularisers, only the strengths of clipping and of
spectral normalisation were tried out. One critic step a turn is few for a Wasserstein
critic. So the table shows the effect of one change at a small fixed budget. It does not
show how good a method can get: `best-grid` and the other recipes show that. Repeat it
with

    python -m benchmarks.scoreboard --out scoreboard.jsonl
    python -m benchmarks.scoreboard --show scoreboard.jsonl --docs docs

![Modes covered and high-quality samples, for each objective and regulariser]({plot})
"""
LEFT_OUT = """The table leaves out the clipping of D's gradient value by value
(`ClipValue`), the drift penalty (`Drift`) and label smoothing (`real_label`).
"""
NOTE = """## Published numbers

These have other networks and other budgets (400 epochs of 100,000 samples in the first
four), and a ring of radius 1 and standard deviation 0.01. They are here for
orientation, not for a race.

| method | ring: modes / % HQ / reverse KL | grid: modes / % HQ / reverse KL |
|---|---|---|
"""


def lines(path: Path) -> Lines:
    """The games in a file."""
    return Lines(path, KEYS, "games")


def read(path: Path) -> list[dict]:
    """The games in a file. InputError if it is not a file of games."""
    return lines(path).read()


def mean_and_error(values: list[float]) -> tuple[float, float]:
    """The mean and its standard error, 0 for a single value."""
    if len(values) < 2:
        return values[0], 0.0
    return statistics.mean(values), statistics.stdev(values) / math.sqrt(len(values))


def summary(rows: list[dict]) -> dict:
    """{(data, objective, regulariser): {"modes": (mean, error), ...}}

    Raises InputError if there are no games, or if they differ in their number of steps.
    """
    steps = sorted({row["steps"] for row in rows})
    if not steps:
        raise InputError("there are no games in it")
    if len(steps) > 1:
        found = ", ".join(map(str, steps))
        raise InputError(f"expected games of one number of steps, found {found}")
    cells: dict[tuple, list[dict]] = {}
    for row in rows:
        key = (row["data"], row["objective"], row["regulariser"])
        cells.setdefault(key, []).append(row)
    found = {}
    for key, games in cells.items():
        kl = [g["reverse_kl"] for g in games if g["reverse_kl"] is not None]
        found[key] = {
            "modes": mean_and_error([g["modes"] for g in games]),
            "quality": mean_and_error([100 * g["high_quality"] for g in games]),
            "kl": mean_and_error(kl) if len(kl) == len(games) else None,
            "seeds": len(games),
        }
    return found


def page(path: Path) -> str:
    """The page in Markdown. Raises InputError as `read` and `summary` do."""
    if not path.is_file():
        raise InputError("there is no such file")
    rows = read(path)
    cells = summary(rows)
    seeds = _seeds({cell["seeds"] for cell in cells.values()})
    text = HEAD.format(seeds=seeds, steps=rows[0]["steps"], plot=PLOT)
    for data in DATA:
        title = f"{data.capitalize()}: modes of {MODES[data]}"
        text += f"\n## {title} / % high quality / reverse KL\n"
        text += "\n| | " + " | ".join(REGULARISERS) + " |\n"
        text += "|---" * (1 + len(REGULARISERS)) + "|\n"
        for objective in OBJECTIVES:
            line = (_cell(cells.get((data, objective, r))) for r in REGULARISERS)
            text += f"| {objective} | " + " | ".join(line) + " |\n"
    says = "; ".join(f"*{name}* {r.says}" for name, r in REGULARISERS.items())
    text += f"\nThe regularisers: {says}.\n\n{LEFT_OUT}\n{NOTE}"
    for name, *numbers in PUBLISHED:
        text += f"| {name} | " + " | ".join(map(_published, numbers)) + " |\n"
    return text


def _seeds(counts: set[int]) -> str:
    """How many seeds the cells have: "3 seeds", "2 to 3 seeds"."""
    low, high = min(counts), max(counts)
    return f"{low} to {high} seeds" if low < high else f"{low} seed{'s' * (low > 1)}"


def _cell(cell: dict | None) -> str:
    if cell is None:
        return ""
    (m, dm), (q, dq) = cell["modes"], cell["quality"]
    kl = f"{cell['kl'][0]:.2f}" if cell["kl"] else "-"
    return f"{m:.1f}±{dm:.1f} / {q:.0f}±{dq:.0f} / {kl}"


def _published(numbers) -> str:
    if numbers is None:
        return ""
    return " / ".join("-" if n is None else f"{n:g}" for n in numbers)


def draw(path: Path, out: Path) -> None:
    """Draw four heat maps: modes and quality, for ring and grid."""
    cells = summary(read(path))
    figure = plots.blank(12.5, 8.6, dpi=110)
    for i, data in enumerate(DATA):
        for j, (key, top) in enumerate((("modes", MODES[data]), ("quality", 100))):
            axes = figure.add_subplot(2, 2, 2 * i + j + 1)
            _heat_map(
                axes, {k[1:]: v[key] for k, v in cells.items() if k[0] == data}, top
            )
            what = f"modes of {top}" if key == "modes" else "% high quality"
            axes.set_title(f"{data}: {what}")
    plots.save_png(out, plots.render(figure))


def _heat_map(axes, cells: dict, top: float) -> None:
    """Draw the means of {(objective, regulariser): (mean, error)}, from 0 to `top`."""
    values = np.full((len(OBJECTIVES), len(REGULARISERS)), np.nan)
    for y, objective in enumerate(OBJECTIVES):
        for x, regulariser in enumerate(REGULARISERS):
            mean, _ = cells.get((objective, regulariser), (np.nan, 0))
            values[y, x] = mean
            colour = "white" if mean < top / 2 else "black"
            text = f"{mean:.0f}" if top == 100 else f"{mean:.1f}"
            axes.text(x, y, text, ha="center", va="center", color=colour)
    axes.imshow(values, vmin=0, vmax=top, cmap="viridis", aspect="auto")
    axes.set_xticks(range(len(REGULARISERS)), REGULARISERS, rotation=35, ha="right")
    axes.set_yticks(range(len(OBJECTIVES)), OBJECTIVES)


def show(path: Path, docs: Path | None) -> int:
    """Print the page; with `docs`, write it and the plot into that folder."""
    text = page(path)
    print(text)
    if docs:
        (docs / "images").mkdir(parents=True, exist_ok=True)
        (docs / "scoreboard.md").write_text(text, encoding="utf-8")
        draw(path, docs / PLOT)
    return 0
