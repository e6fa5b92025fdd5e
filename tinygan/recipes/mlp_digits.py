"""Handwritten digits, 8x8, by fully connected networks on the embedded data.

This is the smallest GAN here that makes images: no convolution, no normalisation.
"""

from tinygan import (
    Adam,
    Dense,
    Flatten,
    LeakyReLU,
    NonSaturating,
    Reshape,
    Sequential,
    Tanh,
)
from tinygan.data import load_digits
from tinygan.runs import Experiment, Latent


def recipe(steps=6000, batch=64, lr=2e-4, seed=0):
    G = Sequential(
        Dense(128),
        LeakyReLU(0.2),
        Dense(256),
        LeakyReLU(0.2),
        Dense(64),
        Tanh(),
        Reshape(8, 8, 1),
    )
    D = Sequential(
        Flatten(),
        Dense(256),
        LeakyReLU(0.2),
        Dense(128),
        LeakyReLU(0.2),
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
    )
