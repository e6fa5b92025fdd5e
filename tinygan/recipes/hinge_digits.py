"""Handwritten digits, 8x8: the hinge loss and a spectrally normalised critic.

Every weight matrix of the critic is divided by its largest singular value, with one
power iteration a step. Nothing else keeps the critic smooth: no BatchNorm, no penalty.
The hinge loss ignores samples that the critic already tells apart by a margin (Miyato
et al. 2018).
"""

from tinygan import (
    Adam,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    Hinge,
    LeakyReLU,
    ReLU,
    Reshape,
    Sequential,
    SpectralNorm,
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
        SpectralNorm(Conv2d(32, 3, stride=1, pad=1)),
        LeakyReLU(0.1),
        SpectralNorm(Conv2d(32, 4, stride=2, pad=1)),  # 4x4
        LeakyReLU(0.1),
        SpectralNorm(Conv2d(64, 4, stride=2, pad=1)),  # 2x2
        LeakyReLU(0.1),
        Flatten(),
        SpectralNorm(Dense(1)),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(8, 8, 1),
        data=load_digits,
        latent=Latent(32),
        objective=Hinge(),
        opt_G=Adam(lr, beta1=0.0, beta2=0.9),
        opt_D=Adam(lr, beta1=0.0, beta2=0.9),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
