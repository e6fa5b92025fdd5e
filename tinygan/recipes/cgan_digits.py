"""Handwritten digits, 8x8, by class: the conditional GAN (--label 7).

The class is joined to z in G and to x in D (Mirza and Osindero 2014). It is an
embedding, learnt with the rest; in D its numbers are further channels beside the
pixels. D judges the pair: a good seven is a fake if a three was asked for.
"""

from tinygan import (
    Adam,
    BatchNorm,
    Concat,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Embedding,
    Flatten,
    Identity,
    LeakyReLU,
    NonSaturating,
    Parallel,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
)
from tinygan.data import Labelled, load_digits
from tinygan.runs import Classes, Experiment, Latent


def recipe(steps=4000, batch=64, lr=1e-3, seed=0):
    G = Sequential(
        Parallel(Identity(), Embedding(16)),  # (z, y)
        Concat(),
        Dense(2 * 2 * 64, bias=False),
        Reshape(2, 2, 64),
        BatchNorm(),
        ReLU(),
        ConvTranspose2d(32, 4, stride=2, pad=1, bias=False),  # 4x4
        BatchNorm(),
        ReLU(),
        ConvTranspose2d(1, 4, stride=2, pad=1),  # 8x8
        Tanh(),
    )
    D = Sequential(
        Parallel(Identity(), Embedding(8)),  # (x, y)
        Concat(),  # 8x8x9
        Conv2d(32, 4, stride=2, pad=1),  # 4x4
        LeakyReLU(0.2),
        Conv2d(64, 4, stride=2, pad=1, bias=False),  # 2x2
        BatchNorm(),
        LeakyReLU(0.2),
        Flatten(),
        Dense(1),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(8, 8, 1),
        data=lambda: Labelled(load_digits()),
        condition=Classes(10),
        latent=Latent(32),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
