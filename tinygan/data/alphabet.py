"""An alphabet: the characters of a text as integers, and as one-hot rows.

A character is one code point of Unicode, in any script. A letter with marks that have
no common code point, or an emoji that is joined of several, is several characters.
"""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from ..errors import InputError, shown, whole
from ..ops import get_xp

END = 0  # what follows a line, up to the length of all lines
UNKNOWN = "\ufffd"  # stands for all characters that the alphabet does not have
MOST = 500  # characters
BLOCK = 1 << 16  # texts that are encoded at once


class Alphabet:
    """characters -> integers: characters[k] is k + 1, in the order of their code
    points, and END is 0. The number of symbols is V = len(alphabet) = len(characters)
    + 1.

    If U+FFFD is among the characters, it stands for all that are not. Otherwise an
    unknown character is refused.

    Raises InputError unless the characters are one or more, each once, without NUL.
    """

    def __init__(self, characters: str):
        if not isinstance(characters, str) or not characters or "\0" in characters:
            raise InputError(
                'Alphabet expects characters such as "abc", one or more and no NUL, '
                f"got {shown(characters)}"
            )
        self.characters = "".join(sorted(characters))
        twice, most = Counter(characters).most_common(1)[0]
        if most > 1:
            raise InputError(
                f"Alphabet expects each character once, got {twice!r} again"
            )
        self._codes = _codes([self.characters], len(characters))[0]  # ascending
        self._letters = np.append(np.uint32(0), self._codes)

    @classmethod
    def of(cls, texts: Iterable[str], most: int = MOST) -> "Alphabet":
        """The characters that occur in these texts. Of more than `most`, the most - 1
        most frequent ones stay, and U+FFFD stands for all others.

        Raises InputError if the texts have no characters, and unless most >= 1.
        """
        most = whole("Alphabet.of", "most >= 1", most)
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        if len(counts) > most:
            counts.pop(UNKNOWN, None)
            ranked = sorted(counts, key=lambda c: (-counts[c], c))
            return cls("".join(ranked[: most - 1]) + UNKNOWN)
        return cls("".join(counts))

    def __len__(self) -> int:
        return len(self.characters) + 1

    @property
    def dtype(self) -> np.dtype:
        """The smallest unsigned integers that hold all symbols."""
        return np.min_scalar_type(len(self) - 1)

    def encode(self, texts: Iterable[str], length: int) -> np.ndarray:
        """The texts as rows (N, length) of integers, padded with END.

        Raises InputError for a text that is too long, and for a character that the
        alphabet does not have.
        """
        texts = list(texts)
        longest = max(texts, key=len, default="")
        if len(longest) > whole(self, "length >= 1", length):
            raise InputError(
                f"expected a text of at most {length} characters, got {len(longest)}: "
                f"{shown(longest)}"
            )
        blocks = [
            self._encoded(texts[i : i + BLOCK], length)
            for i in range(0, len(texts), BLOCK)
        ]
        return np.concatenate([np.empty((0, length), self.dtype), *blocks])

    def _encoded(self, texts: list[str], length: int) -> np.ndarray:
        codes = _codes(texts, length)
        k = np.searchsorted(self._codes, codes).clip(max=len(self._codes) - 1)
        padding, unknown = codes == 0, self._codes[k] != codes
        rows = np.where(padding, END, k + 1)
        unknown &= ~padding
        if unknown.any():
            if UNKNOWN not in self.characters:
                character = chr(codes[unknown][0])
                raise InputError(
                    f"expected characters of the alphabet, got {character!r}; it has "
                    f"{shown(self.characters)}"
                )
            rows[unknown] = self.characters.index(UNKNOWN) + 1
        return rows.astype(self.dtype)

    def decode(self, rows) -> list[str]:
        """The texts of integers (N, T): each up to its first END.

        Raises InputError for integers that are no symbols of this alphabet.
        """
        rows = ended(rows)
        if rows.size and not 0 <= rows.min() <= rows.max() < len(self):
            raise InputError(
                f"expected symbols from 0 to {len(self) - 1}, got {rows.min()} to "
                f"{rows.max()}"
            )
        if rows.size == 0:
            return [""] * len(rows)
        codes = np.ascontiguousarray(self._letters[rows])
        return codes.view(f"U{rows.shape[1]}")[:, 0].tolist()

    def read(self, x: np.ndarray) -> list[str]:
        """The texts of rows x (N, T, V), one-hot or not: at each place the largest."""
        return self.decode(np.asarray(x).argmax(axis=-1))

    def one_hot(self, rows, dtype="float32"):
        """x[..., v] = 1 at v = rows[...], and 0 elsewhere.

        rows: integers of any shape, on any backend
        """
        return (rows[..., None] == get_xp(rows).arange(len(self))).astype(dtype)

    def __eq__(self, other):
        if not isinstance(other, Alphabet):
            return NotImplemented
        return self.characters == other.characters

    def __hash__(self):
        return hash(self.characters)

    def __repr__(self):
        return f"Alphabet({shown(self.characters)[1:-1]!r}, {len(self)} symbols)"


def ended(rows) -> np.ndarray:
    """The rows (N, T) of integers as they are read: all after the first END is END.

    Raises InputError unless they are (N, T), T >= 1.
    """
    rows = np.asarray(rows)
    if rows.dtype.kind not in "ui" or rows.ndim != 2 or rows.shape[1] == 0:
        raise InputError(f"expected integers (N, T), T >= 1, got {shown(rows)}")
    return np.where((rows == END).cumsum(axis=1) > 0, END, rows)


def _codes(texts: list[str], length: int) -> np.ndarray:
    """The code points of texts, padded with 0: (N, length), uint32."""
    if any("\0" in text for text in texts):
        raise InputError("expected characters, got NUL, which no text has")
    return np.array(texts, f"U{length}").view(np.uint32).reshape(len(texts), length)
