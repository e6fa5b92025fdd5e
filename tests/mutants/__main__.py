"""`python -m tests.mutants`: change the mathematics at random, and see what notices."""

import argparse
import dataclasses
import json
import sys

from .campaign import SEED, campaign, drawn, summary


def main() -> int:
    """Run the campaign; status 1 if a mutant lives that is not known as equivalent."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description=__doc__
    )
    parser.add_argument("--n", type=int, default=100, help="mutants (100)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the order ({SEED})")
    parser.add_argument("--first", type=int, default=0, help="number of the first (0)")
    parser.add_argument("--only", metavar="FILE", help="change only this file")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at once (1)")
    parser.add_argument("--out", metavar="JSON", help="write the results here")
    args = parser.parse_args()
    changes = drawn(args.seed, args.only)
    last = min(args.first + args.n, len(changes))
    print(f"mutants {args.first} to {last - 1} of {len(changes)}, seed {args.seed}")
    results = []
    for result in campaign(range(args.first, last), changes, args.jobs):
        results.append(result)
        by = f" ({result.by[:100]})" if result.by else ""
        print(f"{result.number}: {result.verdict}, {result.change}{by}", flush=True)
        if args.out:
            with open(args.out, "w", encoding="utf-8") as f:
                json.dump([dataclasses.asdict(r) for r in results], f, indent=1)
    print("\n".join(summary(results)))
    return int(any(r.verdict == "survived" for r in results))


if __name__ == "__main__":
    sys.exit(main())
