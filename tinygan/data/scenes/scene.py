"""Scenes: the contents of a picture of digits, and how often each occurs.

A scene is one digit, or the same digit twice, in ink on a background: thick or thin,
large or small, at some place. Some combinations are withheld from training, so that a
network can be asked for what it never saw.
"""

from dataclasses import dataclass

import numpy as np

from ...errors import InputError

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
SIDES = {"large": 25.0, "small": 13.0}  # a digit's side, in pixels
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


@dataclass(frozen=True)
class Scene:
    """One digit, or the same digit twice, in ink on a background.

    position: centre, left, right, top or bottom; for two digits "left and right" or
    "top and bottom". Only small digits leave the centre. Raises InputError for a value
    that is not in VALUES, and for values that do not go together.
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
        """A random scene. Digit, ink and thickness are uniform; the background is
        uniform among those on which the ink can be read.
        """
        ink = one_of(INKS, rng)
        grounds = [name for name, inks in BACKGROUNDS.items() if ink in inks]
        layouts = list(_LAYOUTS)
        size, position = layouts[rng.choice(len(layouts), p=list(_LAYOUTS.values()))]
        digit, thickness = int(rng.integers(10)), one_of(THICKNESSES, rng)
        return cls(digit, ink, one_of(grounds, rng), thickness, size, position)


# The values that each attribute of a scene may have.
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
    """Whether the scene's combination of digit, ink and position is withheld: if

        3 digit + ink + 7 position = 0 mod 10

    with ink and position as numbers, their places in INKS and POSITIONS. This holds for
    a tenth of all combinations. Training shows any two of the three together, with
    another third.
    """
    ink, position = INKS.index(scene.ink), list(POSITIONS).index(scene.position)
    return (3 * scene.digit + ink + 7 * position) % 10 == 0


def one_of(values, rng: np.random.Generator):
    """One of the values, each as likely as any other."""
    return values[int(rng.integers(len(values)))]
