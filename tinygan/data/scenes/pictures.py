"""Captioned digits: pictures, and sentences that say all there is to see in them.

A scene is chosen at random (scene.py), painted with real handwriting (strokes.py), and
described by a sentence (grammar.py).
"""

import numpy as np

from ...errors import DataError
from ...rng import CAPTIONS, generator
from ..captioned import Captioned
from ..images import Images
from .grammar import describe, vocabulary
from .scene import COLOURS, POSITIONS, SIDES, VALUES, WIDTHS, Scene, held_out
from .strokes import centreline, pen_drawn

SIZE = 32  # pixels: the height and the width of a picture


def draw(scene: Scene, digits: Images, rng: np.random.Generator) -> np.ndarray:
    """A picture of the scene, (32, 32, 3) bytes:

        pixel = background + alpha (ink - background)

    alpha is the centreline of one of `digits`, drawn with a pen (strokes.py). Places
    vary by 3/4 of a pixel, sizes and widths by a twentieth, colours by 8 of 255.

    Raises DataError unless the digits have one channel, and labels with the scene's
    digit among them.
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
    """The centreline of one of the digits. If it misses much of the ink, as it does
    when a loop is filled, another digit is tried, up to thirty times.
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
    """n scenes as pictures with captions: withheld scenes if `held_out`, else others.

    digits: real handwriting, as `load_digits()` or MNIST

    The vocabulary is the whole grammar's, the attributes are Scene's, and the labels
    are the digits. The same seed gives the same pairs, and a larger n only adds more.

    Raises ValueError for n < 1, and DataError as `draw` does.
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
    """n sentences about random scenes: withheld ones if `held_out`, else others."""
    rng = generator(seed, CAPTIONS, 2 + int(held_out))
    return [describe(_scene(rng, held_out), rng) for _ in range(n)]


def _scene(rng, withheld: bool) -> Scene:
    while True:
        scene = Scene.sample(rng)
        if held_out(scene) == withheld:
            return scene
