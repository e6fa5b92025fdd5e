"""All families of models on the same data: GANs, variational autoencoders,
autoregressive models, and for names models of n-grams. Slow: hours.

    python -m benchmarks.families --seeds 0,1,2 --out families.jsonl
    python -m benchmarks.families --sets mnist --data MNIST --out families.jsonl
    python -m benchmarks.families --show families.jsonl --docs docs

Each recipe is trained to its end on one thread. Then the samples are compared with data
that no recipe has seen in training, and real data stand beside them. Where a model has
a likelihood, it is that of the same held-out data, in nats. It is exact for the
autoregressive models. For a VAE it is a bound, from 500 z for each sample. A GAN has
none.

Pictures are compared in black and white. The likelihood models learn from pictures in
black and white. A GAN learns from the same pictures in grey. Then its samples become
black and white by the rule of the data: a pixel of grey g, from 0 to 1, is white with
probability g. So do the means of p(x | z) that a VAE gives, which makes them samples of
p(x). The samples of the autoregressive models stay as they are.

A finished run is a line of the file and is not played again, so the command may be
stopped and repeated. With --docs the page and its figures are written into that folder.
"""

import math
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import tinygan
from tinygan import recipes
from tinygan.backend import NUMPY
from tinygan.measures import NgramModel
from tinygan.rng import SAMPLE, generator
from tinygan.runs import Autoregressive, Experiment, Variational
from tinygan.runs.folder import RunFolder
from tinygan.runs.likely import likelihood_rows
from tinygan.runs.run import Run
from tinygan.runs.sampling import pieces
from tinygan.runs.spelling import places
from tinygan.values import rows

from . import families_pages
from .families_pages import KEYS, REAL, lines
from .families_sets import data_of, quiet
from .growing_pages import expect_same
from .report import Parser, above, names, new_file, numbers

NGRAMS = {"1-gram": 1, "2-gram": 2, "3-gram": 3}  # their orders
SETS = {
    "digits": ["vae-digits", "made-digits", "dcgan-digits", "hinge-digits"],
    "mnist": [
        "vae-mnist",
        "made-mnist",
        "pixelcnn-mnist",
        "dcgan-mnist",
        "sngan-mnist",
    ],
    "names": ["text-names", "gumbel-names", "gru-names", *NGRAMS],
}
FAMILIES = {Experiment: "GAN", Variational: "VAE", Autoregressive: "autoregressive"}
TIMED = 1000  # samples


def played(run: Run) -> float:
    """Play the run to its end: the processor's seconds."""
    begun = time.process_time()
    for _ in range(run.experiment.steps):
        run.turn()
    return time.process_time() - begun


def drawn(run: Run, n: int) -> tuple[np.ndarray, float]:
    """(n samples or TIMED, if these are more; the processor's seconds for TIMED)."""
    n = max(n, TIMED)
    net, inputs = run.settled(), run.game.inputs(n, SAMPLE)
    begun = time.process_time()
    parts = [run.game.made(net, rows(inputs, own)) for own in pieces(net, n)]
    seconds = time.process_time() - begun
    return np.concatenate(parts), seconds * TIMED / n


