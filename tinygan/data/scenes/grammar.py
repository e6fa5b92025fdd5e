"""The grammar: sentences about a scene, with synonyms and varied order.

Every sentence means exactly one scene: an attribute that it does not mention has its
default value.
"""

import numpy as np

from ..words import Vocabulary, split_words
from .scene import COLOURS, Scene, one_of

# The words of the grammar. Each has one meaning in its place.
_TO_FOUR = ("zero", "one", "two", "three", "four")
_TO_NINE = ("five", "six", "seven", "eight", "nine")
_NAMES = [
    ((word, str(k)), (word + ("es" if word == "six" else "s"), f"{k}s"))
    for k, word in enumerate(_TO_FOUR + _TO_NINE)
]
_COLOUR_WORDS = {name: (name,) for name in COLOURS} | {
    "grey": ("grey", "gray"),
    "purple": ("purple", "violet"),
}
_SIZE_WORDS = {"large": ("large", "big"), "small": ("small", "little")}
_THICKNESS_WORDS = {
    "thin": ("thin", "slender"),
    "medium": ("",),
    "thick": ("thick", "bold"),
}
_POSITION_WORDS = {
    "centre": ("in the centre", "in the center", "in the middle"),
    "left": ("on the left", "at the left"),
    "right": ("on the right", "at the right"),
    "top": ("at the top", "near the top"),
    "bottom": ("at the bottom", "near the bottom"),
    "left and right": ("left and right", "side by side"),
    "top and bottom": ("top and bottom", "one above the other"),
}
_ONE, _TWO = ("", "a", "one"), ("two", "a pair of")
_ON = ("on a {} background", "on {}", "against {}")
_AFTER_AN = ("orange", "eight", "8")


def describe(scene: Scene, rng: np.random.Generator) -> str:
    """A sentence about the scene, drawn at random from many.

    A medium thickness is never said. Other defaults are left out half of the time: a
    black background, the centre, and the size that the position implies (large in the
    centre, small elsewhere and for two digits).
    """
    several = scene.count > 1
    default = "large" if scene.position == "centre" else "small"
    size = _said(rng, _SIZE_WORDS[scene.size], scene.size == default)
    thickness = one_of(_THICKNESS_WORDS[scene.thickness], rng)
    ink = one_of(_COLOUR_WORDS[scene.ink], rng)
    noun = one_of(_NAMES[scene.digit][several], rng)
    where = _said(rng, _POSITION_WORDS[scene.position], scene.position == "centre")
    ground = _said(rng, _COLOUR_WORDS[scene.background], scene.background == "black")
    ground = ground and one_of(_ON, rng).format(ground)

    adjectives = [size, thickness] if rng.random() < 0.5 else [thickness, size]
    words = [*adjectives, ink, noun]
    if rng.random() < 0.25:
        words = [*adjectives, noun, "in", ink]
    words = [word for word in words if word]
    article = one_of(_TWO if several else _ONE, rng)
    if article == "a" and words[0] in _AFTER_AN:
        article = "an"
    what = " ".join([article, *words]).strip()

    order = rng.integers(4)
    if order == 0 and where:
        return _joined(", ", where, _joined(" ", what, ground))
    if order == 1 and ground:
        return _joined(", ", ground, _joined(", " if several else " ", what, where))
    if order == 2:
        return _joined(", ", _joined(" ", what, ground), where)
    return _joined(" ", _joined(", " if several else " ", what, where), ground)


def _said(rng, words, is_default: bool) -> str:
    """One of the words. A default is left out half of the time."""
    return "" if is_default and rng.random() < 0.5 else one_of(words, rng)


def _joined(between: str, *parts: str) -> str:
    return between.join(part for part in parts if part)


def _longest(*choices) -> int:
    """The number of words if every choice takes its longest phrase."""
    return sum(max(len(split_words(phrase)) for phrase in c) for c in choices)


def _all(words: dict) -> tuple[str, ...]:
    return tuple(word for synonyms in words.values() for word in synonyms)


_ADJECTIVES = (_all(_SIZE_WORDS), _all(_THICKNESS_WORDS))
_IN_COLOUR = tuple(f"in {word}" for word in _all(_COLOUR_WORDS))
_ON_COLOUR = tuple(on.format(word) for on in _ON for word in _all(_COLOUR_WORDS))
_NUMBERS = tuple(word for forms in _NAMES for form in forms for word in form)
_PHRASES = ((*_ONE, *_TWO, "an"), *_ADJECTIVES, _NUMBERS, _IN_COLOUR, _ON_COLOUR)
_PHRASES = (*_PHRASES, _all(_POSITION_WORDS))

LENGTH = _longest(*_PHRASES)  # words of the longest sentence


def all_words() -> list[str]:
    """Every word of the grammar, in alphabetical order."""
    phrases = (phrase for choices in _PHRASES for phrase in choices)
    return sorted({word for phrase in phrases for word in split_words(phrase)})


def vocabulary() -> Vocabulary:
    """The grammar's vocabulary: its words, and room for LENGTH words a sentence."""
    return Vocabulary(all_words(), LENGTH)
