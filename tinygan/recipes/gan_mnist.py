"""MNIST, 28x28, by the first GAN, with its own settings (needs --data).

The settings are in the code of Goodfellow et al. 2014. z is uniform, and G is
100-1200-1200-784 with ReLUs and a sigmoid. D has two layers of 240 maxout units with
five pieces; it drops inputs with probability .2 and hidden units with .5. SGD starts at
0.1 and shrinks by 1.000004 a step, with a momentum that rises from .5 to .7 over 250
epochs. Batches have 100 images, and pixels are in [0, 1].

Two things are easily overlooked, and without them G collapses or the game diverges.
First, D's cost is half of -V there, so D learns at half the rate. Second, G's last bias
starts at the logits of the mean digit, -16 for a pixel that is never lit: G cannot
light it either, and D has less to tell G's images by. One thing differs here: G's step
draws its own z. Their runs were hundreds of epochs long.
"""

import math

import numpy as np

from tinygan import (
    Dense,
    Dropout,
    Flatten,
    Maxout,
    Momentum,
    NonSaturating,
    ReLU,
    Reshape,
    Scale,
    Sequential,
    Sigmoid,
    uniform,
)
from tinygan.errors import InputError
from tinygan.recipes import mnist
from tinygan.runs import Experiment, Latent

EPOCH = 500  # steps


def marginals(data, reading):
    """The logits of each pixel's mean over the images, kept 1e-7 away from 0 and 1.

    Without images they are 0: a trained G that only makes samples needs no start.
    """
    try:
        images = mnist(data, **reading)
    except InputError:
        return np.zeros(784)
    mean = images.scaled(images.pixels.mean(axis=0)).ravel()  # in [-1, 1]
    p = np.clip((mean.astype(float) + 1) / 2, 1e-7, 1 - 1e-7)
    return np.log(p / (1 - p))


def recipe(steps=20000, batch=100, lr=0.1, seed=0, data=None, **reading):
    G = Sequential(
        Dense(1200, init=uniform(0.05)),
        ReLU(),
        Dense(1200, init=uniform(0.05)),
        ReLU(),
        Dense(784, bias=marginals(data, reading), init=uniform(0.05)),
        Sigmoid(),
        Scale(2, -1),
        Reshape(28, 28, 1),
    )
    D = Sequential(
        Flatten(),
        Scale(0.5, 0.5),
        Dropout(0.2),
        Dense(240 * 5, init=uniform(0.005)),
        Maxout(5),
        Dropout(0.5),
        Dense(240 * 5, init=uniform(0.005)),
        Maxout(5),
        Dropout(0.5),
        Dense(1, init=uniform(0.005)),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(28, 28, 1),
        data=lambda: mnist(data, **reading),
        latent=Latent(100, "uniform", scale=math.sqrt(3)),
        objective=NonSaturating(),
        opt_G=Momentum(lr, 0.5, final=0.7, ramp=250 * EPOCH),
        opt_D=Momentum(lr / 2, 0.5, final=0.7, ramp=250 * EPOCH),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=lambda turn: 1.000004**-turn,
    )
