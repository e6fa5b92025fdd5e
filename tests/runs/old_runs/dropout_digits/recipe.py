"""Digits by maxout units, with noise on what D sees and units dropped; momentum."""

import math

from tinygan import (
    Dense,
    Dropout,
    Flatten,
    InstanceNoise,
    Maxout,
    MinibatchStd,
    Momentum,
    NonSaturating,
    ReLU,
    Reshape,
    Scale,
    Sequential,
    Sigmoid,
    uniform,
)
from tinygan.data import load_digits
from tinygan.experiment import Experiment, Latent


def recipe(steps=12, batch=8, lr=0.1, seed=0):
    G = Sequential(
        Dense(16, init=uniform(0.5)),
        ReLU(),
        Dense(64, init=uniform(0.5)),
        Sigmoid(),
        Scale(2, -1),
        Reshape(8, 8, 1),
    )
    D = Sequential(
        InstanceNoise(0.2, 10),
        Flatten(),
        Scale(0.5, 0.5),
        Dropout(0.2),
        Dense(8 * 3, init=uniform(0.1)),
        Maxout(3),
        Dropout(0.5),
        MinibatchStd(4),
        Dense(1, init=uniform(0.1)),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(8, 8, 1),
        data=load_digits,
        latent=Latent(8, "uniform", scale=math.sqrt(3)),
        objective=NonSaturating(),
        opt_G=Momentum(lr, 0.5, final=0.7, ramp=20),
        opt_D=Momentum(lr / 2, 0.5, final=0.7, ramp=20),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=lambda turn: 1.01**-turn,
    )
