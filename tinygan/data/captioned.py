"""Images or sounds with conditions: the data of a conditional GAN, p(x | y).

The condition y is an array of integers: a class, or the words of a caption. A batch is
the pair (x, y).
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ..backend import NUMPY, Backend
from ..errors import DataError, InputError, instance, number, shown, whole
from ..rng import CAPTION, SPLIT, generator
from ..values import Integers
from .examples import Examples
from .images import Images
from .stream import ShuffledStream
from .words import Vocabulary


class PairStream(ShuffledStream):
    """Shuffled examples with their conditions: batch i is (x, y), the rows of both.

    x is (batch, *shape) in [-1, 1], y the integers (batch, ...), on the backend. An
    image with several conditions, for instance captions, gets one of them at random.
    The draw depends on the seed and on i alone, like the order of the images.
    """

    divisible = True

    def __init__(self, data, batch, seed, backend=NUMPY, dtype="float32"):
        super().__init__(data.images, batch, seed, backend, dtype)
        self.data, self._pool = data, backend.asarray(data.pool)

    def __call__(self, i: int):
        """Batch i: (x, y), on the backend."""
        images = self.rows(i)
        drawn = self.data.drawn(images, self.seed, i)
        rows = self.backend.asarray(np.stack([images, drawn]))
        x = self.examples.scaled(self._values[rows[0]], self.dtype)
        return x, self._pool[rows[1]]


class Conditioned:
    """N examples, each with its condition: integers (N, *condition_shape).

    `images` are the examples, which may also be `Sounds`.
    """

    images: Examples
    conditions: np.ndarray
    condition_shape: Integers

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example, (H, W, C) of an image."""
        return self.images.shape

    @property
    def pool(self) -> np.ndarray:
        """All conditions: (M, *condition_shape). M is N if each image has one."""
        return self.conditions

    def drawn(self, images: np.ndarray, seed: int, i: int) -> np.ndarray:
        """The conditions of the images (batch,) in batch i, as indices into the pool:
        (batch,).
        """
        return images

    def scaled(self, values, dtype="float32"):
        """The values in [-1, 1], by `Examples.scaled`; an array of the same shape."""
        return self.images.scaled(values, dtype)

    def batches(
        self, batch: int, seed: int, backend: Backend = NUMPY, dtype="float32"
    ) -> PairStream:
        """The shuffled stream of pairs (x, y)."""
        return PairStream(self, batch, seed, backend, dtype)


class Labelled(Conditioned):
    """Images or sounds with their labels as conditions: y (N,), one of K classes.

    Raises DataError if they have no labels.
    """

    def __init__(self, images: Examples):
        instance(self, "images", images, Examples, "load_digits()")
        if images.labels is None:
            raise DataError(images.unlabelled)
        self.images, self.conditions = images, images.labels
        self.condition_shape = Integers((), images.classes)

    def part(self, which) -> "Labelled":
        """Some of the examples, by their indices or a slice."""
        return Labelled(self.images.part(which))

    def __repr__(self):
        return f"Labelled({self.images!r}, {self.images.classes} classes)"


class Captioned(Conditioned):
    """N images, each with a caption or several: y (N, 1, T), the T words of one.

    captions:      N captions; one that is no string is a list of them
    attributes:    {name: (values, (N,) indices into them)}, further facts about images

    The M captions of all images lie one after the other: `tokens` (M, 1, T). Image n
    has the `counts[n]` rows from `first[n]` on. A batch has a random one of them.
    `captions` and `conditions` (N, 1, T) are the first caption of each image, for all
    who need the same one every time. `all_captions` has N tuples.

    A word that is not in the vocabulary becomes UNKNOWN. Raises DataError unless there
    are captions of at most T words for N images, and N indices for each attribute.
    """

    def __init__(
        self,
        images: Images,
        captions: Sequence[str | Sequence[str]],
        vocabulary: Vocabulary,
        attributes: dict | None = None,
    ):
        self.images = instance(self, "images", images, Images)
        self.vocabulary = instance(self, "vocabulary", vocabulary, Vocabulary)
        if not isinstance(captions, Iterable):
            raise DataError(f"expected a list of captions, got {shown(captions)}")
        if isinstance(captions, str):
            raise DataError(f"expected a list of captions, got one: {captions[:40]!r}")
        captions = list(captions)
        if not all(isinstance(c, str | tuple | list) for c in captions):
            raise DataError(f"expected captions as strings, got {shown(captions)}")
        if not isinstance(attributes, dict | None):
            raise DataError(f"expected attributes by name, got {shown(attributes)}")
        self.all_captions = [(c,) if isinstance(c, str) else tuple(c) for c in captions]
        N, T = len(images), vocabulary.length
        if len(self.all_captions) != N:
            raise DataError(f"expected {N} captions, found {len(self.all_captions)}")
        self.counts = np.array([len(c) for c in self.all_captions], np.int64)  # (N,)
        if not self.counts.all():
            n = int(self.counts.argmin())
            raise DataError(f"image {n}: expected a caption or more, found none")
        self.captions = [several[0] for several in self.all_captions]
        self.first = np.cumsum(self.counts) - self.counts  # (N,)
        self.tokens = self._encoded(T)
        self.attributes = {
            name: (tuple(values), _indices(name, indices, N, len(values)))
            for name, (values, indices) in (attributes or {}).items()
        }
        self.condition_shape = Integers((1, T), len(vocabulary))

    def _encoded(self, T: int) -> np.ndarray:
        """All captions: (M, 1, T)."""
        tokens = np.empty((int(self.counts.sum()), 1, T), np.int64)
        for n, several in enumerate(self.all_captions):
            for k, caption in enumerate(several):
                try:
                    row = self.vocabulary.encode(caption, strict=False)
                except InputError as e:
                    which = f", the {k + 1}. of its image" if k else ""
                    raise DataError(f"caption {n}{which}: {e}") from e
                tokens[self.first[n] + k, 0] = row
        return tokens

    @property
    def conditions(self) -> np.ndarray:
        """The tokens of the first captions: (N, 1, T)."""
        return self.tokens if len(self.tokens) == len(self) else self.tokens[self.first]

    @property
    def pool(self) -> np.ndarray:
        """The tokens of all captions: (M, 1, T)."""
        return self.tokens

    def drawn(self, images: np.ndarray, seed: int, i: int) -> np.ndarray:
        """A random caption of each image in batch i, as rows of `tokens`: (batch,)."""
        if len(self.tokens) == len(self):
            return images
        rng = generator(seed, CAPTION, i)
        return self.first[images] + rng.integers(0, self.counts[images])

    def part(self, which) -> "Captioned":
        """Some of the images, by their indices or a slice, with all their captions. The
        vocabulary and the attributes' values stay the same.
        """
        return Captioned(
            self.images.part(which),
            [self.all_captions[n] for n in np.arange(len(self))[which]],
            self.vocabulary,
            {k: (values, n[which]) for k, (values, n) in self.attributes.items()},
        )

    def __repr__(self):
        several = len(self.tokens) > len(self)
        each = f", {len(self.tokens)} captions" if several else ""
        return f"Captioned({self.images!r}{each}, {self.vocabulary!r})"


