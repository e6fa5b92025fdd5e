"""What to expect of many machines: a model of a step, its page and its plot.

A step of n machines takes

    t(n) = c(N/n) + sum over messages of b bytes of s(n, b)
    s(n, b) = 2 log2(n) a + 2 (n - 1)/n  b/B

c(N) is the measured time of one machine for N samples. s is the time of an all-reduce
by a tree of latency a and a ring of bandwidth B, whichever part of it counts. The
efficiency is c(N)/(n t(n)): 1 if n machines do n times as much.
"""

import json
import math
import statistics
from pathlib import Path

import numpy as np

from tinygan import InputError, plots

from .report import markdown, one_line

PLOT = "images/scaling.png"
MACHINES = [2, 4, 8, 16, 32, 64]
# Assumed: seconds of a message's way, and bytes a second.
NETWORKS = {
    "1 Gbit/s": (50e-6, 0.117e9),
    "10 Gbit/s": (20e-6, 1.17e9),
    "100 Gbit/s": (2e-6, 11.7e9),
}
HEADS = ("work", "processes", "ms a step", "speed", "predicted")
HEAD = """# Many machines

Several processes of MPI share every batch ([](guide/machines.md)). Here each has one
core, and all are on one machine. The speed is that of one process times this number:
the median over rounds, in which both were timed in turn. *Predicted* is by the model
below, with the latency ({latency:.0f} us) and the bandwidth ({bandwidth:.2f} GB/s) of
the sums that were measured between the processes.

"""
MODEL = """
A step of $n$ machines takes

$$
t(n) = c(N/n)
  + \\sum_{{\\text{{messages}}}}
    \\Bigl( 2 a \\log_2 n + 2 \\frac{{n - 1}}n \\frac bB \\Bigr) ,
$$

where $c(N)$ is the measured time of one process for $N$ samples, $a$ the latency, $B$
the bandwidth, and $b$ the bytes of a message: the gradient of each network, and a few
statistics. The plot shows the efficiency $c(N)/(n \\, t(n))$ that this predicts for
machines of one core, on the left with the same batch for any $n$, and on the right with
as many samples in each machine. The latencies of the networks are assumed: {networks}.
Machines with more cores compute faster, so their messages weigh more.

![The efficiency over the number of machines]({plot})

    python -m benchmarks.scaling --out scaling.json
    python -m benchmarks.scaling --show scaling.json --docs docs

{machine}. Measured: {date}.
"""


def read(path: Path) -> dict:
    """The results, with numbers as keys. InputError if it is another file."""
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        for found in results["works"].values():
            for name in ("rounds", "messages", "by_batch"):
                found[name] = {int(k): v for k, v in found[name].items()}
        results["sums"] = {int(k): v for k, v in results["sums"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise InputError("expected the results of `benchmarks.scaling`") from e
    return results


def fitted(results: dict) -> tuple[float, float]:
    """(latency, bandwidth) of the measured sums: of the smallest and the largest."""
    n, sums = results["ranks_of_sums"], results["sums"]
    small, large = min(sums), max(sums)
    latency = sums[small] / (2 * math.log2(n))
    seconds = max(sums[large] - sums[small], 1e-9)
    return latency, 2 * (n - 1) / n * large / seconds


def summed(n: int, messages: list[int], latency: float, bandwidth: float) -> float:
    """The seconds of all-reduces of so many bytes among n machines."""
    ways = 2 * math.log2(n) * len(messages) * latency
    return ways + 2 * (n - 1) / n * sum(messages) / bandwidth


def computed(by_batch: dict[int, float], N: float) -> float:
    """c(N): between the measured batches on a line, and so beyond them."""
    batches = sorted(by_batch)
    if batches[-1] < N:
        return by_batch[batches[-1]] * N / batches[-1]
    return float(np.interp(N, batches, [by_batch[b] for b in batches]))


def predicted(found: dict, n: int, N: float, network: tuple[float, float]) -> float:
    """t(n) for N samples in all."""
    messages = found["messages"][max(found["messages"])]
    return computed(found["by_batch"], N / n) + summed(n, messages, *network)


def table(results: dict) -> list[tuple[str, ...]]:
    """A line for each work and number of processes."""
    lines, network = [], fitted(results)
    for name, found in results["works"].items():
        alone, N = found["rounds"][1], max(found["by_batch"])
        for n, seconds in found["rounds"].items():
            pairs = zip(alone, seconds, strict=True)
            speed = statistics.median(one / many for one, many in pairs)
            told = "-"
            if n > 1:
                t = predicted(found, n, N, network)
                told = f"{computed(found['by_batch'], N) / t:.2f}"
            ms = f"{1e3 * statistics.median(seconds):.4g}"
            lines.append((name, str(n), ms, f"{speed:.2f}", told))
    return lines


def page(results: dict) -> str:
    """The page in Markdown."""
    latency, bandwidth = fitted(results)
    text = HEAD.format(latency=1e6 * latency, bandwidth=1e-9 * bandwidth)
    networks = [f"{1e6 * a:.0f} us at {name}" for name, (a, _) in NETWORKS.items()]
    return (
        text
        + markdown(HEADS, table(results))
        + MODEL.format(
            networks=", ".join(networks),
            plot=PLOT,
            machine=one_line(results["machine"]),
            date=results["date"][:10],
        )
    )


def draw(results: dict, out: Path) -> None:
    """Draw the predicted efficiencies: a row for each work."""
    works = results["works"]
    figure = plots.blank(9.0, 3.2 * len(works))
    for row, (name, found) in enumerate(works.items()):
        N = max(found["by_batch"])
        for column, same in enumerate((True, False)):
            axes = figure.add_subplot(len(works), 2, 2 * row + column + 1)
            machines = [n for n in MACHINES if not same or N / n >= 2]
            for speed, network in NETWORKS.items():
                shares = [efficiency(found, n, same, network) for n in machines]
                axes.semilogx(machines, shares, ".-", base=2, label=speed)
            if same:
                times = {k: statistics.median(v) for k, v in found["rounds"].items()}
                shares = {n: times[1] / (n * t) for n, t in times.items() if n > 1}
                axes.plot(*zip(*shares.items(), strict=True), "k*", label="measured")
            axes.set_title(f"{name}, {N} samples {'in all' if same else 'each'}")
            axes.set_ylim(0, 1.05)
            axes.set_xticks(MACHINES, map(str, MACHINES))
            axes.set_xlabel("machines")
            axes.set_ylabel("efficiency")
            axes.grid(color="0.92")
            axes.legend(fontsize=8)
    plots.save_png(out, plots.render(figure))


def efficiency(found: dict, n: int, same: bool, network) -> float:
    """c(N)/(n t(n)) with the same batch in all, or with as many samples in each."""
    N = max(found["by_batch"]) * (1 if same else n)
    return computed(found["by_batch"], N) / (n * predicted(found, n, N, network))


def show(path: Path, docs: Path | None) -> None:
    """Print the page; with `docs`, write it and the plot into that folder."""
    results = read(path)
    text = page(results)
    print(text)
    if docs:
        (docs / "images").mkdir(parents=True, exist_ok=True)
        (docs / "scaling.md").write_text(text, encoding="utf-8")
        draw(results, docs / PLOT)
