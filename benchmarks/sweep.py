"""How a training step's time grows with the batch, the image's size and the width.

A GPU begins to pay at the crossover: the curves of one library on the CPU and on the
GPU meet there. It is interpolated between the points in the logarithms of both axes.
"""

import dataclasses
import math
import sys

from . import report, turns
from .cost import step_flop
from .moves import ASKED
from .work import Work
from .works import Dcgan, Mlp

DEFAULT = turns.Default(rounds=(3, 1), seconds=(0.5, 0.05))
PAIRS = {"tinygan": ("numpy", "cupy"), "PyTorch": ("torch-cpu", "torch-gpu")}


@dataclasses.dataclass(frozen=True)
class Sweep:
    """A work in which one number is varied."""

    title: str
    axis: str
    vary: str  # the field of the work that varies
    base: Work
    points: tuple[int, ...]
    quick: tuple[int, ...]

    def work(self, x: int) -> Work:
        return dataclasses.replace(self.base, **{self.vary: x})


SMALL = Dcgan(side=32, width=32, batch=32)
SWEEPS = {
    "mlp-batch": Sweep(
        *("MLP GAN, 2-128-128", "batch", "batch", Mlp()),
        *((16, 64, 256, 1024, 4096), (64, 1024)),
    ),
    "mlp-width": Sweep(
        *("MLP GAN, batch 256", "width", "width", Mlp()),
        *((32, 64, 128, 256, 512, 1024), (32, 256)),
    ),
    "dcgan-batch": Sweep(
        *("DCGAN 32x32, 3-32-64-128", "batch", "batch", SMALL),
        *((4, 8, 16, 32, 64, 128), (4, 16)),
    ),
    "dcgan-side": Sweep(
        *("DCGAN, width 32, batch 32", "side of the image", "side", SMALL),
        *((8, 16, 32, 64), (8, 16)),
    ),
    "dcgan-width": Sweep(
        *("DCGAN 32x32, batch 32", "width", "width", SMALL),
        *((8, 16, 32, 64, 128), (8, 16)),
    ),
}
EXAMPLES = """\
examples:
  python -m benchmarks.sweep --quick
  python -m benchmarks.sweep --sweeps mlp-batch,dcgan-width --libraries numpy,torch-cpu
  python -m benchmarks.sweep --rounds 5 --seconds 1 --out sweep.json

{sweeps}
"""


def main(argv: list[str] | None = None) -> int:
    options = parse(argv)
    return turns.end(measure(options), options.out)


def parse(argv):
    each = (f"{name} = {s.title}, over its {s.axis}" for name, s in SWEEPS.items())
    sweeps = report.listed("Sweeps", each)
    parser = turns.parser(
        "sweep", __doc__.partition("\n")[0], EXAMPLES.format(sweeps=sweeps), DEFAULT
    )
    add = parser.add_argument
    parser.choice("--sweeps", SWEEPS)
    add("--game", choices=ASKED, default="shared", help="(default shared)")
    parser.results_file()
    options = parser.parse_args(argv)
    settle(options)
    return options


def settle(options) -> None:
    DEFAULT.settle(options)


def measure(options) -> dict:
    """Time every point; print tables and crossovers; return the results."""
    results = turns.begin("sweep", options, game=options.game)
    workers = turns.start(options, results)
    try:
        for name in options.sweeps:
            print(f"\n{name}: {SWEEPS[name].title}")
            points = SWEEPS[name].quick if options.quick else SWEEPS[name].points
            for x in points:
                found = time_point(name, x, workers, options)
                results["works"][f"{name} {x}"] = found
            for library, says in crossovers(results, name).items():
                print(f"  CPU and GPU, {library}: {says}")
    finally:
        turns.stop(workers)
    return results


def time_point(name: str, x: int, workers: list, options) -> dict:
    sweep = SWEEPS[name]
    work = sweep.work(x)
    flop = step_flop(work, options.game)
    job = {"task": "step", "work": work.spec(), "game": options.game}
    found = turns.time_job(workers, job, options, flop)
    for library, row in found["results"].items():
        print(
            f"  {sweep.axis} {x:<6}{library:<{turns.WIDTH}}{row['median_ms']:>10.4g} ms"
            f"{row['gflops']:>9.4g} GFLOP/s   {turns.ratios(row)}"
        )
    return {"sweep": name, "x": x, "work": work.spec(), "flop": flop} | found


def curve(results: dict, name: str, library: str) -> tuple[list[int], list[float]]:
    """(x, milliseconds a step) of the points that were measured with a library."""
    points = [
        (work["x"], work["results"][library]["median_ms"])
        for work in results["works"].values()
        if work["sweep"] == name and library in work["results"]
    ]
    return [x for x, _ in points], [ms for _, ms in points]


def crossover(xs: list[float], cpu: list[float], gpu: list[float]) -> float | None:
    """The first x at which the two curves meet; None if they do not.

    Between two points log(cpu / gpu) is taken as linear in log x.
    """
    d = [math.log(c / g) for c, g in zip(cpu, gpu, strict=True)]
    for i, x in enumerate(xs):
        if d[i] == 0:
            return float(x)
        if i + 1 < len(xs) and d[i] * d[i + 1] < 0:
            t = d[i] / (d[i] - d[i + 1])
            return x * (xs[i + 1] / x) ** t
    return None


def crossovers(results: dict, name: str) -> dict[str, str]:
    """{"tinygan": a sentence about where its GPU begins to pay, "PyTorch": ...}"""
    return {
        library: says(*(curve(results, name, each) for each in pair))
        for library, pair in PAIRS.items()
    }


def says(cpu: tuple[list, list], gpu: tuple[list, list]) -> str:
    """In words: where the curve of the CPU crosses the curve of the GPU."""
    both = [x for x in cpu[0] if x in gpu[0]]
    if not gpu[0]:
        return "no GPU measured"
    if not both:
        return "no CPU measured"
    c, g = ([ms[xs.index(x)] for x in both] for xs, ms in (cpu, gpu))
    x = crossover(both, c, g)
    if x is None:
        return f"the {'CPU' if c[0] < g[0] else 'GPU'} is faster at every point"
    if c[0] == g[0]:
        return f"CPU and GPU are equally fast at {x:.3g}"
    return f"the {'GPU' if c[0] < g[0] else 'CPU'} is faster from about {x:.3g} on"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
