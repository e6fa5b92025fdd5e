"""Digits in colour, 32x32, from a sentence: --text "a small green three on the left".

GAN-CLS (Reed et al. 2016) at a small size, with a projection discriminator and a second
head; `between=0.25` would make it GAN-INT as well. Both networks read the sentence with
a text encoder of their own, learnt with the rest: word embeddings, a convolution over
three words, their mean. D makes features of the picture and takes their inner product
with what it read; it sees three kinds of pairs, (real, right), (real, wrong) and (fake,
right) sentence, where half of the wrong ones have most words in common with the right
one. Its second head tells from the picture alone which words the sentence has: that
teaches it the digits, which few wrong sentences would. G paints: it makes a mask and
two colours, and every layer of the mask is told the text anew. Noise on D's input,
which fades during the first quarter, hides the grain of G's first pictures from it:
without it, D sometimes won before G had found any colour. Once G can
write what it is asked for, it pays for writing it always in the same way.

Pictures and sentences are drawn by a grammar over real digits: the embedded ones, or
those of --data (MNIST). The run takes about half an hour on two cores.
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


def networks(words: int, paint: bool, steps: int, C=32, side=32):
    """G: (z, y) -> (side, side, 3) and D: (x, y) -> ((s, c), y), the logit and one for
    each of `words`, the vocabulary's; C channels next to the image.

    `side` is a multiple of 4. With `paint` G makes a mask and two colours, else a
    colour for each pixel. The noise on D's input is gone after so many steps.
    """
    init, least = normal(0.02), side // 4

    def told(*layers):
        """(h, t) -> layers(h joined with a few numbers made of t)."""
        return Sequential(Parallel(Identity(), Dense(16)), Concat(), *layers)

    def beside(layer):
        """(h, t) -> (layer(h, t), t)."""
        return Branch(layer, Pick(1))

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
        beside(Sequential(Concat(), dense(512), BatchNorm(), ReLU())),
        beside(told(*maps, BatchNorm(), ReLU())),  # 8x8 of 32x32
        beside(told(up(C, bias=False), BatchNorm(), ReLU())),  # 16x16
    )
    if paint:
        mask = Sequential(*body, told(up(1), Sigmoid()))  # 32x32
        picture = Branch(mask, colour(), colour()), Paint()
    else:
        picture = *body, told(up(3), Tanh())
    G = Sequential(Parallel(Identity(), text_encoder()), *picture)
    look = Sequential(
        InstanceNoise(0.5, steps),
        down(C),  # 16x16
        LeakyReLU(0.2),
        down(2 * C, bias=False),  # 8x8
        BatchNorm(),
        LeakyReLU(0.2),
        Flatten(),
        dense(256),
        BatchNorm(),
        LeakyReLU(0.2),
    )
    asked = Dense(256, init=normal(1 / 16))
    fits = Sequential(Parallel(Identity(), asked), InnerProduct())  # <h, A t + b>
    tells = Sequential(Pick(0), Dense(words))
    judged = Sequential(Parallel(look, text_encoder()), Branch(fits, tells))
    return G, beside(judged)


def recipe(steps=10_000, batch=64, lr=1e-3, seed=0, data=None):
    digits = load_digits() if data is None else mnist(data)
    words, diversity = vocabulary(), Diversity(20, limit=0.07)
    G, D = networks(len(words), paint=True, steps=max(1, steps // 4))
    return Experiment(
        G=G,
        D=D,
        shape=(32, 32, 3),
        data=lambda: captioned_digits(12_000, seed, digits),
        unseen=lambda: captioned_digits(4_000, seed, digits, held_out=True),
        condition=Sentences(words, sentences(400, seed)),
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
