"""Digits by the hinge loss and a spectrally normalised critic."""

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
from tinygan.experiment import Experiment, Latent


def recipe(steps=12, batch=8, lr=1e-3, seed=0):
    G = Sequential(
        Dense(4 * 4 * 8, bias=False),
        Reshape(4, 4, 8),
        BatchNorm(),
        ReLU(),
        ConvTranspose2d(1, 4, stride=2, pad=1),  # 8x8
        Tanh(),
    )
    D = Sequential(
        SpectralNorm(Conv2d(4, 3, stride=1, pad=1)),
        LeakyReLU(0.1),
        SpectralNorm(Conv2d(8, 4, stride=2, pad=1), n_iterations=2),  # 4x4
        LeakyReLU(0.1),
        Flatten(),
        SpectralNorm(Dense(1)),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(8, 8, 1),
        data=load_digits,
        latent=Latent(8),
        objective=Hinge(),
        opt_G=Adam(lr, beta1=0.0, beta2=0.9),
        opt_D=Adam(lr, beta1=0.0, beta2=0.9),
        steps=steps,
        batch=batch,
        seed=seed,
        k=2,
        decay=True,
    )
