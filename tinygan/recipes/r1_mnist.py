"""MNIST, 28x28, with D's slope at the data penalised, R1 (needs --data).

The generator of dcgan-mnist and the non-saturating loss; D has no normalisation at all,
and pays gamma/2 mean |grad_x D(x)|^2 (Mescheder et al. 2018, whose gamma is 10 for
large images). With it the game can come to rest where p_G = p_data.
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
    normal,
)
from tinygan.experiment import Experiment, Latent
from tinygan.recipes import mnist


def recipe(steps=2000, batch=64, lr=1e-3, seed=0, data=None):
    init = normal(0.02)

    def norm():
        return BatchNorm(gamma_std=0.02)

    G = Sequential(
        Dense(512, bias=False, init=init),
        norm(),
        ReLU(),
        Dense(7 * 7 * 128, bias=False, init=init),
        Reshape(7, 7, 128),
        norm(),
        ReLU(),
        ConvTranspose2d(64, 4, stride=2, pad=1, bias=False, init=init),  # 14x14
        norm(),
        ReLU(),
        ConvTranspose2d(1, 4, stride=2, pad=1, init=init),  # 28x28
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
        data=lambda: mnist(data),
        latent=Latent(64),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr / 2, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
        penalties=[R1(1.0)],
    )
