"""Words as integers: the form in which a network reads a sentence.

A sentence is a row of T integers: one for each word, then padding. An embedding has a
vector for each integer.
"""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

import numpy as np

from ..errors import InputError

PADDING, UNKNOWN = 0, 1  # no word, and a word that is not in the list

_WORD = re.compile(r"[^\W_]+")  # letters and digits, of any script


def split_words(sentence: str) -> list[str]:
    """The words of a sentence: lower case, split at all but letters and digits."""
    return _WORD.findall(unicodedata.normalize("NFC", sentence).lower())


class Vocabulary:
    """words -> integers: words[k] is k + 2, after PADDING and UNKNOWN.

    `length` is T, the number of words that a sentence may have. `len` is the number of
    different integers: the words, PADDING and UNKNOWN.

    Raises InputError for a length below 1, for a word that occurs twice, and for one
    that `split_words` would change.
    """

    def __init__(self, words: Iterable[str], length: int):
        self.words, self.length = tuple(words), int(length)
        if self.length < 1:
            raise InputError(f"a vocabulary expects a length >= 1, got {length}")
        for word in self.words:
            if split_words(word) != [word]:
                raise InputError(
                    f"a vocabulary expects single words in lower case, got {word!r}"
                )
        self._number = {word: k for k, word in enumerate(self.words, UNKNOWN + 1)}
        if len(self._number) < len(self.words):
            twice = Counter(self.words).most_common(1)[0][0]
            raise InputError(
                f"a vocabulary expects each word once, got {twice!r} again"
            )

    @classmethod
    def of(
        cls, sentences: Iterable[str], least: int = 1, length: int | None = None
    ) -> "Vocabulary":
        """The vocabulary of these sentences: their words in alphabetical order, without
        those that occur fewer than `least` times. `length` is the longest sentence's,
        if none is given.
        """
        split = [split_words(sentence) for sentence in sentences]
        counts = Counter(word for words in split for word in words)
        longest = max(map(len, split), default=0)
        return cls(
            sorted(word for word, n in counts.items() if n >= least),
            max(1, longest) if length is None else length,
        )

    def __len__(self) -> int:
        return len(self.words) + UNKNOWN + 1

    def encode(self, sentence: str, strict: bool = True) -> np.ndarray:
        """The sentence as (T,) integers, padded.

        A word that is not in the list is UNKNOWN; with `strict` it raises InputError,
        which names the nearest words. Raises InputError for more than T words.
        """
        words = split_words(sentence)
        if len(words) > self.length:
            raise InputError(
                f"expected a sentence of at most {self.length} words, got {len(words)}"
            )
        tokens = np.full(self.length, PADDING, np.int64)
        for k, word in enumerate(words):
            number = self._number.get(word)
            if number is None and strict:
                raise InputError(self._about(word))
            tokens[k] = UNKNOWN if number is None else number
        return tokens

    def decode(self, tokens) -> str:
        """The sentence of (T,) integers, with ? for UNKNOWN, without the padding.

        Raises InputError for integers outside this vocabulary.
        """
        tokens = [int(k) for k in np.ravel(tokens)]
        if tokens and not 0 <= min(tokens) <= max(tokens) < len(self):
            raise InputError(f"expected tokens from 0 to {len(self) - 1}, got {tokens}")
        names = ("", "?", *self.words)
        return " ".join(names[k] for k in tokens if k != PADDING)

    def _about(self, word: str) -> str:
        near = difflib.get_close_matches(word, self.words, n=3)
        hint = "no word of it is near"
        if near:
            hint = f"the nearest are {', '.join(near)}"
        return f"expected words of the vocabulary, got {word!r}; {hint}"

    def __eq__(self, other):
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return (self.words, self.length) == (other.words, other.length)

    def __hash__(self):
        return hash((self.words, self.length))

    def __repr__(self):
        return f"Vocabulary({len(self.words)} words, length {self.length})"
