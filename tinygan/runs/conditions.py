"""Conditions: integers y, beside z and x, say what the generator is to make.

`Classes` asks for one of K classes, `Sentences` for what a sentence describes, and
`Unconditional` for nothing. A network sees only y. The condition also knows the names
that people use for y, how to draw y at random, and which y the rows of a picture have.
"""

import dataclasses
import difflib
from collections.abc import Sequence

import numpy as np

from ..data import Vocabulary
from ..errors import InputError, instance, shown, whole
from ..layers import Branch, Layer, Pick
from ..values import Integers


class Unconditional:
    """No condition: G maps z to x, and D judges x."""

    kind = "no condition"

    def shapes(self, shape):
        """The shape of a network's input or output, from the shape of its z or x."""
        return shape

    def around(self, G: Layer) -> Layer:
        """A layer around G that returns what D takes."""
        return G

    def pair(self, value, y):
        """A network's input: z or x (N, ...), and the condition y if there is one."""
        return value

    def real(self, batch):
        """D's input from a batch of data."""
        return batch

    def y_of(self, real):
        """The condition y (N, ...) in a network's input, or None."""
        return None

    def x_of(self, made):
        """The samples (N, ...) in what G made, or in a batch of data."""
        return made

    def draw(self, n: int, rng: np.random.Generator):
        """n conditions drawn at random, or None if there are none."""
        return None

    def rows(self, most: int):
        """(y, names) of a picture's rows, at most `most` of them."""
        return None, []

    def samples_in(self, data):
        """The data without their conditions."""
        return data

    def expects(self, data) -> None:
        """Raise InputError unless `data` have conditions of this shape."""
        found = getattr(data, "condition_shape", None)
        if found is not None:
            raise InputError(
                f"data: expected samples with no condition, found a condition {found}"
            )


class Condition(Unconditional):
    """A condition y: G maps (z, y) to x, and D judges the pair (x, y)."""

    @property
    def shape(self) -> Integers:
        """The shape of one y."""
        raise TypeError(f"{type(self).__name__} does not define shape")

    def of(self, y):
        """The network's y (N, ...) from the y of the data."""
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
    """One of K classes, 0 to K - 1; y is (N,). `names` are the K names of the classes;
    without them a class is called by its number.

    Raises InputError unless K >= 1 and there are K names.
    """

    K: int
    names: Sequence[str] | None = None
    kind = "a class: --label"

    def __post_init__(self):
        object.__setattr__(self, "K", whole(self, "K >= 1", self.K))
        names = range(self.K) if self.names is None else self.names
        if isinstance(names, str) or not isinstance(names, Sequence):
            raise InputError(f"Classes expects a list of names, got {shown(names)}")
        object.__setattr__(self, "names", tuple(map(str, names)))
        if len(self.names) != self.K:
            raise InputError(f"Classes: expected {self.K} names, got {len(self.names)}")

    @property
    def shape(self) -> Integers:
        """The shape of one y."""
        return Integers((), self.K)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n classes, each as likely as any other."""
        return rng.integers(0, self.K, n)

    def rows(self, most: int) -> tuple[np.ndarray, list[str]]:
        """(y, names) of a picture's rows, at most `most` of them."""
        y = np.arange(min(self.K, most))
        return y, list(self.names[: len(y)])

    def label(self, k: int | str) -> np.ndarray:
        """y (1,) for a class, by its name or its number. A name comes first.

        Raises InputError if there is no such class.
        """
        if str(k) in self.names:
            return np.array([self.names.index(str(k))])
        if str(k).isascii() and str(k).isdigit() and int(k) < self.K:
            return np.array([int(k)])
        near = difflib.get_close_matches(str(k), self.names, n=3, cutoff=0.5)
        named = f" ({', '.join(near or self.names[:10])})"
        if self.names == tuple(map(str, range(self.K))):
            named = ""
        raise InputError(
            f"--label {k}: expected a class from 0 to {self.K - 1} of this run{named}"
        )


@dataclasses.dataclass(frozen=True)
class Sentences(Condition):
    """A sentence as words of a vocabulary; y is (N, mixed, T), 0 after the sentence.

    A network encodes the `mixed` sentences of a sample one by one and takes the mean.
    With mixed = 2 one sentence is given twice, and two different sentences ask for what
    lies between them (Reed et al. 2016, eq. 5, beta = 1/2). A random y is one of the
    `known` sentences. InputError unless there are known sentences, and mixed >= 1.
    """

    vocabulary: object  # data.Vocabulary
    known: Sequence[str]
    mixed: int = 2
    kind = "a sentence: --text"

    def __post_init__(self):
        instance(self, "vocabulary", self.vocabulary, Vocabulary)
        object.__setattr__(self, "mixed", whole(self, "mixed >= 1", self.mixed))
        known = self.known
        listed = isinstance(known, list | tuple)
        if not (listed and all(isinstance(s, str) for s in known)):
            raise InputError(
                f"Sentences expects a list of sentences, got {shown(known)}"
            )
        if not known:
            raise InputError("Sentences expects at least one known sentence, got none")

    @property
    def shape(self) -> Integers:
        """The shape of one y."""
        words = self.vocabulary
        return Integers((self.mixed, words.length), len(words))

    def of(self, y):
        """The network's y from the data's (N, 1, T): each sentence `mixed` times."""
        return y.repeat(self.mixed, axis=1)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n of the known sentences, (n, mixed, T)."""
        return self.encode([self.known[i] for i in rng.integers(0, len(self.known), n)])

    def rows(self, most: int) -> tuple[np.ndarray, list[str]]:
        """(y, sentences) of a picture's rows, at most `most` of them."""
        sentences = list(dict.fromkeys(self.known))[:most]
        return self.encode(sentences), sentences

    def encode(self, sentences: Sequence[str], strict: bool = False) -> np.ndarray:
        """The y (n, mixed, T). With `strict`, InputError for an unknown word."""
        codes = [self.vocabulary.encode(s, strict=strict) for s in sentences]
        return self.of(np.stack(codes)[:, None])

    def between(self, first: str, second: str, steps: int) -> np.ndarray:
        """(steps, mixed, T): `steps` samples on the way from the first sentence to the
        second, for a condition with mixed = steps - 1.
        """
        a, b = (self.vocabulary.encode(s, strict=True) for s in (first, second))
        return np.stack(
            [
                np.stack([b] * i + [a] * (steps - 1 - i))
                for i in range(steps)
            ]
        )  # fmt: skip


def grid(z, y, n: int) -> tuple[int, tuple[np.ndarray, np.ndarray]]:
    """(columns, (z, y)) for a picture of at most n samples: each row has one y, each
    column one z.      z: (n, dim)      y: (rows, ...)
    """
    columns = max(1, n // len(y))
    i = np.arange(len(y) * columns)
    return columns, (z[i % columns], y[i // columns])


def between_pairs(y, partner):
    """(N, mixed, T): half of the sentences come from y, half from the partner."""
    half = y.shape[1] // 2
    mixed = partner.copy()
    mixed[:, :half] = y[:, :half]
    return mixed
