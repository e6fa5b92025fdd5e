"""Captioned digits: pictures, and sentences that say all that is to be seen in them.

A scene is drawn at random, painted with real handwriting, and described by a small
grammar with synonyms and varied order. Every sentence means exactly one scene: what it
leaves out is at its default. Some combinations are withheld, so that a network can be
asked for what it never saw.
"""

from dataclasses import dataclass

import numpy as np

from ..backend import generator
from ..errors import DataError, InputError
from .captioned import Captioned
from .images import Images
from .strokes import centreline, pen_drawn
from .words import Vocabulary, split_words

SIZE = 32  # pixels: the height and the width of a picture
CAPTIONS = 103  # what the random numbers are for, see `generator`

COLOURS = {
    "red": (215, 35, 35),
    "green": (30, 160, 65),
    "blue": (55, 95, 235),
    "yellow": (245, 215, 40),
    "orange": (245, 130, 20),
    "purple": (165, 65, 215),
    "white": (245, 245, 245),
    "grey": (130, 130, 130),
    "black": (15, 15, 15),
}
INKS = tuple(name for name in COLOURS if name != "grey")
# The inks that can be read on each background.
BACKGROUNDS = {
    "black": ("red", "green", "blue", "yellow", "orange", "purple", "white"),
    "white": ("red", "green", "blue", "orange", "purple", "black"),
    "grey": ("red", "blue", "yellow", "orange", "white", "black"),
    "blue": ("red", "yellow", "orange", "white", "black"),
    "green": ("red", "yellow", "orange", "purple", "white", "black"),
    "yellow": ("red", "green", "blue", "purple", "black"),
}
# The width of the pen, in pixels.
WIDTHS = {
    "large": {"thin": 1.6, "medium": 3.0, "thick": 5.4},
    "small": {"thin": 1.1, "medium": 1.9, "thick": 3.0},
}
THICKNESSES = ("thin", "medium", "thick")
SIDES = {"large": 25.0, "small": 13.0}  # of a digit, in pixels
# The middles of the digits, (row, column).
POSITIONS = {
    "centre": ((16, 16),),
    "left": ((16, 8),),
    "right": ((16, 24),),
    "top": ((8, 16),),
    "bottom": ((24, 16),),
    "left and right": ((16, 7.5), (16, 24.5)),
    "top and bottom": ((7.5, 16), (24.5, 16)),
}
# How often a scene has this size and position.
_LAYOUTS = {("large", "centre"): 0.3} | {
    ("small", position): 0.09 if len(places) == 1 else 0.125
    for position, places in POSITIONS.items()
}

# The words of the grammar: each of them has one meaning where it stands.
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


@dataclass(frozen=True)
class Scene:
    """What is to be seen: a digit, or twice the same one, in ink on a background.

    position: centre, left, right, top or bottom; for two digits "left and right" or
    "top and bottom". Only small digits leave the centre. Raises InputError for values
    that are none of those in this file, or that do not go together.
    """

    digit: int
    ink: str
    background: str = "black"
    thickness: str = "medium"
    size: str = "large"
    position: str = "centre"

    def __post_init__(self):
        for name, values in VALUES.items():
            value = getattr(self, name)
            if value not in values:
                known = ", ".join(map(str, values))
                raise InputError(f"expected a {name} of {known}, got {value!r}")
        if self.ink not in BACKGROUNDS[self.background]:
            raise InputError(f"{self.ink} ink cannot be read on {self.background}")
        if (self.size, self.position) not in _LAYOUTS:
            raise InputError(f"a large digit has no place at {self.position!r}")

    @property
    def count(self) -> int:
        """How many digits: 1 or 2."""
        return len(POSITIONS[self.position])

    @classmethod
    def sample(cls, rng: np.random.Generator) -> "Scene":
        """A scene at random: digit, ink and thickness uniform, the background uniform
        among those the ink can be read on.
        """
        ink = _one(rng, INKS)
        grounds = [name for name, inks in BACKGROUNDS.items() if ink in inks]
        layouts = list(_LAYOUTS)
        size, position = layouts[rng.choice(len(layouts), p=list(_LAYOUTS.values()))]
        digit, thickness = int(rng.integers(10)), _one(rng, THICKNESSES)
        return cls(digit, ink, _one(rng, grounds), thickness, size, position)


# What an attribute of a scene may be.
VALUES = {
    "digit": tuple(range(10)),
    "ink": INKS,
    "background": tuple(BACKGROUNDS),
    "thickness": THICKNESSES,
    "size": tuple(SIDES),
    "position": tuple(POSITIONS),
    "count": (1, 2),
}


def held_out(scene: Scene) -> bool:
    """Whether the scene has a combination of digit, ink and position that is withheld:
    a tenth of all of them,

        3 digit + ink + 7 position = 0 mod 10

    with ink and position by their number among INKS and POSITIONS. Any two of the
    three are seen together, with another third.
    """
    ink, position = INKS.index(scene.ink), list(POSITIONS).index(scene.position)
    return (3 * scene.digit + ink + 7 * position) % 10 == 0