def joined(first: Captioned, second: Captioned) -> Captioned:
    """The images of both sets, which must have the same vocabulary and attributes."""
    for name, captioned in (("first", first), ("second", second)):
        instance("joined", name, captioned, Captioned)
    a, b = first.images, second.images
    return Captioned(
        Images(np.concatenate([a.pixels, b.pixels]), a.low, a.high, notes=a.notes),
        first.all_captions + second.all_captions,
        first.vocabulary,
        {
            name: (values, np.concatenate([n, second.attributes[name][1]]))
            for name, (values, n) in first.attributes.items()
        },
    )


def split(
    captioned: Captioned,
    by: Sequence[str],
    share: float = 0.1,
    seed: int = 0,
) -> tuple[Captioned, Captioned]:
    """(train, held): held has combinations of the attributes `by` that train never has,
    yet train has every single value.

    Combinations are held in random order, until they have `share` of the images. A
    combination stays in train if no other one there has one of its values. So held may
    have less than `share`, or more by a part of its last combination.

    Raises InputError for an unknown attribute, for a share that is not between 0 and 1,
    and if no combination can be held.
    """
    instance("split", "captioned", captioned, Captioned)
    share = number("split", "a share", share)
    if not 0 < share < 1:
        raise InputError(f"split expects a share between 0 and 1, got {share:g}")
    seed = whole("split", "seed >= 0", seed)
    if not (isinstance(by, list | tuple) and by):
        got = shown(by) if by else "none"
        raise InputError(f"split expects the names of attributes, got {got}")
    for name in by:
        if not isinstance(name, str) or name not in captioned.attributes:
            known = ", ".join(captioned.attributes)
            raise InputError(f"expected an attribute of {known}, got {name!r}")
    columns = np.stack([captioned.attributes[name][1] for name in by], axis=1)
    combinations, which, sizes = np.unique(
        columns, axis=0, return_inverse=True, return_counts=True
    )
    left = [Counter(values.tolist()) for values in combinations.T]  # per value
    held, images = np.zeros(len(combinations), bool), 0
    for k in generator(seed, SPLIT).permutation(len(combinations)):
        if images >= share * len(captioned):
            break
        values = list(zip(left, combinations[k].tolist(), strict=True))
        if all(counts[value] > 1 for counts, value in values):
            for counts, value in values:
                counts[value] -= 1
            held[k], images = True, images + sizes[k]
    if images == 0:
        raise InputError(
            f"no combination of {', '.join(by)} can be held: each has a value that "
            f"occurs in no other"
        )
    is_held = held[which.reshape(-1)]
    parts = np.flatnonzero(~is_held), np.flatnonzero(is_held)
    return captioned.part(parts[0]), captioned.part(parts[1])


def _indices(name: str, indices, N: int, K: int) -> np.ndarray:
    indices = np.asarray(indices)
    if indices.dtype.kind not in "ui" or indices.shape != (N,):
        raise DataError(
            f"expected {N} whole numbers as {name}, "
            f"found {indices.dtype} of shape {indices.shape}"
        )
    least, most = int(indices.min()), int(indices.max())
    if least < 0 or most >= K:
        raise DataError(f"expected {name} from 0 to {K - 1}, found {least} to {most}")
    return indices.astype(np.int64)
