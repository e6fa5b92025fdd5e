"""Digits by class: conditional BatchNorm in G, a projection discriminator."""

from tinygan import (
    Adam,
    ConditionalBatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    Hinge,
    Identity,
    LeakyReLU,
    Parallel,
    Pick,
    Projection,
    ReLU,
    Reshape,
    Sequential,
    SpectralNorm,
    Tanh,
)
from tinygan.conditions import Classes
from tinygan.data import Labelled, load_digits
from tinygan.experiment import Experiment, Latent


def beside(*layers):
    """(h, y) -> (layers(h), y)."""
    return Parallel(Sequential(*layers), Identity())


def recipe(steps=12, batch=8, lr=1e-3, seed=0):
    G = Sequential(
        beside(Dense(4 * 4 * 8, bias=False), Reshape(4, 4, 8)),
        ConditionalBatchNorm(gamma_std=0.5),
        Pick(0),
        ReLU(),
        ConvTranspose2d(1, 4, stride=2, pad=1),  # 8x8
        Tanh(),
    )
    D = Sequential(
        beside(
            SpectralNorm(Conv2d(4, 4, stride=2, pad=1)),  # 4x4
            LeakyReLU(0.2),
            Flatten(),
            SpectralNorm(Dense(8)),
            LeakyReLU(0.2),
        ),
        Projection(),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(8, 8, 1),
        data=lambda: Labelled(load_digits()),
        condition=Classes(10),
        latent=Latent(8),
        objective=Hinge(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr / 2, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
