"""Spoken digits by a WaveGAN, 4,096 samples at 8,000 Hz (needs --data).

    tinygan train wavegan-digits --data recordings.zip

Any folder or zip of short sounds will do; each is cut or padded to `--size` samples.
The networks are those of `wavegan-tones`, twice as wide, and there are no classes.
After seven minutes of one core a judge finds all ten digits among 1,000 samples, in
each of three runs.
"""

from tinygan import Dense, Sequential
from tinygan.recipes import sounds
from tinygan.recipes.wavegan_tones import discriminator, game, generator

C = (128, 64, 32, 16)  # channels at T/256, T/64, T/16 and T/4 samples
RATE = 8000


def recipe(steps=3000, batch=32, lr=1e-3, seed=0, data=None, size=4096):
    return game(
        size,
        RATE,
        steps,
        batch,
        lr,
        1.0,
        seed,
        data=lambda: sounds(data, size, RATE),
        G=Sequential(*generator(C, size)),
        D=Sequential(*discriminator(C), Dense(1)),
    )
