"""Handwritten digits, 8x8, by a small DCGAN on the embedded data (the default).

It follows DCGAN's rules (Radford et al. 2016) at a small size: strided convolutions,
BatchNorm except at G's output and D's input, ReLU in G, LeakyReLU in D, Adam with
beta1 = 0.5. The networks are small enough for a large learning rate, which falls to 0.
"""

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
)
from tinygan.data import load_digits
from tinygan.runs import Experiment, Latent


def recipe(steps=4000, batch=64, lr=1e-3, seed=0):
    G = Sequential(
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
        data=load_digits,
        latent=Latent(32),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
