"""A set of lines in memory: p_data of a GAN that writes."""

from collections.abc import Iterable

import numpy as np

from ..errors import DataError, InputError, instance, number, whole
from ..rng import SPLIT, generator
from .alphabet import END, Alphabet
from .examples import Examples


class Lines(Examples):
    """N lines of at most T characters: values (N, T), integers of an alphabet.

    A line that is shorter ends in END, up to T. The integers are small, and a batch is
    made of them when it is asked for: one-hot rows (batch, T, V), for V symbols. So
    `shape` is (T, V). `notes` are sentences for the user: what a reader of files
    decided or left out.

    Raises InputError for what is no Alphabet. Raises DataError for values that are not
    integers (N, T), N and T >= 1, or no symbols of the alphabet, for labels that are
    not N whole numbers from 0 to 999, and for fewer names than classes.
    """

    kind = "lines"

    def __init__(self, values, alphabet: Alphabet, labels=None, names=None, notes=()):
        self.alphabet = instance(
            self, "alphabet", alphabet, Alphabet, 'Alphabet("abc")'
        )
        values = _checked(values, len(alphabet)).astype(alphabet.dtype, copy=False)
        super().__init__(values, 0.0, len(alphabet) - 1.0, labels, names, notes)

    @classmethod
    def of(
        cls,
        texts: Iterable[str],
        length: int | None = None,
        alphabet: Alphabet | None = None,
        notes=(),
    ) -> "Lines":
        """The lines of these texts. The length is the longest's, and the alphabet has
        the characters that occur, if none is given.

        Raises InputError for a text longer than the length, for no texts, and for a
        character that the alphabet does not have.
        """
        if isinstance(texts, str):
            raise InputError('Lines.of expects texts such as ["a line"], got one text')
        texts = list(texts)
        if alphabet is None:
            alphabet = Alphabet.of(texts)
        if length is None:
            length = max(map(len, texts), default=0)
        length = whole("Lines.of", "length >= 1", length)
        return cls(alphabet.encode(texts, length), alphabet, notes=notes)

    @property
    def shape(self) -> tuple[int, int]:
        """(T, V), the shape of one line as one-hot rows."""
        return self.values.shape[1], len(self.alphabet)

    @property
    def texts(self) -> list[str]:
        """The N lines as they are read."""
        return self.alphabet.decode(self.values)

    def scaled(self, values, dtype="float32"):
        """One-hot rows (..., V) of integers `values`, of any shape, on any backend."""
        return self.alphabet.one_hot(values, dtype)

    def shortened(self) -> "Lines":
        """The same lines (N, T), for the T of the longest: a network need not read
        places at which every line has ended.
        """
        used = np.flatnonzero((self.values != END).any(axis=0))
        T = int(used[-1]) + 1 if len(used) else 1
        return self._made(self.values[:, :T], self.labels, self.names)

    def held_out(self, share: float = 0.1, seed: int = 0) -> tuple["Lines", "Lines"]:
        """(the others, a share of the lines), for measures against lines that no
        network has seen. Equal lines go together, so none is on both sides. The share
        is taken of the distinct lines. The same lines are always split alike.

        Raises InputError unless 0 < share < 1, and DataError for fewer than two
        distinct lines.
        """
        share = number(self, "a share 0 < share < 1", share)
        _, which = np.unique(self.values, axis=0, return_inverse=True)
        which = which.reshape(-1)  # the number of each line among the distinct ones
        distinct = int(which.max()) + 1
        if distinct < 2:
            raise DataError("expected two distinct lines or more to split, found one")
        order = generator(seed, SPLIT).permutation(distinct)
        count = min(max(1, round(share * distinct)), distinct - 1)
        held = np.isin(which, order[:count])
        return self.part(~held), self.part(held)

    def _made(self, values, labels, names) -> "Lines":
        return Lines(values, self.alphabet, labels, names, self.notes)

    def __repr__(self):
        T, V = self.shape
        return f"Lines({len(self)} of {T} places, {V} symbols)"


def _checked(values, V: int) -> np.ndarray:
    """The values as a contiguous (N, T) array of integers from 0 to V - 1."""
    values = np.asarray(values)
    if values.dtype.kind not in "ui" or values.ndim != 2 or values.size == 0:
        raise DataError(
            f"expected lines as integers (N, T), N and T >= 1, found {values.dtype} of "
            f"shape {values.shape}"
        )
    least, most = int(values.min()), int(values.max())
    if least < 0 or most >= V:
        raise DataError(f"expected symbols from 0 to {V - 1}, found {least} to {most}")
    return np.ascontiguousarray(values)
