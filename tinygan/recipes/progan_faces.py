"""Faces in colour that grow from 4x4 pixels to 32x32 (needs --data nouns_32.zip).

Progressive growing (Karras et al. 2018); the recipe `progan` tells how. The faces are
pixel art of 32x32 pixels: a head, glasses, a body, an accessory and a background each.
`--images` of them are shown at the last level, after its fade.
"""

from tinygan.recipes import read_pictures
from tinygan.recipes.progan import doubling, growing, widths


def recipe(steps=None, batch=16, lr=1e-3, seed=0, images=60_000, data=None, **reading):
    C = widths(4)  # of 4x4, 8x8, 16x16 and 32x32
    return growing(
        C,
        4,
        (32, 32, 3),
        lambda: read_pictures(data, channels=3, **({"size": 32} | reading)),
        doubling(images, C),
        steps,
        batch,
        lr,
        seed,
    )
