"""Stacked MNIST, 28x28x3, 1,000 modes, by R3GAN's game (needs --data).

The colours of a picture are three digits of MNIST, drawn independently. A DCGAN shows
a few of the 1,000 triples (`dcgan-stacked-mnist`). This game finds all: a real sample
is paired with a generated one, and D pays for its slope at both (R1 and R2; Huang et
al. 2024). The networks have the convolutions of a DCGAN, two to a side, and no
normalisation. The samples come from a moving average of G.
"""

from tinygan import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    LeakyReLU,
    Reshape,
    Sequential,
    Tanh,
    he,
)
from tinygan.recipes import stacked
from tinygan.recipes.r3gan_faces import rules
from tinygan.runs import Experiment, Latent

C = 64  # channels at 7x7, and half of them at 14x14


def recipe(steps=30_000, batch=32, lr=2e-3, seed=0, data=None, **reading):
    G = Sequential(
        Dense(7 * 7 * C),
        Reshape(7, 7, C),
        LeakyReLU(0.2),
        ConvTranspose2d(C // 2, 4, 2, 1),  # 14x14
        LeakyReLU(0.2),
        ConvTranspose2d(3, 4, 2, 1, init=he(1)),  # 28x28
        Tanh(),
    )
    D = Sequential(
        Conv2d(C // 2, 4, 2, 1),
        LeakyReLU(0.2),
        Conv2d(C, 4, 2, 1),
        LeakyReLU(0.2),
        Flatten(),
        Dense(1, init=he(1)),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(28, 28, 3),
        data=lambda: stacked(data, **reading),
        latent=Latent(64),
        steps=steps,
        batch=batch,
        seed=seed,
        ema=0.995,
        **rules(lr, gamma=1.0),
    )