def likelihood(run: Run, n: int) -> dict[str, float]:
    """The measures of at most n held-out samples by a likelihood; {} without one."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = RunFolder.create(Path(temporary) / "run", {"recipe": "a recipe"})
        folder.save_checkpoint(run.on_host(run.state()))
        found = likelihood_rows(run.experiment, folder, NUMPY, n, 0, quiet)
        folder.let_go()
    return {row.name: row.value for row in found}


def trained(cell: dict, data) -> dict:
    """What is known of a recipe: its training, its networks, and its samples."""
    settings, options = cell["settings"], {"seed": cell["seed"]}
    options |= {"steps": settings["steps"]} if settings["steps"] else {}
    options |= {"data": cell["data"]} if cell["data"] else {}
    experiment = recipes.build(recipes.find(cell["recipe"]), options)
    run = Run(data.training(experiment), cores=1)
    cpu = played(run)
    x, seconds = drawn(run, data.n)
    found, few = {}, []
    if np.isfinite(x).all():
        x = data.comparable(x[: data.n], cell["seed"])
        found, few = data.measures(x), data.few(x)
        found |= likelihood(run, settings["n"])
    return {
        "family": FAMILIES[type(experiment)],
        "turns": run.step,
        "cpu_seconds": round(cpu, 2),
        "seconds_of_samples": seconds,
        "parameters": run.settled().theta.size,
        "parameters_trained": sum(p.net.theta.size for p in run.players.values()),
        "measures": found,
        "samples": few,
    }


def counted(cell: dict, data) -> dict:
    """The same of a model that counts n-grams, and has no networks."""
    kept, held = data.kept, data.held
    model = NgramModel(kept.values, NGRAMS[cell["recipe"]], len(kept.alphabet))
    begun = time.process_time()
    x = model.sample(max(data.n, TIMED), generator(cell["seed"], SAMPLE))
    seconds = (time.process_time() - begun) * TIMED / len(x)
    x, n = x[: data.n], min(data.n, len(held))
    some = held.batches(n, 0)(0).argmax(axis=-1)  # those of likelihood_rows
    bits = model.bits_per_character(some)
    nats = -bits * math.log(2) * float(places(some).mean())
    found = data.measures(x) | {"log-likelihood": nats, "bits": bits}
    return {
        "family": "n-grams",
        "seconds_of_samples": seconds,
        "measures": found,
        "samples": data.few(x),
    }


def real(data) -> dict:
    """The same of real data in the place of samples."""
    x, found = data.real_row()
    return {"family": REAL, "measures": found, "samples": data.few(x)}


def play(cell: dict) -> dict:
    """One run, and the line about it."""
    with np.errstate(all="ignore"), NUMPY.computing(1):
        data = data_of(cell["set"], cell["data"], cell["settings"]["n"])
        if cell["recipe"] == REAL:
            found = real(data)
        elif cell["recipe"] in NGRAMS:
            found = counted(cell, data)
        else:
            found = trained(cell, data)
    values = found["measures"].items()
    found["measures"] = {k: v if math.isfinite(v) else None for k, v in values}
    keys = {k: cell[k] for k in KEYS}
    return keys | {"settings": cell["settings"], "n": data.n} | found


def says(row: dict) -> str:
    """A line about a run."""
    values = row["measures"].items()
    found = ", ".join(f"{k} {v:.4g}" for k, v in values if v is not None)
    trained = f"{row['cpu_seconds']:.0f} s; " if "cpu_seconds" in row else ""
    return trained + (found or "diverged")


def cells_of(args) -> list[dict]:
    """The runs that are asked for, and for each of their sets a line of real data."""
    settings = {"steps": args.steps, "n": args.n}
    found = []
    for seed in args.seeds:
        for name in args.sets:
            more = {"data": args.data if name == "mnist" else None}
            more["settings"] = settings
            chosen = [recipe for recipe in SETS[name] if recipe in args.recipes]
            if chosen and seed == args.seeds[0]:
                found.append({"set": name, "recipe": REAL, "seed": 0} | more)
            for recipe in chosen:
                found.append({"set": name, "recipe": recipe, "seed": seed} | more)
    return found


def parse(argv):
    parser = Parser(prog="python -m benchmarks.families", description=__doc__)
    add = parser.add_argument
    known = [recipe for some in SETS.values() for recipe in some]
    add("--sets", type=names(SETS), default=["digits", "names"], help="(digits,names)")
    add("--recipes", type=names(known), default=known, help="some of the sets' (all)")
    add("--seeds", type=numbers, default=[0, 1, 2], help="(0,1,2)")
    add("--data", help="the folder of MNIST, for mnist")
    add("--steps", type=above(int, 0), help="of each run, instead of the recipe's")
    add("--n", type=above(int, 19), default=2000, help="samples (2000)")
    add("--jobs", type=above(int, 0), default=1, help="runs at a time (1)")
    add("--out", type=new_file, help="the file of runs, .jsonl")
    add("--show", type=Path, help="play nothing, and show this file")
    add("--docs", type=Path, help="write the page into this folder")
    args = parser.parse_args(argv)
    if bool(args.out) == bool(args.show):
        parser.error("expected either --out FILE or --show FILE")
    if args.out and "mnist" in args.sets and not args.data:
        parser.error("--sets mnist: expected --data FOLDER, with MNIST's files")
    if args.docs and args.docs.exists() and not args.docs.is_dir():
        parser.error(f"--docs {args.docs}: expected a folder, found a file")
    of_sets = [recipe for name in args.sets for recipe in SETS[name]]
    if not set(args.recipes) & set(of_sets):
        parser.error(f"--recipes: expected some of {','.join(of_sets)}, of these sets")
    return parser, args


def main(argv=None) -> int:
    parser, args = parse(argv)
    try:
        if args.out:
            file, cells = lines(args.out), cells_of(args)
            expect_same(file.read(), cells[0]["settings"])
            file.play(cells, play, says, args.jobs, tinygan=tinygan.__version__)
        families_pages.show(args.out or args.show, args.docs)
    except tinygan.InputError as e:
        parser.error(str(e))
    return 0


if __name__ == "__main__":
    sys.exit(main())
