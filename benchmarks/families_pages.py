"""The page about families of models: two tables for each set, and a figure of samples.

The numbers come from the file of runs. What they say is written by hand, in NOTES.
"""

import math
from pathlib import Path

import numpy as np

from tinygan import InputError, plots
from tinygan.runs.results import MEASURES

from .growing_pages import expect_same
from .lines import Lines
from .report import markdown, one_line
from .scoreboard_pages import mean_and_error

KEYS = ("set", "recipe", "seed")
REAL = "real data"
FAMILIES = ("VAE", "autoregressive", "GAN", "n-grams", REAL)
PLOT = "images/families-{}.png"
NOTES = {  # what each family is good and bad at: written by hand, from the numbers
    "digits": "",
    "mnist": "",
    "names": "",
}
TITLES = {
    "digits": "Digits, 8x8 pixels in black and white",
    "mnist": "MNIST, 28x28 pixels in black and white",
    "names": "First names, letter by letter",
}
PICTURES = {  # measure: (its column, digits behind the point)
    "log-likelihood": ("log p(x), nats", 1),
    "sliced Wasserstein": ("sliced Wasserstein", 3),
    "patches": ("patches x 1000", 0),
    "precision": ("precision", 2),
    "recall": ("recall", 2),
    "confidence": ("confidence", 3),
    "classes": ("classes", 1),
    "class KL": ("class KL, nats", 3),
}
TEXT = {
    "log-likelihood": ("log p(x), nats", 2),
    "bits": ("bits a character", 3),
    **{f"n-grams of {n}": (f"{n}-grams, bits", 4) for n in (1, 2, 3, 4)},
    "known lines": ("known", 3),
    "distinct lines": ("distinct", 3),
}
COSTS = ("recipe", "family", "seeds", "turns", "minutes of training")
COSTS += ("seconds for 1,000 samples", "parameters", "of all networks")
HEAD = """# Families of models, side by side

Generative adversarial networks, variational autoencoders and autoregressive models on
the same data, and for names models that count n-grams.
{to}
Numbers are mean ± standard error over the seeds. A dash means that a model does not
have this number. {diverged}

Times are those of the processor, on one thread. *Parameters* are those of the network
that makes the samples, and those of all networks that were trained, with the weights
that a mask hides.

Samples are compared with held-out data, which no recipe has seen in training. *Real
data* are as many from the training set in the place of samples, so these are the
numbers of a perfect model. The likelihood is that of held-out data. It is exact for
autoregressive models and n-grams. For a VAE it is a bound below it (500 z for each
sample), marked by ≥. A GAN has none.

**Pictures are compared in black and white.** The likelihood models learn from pictures
in black and white, and a GAN from the same pictures in grey. Then its samples become
black and white by the rule of the data: a pixel of grey g, from 0 to 1, is white with
probability g. The means that a VAE gives are drawn alike. *Sliced Wasserstein* compares
whole pictures, and *patches* those of 7x7 pixels, the mean over the levels of a
Laplacian pyramid. Precision, recall, confidence and classes are a classifier's, which
was trained on other real pictures. Scattered samples have a large recall, because each
of them counts for a wide region. So a recall says little where the precision is low.

Names are compared by the Jensen-Shannon divergence of their n-grams from those of
held-out names. *Known* is the share of samples that stand in the training set. No
held-out name does, so real data have 0. *Distinct* is the number of different samples
over that of all.

    python -m benchmarks.families --sets digits,mnist,names --data MNIST \\
        --out families.jsonl
    python -m benchmarks.families --show families.jsonl --docs docs
"""


def lines(path: Path) -> Lines:
    """The runs in a file."""
    return Lines(path, KEYS, "runs")


def by_recipe(runs: list[dict], name: str) -> dict[str, list[dict]]:
    """{recipe: its runs} of a set: family by family, and seed by seed."""

    def place(row):
        return FAMILIES.index(row["family"]), row["recipe"], row["seed"]

    found: dict[str, list] = {}
    for row in sorted(runs, key=place):
        if row["set"] == name:
            found.setdefault(row["recipe"], []).append(row)
    return found


def spread(values: list, digits: int) -> str:
    """The mean and its standard error; "-" if a value is missing."""
    if not values or None in values:
        return "-"
    mean, error = mean_and_error(values)
    text = f"{mean:,.{digits}f}"
    return text if len(values) == 1 else f"{text} ± {error:,.{digits}f}"


def costs(runs: dict[str, list[dict]]) -> str:
    """A table of what the models cost."""

    def cell(rows, key, digits, unit=1.0):
        values = [row[key] / unit if key in row else None for row in rows]
        return spread(values, digits)

    found = []
    for recipe, rows in runs.items():
        if recipe == REAL:
            continue
        whole = [
            f"{rows[0][key]:,}" if key in rows[0] else "-"
            for key in ("turns", "parameters", "parameters_trained")
        ]
        time = cell(rows, "cpu_seconds", 2, 60), cell(rows, "seconds_of_samples", 3)
        line = (recipe, rows[0]["family"], len(rows), whole[0], *time, *whole[1:])
        found.append(line)
    return markdown(COSTS, found)


