"""MNIST, 28x28, by the first GAN, with its own settings (needs --data).

Goodfellow et al. 2014, as in their code: z uniform, 100-1200-1200-784 with ReLUs and a
sigmoid; D of two layers of 240 maxout units with five pieces, its inputs dropped with
probability .2 and its hidden units with .5; SGD at 0.1, shrinking by 1.000004 a step,
with momentum .5 rising to .7 over 250 epochs; batches of 100, pixels in [0, 1].

Two things are easily overlooked, and without them G collapses or the game diverges.
D's cost is half of -V there, so D learns at half the rate. And G's last bias starts at
the logits of the mean digit, -16 where a pixel is never lit: G cannot light it either,
and D has less to tell it by. In one thing this differs: G's step has z of its own.
Their runs were hundreds of epochs long.
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


def marginals(data):
    """The logits of each pixel's mean over the images, kept 1e-7 away from 0 and 1.

    0 where there are none: a trained G, which is only to make samples, needs no start.
    """
    try:
        images = mnist(data)
    except InputError:
        return np.zeros(784)
    mean = images.scaled(images.pixels.mean(axis=0)).ravel()  # in [-1, 1]
    p = np.clip((mean.astype(float) + 1) / 2, 1e-7, 1 - 1e-7)
    return np.log(p / (1 - p))


def recipe(steps=20000, batch=100, lr=0.1, seed=0, data=None):
    G = Sequential(
        Dense(1200, init=uniform(0.05)),
        ReLU(),
        Dense(1200, init=uniform(0.05)),
        ReLU(),
        Dense(784, bias=marginals(data), init=uniform(0.05)),
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
        data=lambda: mnist(data),
        latent=Latent(100, "uniform", scale=math.sqrt(3)),
        objective=NonSaturating(),
        opt_G=Momentum(lr, 0.5, final=0.7, ramp=250 * EPOCH),
        opt_D=Momentum(lr / 2, 0.5, final=0.7, ramp=250 * EPOCH),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=lambda turn: 1.000004**-turn,
    )
