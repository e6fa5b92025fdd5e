"""The page about growing: both ways at equal processor time, and a plot of the runs."""

import math
import statistics
from pathlib import Path

import numpy as np

from tinygan import InputError, plots

from .lines import Lines
from .report import markdown, one_line

KEYS = ("recipe", "seed", "way")
PLOT = "images/growing.png"
COLOURS = {"growing": "tab:orange", "plain": "tab:blue"}
HEADS = ("recipe", "patches of", "real", "plain", "growing", "growing / plain")
HEADS += ("time of growing until plain's end",)
PARTS = (0.25, 0.5, 0.75, 1.0)  # of the time, for the second table
LATER = ("recipe", "patches of", *(f"after {part:.0%}" for part in PARTS))
HEAD = """# Growing, or full size from the start

Progressive growing ([chapter 22](book/22-growth.md)) against the networks of its last
level, trained from the start. Both ways have the same optimizers, penalties and batch,
and the same time of the processor, on one thread. The distance is the sliced
Wasserstein distance between the 7x7 patches of generated and of held-out pictures, at
each level of a Laplacian pyramid, times 1000 (Karras et al. 2018, sec. 5; here with
{n:,} samples and 128 directions). *Real* is the distance of as many real pictures from
the held-out ones. The numbers are medians over the seeds, with the least and the
largest in brackets. A ratio is taken seed by seed, and then its median.

The last column is the time after which the growing run first was as near as the plain
run at its end, as a share of the plain run's time. A dash means that it never was, in
half of the seeds or more. Between two measurements, which lie {every:g} s apart, the
distance is taken as linear.

    python -m benchmarks.growing --data PATH PATH {options}--every {every:g} \\
        --out growing.jsonl --docs docs
    python -m benchmarks.growing --show growing.jsonl --docs docs

![The distance over the processor's time, for each run]({plot})

"""


def lines(path: Path) -> Lines:
    """The runs in a file."""
    return Lines(path, KEYS, "runs")


def expect_same(known: list[dict], settings: dict) -> None:
    """InputError unless all runs have these settings."""
    for row in known:
        if row["settings"] != settings:
            raise InputError(
                f"expected runs with {settings}, found {row['settings']} in the file"
            )


def pairs(runs: list[dict]) -> dict[str, list[tuple[dict, dict]]]:
    """{recipe: [(growing, plain) of each seed that has both]}

    Raises InputError if there are none, or if they differ in their settings.
    """
    found: dict[str, list] = {}
    by_key = {tuple(row[k] for k in KEYS): row for row in runs}
    for (recipe, seed, way), row in by_key.items():
        other = by_key.get((recipe, seed, "plain"))
        if way == "growing" and other:
            found.setdefault(recipe, []).append((row, other))
    if not found:
        raise InputError("there is no seed in it with both ways")
    expect_same(runs, runs[0]["settings"])
    return found


def at_end(row: dict, level: int | None) -> float:
    """The last distance at one level, or the mean of all; infinite if it diverged."""
    if row["diverged"] or not row["curve"]:
        return math.inf
    return of_level(row["curve"][-1][2], level)


def of_level(distances: list[float], level: int | None) -> float:
    return statistics.mean(distances) if level is None else distances[level]


def reached(row: dict, level: int | None, target: float) -> float:
    """The seconds after which a run first has this distance or less, else infinity."""
    before = None
    for seconds, _, distances in row["curve"]:
        d = of_level(distances, level)
        if d <= target:
            if before is None:
                return seconds
            t, above = before
            return t + (seconds - t) * (above - target) / (above - d)
        before = seconds, d
    return math.inf


def table(runs: list[dict]) -> list[tuple[str, ...]]:
    """A line for each recipe and level, and one for the mean of the levels."""
    found = []
    for recipe, each in pairs(runs).items():
        pixels, levels = each[0][0]["pixels"], len(each[0][0]["real"])
        for level in (*range(levels), *([None] if levels > 1 else [])):
            where = "the mean" if level is None else f"{pixels >> level} px"
            ends = [[at_end(row, level) for row in pair] for pair in each]
            times = [
                reached(growing, level, end) / plain["cpu_seconds"]
                for (growing, plain), (_, end) in zip(each, ends, strict=True)
            ]
            real = of_level(each[0][0]["real"], level)  # the same for all seeds
            ratio = _median([_ratio(*pair) for pair in ends])
            growing, plain = (_spread(values) for values in zip(*ends, strict=True))
            line = (f"{real:.1f}", plain, growing, f"{ratio:.2f}", _share(times))
            found.append((recipe, where, *line))
    return found


