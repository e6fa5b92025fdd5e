"""MNIST, 28x28, with spectral normalisation and the hinge loss (needs --data).

Every weight matrix of the critic is divided by its largest singular value, with one
power iteration a step. LeakyReLU has the slope 0.1, and Adam the betas 0 and .9 (Miyato
et al. 2018). The first convolution keeps the size, as theirs do: against a critic of
two strided ones, G made only one picture. Their rate is 2e-4 with five steps of D to
one of G. Here the rate is larger and falls to 0, with one step of D to one of G.
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
from tinygan.recipes import mnist
from tinygan.runs import Experiment, Latent


def recipe(steps=2000, batch=64, lr=1e-3, seed=0, data=None, **reading):
    G = Sequential(
        Dense(7 * 7 * 128, bias=False),
        Reshape(7, 7, 128),
        BatchNorm(),
        ReLU(),
        ConvTranspose2d(64, 4, stride=2, pad=1, bias=False),  # 14x14
        BatchNorm(),
        ReLU(),
        ConvTranspose2d(1, 4, stride=2, pad=1),  # 28x28
        Tanh(),
    )
    D = Sequential(
        SpectralNorm(Conv2d(32, 3, stride=1, pad=1)),
        LeakyReLU(0.1),
        SpectralNorm(Conv2d(64, 4, stride=2, pad=1)),  # 14x14
        LeakyReLU(0.1),
        SpectralNorm(Conv2d(128, 4, stride=2, pad=1)),  # 7x7
        LeakyReLU(0.1),
        Flatten(),
        SpectralNorm(Dense(1)),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(28, 28, 1),
        data=lambda: mnist(data, **reading),
        latent=Latent(64),
        objective=Hinge(),
        opt_G=Adam(lr, beta1=0.0, beta2=0.9),
        opt_D=Adam(lr, beta1=0.0, beta2=0.9),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
