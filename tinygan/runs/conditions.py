"""Conditions: what a generator is asked for, as integers y beside z and x.

`Classes` asks for one of K classes, `Sentences` for what a sentence describes, and
`Unconditional` for nothing. A network sees y alone. A condition knows what people call
y, how it is drawn when nobody asks for anything, and what the rows of a picture show.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..layers import Branch, Layer, Pick
from ..values import Integers


class Unconditional:
    """No condition: G maps z to x, and D judges x."""

    kind = "no condition"

    def shapes(self, shape):
        """The shape of what a network takes or gives, from that of its z or x."""
        return shape

    def around(self, G: Layer) -> Layer:
        """G so that it gives what D takes."""
        return G

    def pair(self, value, y):
        """What a network takes: z or x (N, ...), and the condition y, if there is
        one.
        """
        return value

    def real(self, batch):
        """What D takes of a batch of data."""
        return batch

    def y_of(self, real):
        """The condition y (N, ...) of what `real` gave, or None."""
        return None

    def x_of(self, made):
        """The samples (N, ...) of what G made, or of a batch of data."""
        return made

    def draw(self, n: int, rng: np.random.Generator):
        """n conditions as nobody asked for them, or None."""
        return None

    def rows(self, most: int):
        """The y of a picture's rows, at most so many, and what each is called."""
        return None, []

    def samples_in(self, data):
        """The data without their conditions."""
        return data

    def expects(self, data) -> None:
        """InputError unless `data` have conditions of this shape."""
        found = getattr(data, "condition_shape", None)
        if found is not None:
            raise InputError(
                f"data: expected samples with no condition, found a condition {found}"
            )


class Condition(Unconditional):
    """A condition y beside z and x: G maps (z, y) to x, and D judges the pair (x,
    y).
    """

    @property
    def shape(self) -> Integers:
        """Of one y."""
        raise TypeError(f"{type(self).__name__} does not define shape")

    def of(self, y):
        """The network's y (N, ...) from that of the data."""
        return y

    def shapes(self, shape):
        return shape, self.shape

    def around(self, G):
        return Branch(G, Pick(1))  # (z, y) -> (x, y)

    def pair(self, value, y):
        return value, y

    def real(self, batch):
        x, y = batch
        return x, self.of(y)

    def y_of(self, real):
        return real[1]

    def x_of(self, made):
        return made[0]

    def samples_in(self, data):
        return data.images

    def expects(self, data):
        wanted, found = self.shape, getattr(data, "condition_shape", None)
        if found is None:
            raise InputError(
                f"data: expected samples with condition {self!r}, found no condition"
            )
        if found.n != wanted.n or found[1:] != wanted[1:]:
            raise InputError(f"data: expected conditions {wanted}, found {found}")


@dataclasses.dataclass(frozen=True)
class Classes(Condition):
    """One of K classes, 0 to K - 1; y is (N,)."""

    K: int
    kind = "a class: --label"

    @property
    def shape(self) -> Integers:
        """Of one y."""
        return Integers((), self.K)

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
class Sentences(Condition):
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