def measures(runs: dict[str, list[dict]], columns: dict) -> str:
    """A table of how good the models are."""
    better = [MEASURES[name.partition(" of ")[0]][0] for name in columns]
    found = [("*better*", *better)]
    for recipe, rows in runs.items():
        line = [recipe]
        for name, (_, digits) in columns.items():
            text = spread([row["measures"].get(name) for row in rows], digits)
            bound = name == "log-likelihood" and rows[0]["family"] == "VAE"
            line.append(f"≥ {text}" if bound and text != "-" else text)
        found.append(line)
    return markdown(("", *(head for head, _ in columns.values())), found)


def section(runs: list[dict], name: str) -> str:
    """What the page tells about a set; "" if the file has no runs of it."""
    found = by_recipe(runs, name)
    if not found:
        return ""
    n = max(row["n"] for rows in found.values() for row in rows)
    kind, columns = ("names", TEXT) if name == "names" else ("pictures", PICTURES)
    text = f"\n## {TITLES[name]}\n\nSamples of the first seed:\n\n"
    text += f"![{TITLES[name]}: samples of each model]({PLOT.format(name)})\n\n"
    text += f"What they cost:\n\n{costs(found)}\n"
    text += f"How good {n:,} samples are, beside as many real {kind}:\n\n"
    return text + measures(found, columns) + (f"\n{NOTES[name]}\n" * bool(NOTES[name]))


def page(path: Path) -> str:
    """The page in Markdown. InputError if it is not a file of runs, if there are none,
    or if they differ in their settings.
    """
    file = lines(path)
    about, runs = file.about(), file.read()
    if not runs:
        raise InputError("there are no runs in it")
    settings = runs[0]["settings"]
    expect_same(runs, settings)
    to = "Each recipe was trained to its end."
    if settings["steps"]:
        to = f"**Each run was cut short, to {settings['steps']:,} turns.**"
    lost = [f"{r['recipe']}, seed {r['seed']}" for r in runs if not r["measures"]]
    diverged = f"Diverged: {'; '.join(lost)}." if lost else "No run diverged."
    text = HEAD.format(to=to, diverged=diverged)
    text += "".join(section(runs, name) for name in TITLES)
    facts = {k: about[k] for k in ("machine", "numpy", "tinygan") if k in about}
    return text + f"\nMeasured on: {one_line(facts)}.\n"


def draw(runs: list[dict], name: str, out: Path) -> None:
    """Draw the samples of the first run of each model of a set."""
    found = by_recipe(runs, name)
    samples = {recipe: rows[0]["samples"] for recipe, rows in found.items()}
    samples = {recipe: few for recipe, few in samples.items() if few}
    figure = names_drawn(samples) if name == "names" else pictures_drawn(samples)
    plots.save_png(out, plots.render(figure))


def pictures_drawn(samples: dict[str, list[str]]):
    """A figure with a row of pictures for each model."""
    few = min(map(len, samples.values()))
    images = [unpacked(one) for some in samples.values() for one in some[:few]]
    sheet = plots.image_grid(np.stack(images), columns=few)
    height = len(sheet) / len(samples)  # of a row
    wide, label = 5.8, 1.4  # inches of the pictures, and of their labels
    high = wide * len(sheet) / sheet.shape[1]
    W, H = label + wide + 0.1, high + 0.2
    figure = plots.blank(W, H, layout="none")
    axes = figure.add_axes((label / W, 0.1 / H, wide / W, high / H))
    axes.imshow(sheet, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([height * (i + 0.5) for i in range(len(samples))], [*samples])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def unpacked(bits: str) -> np.ndarray:
    """A square picture (s, s, 1), -1 and 1, from hexadecimal digits of its bits."""
    white = np.unpackbits(np.frombuffer(bytes.fromhex(bits), np.uint8))
    side = math.isqrt(len(white))
    return 2.0 * white.reshape(side, side, 1) - 1


def names_drawn(samples: dict[str, list[str]]):
    """A figure with a column of names for each model."""
    most = max(map(len, samples.values()))
    width, height = 1.5, 0.22
    figure = plots.blank(width * len(samples), height * (most + 2), layout="none")
    for i, (recipe, some) in enumerate(samples.items()):
        for k, line in enumerate([recipe, *some]):
            x, y = (i + 0.08) / len(samples), 1 - (k + 1) / (most + 2)
            style = {"weight": "bold"} if k == 0 else {"family": "monospace"}
            plain = line.replace("$", r"\$")  # no formula
            figure.text(x, y, plain, fontsize=9, va="center", **style)
    return figure


def show(path: Path, docs: Path | None) -> None:
    """Print the page; with `docs`, write it and the figures into that folder."""
    text = page(path)
    print(text)
    if docs:
        (docs / "images").mkdir(parents=True, exist_ok=True)
        (docs / "families.md").write_text(text, encoding="utf-8")
        runs = lines(path).read()
        for name in {row["set"]: None for row in runs}:
            draw(runs, name, docs / PLOT.format(name))
