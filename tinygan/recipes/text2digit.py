"""Digits in colour, 32x32, from a sentence: --text "a small green three on the left".

GAN-CLS and GAN-INT (Reed et al. 2016) at a small size. Both networks read the sentence
with a text encoder of their own, learnt with the rest: word embeddings, a convolution
over three words, their mean. G joins it to z, D to every place of its last 4 x 4 map,
and D sees three kinds of pairs: (real, right), (real, wrong), (fake, right) sentence.
For a quarter of the fakes the text lies between two sentences. Pictures and sentences
are drawn by a grammar over real digits: the embedded ones, or those of --data (MNIST).
"""

from tinygan import (
    Adam,
    BatchNorm,
    Concat,
    Conv1d,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Each,
    Embedding,
    Flatten,
    Identity,
    LeakyReLU,
    MatchingAware,
    MeanPool,
    Mismatch,
    Parallel,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
    normal,
)
from tinygan.conditions import Sentences
from tinygan.data import captioned_digits, load_digits, sentences, vocabulary
from tinygan.experiment import Experiment, Latent
from tinygan.recipes import mnist


def text_encoder(words=64, features=128):
    """(N, mixed, T) words -> (N, features)"""
    phrases = (Conv1d(features, 3, pad=1), LeakyReLU(0.2), MeanPool())
    return Sequential(
        Embedding(words),
        Each(Sequential(*phrases)),  # of each sentence
        MeanPool(),  # between the sentences
        Dense(features),
        LeakyReLU(0.2),
    )


def networks(C=32, side=32):
    """G: (z, y) -> (side, side, 3) and D: (x, y) -> s, C channels next to the image.

    `side` is a multiple of 8.
    """
    init, least = normal(0.02), side // 8

    def up(C, **options):
        return ConvTranspose2d(C, 4, stride=2, pad=1, init=init, **options)

    def down(C, **options):
        return Conv2d(C, 4, stride=2, pad=1, init=init, **options)

    G = Sequential(
        Parallel(Identity(), text_encoder()),
        Concat(),
        Dense(least * least * 4 * C, bias=False, init=init),
        Reshape(least, least, 4 * C),  # 4x4 of 32x32
        BatchNorm(),
        ReLU(),
        up(2 * C, bias=False),  # 8x8
        BatchNorm(),
        ReLU(),
        up(C, bias=False),  # 16x16
        BatchNorm(),
        ReLU(),
        up(3),  # 32x32
        Tanh(),
    )
    look = Sequential(
        down(C),  # 16x16
        LeakyReLU(0.2),
        down(2 * C, bias=False),  # 8x8
        BatchNorm(),
        LeakyReLU(0.2),
        down(4 * C, bias=False),  # 4x4
        BatchNorm(),
        LeakyReLU(0.2),
    )
    D = Sequential(
        Parallel(look, text_encoder()),
        Concat(),  # the text at every place
        Conv2d(4 * C, 1, bias=False, init=init),
        BatchNorm(),
        LeakyReLU(0.2),
        Flatten(),
        Dense(1, init=init),
    )
    return G, D


def recipe(steps=8000, batch=64, lr=5e-4, seed=0, data=None):
    digits = load_digits() if data is None else mnist(data)
    G, D = networks()
    return Experiment(
        G=G,
        D=D,
        shape=(32, 32, 3),
        data=lambda: captioned_digits(20_000, seed, digits),
        unseen=lambda: captioned_digits(2_000, seed, digits, held_out=True),
        condition=Sentences(vocabulary(), sentences(400, seed)),
        between=0.25,
        latent=Latent(32),
        objective=MatchingAware(),
        penalties=[Mismatch(0.5)],
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
