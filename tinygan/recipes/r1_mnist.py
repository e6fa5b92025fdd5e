"""MNIST, 28x28, with R1: D pays for its slope at the data (needs --data).

D has no normalisation and pays gamma/2 mean |grad_x D(x)|^2 with gamma = 10 (Mescheder
et al. 2018). So the game can come to rest at p_G = p_data. The loss is non-saturating,
and the rates fall to 0.
"""

from tinygan import (
    R1,
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
        Conv2d(64, 4, stride=2, pad=1),  # 14x14
        LeakyReLU(0.2),
        Conv2d(128, 4, stride=2, pad=1),  # 7x7
        LeakyReLU(0.2),
        Flatten(),
        Dense(256),
        LeakyReLU(0.2),
        Dense(1),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(28, 28, 1),
        data=lambda: mnist(data, **reading),
        latent=Latent(64),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.0, beta2=0.99),
        opt_D=Adam(lr, beta1=0.0, beta2=0.99),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
        penalties=[R1(10.0)],
    )
