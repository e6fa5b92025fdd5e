"""How much each piece of speed brings: a step without it, divided by a step with all.

    python -m benchmarks.pieces
    python -m benchmarks.pieces --works mlp,dcgan28 --rounds 5 --out pieces.json

Every time is the CPU time of one core for a whole step, in its own process. The
processes with and without a piece take turns, and the table holds the median of the
rounds' ratios. A ratio of 1.10 means: without this piece a step takes 10 % longer.
"""

import argparse
import statistics
import subprocess
import sys
import time

from tinygan import backend, fast
from tinygan.fast import interleaved, rows, winograd

from . import jobs, report
from .moves import GAMES
from .on_tinygan import TinyganNumpy
from .works import WORKS

BATCHES, WARM = 4, 3

# A piece is a list of twins that are turned off, or a function that turns it off.
PIECES = {
    "memory kept (mallopt)": lambda: setattr(backend, "keep_memory", lambda: None),
    "Winograd, both schemes": lambda: setattr(winograd, "CHANNELS", 10**9),
    "windows of sequences as views": lambda: setattr(interleaved, "LONG", 10**9),
    "windows of images as views": lambda: setattr(rows, "LONG", 10**9),
    "V joins R1 and R2": ["d_gradient"],
    "schemes at all: parts, Winograd, what is kept": ["correlation"],
    "dx and dW share a transform": ["weight_grad_and_adjoint"],
    "cotangents kept for the penalty": ["penalise"],
    "im2col and col2im": ["im2col", "col2im"],
    "BatchNorm": ["moments", "normalise", "channel_sums", "batchnorm_dx"],
    "LeakyReLU": ["leaky_relu", "leaky_relu_slope"],
    "column sums": ["column_sum"],
    "Adam in blocks": ["take_step"],
    "all twins": [*fast.PRIMITIVES],
}


def turn_off(piece: str) -> None:
    """Turn a piece off in this process; "" turns nothing off."""
    off = PIECES.get(piece, [])
    if callable(off):
        off()
        return
    fast.twins()  # load every wing
    for table in fast._twins.values():
        for name in off:
            table.pop(name, None)


def cpu_ms(work_name: str, seconds: float) -> float:
    """The median CPU time of a step, in this process, on one core."""
    library, work = TinyganNumpy(), WORKS[work_name]
    library.on.cores_for = lambda products: 1
    player, game = library.player(work), GAMES[work.game or "shared"]
    batches = [jobs.batch(library, work, i) for i in range(BATCHES)]
    with library.computing():
        step = library.steps(player, game, batches)
        for _ in range(WARM):
            step()
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 3:
            start = time.process_time()
            step()
            times.append(time.process_time() - start)
    return 1e3 * statistics.median(times)


def measured(piece: str, work: str, seconds: float) -> float:
    """`cpu_ms` without a piece, in its own process."""
    command = [sys.executable, "-m", "benchmarks.pieces", "--worker", piece]
    command += ["--works", work, "--seconds", str(seconds)]
    done = subprocess.run(
        command, cwd=report.ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout)


def main(argv: list[str] | None = None) -> int:
    parser = report.Parser(prog="python -m benchmarks.pieces")
    parser.description = __doc__.partition("\n")[0]
    parser.choice("--works", WORKS)
    add, rounds, seconds = (
        parser.add_argument,
        report.above(int, 0),
        report.above(float, 0),
    )
    add("--rounds", type=rounds, default=5, help="turns of both processes (5)")
    add("--seconds", type=seconds, default=2.0, help="length of a turn (2)")
    add("--worker", help=argparse.SUPPRESS)
    parser.results_file()
    options = parser.parse_args(argv)
    works = options.works
    if options.worker is not None:
        turn_off(options.worker)
        print(cpu_ms(works[0], options.seconds))
        return 0
    ratios = {}
    print(f"{'without':<48}" + "".join(f"{work:>10}" for work in works))
    for piece in PIECES:
        ratios[piece] = {}
        for work in works:
            pairs = [
                [measured(p, work, options.seconds) for p in ("", piece)]
                for _ in range(options.rounds)
            ]
            ratio = statistics.median(without / whole for whole, without in pairs)
            ratios[piece][work] = ratio
        cells = (f"{ratio:>10.2f}" for ratio in ratios[piece].values())
        print(f"{piece:<48}" + "".join(cells), flush=True)
    if options.out:
        about = {"benchmark": "pieces", "date": report.now(), "commit": report.commit()}
        about |= {"machine": report.machine(), "rounds": options.rounds}
        report.write_json(options.out, about | {"without_with": ratios})
    return 0


if __name__ == "__main__":
    sys.exit(main())
