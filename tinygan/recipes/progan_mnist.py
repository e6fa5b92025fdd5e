"""MNIST that grows from 4x4 pixels to 32x32 (needs --data).

Progressive growing (Karras et al. 2018); the recipe `progan` tells how. MNIST's 28x28
pixels get a border of 2 black ones. `--images` real digits are shown at the last level,
after its fade.
"""

from tinygan.recipes import mnist
from tinygan.recipes.progan import doubling, growing, widths


def recipe(steps=None, batch=16, lr=1e-3, seed=0, images=60_000, data=None, **reading):
    C = widths(4)  # of 4x4, 8x8, 16x16 and 32x32
    return growing(
        C,
        4,
        (32, 32, 1),
        lambda: mnist(data, **reading).bordered(2),
        doubling(images, C),
        steps,
        batch,
        lr,
        seed,
    )
