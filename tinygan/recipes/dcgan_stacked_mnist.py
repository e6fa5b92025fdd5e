"""Stacked MNIST, 28x28x3, 1,000 modes, by a DCGAN (needs --data).

The colours of a picture are three digits of MNIST, drawn independently. The field tries
on it how many of the 1,000 triples a generator finds (Srivastava et al. 2017). The
networks follow PacGAN's (Lin et al. 2018), with a quarter of the channels. `tinygan
evaluate` counts the modes, and chapter 16 tells more.
"""

from tinygan import (
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
    normal,
)
from tinygan.recipes import stacked
from tinygan.runs import Experiment, Latent


def recipe(steps=6000, batch=64, lr=2e-4, seed=0, data=None, **reading):
    init = normal(0.02)

    def norm():
        return BatchNorm(gamma_std=0.02)

    def up(channels, output_pad=1):
        return ConvTranspose2d(channels, 5, 2, 2, output_pad, bias=False, init=init)

    def down(channels):
        return Conv2d(channels, 5, stride=2, pad=2, bias=False, init=init)

    G = Sequential(
        Dense(2 * 2 * 128, bias=False, init=init),
        Reshape(2, 2, 128),
        norm(),
        ReLU(),
        up(64),  # 4x4
        norm(),
        ReLU(),
        up(32, output_pad=0),  # 7x7
        norm(),
        ReLU(),
        up(16),  # 14x14
        norm(),
        ReLU(),
        ConvTranspose2d(3, 5, 2, 2, 1, init=init),  # 28x28
        Tanh(),
    )
    D = Sequential(
        Conv2d(16, 5, stride=2, pad=2, init=init),  # 14x14
        LeakyReLU(0.2),
        down(32),  # 7x7
        norm(),
        LeakyReLU(0.2),
        down(64),  # 4x4
        norm(),
        LeakyReLU(0.2),
        down(128),  # 2x2
        norm(),
        LeakyReLU(0.2),
        Flatten(),
        Dense(1, init=init),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(28, 28, 3),
        data=lambda: stacked(data, **reading),
        latent=Latent(100, "uniform"),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
    )