def over_time(runs: list[dict]) -> list[tuple[str, ...]]:
    """growing / plain after each of PARTS of the time, for each recipe and level."""
    found = []
    for recipe, each in pairs(runs).items():
        pixels, levels = each[0][0]["pixels"], len(each[0][0]["real"])
        for level in range(levels):
            ratios = []
            for part in PARTS:
                now = []
                for growing, plain in each:
                    seconds = part * plain["cpu_seconds"]
                    pair = (distance(row, level, seconds) for row in (growing, plain))
                    now.append(_ratio(*pair))
                ratios.append(f"{_median(now):.2f}")
            found.append((recipe, f"{pixels >> level} px", *ratios))
    return found


def distance(row: dict, level: int, seconds: float) -> float:
    """The distance after so many seconds: linear between two measurements, and that of
    the first or the last one beyond them; infinite if the run has diverged.
    """
    if row["diverged"]:
        return math.inf
    times, distances = zip(*((t, d[level]) for t, _, d in row["curve"]), strict=True)
    return float(np.interp(seconds, times, distances))


def _ratio(growing: float, plain: float) -> float:
    """growing / plain, at the end; infinite if the growing run diverged."""
    if math.isinf(growing):
        return math.inf
    return growing / plain  # 0 if only the plain run diverged


def _median(values: list[float]) -> float:
    """The median; of an even number of values the larger one of the middle two, if it
    is infinite.
    """
    low, high = statistics.median_low(values), statistics.median_high(values)
    return high if math.isinf(high) else (low + high) / 2


def _spread(values) -> str:
    values = list(values)
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{_median(values):.1f} ({min(values):.1f}..{max(values):.1f})"


def _share(times: list[float]) -> str:
    share = _median(times)
    return "-" if math.isinf(share) else f"{share:.0%}"


def page(path: Path) -> str:
    """The page in Markdown. InputError as `pairs` raises it, or for another file."""
    file = lines(path)
    about, runs = file.about(), file.read()
    found = pairs(runs)
    settings = runs[0]["settings"]
    n = max(row["n"] for row in runs)
    options = "".join(f"--{k} {v} " for k, v in settings["options"].items())
    text = HEAD.format(n=n, every=settings["every"], plot=PLOT, options=options)
    text += markdown(HEADS, table(runs)) + "\n"
    text += "Growing / plain at other times, each a share of the whole time:\n\n"
    text += markdown(LATER, over_time(runs)) + "\n"
    for recipe, each in found.items():
        seeds = "seeds " + ", ".join(str(row["seed"]) for row, _ in each)
        minutes = statistics.median(row["cpu_seconds"] for row, _ in each) / 60
        turns = [statistics.median(pair[k]["turns"] for pair in each) for k in (0, 1)]
        text += (
            f"- {recipe}: {seeds}; {minutes:.1f} minutes each. In this time "
            f"growing played {turns[0]:,.0f} turns, the plain way {turns[1]:,.0f}\n"
        )
    facts = {k: about[k] for k in ("machine", "numpy", "tinygan") if k in about}
    return text + f"\n{one_line(facts)}. Measured: {about['date'][:10]}.\n"


def draw(path: Path, out: Path) -> None:
    """Draw each recipe's distances, the mean over the levels, over the seconds."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    found = pairs(lines(path).read())
    figure = plots.blank(5.6 * len(found), 4.0)
    for i, (recipe, each) in enumerate(found.items()):
        axes = figure.add_subplot(1, len(found), i + 1)
        for pair in each:
            for row in pair:
                curve = [(s, of_level(d, None)) for s, _, d in row["curve"]]
                seconds, distances = np.reshape(curve, (-1, 2)).T
                axes.semilogy(seconds, distances, ".-", color=COLOURS[row["way"]])
        for way, colour in COLOURS.items():
            axes.plot([], [], color=colour, label=way)
        real = of_level(each[0][0]["real"], None)
        axes.axhline(real, color="0.4", ls="--", lw=1, label="real pictures")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.set_title(recipe)
        axes.set_xlabel("seconds of the processor")
        axes.set_ylabel("patches, mean of the levels")
        axes.grid(color="0.92")
        axes.legend(fontsize=8)
    plots.save_png(out, plots.render(figure))


def show(path: Path, docs: Path | None) -> None:
    """Print the page; with `docs`, write it and the plot into that folder."""
    text = page(path)
    print(text)
    if docs:
        (docs / "images").mkdir(parents=True, exist_ok=True)
        (docs / "growing.md").write_text(text, encoding="utf-8")
        draw(path, docs / PLOT)
