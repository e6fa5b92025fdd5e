"""Digits in colour from a sentence: G reads it with a GRU, D with a convolution.

D also sees pictures with wrong sentences and names the words, and G paints, and pays
for pictures that are alike.
"""

from tinygan import (
    GRU,
    Adam,
    AuxiliaryWords,
    BatchNorm,
    Branch,
    Concat,
    Conv1d,
    Conv2d,
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
    Upsample2d,
)
from tinygan.conditions import Sentences
from tinygan.data import captioned_digits, load_digits, sentences, vocabulary
from tinygan.experiment import Experiment, Latent


def reader(*layers):
    """(N, mixed, T) words -> (N, 8), from the layers that read one sentence."""
    return Sequential(Embedding(4), Each(Sequential(*layers)), MeanPool())


def recipe(steps=12, batch=8, lr=1e-3, seed=0):
    mask = Sequential(
        Dense(4 * 4 * 4, bias=False),
        Reshape(4, 4, 4),
        BatchNorm(),
        ReLU(),
        Upsample2d(8),  # 32x32
        Conv2d(1, 3, pad=1),
        Sigmoid(),
    )
    ink, ground = (Sequential(Dense(3), Tanh()) for _ in range(2))
    G = Sequential(
        Parallel(Identity(), reader(GRU(8))),  # (z, y)
        Concat(),
        Branch(mask, ink, ground),
        Paint(),
    )
    look = Sequential(
        InstanceNoise(0.5, 8),
        Conv2d(4, 4, stride=4),  # 8x8
        LeakyReLU(0.2),
        Flatten(),
        Dense(8, bias=False),
        BatchNorm(),
        LeakyReLU(0.2),
    )
    words = vocabulary()
    heard = reader(Conv1d(8, 3, pad=1), LeakyReLU(0.2), MeanPool())
    heads = Branch(InnerProduct(), Sequential(Pick(0), Dense(len(words))))
    diversity = Diversity(20, limit=0.07)
    return Experiment(
        G=G,
        D=Branch(Sequential(Parallel(look, heard), heads), Pick(1)),
        shape=(32, 32, 3),
        data=lambda: captioned_digits(40, seed, load_digits()),
        condition=Sentences(words, sentences(20, seed), mixed=2),
        latent=Latent(8),
        objective=AuxiliaryWords(weight=0.2),
        penalties=[Mismatch(0.5, near=0.5)],
        between=0.25,
        diversity=lambda turn: diversity if turn >= 3 else None,
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr / 2, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
