"""Digits with D's slope at the data penalised, R1 with a weight that falls."""

from tinygan import (
    R1,
    Adam,
    ClipNorm,
    Conv2d,
    Dense,
    Flatten,
    LeakyReLU,
    NonSaturating,
    PixelNorm,
    Reshape,
    Residual,
    Sequential,
    Tanh,
    Upsample2d,
)
from tinygan.data import load_digits
from tinygan.experiment import Experiment, Latent


def recipe(steps=12, batch=8, lr=1e-3, seed=0):
    def penalties(turn):
        return [R1(10 * (1 - turn / steps))]

    G = Sequential(
        Dense(4 * 4 * 4),
        Reshape(4, 4, 4),
        PixelNorm(),
        LeakyReLU(0.2),
        Upsample2d(),  # 8x8
        Conv2d(1, 3, pad=1),
        Tanh(),
    )
    D = Sequential(
        Conv2d(4, 4, stride=2, pad=1),  # 4x4
        Residual(Sequential(LeakyReLU(0.2), Conv2d(4, 3, pad=1))),
        LeakyReLU(0.2),
        Flatten(),
        Dense(1),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(8, 8, 1),
        data=load_digits,
        latent=Latent(8),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.0, beta2=0.99),
        opt_D=ClipNorm(Adam(lr, beta1=0.0, beta2=0.99), 5.0),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
        penalties=penalties,
        ema=0.99,
    )
