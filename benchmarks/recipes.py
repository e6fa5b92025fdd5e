"""How long one turn of each recipe takes in tinygan, as `tinygan train` plays it.

A turn has the recipe's own networks, batch, objective, penalties and critic steps, and
it draws new data. So this is the time that a user waits, less the log and the pictures.
It can be compared only with the same recipe on the other backend, or before a change.
"""

import sys

from tinygan import recipes

from . import turns

DEFAULT = turns.Default(rounds=(5, 2), seconds=(1.0, 0.1))
NAMES = tuple(
    name
    for name in recipes.names()
    if "data" not in recipes.defaults(recipes.find(name))  # the user's data set
)
QUICK = ("mlp-ring", "dcgan-digits")
EXAMPLES = """\
examples:
  python -m benchmarks.recipes --quick
  python -m benchmarks.recipes --recipes mlp-ring,wgan-gp-digits --out recipes.json

A turn has all of the recipe's critic steps and one step of the generator. Recipes that
need the user's data set are left out.
"""


def main(argv: list[str] | None = None) -> int:
    options = parse(argv)
    return turns.end(measure(options), options.out)


def parse(argv):
    parser = turns.parser("recipes", __doc__.partition("\n")[0], EXAMPLES, DEFAULT)
    parser.choice("--recipes", NAMES, all_unless_given=False)
    parser.results_file()
    options = parser.parse_args(argv)
    settle(options)
    return options


def settle(options) -> None:
    DEFAULT.settle(options)
    options.recipes = options.recipes or (QUICK if options.quick else NAMES)
    options.libraries = [name for name in options.libraries if "torch" not in name]


def measure(options) -> dict:
    """Time a turn of every recipe; print lines; return the results."""
    results = turns.begin("recipes", options)
    workers = turns.start(options, results)
    try:
        for name in options.recipes:
            results["works"][name] = time_recipe(name, workers, options)
    finally:
        turns.stop(workers)
    return results


def time_recipe(name: str, workers: list, options) -> dict:
    """Time one recipe; print a line for each library."""
    batch = recipes.defaults(recipes.find(name))["batch"]
    print(f"\n{name}: {recipes.summary(recipes.find(name))}, batch {batch}")
    found = turns.time_job(workers, {"task": "recipe", "name": name}, options)
    for library, row in found["results"].items():
        del row["gflops"]  # a recipe's FLOP are not counted
        print(
            f"  {library:<12}{row['median_ms']:>10.4g} ms   "
            f"{row['q1_ms']:.4g} .. {row['q3_ms']:.4g}"
        )
    return {"batch": batch} | found


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
