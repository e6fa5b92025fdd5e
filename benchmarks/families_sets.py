"""The data of benchmarks.families: what each set's samples are compared with.

`Pictures` and `Names` answer the same questions: how samples become comparable, how
good they are, how real data would do in their place, and how a few of them are stored.
"""

import dataclasses
import functools

import numpy as np

from tinygan import InputError, recipes
from tinygan.data import Images, binarised, load_names
from tinygan.measures import (
    feature_space,
    kl_divergence,
    precision_recall,
    sliced_wasserstein,
    sliced_wasserstein_patches,
)
from tinygan.rng import SAMPLE, SPLIT, generator
from tinygan.runs import Experiment
from tinygan.runs.spelling import text_rows
from tinygan.runs.trainable import Trainable

FEW = 10  # samples of a run that are kept, for the figure
PER_IMAGE, DIRECTIONS = 128, 128  # patches, as in benchmarks.growing


def quiet(sentence: str) -> None:
    """Say nothing: a benchmark has its own lines."""


def grey(images: Images, binary: Images) -> Images:
    """The grey pictures that `binary`, a recipe's training set, has in black and white.

    images: all of them. What `binary` does not have was held out, by the order that
    recipes.binary_digits and recipes.binary_mnist take.
    """
    held = len(images) - len(binary)
    if held == 0:
        return images
    return images.part(generator(0, SPLIT).permutation(len(images))[held:])


class Pictures:
    """Pictures in black and white, and a judge: a classifier of real ones.

    shown: (n, H, W, 1), held out from all training; all samples are compared with these
    real: (n, H, W, 1), from the training set; in the place of samples they give the
    values of real data. The judge sees the rest of the training set. n is at most the
    number of held-out pictures, and a third of the others.

    Raises InputError for fewer than 20 pictures to compare, and for pictures without
    labels.
    """

    def __init__(self, kept: Images, held: Images, n: int):
        if kept.labels is None:
            raise InputError("families: expected pictures with labels, for a judge")
        self.kept, self.n = kept, min(n, len(held), len(kept) // 3)
        if self.n < 20:
            raise InputError(
                f"families: expected 20 held-out pictures or more, found {self.n}"
            )
        of = [generator(0, SPLIT).permutation(len(some)) for some in (held, kept)]
        parts = held.part(of[0][: self.n]), kept.part(of[1][: self.n])
        self.shown, self.real = (part.scaled(part.pixels) for part in parts)
        rest = kept.part(of[1][self.n :])
        self.weights = np.bincount(rest.labels, minlength=rest.classes)
        self.judge = feature_space(rest, 0)  # a Classifier, as they have labels
        self.features = self.judge.features(self.shown)

    def training(self, experiment: Trainable) -> Trainable:
        """The experiment, with no held-out picture in its data. A GAN has the grey
        pictures, all others have them in black and white.
        """
        if not isinstance(experiment, Experiment):
            return experiment
        pictures = grey(experiment.data(), self.kept)
        return dataclasses.replace(experiment, data=lambda: pictures)

    def comparable(self, x, seed: int) -> np.ndarray:
        """Samples x (n, H, W, 1) in black and white, -1 and 1, by the data's rule: a
        pixel of grey g is white with probability g.
        """
        some = binarised(Images((x.clip(-1, 1) + 1) / 2, 0, 1), seed)
        return some.scaled(some.pixels)

    def measures(self, x) -> dict[str, float]:
        """{name as in `tinygan evaluate`: value} of x (n, H, W, 1)."""
        how = {"per_image": PER_IMAGE, "directions": DIRECTIONS}
        levels = sliced_wasserstein_patches(x, self.shown, **how)
        near = precision_recall(self.features, self.judge.features(x))
        p = self.judge.probabilities(x)
        counts = np.bincount(p.argmax(axis=1), minlength=p.shape[1])
        return {
            "sliced Wasserstein": sliced_wasserstein(x, self.shown),
            "patches": 1000 * float(np.mean(levels)),
            "precision": near[0],
            "recall": near[1],
            "confidence": float(p.max(axis=1).mean()),
            "classes": int((counts > 0).sum()),
            "class KL": kl_divergence(counts, self.weights),
        }

    def real_row(self) -> tuple[np.ndarray, dict[str, float]]:
        """(real data in the place of samples, their measures)."""
        return self.real, self.measures(self.real)

    def few(self, x) -> list[str]:
        """The first of x (n, H, W, 1), each as hexadecimal digits of its bits."""
        return [np.packbits(one > 0).tobytes().hex() for one in x[:FEW]]


class Names:
    """Names as rows of symbols, and those of them that training never shows.

    kept, held: Lines, the training set of all recipes of names, and the others
    """

    def __init__(self, n: int):
        self.n, self.experiment = n, recipes.build(recipes.find("gru-names"), {})
        self.kept, self.held = load_names().held_out()

    def training(self, experiment: Trainable) -> Trainable:
        """The experiment as it is: its recipe holds the names out."""
        return experiment

    def comparable(self, x, seed: int) -> np.ndarray:
        """Rows of probabilities (n, T, V) as symbols (n, T)."""
        return x.argmax(axis=-1)

    def rows(self, x) -> list:
        """The Measurements of symbols x (n, T), as `tinygan evaluate` has them."""
        return text_rows(x, self.experiment, self.kept, 0, quiet)

    def measures(self, x) -> dict[str, float]:
        """{name as in `tinygan evaluate`: value} of x (n, T)."""
        return {row.name: row.value for row in self.rows(x)}

    def real_row(self) -> tuple[np.ndarray, dict[str, float]]:
        """(real names, the ceilings of the measures). The known lines are counted
        among held-out names, because all others are known.
        """
        order = generator(0, SAMPLE).permutation(len(self.kept))
        x = self.kept.values[order[: self.n]]
        return x, {row.name: row.ceiling for row in self.rows(x)}

    def few(self, x) -> list[str]:
        """The first of the symbols x (n, T), as text."""
        return self.kept.alphabet.decode(x[:FEW])


@functools.cache
def data_of(name: str, path: str | None, n: int) -> Pictures | Names:
    """The data of a set, "digits", "mnist" or "names". `path`: of mnist's images."""
    if name == "names":
        return Names(n)
    if name == "digits":
        return Pictures(recipes.binary_digits(), recipes.binary_digits(True), n)
    return Pictures(*(recipes.binary_mnist(path, part) for part in (False, True)), n)
