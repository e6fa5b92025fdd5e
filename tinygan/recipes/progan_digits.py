"""Handwritten digits that grow: 2x2 pixels, then 4x4, then 8x8, on the embedded data.

Progressive growing (Karras et al. 2018) at a small size; the recipe `progan` tells how.
At the last level `--images` real digits are shown after its fade, and far fewer before.
The game is that of StyleGAN (Karras et al. 2019): the non-saturating loss, and D pays
for its slope at real samples (R1). Here it needs fewer turns than WGAN-GP.
"""

from tinygan import R1, NonSaturating
from tinygan.data import load_digits
from tinygan.growth import Level
from tinygan.recipes.progan import growing
from tinygan.runs import Latent


def recipe(steps=None, batch=32, lr=3e-3, seed=0, images=75_000):
    few = -(-images // 15)  # rounded up
    return growing(
        [32, 24, 16],  # channels at 2x2, 4x4 and 8x8
        2,
        (8, 8, 1),
        load_digits,
        [Level(few), Level(few, few), Level(images, few)],
        steps,
        batch,
        lr,
        seed,
        latent=Latent(32),
        objective=NonSaturating(),
        penalties=[R1(0.3)],
        decay=True,
        ema=0.995,
    )
