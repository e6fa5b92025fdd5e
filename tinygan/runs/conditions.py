"""Conditions: what a conditional generator is asked for, as integers y beside z and x.

`Classes` asks for one of K classes, `Sentences` for what a sentence describes. A
network sees y alone; here stands what people call it, how it is drawn when nobody asks
for anything, and what the rows of a picture show.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..values import Integers


@dataclasses.dataclass(frozen=True)
class Classes:
    """One of K classes, 0 to K - 1; y is (N,)."""

    K: int
    kind = "a class: --label"

    @property
    def shape(self) -> Integers:
        """Of one y."""
        return Integers((), self.K)

    def of(self, y):
        """The network's y from the data's: the same."""
        return y

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n classes, each as likely as any other."""
        return rng.integers(0, self.K, n)

    def rows(self, most: int) -> tuple[np.ndarray, list[str]]:
        """The y of a picture's rows, at most so many, and what each is called."""
        y = np.arange(min(self.K, most))
        return y, [str(k) for k in y]

    def label(self, k: int) -> np.ndarray:
        """y for class k, (1,). Raises InputError if there is none."""
        if not 0 <= k < self.K:
            raise InputError(
                f"--label {k}: expected a class from 0 to {self.K - 1} of this run"
            )
        return np.array([k])


@dataclasses.dataclass(frozen=True)
class Sentences:
    """A sentence as words of a vocabulary; y is (N, mixed, T), 0 where it has ended.

    A network reads the `mixed` sentences of a sample one by one and takes the mean of
    what it read: with two, a sentence stands there twice, and two sentences stand for
    what lies between them (Reed et al. 2016, eq. 5, beta = 1/2). `known` are sentences
    to draw from when nobody asks for one.
    """

    vocabulary: object  # data.Vocabulary
    known: Sequence[str]
    mixed: int = 2
    kind = "a sentence: --text"

    @property
    def shape(self) -> Integers:
        """Of one y."""
        words = self.vocabulary
        return Integers((self.mixed, words.length), len(words))

    def of(self, y):
        """The network's y from the data's (N, 1, T): each sentence `mixed` times."""
        return y.repeat(self.mixed, axis=1)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n of the known sentences."""
        return self.encode([self.known[i] for i in rng.integers(0, len(self.known), n)])

    def rows(self, most: int) -> tuple[np.ndarray, list[str]]:
        """The y of a picture's rows, at most so many, and the sentences."""
        sentences = list(dict.fromkeys(self.known))[:most]
        return self.encode(sentences), sentences

    def encode(self, sentences: Sequence[str], strict: bool = False) -> np.ndarray:
        """(n, mixed, T). With `strict`, InputError for a word that it never saw."""
        codes = [self.vocabulary.encode(s, strict=strict) for s in sentences]
        return self.of(np.stack(codes)[:, None])

    def between(self, first: str, second: str, steps: int) -> np.ndarray:
        """(steps, mixed, T): from the one sentence to the other, for a condition of
        steps - 1 mixed sentences.
        """
        a, b = (self.vocabulary.encode(s, strict=True) for s in (first, second))
        return np.stack(
            [
                np.stack([b] * i + [a] * (steps - 1 - i))
                for i in range(steps)
            ]
        )  # fmt: skip


def grid(z, y, n: int) -> tuple[int, tuple[np.ndarray, np.ndarray]]:
    """(columns, (z, y)) of at most n pairs in as many rows as there are y: each row has
    one y, each column one z.      z: (n, dim)      y: (rows, ...)
    """
    columns = max(1, n // len(y))
    i = np.arange(len(y) * columns)
    return columns, (z[i % columns], y[i // columns])


def between_pairs(y, partner):
    """(N, mixed, T): half of the sentences of y, half of the partner's."""
    half = y.shape[1] // 2
    mixed = partner.copy()
    mixed[:, :half] = y[:, :half]
    return mixed
