"""Digits by WGAN-GP: a gradient penalty, a drift penalty, LayerNorm in the critic."""

from tinygan import (
    WGANGP,
    Adam,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Drift,
    Flatten,
    LayerNorm,
    LeakyReLU,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
    Wasserstein,
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
        Conv2d(4, 4, stride=2, pad=1),  # 4x4
        LeakyReLU(0.2),
        Conv2d(8, 4, stride=2, pad=1),  # 2x2
        LayerNorm(),
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
        objective=Wasserstein(),
        opt_G=Adam(lr, beta1=0.5, beta2=0.9),
        opt_D=Adam(lr, beta1=0.5, beta2=0.9),
        steps=steps,
        batch=batch,
        seed=seed,
        k=3,
        decay=True,
        penalties=[WGANGP(10.0), Drift(0.001)],
    )
