"""Digits by class: D has to tell the class, an auxiliary classifier."""

from tinygan import (
    Adam,
    AuxiliaryClassifier,
    BatchNorm,
    Branch,
    Concat,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Embedding,
    Flatten,
    Identity,
    LeakyReLU,
    Parallel,
    Pick,
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
    trunk = (
        Pick(0),  # x alone
        Conv2d(4, 4, stride=2, pad=1, bias=False),  # 4x4
        BatchNorm(),
        LeakyReLU(0.2),
        Flatten(),
    )
    return Experiment(
        G=G,
        D=Branch(Sequential(*trunk, Branch(Dense(1), Dense(10))), Pick(1)),
        shape=(8, 8, 1),
        data=lambda: Labelled(load_digits()),
        condition=Classes(10),
        latent=Latent(8),
        objective=AuxiliaryClassifier(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
