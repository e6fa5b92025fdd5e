"""Handwritten digits, 8x8, by a convolutional WGAN-GP.

The gradient penalty needs a gradient for each sample, so the critic has LayerNorm in
place of DCGAN's BatchNorm. The penalty's weight 10, five critic steps a turn and Adam's
betas .5 and .9 are as in Gulrajani et al. 2017. The rate is larger, because the
networks are small, and falls to 0.
"""

from tinygan import (
    WGANGP,
    Adam,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
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
from tinygan.runs import Experiment, Latent


def recipe(steps=1500, batch=64, lr=1e-3, seed=0):
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
        Conv2d(32, 4, stride=2, pad=1),  # 4x4
        LeakyReLU(0.2),
        Conv2d(64, 4, stride=2, pad=1),  # 2x2
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
        latent=Latent(32),
        objective=Wasserstein(),
        opt_G=Adam(lr, beta1=0.5, beta2=0.9),
        opt_D=Adam(lr, beta1=0.5, beta2=0.9),
        steps=steps,
        batch=batch,
        seed=seed,
        k=5,
        decay=True,
        penalties=[WGANGP(10.0)],
    )
