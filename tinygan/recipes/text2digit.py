"""Digits in colour, 32x32, from a sentence: --text "a small green three on the left".

This is GAN-CLS (Reed et al. 2016) at a small size, with a projection discriminator and
a second head. `Experiment(between=0.25)` and `Sentences(mixed=2)` would make it GAN-INT
as well. Each network reads the sentence with its own text encoder, learnt with the
rest: word embeddings, a convolution over three words, their mean.

D makes features of the picture and takes their inner product with the features of the
sentence. It sees three kinds of pairs: a real picture with its sentence, a real picture
with a wrong sentence, and a fake picture with its sentence. Half of the wrong sentences
are chosen to share the most words with the right one. The second head tells from the
picture alone which words the sentence has. This teaches D the digits, which few wrong
sentences would do. Noise on D's input fades during the first quarter of the run. It
hides the grain of G's first pictures: without it, D sometimes won before G had found
any colour.

G paints: it makes a mask and two colours, and every layer of the mask sees the text
again. Once G can write what it is asked for, it pays for always writing it in the same
way.

A grammar draws scenes and sentences, and the pictures use real digits: the embedded
ones, or MNIST's with --data. The run takes about half an hour on two cores.
"""

from tinygan import (
    Adam,
    AuxiliaryWords,
    BatchNorm,
    Branch,
    Concat,
    Conv1d,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Diversity,
    Each,
    Embedding,
    Flatten,
    Identity,
    InnerProduct,
    InstanceNoise,
    LeakyReLU,
    MeanPool,
    Mismatch,
    Paint,
    Parallel,
    Pick,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Tanh,
    normal,
)
from tinygan.data import captioned_digits, load_digits, sentences, vocabulary
from tinygan.recipes import mnist
from tinygan.runs import Experiment, Latent, Sentences


def text_encoder(words=64, features=128):
    """(N, mixed, T) words -> (N, features)

    All sentences of a grammar are alike. BatchNorm takes away the part that they have
    in common.
    """
    phrases = (Conv1d(features, 3, pad=1), LeakyReLU(0.2), MeanPool())
    return Sequential(
        Embedding(words),
        Each(Sequential(*phrases)),  # for each sentence
        MeanPool(),  # over the sentences
        Dense(features, bias=False),
        BatchNorm(),
        LeakyReLU(0.2),
    )


def generator(plain: bool, C=32, side=32):
    """G: (z, y) -> (side, side, 3), `side` a multiple of 4; C channels at half of it.

    It paints with ink on a ground of one colour. A `plain` ink has one colour, too;
    otherwise the ink has a colour for each pixel.
    """
    least = side // 4
    maps = dense(least * least * 2 * C), Reshape(least, least, 2 * C)
    body = (
        beside(Sequential(Concat(), dense(512), BatchNorm(), ReLU())),
        beside(told(*maps, BatchNorm(), ReLU())),  # 8x8 of 32x32
        beside(told(up(C, bias=False), BatchNorm(), ReLU())),  # 16x16
    )
    mask = told(up(1), Sigmoid())  # 32x32
    ink = colour() if plain else told(up(3), Tanh())
    painted = *body, Branch(mask, ink, colour()), Paint()
    return Sequential(Parallel(Identity(), text_encoder()), *painted)


def discriminator(words: int, look, asked):
    """D: (x, y) -> ((s, c), y), the logit s, and c with a logit for each of the words.

    `look` turns the picture into h, and `asked` turns the text into a vector as long.
    """
    fits = Sequential(Parallel(Identity(), asked), InnerProduct())  # <h, A t + b>
    tells = Sequential(Pick(0), Dense(words))
    return beside(Sequential(Parallel(look, text_encoder()), Branch(fits, tells)))


def told(*layers):
    """(h, t) -> layers(h joined with a few numbers made of t)"""
    return Sequential(Parallel(Identity(), Dense(16)), Concat(), *layers)


def beside(layer):
    """(h, t) -> (layer(h, t), t)"""
    return Branch(layer, Pick(1))


def colour():
    """(h, t) -> a colour for t"""
    return Sequential(Pick(1), Dense(64), LeakyReLU(0.2), Dense(3), Tanh())


def dense(n):
    """A dense layer without bias: BatchNorm comes after it."""
    return Dense(n, bias=False, init=normal(0.02))


def up(C, bias=True):
    """A layer that makes the picture twice as high and wide."""
    return ConvTranspose2d(C, 4, stride=2, pad=1, bias=bias, init=normal(0.02))


def down(C, bias=True):
    """A layer that makes the picture half as high and wide."""
    return Conv2d(C, 4, stride=2, pad=1, bias=bias, init=normal(0.02))


def recipe(steps=10_000, batch=64, lr=1e-3, seed=0, data=None):
    digits = load_digits() if data is None else mnist(data)
    words, diversity = vocabulary(), Diversity(20, limit=0.07)
    look = Sequential(
        InstanceNoise(0.5, max(1, steps // 4)),
        down(32),  # 16x16
        LeakyReLU(0.2),
        down(64, bias=False),  # 8x8
        BatchNorm(),
        LeakyReLU(0.2),
        Flatten(),
        dense(256),
        BatchNorm(),
        LeakyReLU(0.2),
    )
    return Experiment(
        G=generator(plain=True),
        D=discriminator(len(words), look, Dense(256, init=normal(1 / 16))),
        shape=(32, 32, 3),
        data=lambda: captioned_digits(12_000, seed, digits),
        unseen=lambda: captioned_digits(4_000, seed, digits, held_out=True),
        condition=Sentences(words, sentences(400, seed), mixed=1),
        latent=Latent(32),
        objective=AuxiliaryWords(weight=0.2),
        penalties=[Mismatch(0.5, near=0.5)],
        diversity=lambda turn: diversity if turn >= 0.4 * steps else None,
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr / 2, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
