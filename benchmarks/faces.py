"""How many of the heads do trained runs make, and do their faces look real?

    python -m benchmarks.faces --data nouns_32.zip runs/progan-faces runs/r3gan-faces
    python -m benchmarks.faces --data nouns_32.zip runs/r3gan-faces --out faces.json
    python -m benchmarks.faces --show faces.json

The data are captioned pictures with attributes: a head, a background and so on. For
each attribute a classifier is trained on four fifths of the real pictures. A value is
*found* if the classifier names it, with a probability of 1/2 or more, for at least one
of the samples. *Sure* is the share of samples for which it names some head so.

A classifier may be sure of noise, too. So a second number counts what is found in
samples that lie *among the real* pictures: within the distance of a real picture to
its third nearest, as for precision.

There are two rows to compare with. The real pictures are the ceiling; the classifiers
know most of them, but their accuracy on the last fifth is told, too. The floor are
pictures whose every pixel comes from another real picture: it shows what a classifier
finds in noise. Precision and recall are against half of the pictures on which the
classifiers were trained, and in the features of all classifiers, side by side. (In a
principal component analysis of the pixels the floor lies among the real pictures.) The
row of real pictures has the precision and recall of the other half.
"""

import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

import tinygan
from tinygan import cli
from tinygan.data import Captioned, load_captioned
from tinygan.measures import precision_recall
from tinygan.measures.agreement import judges
from tinygan.measures.pairs import squared_distances
from tinygan.rng import SPLIT, generator
from tinygan.runs.folder import RunFolder

from .report import Parser, above, commit, machine, markdown, new_file, now, write_json

SURE = 0.5  # probability
K = 3  # the nearest neighbour whose distance is the radius of a real picture


class Judgement:
    """The classifiers and the features, made from captioned pictures.

    Pictures x are (n, H, W, C) in [-1, 1].
    """

    def __init__(self, data: Captioned, seed: int = 0):
        order = generator(seed, SPLIT).permutation(len(data))
        fifth = len(data) // 5
        held, kept = data.part(order[:fifth]), data.part(order[fifth:])
        self.judges = judges(kept.images, kept.attributes, seed)
        self.accuracy = {
            name: float((self.named(name, pixels(held))[0] == y).mean())
            for name, (_, y) in held.attributes.items()
        }
        self.sizes = {
            name: len(values) for name, (values, _) in data.attributes.items()
        }
        half = len(kept) // 2
        self.shown, self.other = np.split(pixels(kept), [half])
        self.places = self.features(self.shown)
        blocks = (
            np.partition(D, K - 1)[:, K - 1] for D in squared_distances(self.places)
        )
        self.radii = np.concatenate(list(blocks))

    def features(self, x) -> np.ndarray:
        """The hidden layers of all classifiers, side by side: (n, 128 for each)."""
        return np.concatenate([f.features(x) for f in self.judges.values()], axis=1)

    def named(self, attribute: str, x) -> tuple[np.ndarray, np.ndarray]:
        """The most probable value of each picture, and its probability: (n,) each."""
        p = self.judges[attribute].probabilities(x)
        return p.argmax(axis=1), p.max(axis=1)

    def among_the_real(self, x) -> np.ndarray:
        """Whether each picture lies in the ball of one of the shown: (n,)."""
        D = squared_distances(self.features(x), self.places)
        return np.concatenate([(block <= self.radii).any(axis=1) for block in D])

    def row(self, x, other=None) -> dict:
        """What is found in x, and the precision and recall of x, or of `other`."""
        found, among, sure = {}, {}, {}
        near = self.among_the_real(x)
        for attribute in self.judges:
            value, p = self.named(attribute, x)
            found[attribute] = len(np.unique(value[p >= SURE]))
            among[attribute] = len(np.unique(value[(p >= SURE) & near]))
            sure[attribute] = round(float((p >= SURE).mean()), 4)
        compared = (x if other is None else other)[: len(self.shown)]
        precision, recall = precision_recall(self.places, self.features(compared), K)
        return {
            "n": len(x),
            "found": found,
            "found_among_the_real": among,
            "sure": sure,
            "n_compared": len(compared),
            "precision": round(precision, 4),
            "recall": round(recall, 4),
        }


def pixels(data: Captioned) -> np.ndarray:
    return data.scaled(data.images.pixels)