def describe(scene: Scene, rng: np.random.Generator) -> str:
    """A sentence about the scene, one of many.

    Thickness is not said if medium. Half of the time, what is at its default is left
    out: a black background, the centre, and the size if it follows from the position
    (two digits and those off the centre are small; else the default is large).
    """
    several = scene.count > 1
    default = "large" if scene.position == "centre" else "small"
    size = _said(rng, _SIZE_WORDS[scene.size], scene.size == default)
    thickness = _one(rng, _THICKNESS_WORDS[scene.thickness])
    ink = _one(rng, _COLOUR_WORDS[scene.ink])
    noun = _one(rng, _NAMES[scene.digit][several])
    where = _said(rng, _POSITION_WORDS[scene.position], scene.position == "centre")
    ground = _said(rng, _COLOUR_WORDS[scene.background], scene.background == "black")
    ground = ground and _one(rng, _ON).format(ground)

    adjectives = [size, thickness] if rng.random() < 0.5 else [thickness, size]
    words = [*adjectives, ink, noun]
    if rng.random() < 0.25:
        words = [*adjectives, noun, "in", ink]
    words = [word for word in words if word]
    article = _one(rng, _TWO if several else _ONE)
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


def _one(rng, values):
    return values[int(rng.integers(len(values)))]


def _said(rng, words, is_default: bool) -> str:
    """One of the words; half of the time none if it is the default."""
    return "" if is_default and rng.random() < 0.5 else _one(rng, words)


def _joined(between: str, *parts: str) -> str:
    return between.join(part for part in parts if part)


def _longest(*choices) -> int:
    """The number of words of the longest phrases, one of each choice."""
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
    """The words of the grammar, for sentences of up to LENGTH of them."""
    return Vocabulary(all_words(), LENGTH)


def draw(scene: Scene, digits: Images, rng: np.random.Generator) -> np.ndarray:
    """A picture of the scene, (32, 32, 3) bytes:

        pixel = background + alpha (ink - background)

    alpha is the centreline of one of `digits`, drawn with a pen (see strokes.py).
    Places vary by 3/4 of a pixel, sizes and widths by a twentieth, colours by 8 of 255.

    Raises DataError unless the digits have labels, this one among them, and one
    channel.
    """
    ground, ink = (
        np.clip(np.array(COLOURS[name]) + rng.uniform(-8, 8, 3), 0, 255)
        for name in (scene.background, scene.ink)
    )
    side = SIDES[scene.size] * rng.uniform(0.95, 1.05)
    width = WIDTHS[scene.size][scene.thickness] * rng.uniform(0.95, 1.05)
    alpha = np.zeros((SIZE, SIZE))
    for place in POSITIONS[scene.position]:
        points = _handwriting(scene.digit, digits, rng)
        centre = place + rng.uniform(-0.75, 0.75, 2)
        alpha = np.maximum(alpha, pen_drawn(points, side, width, centre, SIZE))
    return np.rint(ground + alpha[..., None] * (ink - ground)).astype(np.uint8)


def _handwriting(digit: int, digits: Images, rng) -> np.ndarray:
    """The centreline of one of the digits. One that misses much of its ink, as when
    a loop is filled, is passed over for another, up to thirty times.
    """
    if digits.labels is None or digits.shape[2] != 1:
        raise DataError(f"expected digits with labels and one channel, got {digits!r}")
    which = np.flatnonzero(digits.labels == digit)
    if len(which) == 0:
        raise DataError(f"expected images of the digit {digit}, found none")
    for _ in range(30):
        pixels = digits.pixels[which[rng.integers(len(which))], :, :, 0]
        alpha = (pixels.astype(np.float64) - digits.low) / (digits.high - digits.low)
        points, missed = centreline(alpha)
        if missed < 0.04:
            return points
    if len(points) == 0:
        raise DataError(f"expected ink in the images of the digit {digit}, found none")
    return points


def captioned_digits(
    n: int, seed: int, digits: Images, held_out: bool = False
) -> Captioned:
    """n scenes as pictures with captions, those withheld or all others.

    digits: real handwriting, as `load_digits()` or MNIST. The vocabulary is that of the
    whole grammar; the attributes are those of Scene; the labels are the digits. The
    same seed gives the same pairs, and the first of them also for a larger n.

    Raises ValueError for n < 1, DataError as `draw`.
    """
    if n < 1:
        raise ValueError(f"captioned_digits expects n >= 1, got {n}")
    rng = generator(seed, CAPTIONS, int(held_out))
    scenes, captions = [], []
    pixels = np.empty((n, SIZE, SIZE, 3), np.uint8)
    for k in range(n):
        scene = _scene(rng, held_out)
        scenes.append(scene)
        captions.append(describe(scene, rng))
        pixels[k] = draw(scene, digits, rng)
    attributes = {
        name: (
            tuple(map(str, values)),
            np.array([values.index(getattr(scene, name)) for scene in scenes]),
        )
        for name, values in VALUES.items()
    }
    images = Images(pixels, 0, 255, attributes["digit"][1])
    images.classes = 10
    return Captioned(images, captions, vocabulary(), attributes)


def sentences(n: int, seed: int, held_out: bool = False) -> list[str]:
    """n sentences about scenes at random, those withheld or all others."""
    rng = generator(seed, CAPTIONS, 2 + int(held_out))
    return [describe(_scene(rng, held_out), rng) for _ in range(n)]


def _scene(rng, withheld: bool) -> Scene:
    while True:
        scene = Scene.sample(rng)
        if held_out(scene) == withheld:
            return scene
