"""Digits by a DCGAN with BatchNorm in both networks; the samples are of G's average."""

from tinygan import (
    Adam,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    LeakyReLU,
    NonSaturating,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
    normal,
)
from tinygan.data import load_digits
from tinygan.experiment import Experiment, Latent


def recipe(steps=12, batch=8, lr=1e-3, seed=0):
    G = Sequential(
        Dense(2 * 2 * 8, bias=False, init=normal(0.1)),
        Reshape(2, 2, 8),
        BatchNorm(gamma_std=0.02),
        ReLU(),
        ConvTranspose2d(4, 4, stride=2, pad=1, bias=False),  # 4x4
        BatchNorm(),
        ReLU(),
        ConvTranspose2d(1, 4, stride=2, pad=1),  # 8x8
        Tanh(),
    )
    D = Sequential(
        Conv2d(4, 4, stride=2, pad=1),  # 4x4
        LeakyReLU(0.2),
        Conv2d(8, 4, stride=2, pad=1, bias=False),  # 2x2
        BatchNorm(),
        LeakyReLU(0.2),
        Flatten(),
        Dense(1),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(8, 8, 1),
        data=load_digits,
        latent=Latent(8),
        objective=NonSaturating(real_label=0.9),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr / 2, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
        ema=0.9,
    )