def mixed(x, n: int, rng) -> np.ndarray:
    """n pictures (n, H, W, C) with each pixel from another of the pictures x."""
    _, H, W, _ = x.shape
    which = rng.integers(0, len(x), (n, H, W))
    return x[which, np.arange(H)[:, None], np.arange(W)]


def samples(folder: str, n: int, seed: int) -> np.ndarray:
    """n samples of a run in [-1, 1], by `tinygan sample`. InputError if it fails."""
    with tempfile.TemporaryDirectory() as temporary:
        out = str(Path(temporary) / "samples.npy")
        command = ["sample", folder, "--n", n, "--seed", seed, "--out", out]
        with contextlib.redirect_stdout(io.StringIO()):
            status = cli.main([*map(str, command)])  # which has told what is wrong
        if status:
            raise tinygan.InputError(f"{folder}: its samples cannot be drawn")
        return (2 * np.load(out) - 1).astype(np.float32)


def measure(args) -> dict:
    """{"accuracy", "of", "rows": {name: row}}, real pictures and the floor first."""
    data = load_captioned(args.data)
    if not data.attributes:
        raise tinygan.InputError(f"--data {args.data}: has no attributes of pictures")
    drawn = {}
    for path in args.runs:
        folder, x = RunFolder.open(path), samples(path, args.n, args.seed)
        name = folder.path.resolve().name
        if x.shape[1:] != data.shape:
            found = f"found {x.shape[1:]}"
            raise tinygan.InputError(f"{path}: expected samples {data.shape}, {found}")
        if name in drawn:
            raise tinygan.InputError(f"{path}: there is another run called {name}")
        recipe, step = Path(folder.config["recipe"]).name, folder.step()
        drawn[name] = {"recipe": recipe, "step": step}, x
    judgement = Judgement(data)
    few = pixels(data)[: args.n]
    floor = mixed(few, args.n, np.random.default_rng(args.seed))
    rows = {
        "real": judgement.row(few, judgement.other),
        "floor": judgement.row(floor),
    }
    for name, (about, x) in drawn.items():
        rows[name] = about | judgement.row(x)
        print(f"{name}:", json.dumps(rows[name]), flush=True)
    return {"accuracy": judgement.accuracy, "of": judgement.sizes, "rows": rows}


def table(results: dict) -> str:
    """The rows in Markdown, and the accuracy of the classifiers."""
    of = results["of"]
    most = max(of, key=of.__getitem__)
    heads = ("", "step", *(f"{name} of {n}" for name, n in of.items()))
    heads += (f"sure of the {most}", "precision", "recall")
    lines = [
        (
            name,
            f"{row['step']:,}" if "step" in row else "",
            *(
                f"{n} / {row['found_among_the_real'][name]}"
                for name, n in row["found"].items()
            ),
            f"{row['sure'][most]:.1%}",
            f"{row['precision']:.2f}",
            f"{row['recall']:.2f}",
        )
        for name, row in results["rows"].items()
    ]
    right = ", ".join(f"{k} {v:.1%}" for k, v in results["accuracy"].items())
    return (
        f"{markdown(heads, lines)}\nThe first number counts all samples, the second "
        "those among the real pictures. "
        f"The classifiers' accuracy on held-out pictures: {right}.\n"
    )


def main(argv=None) -> int:
    parser = Parser(prog="python -m benchmarks.faces", description=__doc__)
    add = parser.add_argument
    add("runs", nargs="*", metavar="RUN", help="folders of runs")
    add("--data", type=Path, help="captioned pictures with attributes")
    add("--n", type=above(int, 19), default=6000, help="samples (6000)")
    add("--seed", type=above(int, -1), default=0, help="of z (0)")
    add("--out", type=new_file, help="write the results there as JSON")
    add("--show", type=Path, help="measure nothing, and show this file")
    args = parser.parse_args(argv)
    if args.show is None and not (args.data and args.runs):
        parser.error("expected --data PATH and folders of runs, or --show FILE")
    if args.show:
        print(table(json.loads(args.show.read_text())))
        return 0
    about = {"date": now(), "commit": commit(), "tinygan": tinygan.__version__}
    about |= {"machine": machine(), "numpy": np.__version__}
    try:
        results = about | measure(args)
    except tinygan.InputError as e:
        parser.error(str(e))
    print(table(results))
    if args.out:
        write_json(args.out, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
