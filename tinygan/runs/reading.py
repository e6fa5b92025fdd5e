"""Batches of real data for a game: read, checked, and shared by its processes."""

import contextlib

import numpy as np

from ..backend import Backend
from ..errors import InputError, NonFiniteError, function, shown
from ..group import Group
from ..values import leaves, mapped, size, spelt
from .conditions import Condition


class Reader:
    """Reads batch i of the data, `batch` samples, as D takes it.

    Data with an open file or another state cannot be read by several processes at once.
    Unless the data, or the stream that they give, say that they are `divisible`, the
    first process reads them and hands each batch to the others.
    """

    def __init__(self, experiment, data, batch: int, backend: Backend):
        batches, line = data.batches(batch, experiment.seed, backend), "a function of i"
        self.batches = function("data", "batches(...)", batches, f"return {line}")
        self.experiment, self.batch, self.backend = experiment, batch, backend
        says = getattr(batches, "divisible", getattr(data, "divisible", False))
        self.divisible = says is True
        self.watched = False  # True while `watching`

    def __call__(self, i: int, group: Group):
        """Batch i: a value (N, ...). InputError for a batch that D does not take."""
        batch = None
        if self.divisible or group.rank == 0:
            batch = self._read(i, group)
        if not (self.divisible or group.size == 1):
            first, *_ = group.all_gather(batch)
            batch = first if group.rank == 0 else mapped(np.array, first)
        self.require_finite("samples of the real batch", batch)
        return batch

    def _read(self, i: int, group: Group):
        e, batch = self.experiment, self.batches(i)
        expect_batch(f"data: batch {i}", batch, e, self.backend)
        n = size(e.condition.x_of(batch))
        if group.size > 1 and n != self.batch:
            raise InputError(
                f"data: batch {i}: expected {self.batch} samples, found {n}; several "
                "processes share only whole batches, use --cores 1"
            )
        return e.condition.real(batch)

    @contextlib.contextmanager
    def watching(self):
        """Within this context NaN and infinity in the data are an error."""
        self.watched = True
        try:
            yield
        finally:
            self.watched = False

    def require_finite(self, what: str, v) -> None:
        """NonFiniteError for a value (N, ...) with NaN or infinity, while watched."""
        if not self.watched:
            return
        wrong = np.zeros(size(v), bool)
        for a in leaves(v):
            host = self.backend.to_host(a)
            wrong |= ~np.isfinite(host).reshape(len(host), -1).all(axis=1)
        if wrong.any():
            raise NonFiniteError(f"{np.count_nonzero(wrong)} of {len(wrong)} {what}")


def expect_batch(where: str, batch, experiment, backend: Backend) -> None:
    """InputError unless a batch of data is what D takes: x, or with a condition (x, y).

    x is (N, *shape) in floating point on the backend, with N >= 1.
    """
    x, y = batch, None
    if isinstance(experiment.condition, Condition):
        if not (isinstance(batch, tuple | list) and len(batch) == 2):
            raise InputError(f"{where}: expected (x, y), found {shown(batch)}")
        x, y = batch
    xp, shape = backend.xp, tuple(experiment.shape)
    if not isinstance(x, xp.ndarray):
        raise InputError(
            f"{where}: expected an array of {xp.__name__}, found {shown(x)}; "
            "write backend.asarray(x)"
        )
    if x.dtype.kind != "f" or x.shape[1:] != shape or not len(x):
        raise InputError(
            f"{where}: expected samples {spelt(shape)} as float32, images from -1 to "
            f"1, found {shown(x)}"
        )
    if y is not None and len(y) != len(x):
        raise InputError(
            f"{where}: expected a y for each x, found {len(y)} for {len(x)}"
        )
