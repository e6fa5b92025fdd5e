"""docs/benchmarks.md and its plots, from the JSON that the suite wrote."""

import json
from pathlib import Path

from tinygan import InputError

from . import levels, suite_plots
from .libraries import LIBRARIES
from .moves import GAMES
from .report import markdown, one_line, ratio_to
from .sweep import SWEEPS, crossovers

BENCHMARKS = ("peak", "layers", "step", "recipes", "sweep")
HEAD = """# How fast it is

This page has the results of the benchmarks, one chapter for each machine.
`benchmarks/README.md` explains how they measure. Times are medians of float32 steps.
*Times as long* compares with PyTorch on the same device, and the two alternate. Below 1
tinygan is faster. *Ready* is the time from the start of the process to the first step.
Idle memory is the memory of the process after the import. Faults are minor page faults
per steady step.

    python -m benchmarks --out results --docs docs     # measure, and write this page
    python -m benchmarks --show results --docs docs    # this page alone
"""


def read(folder: Path) -> dict[str, dict]:
    """{benchmark: results} of the files peak.json ... in a folder.

    Raises InputError if there are none, or if one of them holds something else.
    """
    found = {}
    for name in BENCHMARKS:
        path = folder / f"{name}.json"
        if not path.exists():
            continue
        try:
            results = json.loads(path.read_text())
            right = results["benchmark"] == name and "works" in results
        except (OSError, ValueError, TypeError, KeyError):
            right = False
        if not right:
            raise InputError(f"{path} is not a file of python -m benchmarks.{name}")
        found[name] = results
    if not found:
        files = ", ".join(f"{name}.json" for name in BENCHMARKS)
        raise InputError(f"{folder}: expected some of {files}, found none")
    return found


def page(folders: dict[str, dict]) -> str:
    """The page in Markdown, a chapter for each {name of a folder: its results}."""
    chapters = (chapter(name, results) for name, results in folders.items())
    return HEAD + "".join(chapters)


def chapter(name: str, results: dict[str, dict]) -> str:
    """The results of one machine."""
    any_of = next(iter(results.values()))
    libraries = any_of["libraries"] | {}
    for each in results.values():
        libraries |= each["libraries"]
    text = f"\n## {name}: {any_of['machine']['processor']}\n\n"
    text += f"{one_line({'machine': any_of['machine']})}.\n"
    dates = ", ".join(f"{k} {r['date'][:10]}" for k, r in results.items())
    text += f"Measured: {dates}; TF32 {'on' if any_of['flags']['tf32'] else 'off'}.\n\n"
    for library, description in libraries.items():
        text += f"- {library}: {one_line(description)}\n"
    peaks = results.get("peak", results.get("layers", {})).get("peaks", {})
    sections = {
        "peak": lambda r: peak_section(r["peaks"]),
        "step": lambda r: step_section(r, peaks),
        "recipes": recipes_section,
        "layers": lambda r: layers_section(r, name),
        "sweep": lambda r: sweep_section(r, name),
    }
    return text + "".join(f(results[k]) for k, f in sections.items() if k in results)


def peak_section(peaks: dict) -> str:
    """The machine's own best, to which the other sections compare."""
    rows = (
        (
            device.upper(),
            f"{peak['gflops']:.4g}",
            f"{peak['gflops_1']:.4g}" if "gflops_1" in peak else "",
            f"{peak['gbs']:.4g}",
        )
        for device, peak in peaks.items()
    )
    heads = ("", "GEMM, GFLOP/s", "one thread", "memory, GB/s")
    return f"\n### The machine at its best\n\n{markdown(heads, rows)}"


