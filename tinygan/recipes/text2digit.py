"""Digits in colour, 32x32, from a sentence: --text "a small green three on the left".

GAN-CLS and GAN-INT (Reed et al. 2016) at a small size. Both networks read the sentence
with a text encoder of their own, learnt with the rest: word embeddings, a convolution
over three words, their mean. It is told to every layer, as in cdcgan-mnist. D sees
three kinds of pairs: (real, right), (real, wrong) and (fake, right) sentence; half of
the wrong ones have most words in common with the right one. For a quarter of the fakes
the text lies between two sentences. G paints: it makes a mask and two colours. Noise on
D's input, which fades, hides the grain of G's first pictures from it, by which it would
tell them without looking at anything else.

Pictures and sentences are drawn by a grammar over real digits: the embedded ones, or
those of --data (MNIST).
"""

from tinygan import (
    Adam,
    BatchNorm,
    Branch,
    Concat,
    Conv1d,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Each,
    Embedding,
    Flatten,
    Identity,
    InstanceNoise,
    LeakyReLU,
    MeanPool,
    Mismatch,
    NonSaturating,
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
from tinygan.conditions import Sentences
from tinygan.data import captioned_digits, load_digits, sentences, vocabulary
from tinygan.experiment import Experiment, Latent
from tinygan.recipes import mnist


def text_encoder(words=64, features=128):
    """(N, mixed, T) words -> (N, features)

    BatchNorm, since all sentences of a grammar are alike: it takes away what they have
    in common.
    """
    phrases = (Conv1d(features, 3, pad=1), LeakyReLU(0.2), MeanPool())
    return Sequential(
        Embedding(words),
        Each(Sequential(*phrases)),  # of each sentence
        MeanPool(),  # between the sentences
        Dense(features, bias=False),
        BatchNorm(),
        LeakyReLU(0.2),
    )


def networks(paint: bool, steps: int, C=32, side=32):
    """G: (z, y) -> (side, side, 3) and D: (x, y) -> s, C channels next to the image.

    `side` is a multiple of 4; D's noise is gone after so many steps. In both networks
    every layer is told the text anew. With `paint` G makes a mask and two colours.
    """
    init, quiet, least = normal(0.02), normal(0.01), side // 4

    def told(*layers, text):
        """(h, t) -> layers(h joined with a few numbers made of t)."""
        return Sequential(Parallel(Identity(), text), Concat(), *layers)

    def paints(*layers):
        """The same in G, and t goes on beside it."""
        return Branch(told(*layers, text=Dense(16)), Pick(1))

    def sees(*layers):
        """The same in D, where the text is quiet: or D hears nothing else."""
        return Branch(told(*layers, text=Dense(16, init=quiet)), Pick(1))

    def up(C, **options):
        return ConvTranspose2d(C, 4, stride=2, pad=1, init=init, **options)

    def down(C, **options):
        return Conv2d(C, 4, stride=2, pad=1, init=init, **options)

    def dense(n):
        return Dense(n, bias=False, init=init)

    def colour():
        """(h, t) -> a colour for t."""
        return Sequential(Pick(1), Dense(64), LeakyReLU(0.2), Dense(3), Tanh())

    maps = dense(least * least * 2 * C), Reshape(least, least, 2 * C)
    body = (
        Branch(Sequential(Concat(), dense(512), BatchNorm(), ReLU()), Pick(1)),
        paints(*maps, BatchNorm(), ReLU()),  # 8x8 of 32x32
        paints(up(C, bias=False), BatchNorm(), ReLU()),  # 16x16
    )
    mask = Sequential(*body, told(up(1), Sigmoid(), text=Dense(16)))  # 32x32
    if paint:
        picture = Branch(mask, colour(), colour()), Paint()
    else:
        picture = *body, told(up(3), Tanh(), text=Dense(16))
    G = Sequential(Parallel(Identity(), text_encoder()), *picture)
    D = Sequential(
        Parallel(InstanceNoise(0.5, steps), text_encoder()),
        sees(down(C), LeakyReLU(0.2)),  # 16x16
        sees(down(2 * C, bias=False), BatchNorm(), LeakyReLU(0.2), Flatten()),  # 8x8
        sees(Dense(256), LeakyReLU(0.2)),
        Concat(),
        Dense(128),
        LeakyReLU(0.2),
        Dense(1, init=init),
    )
    return G, D


def recipe(steps=8000, batch=64, lr=5e-4, seed=0, data=None):
    digits = load_digits() if data is None else mnist(data)
    G, D = networks(paint=True, steps=steps)
    return Experiment(
        G=G,
        D=D,
        shape=(32, 32, 3),
        data=lambda: captioned_digits(10_000, seed, digits),
        unseen=lambda: captioned_digits(2_000, seed, digits, held_out=True),
        condition=Sentences(vocabulary(), sentences(400, seed)),
        between=0.25,
        latent=Latent(32),
        objective=NonSaturating(),
        penalties=[Mismatch(0.5, near=0.5)],
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(0.4 * lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
