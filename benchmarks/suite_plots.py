"""The suite's plots: layers under the roof, steps over batch, size and width."""

from pathlib import Path

from tinygan import plots

from .libraries import LIBRARIES
from .sweep import SWEEPS, curve
from .turns import works_of

COLOURS = {
    "numpy": "tab:red",
    "cupy": "tab:orange",
    "torch-cpu": "tab:blue",
    "torch-gpu": "tab:cyan",
    "torch-compile": "tab:green",
    "torch-compile-gpu": "tab:olive",
    "jax-cpu": "tab:purple",
    "jax-gpu": "tab:pink",
    "cupy-graph": "tab:brown",
}
MARKERS = {"forward": "o", "backward": "s", "update": "^"}


def roof(intensity: float, peak: dict) -> float:
    """The most GFLOP/s at `intensity` FLOP a byte: min(peak, intensity x GB/s)."""
    return min(peak["gflops"], intensity * peak["gbs"])


def draw_roofline(results: dict, out: Path) -> None:
    """Draw every pass of every layer as a point, with a panel for each device.

    x: FLOP per byte that has to be moved. y: GFLOP/s. The line is the roof.
    """
    peaks = results["peaks"]
    figure = plots.blank(7.5 * max(1, len(peaks)), 5.4)
    for i, (device, peak) in enumerate(peaks.items()):
        axes = figure.add_subplot(1, len(peaks), i + 1)
        xs = sorted((0.05, peak["gflops"] / peak["gbs"], 1000))  # and the roof's edge
        axes.loglog(xs, [roof(x, peak) for x in xs], color="0.3", lw=1.5)
        for library in LIBRARIES:
            if LIBRARIES[library].device == device:
                _points(axes, results, library)
        for which, marker in MARKERS.items():
            axes.plot([], [], marker, color="0.5", ms=5, label=which)
        axes.set_xlabel("FLOP per byte that has to be moved")
        axes.set_ylabel("GFLOP/s")
        says = f"{peak['gflops']:.0f} GFLOP/s, {peak['gbs']:.0f} GB/s"
        axes.set_title(f"{device.upper()}: {says}")
        axes.grid(color="0.92")
        axes.legend(fontsize=8, loc="lower right")
    plots.save_png(out, plots.render(figure))


def _points(axes, results: dict, library: str) -> None:
    for name, row in works_of(results, library).items():
        work = results["works"][name]
        marker, x = MARKERS[work["pass"]], work["flop"] / work["bytes"]
        axes.plot(x, row["gflops"], marker, color=COLOURS[library], ms=5, alpha=0.8)
    if works_of(results, library):
        axes.plot([], [], "o", color=COLOURS[library], label=library)


def draw_sweeps(results: dict, out: Path) -> None:
    """Draw the milliseconds of a step over the number that each sweep varies."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    names = list(dict.fromkeys(work["sweep"] for work in results["works"].values()))
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure = plots.blank(4.6 * columns, 3.7 * rows)
    for i, name in enumerate(names):
        axes = figure.add_subplot(rows, columns, i + 1)
        for library in LIBRARIES:
            xs, ms = curve(results, name, library)
            if xs:
                axes.loglog(xs, ms, "o-", color=COLOURS[library], ms=4, label=library)
                axes.set_xticks(xs, map(str, xs), minor=False)
                axes.xaxis.set_minor_locator(NullLocator())
        axes.set_title(SWEEPS[name].title, fontsize=10)
        axes.set_xlabel(SWEEPS[name].axis)
        axes.set_ylabel("ms a step")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.grid(color="0.92")
        axes.legend(fontsize=8)
    plots.save_png(out, plots.render(figure))
