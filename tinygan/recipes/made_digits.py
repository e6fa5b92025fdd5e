"""Digits, 8x8, by MADE: dense layers with masks, without any download.

The digits are in black and white. The masks make the output for a pixel depend on the
pixels before it alone (Germain et al. 2015). So the likelihood of a digit is known
exactly, and the log tells that of digits that training never sees.
"""

from tinygan import MADE, Adam
from tinygan.likelihood import Bernoulli
from tinygan.recipes import binary_digits
from tinygan.runs import Autoregressive

HIDDEN = [200]


def recipe(steps=1500, batch=64, lr=2e-3, seed=0):
    return Autoregressive(
        net=MADE(HIDDEN),
        likelihood=Bernoulli(),
        shape=(8, 8, 1),
        data=lambda: binary_digits(),
        held_out=lambda: binary_digits(held_out=True),
        opt=Adam(lr),
        steps=steps,
        batch=batch,
        seed=seed,
        ema=0.995,
        decay=True,
    )
