"""Words as integers: the form in which a network reads a sentence.

A sentence is a row of T integers: one for each word, then padding. An embedding has a
vector for each integer.
"""

import difflib
import functools
import operator
import re
import reprlib
import unicodedata
from collections import Counter
from collections.abc import Iterable

import numpy as np

from ..errors import InputError

PADDING, UNKNOWN = 0, 1  # no word, and a word that is not in the list

_WORD = re.compile(r"[^\W_]+")  # letters and digits; enough below U+0300
# Invisible marks, which choose the form of a letter or hold letters together.
_SELECTORS = re.compile("[\u034f\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_DOTTED = re.compile("i\u0307+")  # the lower case of the Turkish \u0130

# Scripts that write no space between two words: Thai, Lao, Myanmar, Khmer, Tai, kana,
# Bopomofo and Han.
_UNSPACED = re.compile(
    "[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf"
    "\u3005-\u3007\u3021-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua9e0-\ua9ff\uaa60-\uaadf\uf900-\ufaff\uff66-\uff9d"
    "\U0001aff0-\U0001b16f\U00020000-\U0003ffff]"
)
_STACKERS = "\u1039\u17d2\u1a60"  # the next consonant goes below the last
_JOINERS = "\u200c\u200d"  # within words of Persian, Hindi, Sinhala
_TRAILING = "\u0e33\u0eb3\uff9e\uff9f"  # letters by name, marks by use: Thai am
_LETTER, _ALONE, _MARK, _JOINER, _GAP = range(5)


def split_words(sentence: str) -> list[str]:
    """The words of a sentence: lower case, split at all but letters and digits.

    A combining mark, for instance a vowel sign of Hindi or Arabic, belongs to the
    letter before it. Without spaces, only a dictionary finds the words. So each Han
    character and each kana is a word, and in Thai, Lao, Khmer and Burmese each letter
    with its marks.

    A word is its own list of words: `split_words(word) == [word]`. Raises InputError if
    the sentence is no string.
    """
    if not isinstance(sentence, str):
        raise InputError(
            f"expected a sentence, got {type(sentence).__name__} "
            f"{reprlib.repr(sentence)}"
        )
    text = unicodedata.normalize("NFC", sentence).lower()
    if not text or max(text) < "\u0300":
        return _WORD.findall(text)
    text = unicodedata.normalize("NFC", _SELECTORS.sub("", sentence)).lower()
    return _clusters(unicodedata.normalize("NFC", _DOTTED.sub("i", text)))


def _clusters(text: str) -> list[str]:
    """The words of a normal text in lower case, character by character."""
    words, joiner, last = [""], "", _GAP  # last: the kind of the last word's letters
    for c in text:
        kind = _kind(c)
        if kind == _JOINER:
            joiner += c
            continue
        if (kind == _MARK and last != _GAP) or kind == last == _LETTER:
            words[-1] += joiner + c
        elif kind == _ALONE and last == _ALONE and words[-1][-1] in _STACKERS:
            words[-1] += c
        elif kind in (_LETTER, _ALONE):
            words.append(c)
            last = kind
        else:
            last = _GAP
        joiner = ""
    return words[1:]


@functools.lru_cache(maxsize=1 << 16)
def _kind(c: str) -> int:
    if c in _TRAILING:
        return _MARK
    if c.isalnum():
        return _ALONE if _UNSPACED.match(c) and not c.isdecimal() else _LETTER
    if unicodedata.category(c) in ("Mn", "Mc"):
        return _MARK
    return _JOINER if c in _JOINERS else _GAP


def _together(words: Iterable[str]) -> str:
    """The words as a sentence, without spaces in a script that has none."""
    text, last = "", ""
    for word in words:
        close = last and _kind(last[0]) == _ALONE == _kind(word[0])
        text += word if close and last[-1] not in _STACKERS else f" {word}"
        last = word
    return text.lstrip()


class Vocabulary:
    """words -> integers: words[k] is k + 2, after PADDING and UNKNOWN.

    `length` is T, the number of words that a sentence may have. `len` is the number of
    different integers: the words, PADDING and UNKNOWN.

    Raises InputError for a length below 1, for a word that occurs twice, and for one
    that `split_words` would change.
    """

    def __init__(self, words: Iterable[str], length: int):
        self.words = _listed(words, "Vocabulary", "words", 'Vocabulary(["red"], 8)')
        self.length = _length(length)
        for word in self.words:
            if split_words(word) != [word]:
                raise InputError(
                    f"a vocabulary expects single words in lower case, "
                    f"got {reprlib.repr(word)}"
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

        Raises InputError if the sentences are one string, and if no word is left.
        """
        example = 'Vocabulary.of(["a red square", "a blue bar"])'
        sentences = _listed(sentences, "Vocabulary.of", "sentences", example)
        split = [split_words(sentence) for sentence in sentences]
        counts = Counter(word for words in split for word in words)
        words = sorted(word for word, n in counts.items() if n >= least)
        if not words:
            raise InputError(_nothing_left(len(split), counts, least))
        longest = max(map(len, split))
        return cls(words, longest if length is None else length)

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
        return _together(names[k] for k in tokens if k != PADDING)

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


def _listed(items, who: str, what: str, example: str) -> tuple[str, ...]:
    """The items as a tuple. InputError if they are one string, or cannot be listed."""
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise InputError(
            f"{who} expects a list of {what}, as in {example}, "
            f"got {type(items).__name__} {reprlib.repr(items)}"
        )
    return tuple(items)


def _length(length) -> int:
    try:
        number = operator.index(length)
    except TypeError:
        number = 0
    if number < 1:
        raise InputError(
            f"a vocabulary expects a length >= 1, got {reprlib.repr(length)}"
        )
    return number


def _nothing_left(n: int, counts: Counter, least: int) -> str:
    if not counts:
        return f"expected sentences with letters or digits, found none in {n}"
    word, most = counts.most_common(1)[0]
    return (
        f"expected words that occur at least {least} times, found none in {n} "
        f"sentences: {reprlib.repr(word)} is the most frequent, {most} times"
    )
