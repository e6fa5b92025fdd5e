"""Handwritten digits that grow: 2x2 pixels, then 4x4, then 8x8, on the embedded data.

Progressive growing (Karras et al. 2018) at a small size. G and D first play for
pictures of 2x2 pixels. Then each level doubles the side. Its layers fade in while
`--images` real digits are shown, and stay for as many. The recipe `progan` tells more.
"""

from tinygan.data import load_digits
from tinygan.recipes.progan import growing


def recipe(steps=None, batch=32, lr=2e-3, seed=0, images=15_000):
    C = [64, 48, 32]  # channels at 2x2, 4x4 and 8x8
    shape = (8, 8, 1)
    return growing(C, 2, shape, load_digits, images, steps, batch, lr, seed)
