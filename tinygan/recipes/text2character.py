"""A picture from a sentence, learnt from your own captioned images (needs --data).

The game is text2digit's, with two differences. G chooses a colour for every pixel of
the figure, and one colour for the ground. D has spectral norms in place of BatchNorm,
and the hinge loss. They keep D calm without noise on its input: noise would let G's
pictures be as grainy as the noise is strong.

The images are a folder or a zip with a captions.csv or captions.tsv beside them, or a
published layout with captions. `--size 32` makes all of them 32x32. The networks do not
see the table's further columns, but `tinygan evaluate` asks for them.
If there are two or more, the two with the most values are combined, and a tenth of the
combinations is kept from training, to be asked for as unseen. With pictures of 32x32
the run takes about twenty minutes on two cores.
"""

from tinygan import (
    Adam,
    AuxiliaryWords,
    Conv2d,
    Dense,
    Flatten,
    Hinge,
    LeakyReLU,
    Mismatch,
    Scale,
    Sequential,
    SpectralNorm,
    normal,
)
from tinygan.data import load_captioned, split
from tinygan.errors import InputError
from tinygan.recipes.text2digit import discriminator, generator
from tinygan.runs import Experiment, Latent, Sentences


def calm(layer):
    """The layer with 2 W / sigma in place of W, and LeakyReLU."""
    return SpectralNorm(layer), Scale(2), LeakyReLU(0.2)


def recipe(steps=6000, batch=64, lr=1e-3, seed=0, data=None, size=None):
    if data is None:
        raise InputError(
            "this recipe needs --data FOLDER or FILE.zip with captions.csv or "
            "captions.tsv (columns file, caption) and the images that it names; "
            "tinygan data PATH tells what it holds"
        )
    every = load_captioned(data, size)
    H, W, _ = every.shape
    if H != W or H % 4:
        raise InputError(
            f"{data}: expected square images of 8, 12 ... pixels, found {H}x{W}; "
            "--size 32 cuts out the middle and scales it"
        )
    known, unseen = every, None
    if len(every.attributes) >= 2:
        by = sorted(every.attributes, key=lambda k: -len(every.attributes[k][0]))[:2]
        known, unseen = split(every, by, share=0.1, seed=0)
    look = Sequential(
        *calm(Conv2d(32, 4, stride=2, pad=1)),
        *calm(Conv2d(64, 4, stride=2, pad=1)),
        Flatten(),
        *calm(Dense(256)),
    )
    asked = SpectralNorm(Dense(256, init=normal(1 / 16)))
    return Experiment(
        G=generator(plain=False, side=H),
        D=discriminator(len(every.vocabulary), look, asked),
        shape=every.shape,
        data=lambda: known,
        unseen=unseen and (lambda: unseen),
        condition=Sentences(every.vocabulary, known.captions[:400], mixed=1),
        latent=Latent(32),
        objective=AuxiliaryWords(Hinge(), weight=0.1),
        penalties=[Mismatch(0.5, near=0.5)],
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr / 2, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
        shared=True,
    )
