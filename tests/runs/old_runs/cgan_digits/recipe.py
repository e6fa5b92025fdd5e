"""Digits by class: the class is joined to z in G and to the pixels in D."""

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
from tinygan.conditions import Classes
from tinygan.data import Labelled, load_digits
from tinygan.experiment import Experiment, Latent


def recipe(steps=12, batch=8, lr=1e-3, seed=0):
    G = Sequential(
        Parallel(Identity(), Embedding(4)),  # (z, y)
        Concat(),
        Dense(4 * 4 * 8, bias=False),
        Reshape(4, 4, 8),
        BatchNorm(),
        ReLU(),
        ConvTranspose2d(1, 4, stride=2, pad=1),  # 8x8
        Tanh(),
    )
    D = Sequential(
        Parallel(Identity(), Embedding(2)),  # (x, y)
        Concat(),  # 8x8x3
        Conv2d(4, 4, stride=2, pad=1, bias=False),  # 4x4
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
        latent=Latent(8),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
        ema=0.9,
    )