def step_section(results: dict, peaks: dict) -> str:
    """A training step of each work."""
    heads = ("work", "library", "ms a step", "times as long", "GFLOP/s", "% of peak")
    heads += ("ready, s", "first step, ms", "peak MB (idle)", "GPU pool, MB", "faults")
    rows = []
    for name, work in results["works"].items():
        for library, row in work["results"].items():
            peak = peaks.get(LIBRARIES[library].device)
            share = f"{100 * row['gflops'] / peak['gflops']:.0f}" if peak else ""
            pool = "" if row["pool_mb"] is None else f"{row['pool_mb']:.0f}"
            memory = f"{row['peak_mb']:.0f} ({row['idle_mb']:.0f})"
            speed = (f"{row['median_ms']:.4g}", ratio_to(row), f"{row['gflops']:.4g}")
            before = (f"{row['ready_s']:.2f}", f"{row['first_ms']:.4g}")
            rows.append((name, library, *speed, share, *before, memory, pool))
            rows[-1] += (f"{row['faults']:,.0f}",)
        for library in work.get("skipped", ()):
            rows.append((name, library, "-", *[""] * (len(heads) - 3)))
    games = dict.fromkeys(work["game"] for work in results["works"].values())
    says = "".join(f"- game *{game}*: {GAMES[game].says}\n" for game in games)
    text = f"\n### A training step\n\n{says}\n{markdown(heads, rows)}"
    return text + skipped(results) + levels.section(results)


def skipped(results: dict) -> str:
    """A sentence for each work that a library does not have."""
    lines = [
        f"- {name}, {library}: {why}\n"
        for name, work in results["works"].items()
        for library, why in work.get("skipped", {}).items()
    ]
    return "".join(["\n", *lines]) if lines else ""


def recipes_section(results: dict) -> str:
    """A turn of each recipe."""
    rows = [
        (name, work["batch"], library, f"{row['median_ms']:.4g}")
        for name, work in results["works"].items()
        for library, row in work["results"].items()
    ]
    text = "\n### A turn of each recipe\n\n"
    text += "A turn has all of the recipe's critic steps, and one step of G.\n\n"
    return text + markdown(("recipe", "batch", "library", "ms a turn"), rows)


def layers_section(results: dict, name: str) -> str:
    """Each layer alone."""
    heads = ("layer, pass", "library", "ms", "times as long", "GFLOP/s", "GB/s")
    heads += ("% of peak", "% of bandwidth")
    rows = []
    for what, work in results["works"].items():
        for library, row in work["results"].items():
            keys = ("peak_share", "bandwidth_share")
            shares = (f"{100 * row[k]:.0f}" if k in row else "" for k in keys)
            speed = (f"{row['gflops']:.4g}", f"{row['gbs']:.3g}")
            ms = f"{row['median_ms']:.4g}"
            rows.append((what, library, ms, ratio_to(row), *speed, *shares))
    text = "\n### Layers under the roof\n\n"
    text += (
        "*% of bandwidth* is the share of what the memory of the table above gives.\n"
        "Where it is above 100 the arrays stay in a cache, which is faster.\n\n"
    )
    if results["peaks"]:
        text += f"![GFLOP/s of each layer under the roof]({plot(name, 'roofline')})\n\n"
    return text + markdown(heads, rows)


def sweep_section(results: dict, name: str) -> str:
    """Steps over batch, size and width, and the crossovers."""
    names = dict.fromkeys(work["sweep"] for work in results["works"].values())
    text = "\n### Batch, image size, width\n\n"
    text += f"![Milliseconds a step over each of them]({plot(name, 'sweep')})\n\n"
    text += "A GPU begins to pay at these points:\n\n"
    for sweep in names:
        found = (f"{k}: {says}" for k, says in crossovers(results, sweep).items())
        title = f"{SWEEPS[sweep].title}, over its {SWEEPS[sweep].axis}"
        text += f"- {title}: {'; '.join(found)}\n"
    return text


def plot(name: str, which: str) -> str:
    """The path of a plot, relative to the page."""
    return f"images/benchmarks-{name}-{which}.png"


def write(folders: dict[str, dict], docs: Path) -> None:
    """Write the page and its plots into the folder `docs`."""
    (docs / "images").mkdir(parents=True, exist_ok=True)
    (docs / "benchmarks.md").write_text(page(folders), encoding="utf-8")
    for name, results in folders.items():
        if results.get("layers", {}).get("peaks"):
            path = docs / plot(name, "roofline")
            suite_plots.draw_roofline(results["layers"], path)
        if "sweep" in results:
            suite_plots.draw_sweeps(results["sweep"], docs / plot(name, "sweep"))
