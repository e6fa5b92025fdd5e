"""Streams of training batches: x_real, the samples of p_data that D is shown.

A stream is a function of i: `stream(i)` is x_real, the i-th batch. It depends on the
seed and on i alone, so a run is reproducible, and to resume it only i must be known.
"""

import numpy as np

from ..backend import NUMPY, Backend
from ..errors import InputError, floating, instance, shown, whole
from ..rng import BATCH, SHUFFLE, generator


class Stream:
    """The base of the streams: batches of `batch` samples, `dtype` on `backend`.

    `divisible` says that several processes may read the stream, each by itself: it has
    no open file and no state. A subclass has to say so itself.

    Raises InputError for a batch or a seed that is not a whole number in range, and for
    a dtype that is not real floating point.
    """

    divisible = False

    def __init_subclass__(cls):
        vars(cls).get("divisible") or setattr(cls, "divisible", False)

    def __init__(self, batch: int, seed: int, backend: Backend, dtype):
        self.batch = whole(self, "a batch size batch >= 1", batch)
        self.seed = whole(self, "seed >= 0", seed)
        self.backend = instance(self, "backend", backend, Backend, "NUMPY")
        self.dtype = floating(self, dtype)


class SampleStream(Stream):
    """Batch i is `density.sample(batch, generator(seed, BATCH, i))`.

    InputError for a density without `sample`.
    """

    def __init__(self, density, batch, seed, backend=NUMPY, dtype="float32"):
        super().__init__(batch, seed, backend, dtype)
        if not callable(getattr(density, "sample", None)):
            raise InputError(f"SampleStream expects a density, got {shown(density)}")
        self.density = density
        own = type(self) is SampleStream  # a subclass says so itself
        self.divisible = own and getattr(density, "divisible", False) is True

    def __call__(self, i: int):
        """Batch i: (batch, d), on the backend."""
        rng = generator(self.seed, BATCH, whole(self, "a batch number i >= 0", i))
        x = self.density.sample(self.batch, rng)
        return self.backend.asarray(x.astype(self.dtype))


class ShuffledStream(Stream):
    """Shuffled examples (N, *shape), each exactly once per epoch, scaled to [-1, 1].

    Epoch e is the order `generator(seed, SHUFFLE, e).permutation(N)`. The epochs follow
    each other in one line, and batch i is its entries [i batch, (i + 1) batch). So a
    batch may begin in one epoch and end in the next. The values are copied to the
    backend once; a batch is a gather there. InputError for what are no examples.
    """

    divisible = True

    def __init__(self, examples, batch, seed, backend=NUMPY, dtype="float32"):
        super().__init__(batch, seed, backend, dtype)
        if not hasattr(examples, "values") or not hasattr(examples, "scaled"):
            got = shown(examples)
            raise InputError(f"ShuffledStream expects Images or Sounds, got {got}")
        self.examples = examples
        self._values = backend.asarray(examples.values)
        if examples.labels is not None:
            self._labels = backend.asarray(examples.labels)
        self._orders: dict[int, np.ndarray] = {}  # for the last batch's epochs

    def __call__(self, i: int):
        """Batch i: (batch, *shape), on the backend."""
        rows = self.backend.asarray(self.rows(i))
        return self.examples.scaled(self._values[rows], self.dtype)

    def labels(self, i: int):
        """The labels of batch i: (batch,), on the backend.

        Raises InputError if the examples have no labels.
        """
        if self.examples.labels is None:
            kind = self.examples.kind
            raise InputError(f"expected {kind} with labels, got {kind} without")
        return self._labels[self.backend.asarray(self.rows(i))]

    def rows(self, i: int) -> np.ndarray:
        """The examples of batch i, as (batch,) indices on the host."""
        N = len(self.examples)
        start = whole(self, "a batch number i >= 0", i) * self.batch
        stop = start + self.batch
        epochs = range(start // N, (stop - 1) // N + 1)
        self._orders = {e: self._order(e) for e in epochs}
        parts = [
            order[max(start - e * N, 0) : stop - e * N]
            for e, order in self._orders.items()
        ]
        return np.concatenate(parts)

    def _order(self, epoch: int) -> np.ndarray:
        known = self._orders.get(epoch)
        if known is not None:
            return known
        return generator(self.seed, SHUFFLE, epoch).permutation(len(self.examples))


ImageStream = ShuffledStream  # its name in version 0.1
