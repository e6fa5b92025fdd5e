"""Every objective with every regulariser on ring and grid, several seeds. Slow: hours.

    python -m benchmarks.scoreboard --out scoreboard.jsonl          # play the games
    python -m benchmarks.scoreboard --only grid --objectives hinge --seeds 1
    python -m benchmarks.scoreboard --show scoreboard.jsonl --docs docs

A finished game is a line of the file and is not played again, so the command may be
stopped and repeated. With --docs the table and the plot are written into that folder,
beside published numbers.
"""

import math
import sys
import time
from pathlib import Path

import numpy as np

from tinygan import InputError
from tinygan.measures import mode_coverage, reverse_kl
from tinygan.runs.run import Run

from .games import DATA, OBJECTIVES, REGULARISERS, game
from .report import Parser, above, names, new_file
from .scoreboard_pages import lines, show

SAMPLES = 2500


def play(cell: dict) -> dict:
    """One game, and the measures of its samples. A game that diverged has no modes."""
    begun = time.process_time()
    run = Run(game(**cell))
    with np.errstate(all="ignore"), run.computing():
        for _ in range(run.experiment.steps):
            run.turn()
        x = run.samples(SAMPLES)
    found = {"modes": 0, "high_quality": 0.0, "reverse_kl": None}
    if np.isfinite(x).all():
        modes, quality = mode_coverage(x, run.data)
        kl = reverse_kl(x, run.data)
        found = {"modes": modes, "high_quality": quality}
        found["reverse_kl"] = kl if math.isfinite(kl) else None
    seconds = round(time.process_time() - begun, 1)
    return cell | found | {"of": len(run.data.means), "cpu_seconds": seconds}


def play_all(cells: list[dict], path: Path, jobs: int) -> None:
    """Play the games that are not yet in the file, `jobs` at a time.

    InputError if it is a file of something else.
    """
    lines(path).play(cells, play, says, jobs)


def says(row: dict) -> str:
    """A line about a game."""
    found = f"{row['modes']} modes, {row['high_quality']:.1%}"
    return f"{found}, {row['cpu_seconds']} s"


def main(argv=None) -> int:
    parser = Parser(prog="python -m benchmarks.scoreboard", description=__doc__)
    parser.add_argument("--only", type=names(DATA), default=[*DATA])
    parser.add_argument("--objectives", type=names(OBJECTIVES), default=[*OBJECTIVES])
    parser.add_argument(
        "--regularisers", type=names(REGULARISERS), default=[*REGULARISERS]
    )
    parser.add_argument("--seeds", type=above(int, 0), default=3, help="how many (3)")
    parser.add_argument(
        "--steps", type=above(int, 0), default=4000, help="turns (4000)"
    )
    parser.add_argument("--jobs", type=above(int, 0), default=2, help="processes (2)")
    parser.add_argument("--out", type=new_file, help="the file of games, .jsonl")
    parser.add_argument("--show", type=Path, help="print the table of this file")
    parser.add_argument("--docs", type=Path, help="with --show: write to this folder")
    args = parser.parse_args(argv)
    if bool(args.out) == bool(args.show):
        parser.error("expected either --out FILE or --show FILE")
    if args.docs and not args.show:
        parser.error("expected --show FILE with --docs")
    if args.show:
        try:
            return show(args.show, args.docs)
        except InputError as e:
            parser.error(f"--show {args.show}: {e}")
    cells = [
        {"data": d, "objective": o, "regulariser": r, "steps": args.steps, "seed": s}
        for s in range(args.seeds)
        for d in args.only
        for o in args.objectives
        for r in args.regularisers
    ]
    try:
        play_all(cells, args.out, args.jobs)
    except InputError as e:
        parser.error(f"--out {args.out}: {e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
