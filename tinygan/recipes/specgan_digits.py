"""Spoken digits that are asked for, by a SpecGAN (--label 7; needs --data).

    tinygan train specgan-digits --data recordings.zip
    tinygan sample runs/specgan-digits --label 7 --n 10 --out sevens.wav

G paints the spectrogram of a sound, and Griffin-Lim finds a sound that has it (Donahue
et al. 2019, sec. 3.2). The picture has a row for each 64 samples, and 64 frequencies.
The game and the classes are those of `cwavegan-digits`, so the two roads can be
compared: only the networks differ, a DCGAN here. `--size` is a multiple of 1,024
samples.
"""

from tinygan import (
    Concat,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Embedding,
    Flatten,
    Identity,
    InputError,
    LeakyReLU,
    Parallel,
    Projection,
    Reshape,
    Sequential,
    Tanh,
    he,
)
from tinygan.data import Labelled, Spectrograms
from tinygan.recipes import sounds
from tinygan.recipes.r3gan_faces import rules
from tinygan.runs import Classes, Experiment, Latent
from tinygan.sound import Magnitudes

RATE = 8000
FREQUENCIES, HOP = 64, 64  # of a picture; samples from one row to the next
C = (128, 64, 32, 16)  # channels at 4, 8, 16 and 32 frequencies
EMBEDDING = 32  # numbers of a class, beside z
STEP = HOP * 2 ** len(C)  # samples of a sound for each row of the smallest features


def generator(C, M: int) -> list:
    """G's layers, from z to pictures (M, 64, 1).      C: channels, from the smallest"""
    M, K = M // 2 ** len(C), FREQUENCIES // 2 ** len(C)
    layers = [Dense(M * K * C[0]), Reshape(M, K, C[0]), LeakyReLU(0.2)]
    for c in C[1:]:
        layers += [ConvTranspose2d(c, 4, 2, 1), LeakyReLU(0.2)]
    return [*layers, ConvTranspose2d(1, 4, 2, 1, init=he(1)), Tanh()]


def discriminator(C) -> list:
    """D's layers, from pictures to features."""
    layers = []
    for c in C[::-1]:
        layers += [Conv2d(c, 4, 2, 1), LeakyReLU(0.2)]
    return [*layers, Flatten()]


def recipe(
    steps=2500,
    batch=32,
    lr=1e-3,
    seed=0,
    data=None,
    size=4096,
    labels=None,
    classes=None,
):
    if size < STEP or size % STEP:
        raise InputError(
            f"--size {size}: expected a multiple of {STEP:,} samples, such as 4096"
        )
    if classes is None:  # as the data are
        data = sounds(data, size, RATE, labels)
        classes = list(Labelled(data).images.names)
    way = Magnitudes(RATE, 2 * FREQUENCIES, HOP)
    z_and_class = Parallel(Identity(), Embedding(EMBEDDING)), Concat()
    features = Parallel(Sequential(*discriminator(C)), Identity())
    return Experiment(
        G=Sequential(*z_and_class, *generator(C, size // HOP)),
        D=Sequential(features, Projection()),
        shape=(size // HOP, FREQUENCIES, 1),
        data=lambda: Labelled(
            Spectrograms(sounds(data, size, RATE, labels), way.pictures)
        ),
        latent=Latent(32),
        condition=Classes(len(classes), classes),
        decided={"classes": classes},
        steps=steps,
        batch=batch,
        seed=seed,
        ema=0.995,
        sound=way,
        **rules(lr, 1.0),
    )
