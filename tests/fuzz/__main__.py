"""`python -m tests.fuzz`: read mutants of all targets, and print what happened."""

import argparse
import sys

from .campaign import SEED, campaign, child, table

NAMES = ("idx", "npy", "npz", "captions", "zip", "pictures", "wav")
NAMES += ("checkpoint", "config", "metrics", "samples")


def main() -> int:
    """Run the campaign; status 1 if there is a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(NAMES)} (all)")
    parser.add_argument("--n", type=int, default=10_000, help="mutants of each (10000)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the draws ({SEED})")
    parser.add_argument("--only", type=int, help="read only this mutant")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    names = args.targets or NAMES
    if args.child:
        child(names, args.n, args.seed, args.only)
        return 0
    results = []
    for name in names:
        results += campaign([name], args.n, args.seed, args.only)
        print("\n".join(table(results[-1:])[bool(results[1:]) :]), flush=True)
    return int(any(r.faults for r in results))


if __name__ == "__main__":
    sys.exit(main())
