"""A picture from a sentence, learnt from your own captioned images (needs --data).

The networks and the game of text2digit, but that G makes every pixel, on a folder or a
zip of images with a captions.csv or captions.tsv beside them. What the table says of
each image in further columns is not shown to the networks; `tinygan evaluate` asks for
it. If there are two such columns or more, a tenth of the combinations of the two with
the most values is kept from training, to be asked for as unseen.
"""

from tinygan import Adam, AuxiliaryWords, Mismatch
from tinygan.conditions import Sentences
from tinygan.data import load_captioned, split
from tinygan.errors import InputError
from tinygan.experiment import Experiment, Latent
from tinygan.recipes.text2digit import networks


def recipe(steps=6000, batch=64, lr=1e-3, seed=0, data=None):
    if data is None:
        raise InputError(
            "this recipe needs --data FOLDER or FILE.zip with captions.csv or "
            "captions.tsv (columns file, caption) and the images that it names"
        )
    every = load_captioned(data)
    H, W, _ = every.shape
    if H != W or H % 4:
        raise InputError(f"{data}: expected square images of 8, 12 ... pixels: {H}x{W}")
    known, unseen = every, None
    if len(every.attributes) >= 2:
        by = sorted(every.attributes, key=lambda k: -len(every.attributes[k][0]))[:2]
        known, unseen = split(every, by, share=0.1, seed=0)
    G, D = networks(
        len(every.vocabulary), paint=False, steps=max(1, steps // 3), side=H
    )
    return Experiment(
        G=G,
        D=D,
        shape=every.shape,
        data=lambda: known,
        unseen=unseen and (lambda: unseen),
        condition=Sentences(every.vocabulary, known.captions[:400]),
        latent=Latent(32),
        objective=AuxiliaryWords(weight=0.1),
        penalties=[Mismatch(0.5, near=0.5)],
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr / 2, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
