"""Spoken digits that are asked for, by a WaveGAN (--label 7; needs --data).

    tinygan train cwavegan-digits --data recordings.zip
    tinygan sample runs/cwavegan-digits --label 7 --n 10 --out sevens.wav

The classes are folders, or the beginnings of names such as 7_jackson_32.wav. For other
names `--labels "*-{label}"` says where the class stands. Each sound is cut or padded to
`--size` samples at 8,000 Hz. The class goes into G as an embedding beside z, and into D
as a projection (Miyato and Koyama 2018).
"""

from tinygan.data import Labelled
from tinygan.recipes import sounds
from tinygan.recipes.wavegan_digits import RATE, C
from tinygan.recipes.wavegan_tones import game, of_class
from tinygan.runs import Classes


def recipe(
    steps=3000,
    batch=32,
    lr=1e-3,
    seed=0,
    data=None,
    size=4096,
    labels=None,
    classes=None,
):
    if classes is None:  # as the data are
        data = sounds(data, size, RATE, labels)
        classes = list(Labelled(data).images.names)
    return game(
        size,
        RATE,
        steps,
        batch,
        lr,
        1.0,
        seed,
        data=lambda: Labelled(sounds(data, size, RATE, labels)),
        condition=Classes(len(classes), classes),
        decided={"classes": classes},
        **of_class(C, size, len(classes)),
    )
