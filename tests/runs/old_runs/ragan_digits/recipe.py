"""Digits by a relativistic average GAN whose players share G(z)."""

from tinygan import (
    Adam,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dense,
    Flatten,
    LeakyReLU,
    RelativisticAverage,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
    Upsample2d,
)
from tinygan.data import load_digits
from tinygan.experiment import Experiment, Latent


def recipe(steps=12, batch=8, lr=1e-3, seed=0):
    G = Sequential(
        Dense(4 * 4 * 8, bias=False),
        Reshape(4, 4, 8),
        BatchNorm(),
        ReLU(),
        Upsample2d(),  # 8x8
        Conv2d(1, 3, pad=1),
        Tanh(),
    )
    D = Sequential(
        Conv2d(4, 3, pad=1, bias=False),
        BatchNorm(),
        LeakyReLU(0.2),
        AvgPool2d(),  # 4x4
        Flatten(),
        Dense(1, bias=False),  # it would cancel out
    )
    return Experiment(
        G=G,
        D=D,
        shape=(8, 8, 1),
        data=load_digits,
        latent=Latent(8),
        objective=RelativisticAverage(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
        shared=True,
    )
