"""MNIST, 28x28, by fully connected networks (needs --data, a folder of IDX files).

G is 128-256-512-1024-784 and D is 512-256-1, both with LeakyReLU, and Adam has the rate
2e-4 and beta1 = 0.5. Most introductions to GANs share these settings.
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
from tinygan.recipes import mnist
from tinygan.runs import Experiment, Latent


def recipe(steps=10000, batch=64, lr=2e-4, seed=0, data=None, **reading):
    G = Sequential(
        Dense(128),
        LeakyReLU(0.2),
        Dense(256),
        LeakyReLU(0.2),
        Dense(512),
        LeakyReLU(0.2),
        Dense(1024),
        LeakyReLU(0.2),
        Dense(784),
        Tanh(),
        Reshape(28, 28, 1),
    )
    D = Sequential(
        Flatten(),
        Dense(512),
        LeakyReLU(0.2),
        Dense(256),
        LeakyReLU(0.2),
        Dense(1),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(28, 28, 1),
        data=lambda: mnist(data, **reading),
        latent=Latent(100),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
    )
