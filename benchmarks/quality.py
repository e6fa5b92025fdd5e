"""How good the recipes get: modes, recognisable digits, classes. Slow: it trains.

    python -m benchmarks.quality --only mlp-ring,best-grid --seeds 5 --out found.json
    python -m benchmarks.quality --only dcgan-mnist --data folder/with/mnist

*-ring, *-grid  modes covered and share of high-quality samples, 2,500 samples
*-digits        a classifier of the embedded digits judges 1,000 samples
*-mnist         a classifier of MNIST judges 1,000 samples
"""

import json
import sys
import tempfile
import time

import numpy as np

import tinygan
from tinygan import recipes
from tinygan.data import load_digits
from tinygan.measures import mode_coverage
from tinygan.measures.classifier import Classifier
from tinygan.runs.folder import RunFolder
from tinygan.runs.run import Run
from tinygan.runs.train import train

from .report import Parser, above, commit, machine, names, new_file, now, write_json

DEFAULT = ["mlp-ring", "dcgan-digits"]
KINDS = ("-ring", "-grid", "-digits", "-mnist")
KNOWN = [name for name in recipes.names() if name.endswith(KINDS)]
OTHERS = ("-stacked-", "wavegan", "specgan")  # see stacked.py and conditional.py
KNOWN = [name for name in KNOWN if not any(other in name for other in OTHERS)]


def trained(recipe: str, options: dict) -> tuple[Run, dict]:
    """A finished run of `recipe`, and its seconds, pictures included: by the clock, and
    of the processors. Other work on the machine disturbs the latter less.
    """
    begun, cpu = time.perf_counter(), time.process_time()
    run = Run(recipes.build(recipes.find(recipe), options))
    with tempfile.TemporaryDirectory() as folder:
        config = {"recipe": recipe, "options": options}
        train(run, RunFolder.create(f"{folder}/run", config))
    if run.step < run.experiment.steps:  # Ctrl-C ends a run in good order
        raise KeyboardInterrupt
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return run, {"seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1)}


def judge_modes(run: Run) -> dict:
    modes, quality = mode_coverage(run.samples(2500), run.data)
    return {"modes": modes, "of": len(run.data.means), "high_quality": quality}


def judge_images(run: Run, classifier: Classifier) -> dict:
    """The classifier's mean confidence, the share above 0.9, each class's count."""
    p = classifier.probabilities(run.samples(1000))
    confidence, named = p.max(axis=1), p.argmax(axis=1)
    return {
        "confidence": float(confidence.mean()),
        "above_0.9": float((confidence > 0.9).mean()),
        "classes_of_100": len(np.unique(named[:100])),
        "counts_of_1000": np.bincount(named, minlength=p.shape[1]).tolist(),
    }


def classifier_of(recipe: str, data) -> tuple[Classifier, dict]:
    """A classifier of the real images, and its accuracy on held-out ones."""
    if recipe.endswith("-digits"):
        images, epochs = load_digits(), 60
        order = np.random.default_rng(0).permutation(len(images))
        held, kept = order[:300], order[300:]
    else:
        images, epochs = recipes.mnist(data), 5
        held, kept = np.arange(5000), np.arange(5000, len(images))
    parts = [images.part(i) for i in (kept, held)]
    classifier = Classifier(parts[0], epochs=epochs)
    p = classifier.probabilities(parts[1].scaled(parts[1].pixels))
    real = {
        "accuracy": classifier.accuracy(parts[1]),
        "confidence": float(p.max(axis=1).mean()),
    }
    return classifier, real


def measure(recipe: str, args) -> dict:
    """One recipe: a row for each seed."""
    options = {"data": args.data} if recipe.endswith("-mnist") else {}
    if args.steps:
        options["steps"] = args.steps
    report = {"recipe": recipe, "runs": []}
    classifier = None
    if recipe.endswith(("-digits", "-mnist")):
        classifier, report["classifier_on_real"] = classifier_of(recipe, args.data)
        print(f"{recipe}: classifier on real", report["classifier_on_real"])
    for seed in range(args.first, args.first + args.seeds):
        run, seconds = trained(recipe, {**options, "seed": seed})
        found = judge_images(run, classifier) if classifier else judge_modes(run)
        row = {"seed": seed, "steps": run.step} | seconds | found
        report["runs"].append(row)
        print(f"{recipe}:", json.dumps(row), flush=True)
    return report


def main(argv=None) -> int:
    parser = Parser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--only", type=names(KNOWN), default=DEFAULT)
    parser.add_argument("--seeds", type=above(int, 0), default=5, help="how many (5)")
    parser.add_argument("--first", type=above(int, -1), default=0, help="the first (0)")
    parser.add_argument("--steps", type=above(int, 0), help="instead of the recipe's")
    parser.add_argument("--data", help="MNIST's folder, for *-mnist")
    parser.add_argument("--out", type=new_file, help="write the results there as JSON")
    args = parser.parse_args(argv)
    about = {"date": now(), "commit": commit(), "tinygan": tinygan.__version__}
    about |= {"machine": machine(), "numpy": np.__version__}
    try:
        results = {recipe: measure(recipe, args) for recipe in args.only}
    except tinygan.InputError as e:
        parser.error(str(e))
    if args.out:
        write_json(args.out, about | {"results": results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
