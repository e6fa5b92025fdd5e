"""MNIST, 28x28, spectral normalisation and the hinge loss (needs --data).

The generator of dcgan-mnist against a critic without BatchNorm, each of whose layers is
divided by its largest singular value, with LeakyReLU of slope 0.1 (Miyato et al. 2018).
Their Adam has betas 0 and .9 with five steps of D to one of G, at 2e-4; one step and
a larger rate, which falls to 0, do for 2,000 turns.
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
    normal,
)
from tinygan.experiment import Experiment, Latent
from tinygan.recipes import mnist


def recipe(steps=2000, batch=64, lr=1e-3, seed=0, data=None):
    init = normal(0.02)

    def norm():
        return BatchNorm(gamma_std=0.02)

    G = Sequential(
        Dense(512, bias=False, init=init),
        norm(),
        ReLU(),
        Dense(7 * 7 * 128, bias=False, init=init),
        Reshape(7, 7, 128),
        norm(),
        ReLU(),
        ConvTranspose2d(64, 4, stride=2, pad=1, bias=False, init=init),  # 14x14
        norm(),
        ReLU(),
        ConvTranspose2d(1, 4, stride=2, pad=1, init=init),  # 28x28
        Tanh(),
    )
    D = Sequential(
        SpectralNorm(Conv2d(64, 4, stride=2, pad=1)),  # 14x14
        LeakyReLU(0.1),
        SpectralNorm(Conv2d(128, 4, stride=2, pad=1)),  # 7x7
        LeakyReLU(0.1),
        Flatten(),
        SpectralNorm(Dense(256)),
        LeakyReLU(0.1),
        SpectralNorm(Dense(1)),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(28, 28, 1),
        data=lambda: mnist(data),
        latent=Latent(64),
        objective=Hinge(),
        opt_G=Adam(lr, beta1=0.0, beta2=0.9),
        opt_D=Adam(lr, beta1=0.0, beta2=0.9),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
