"""MNIST, 28x28, by class: projection discriminator and conditional BatchNorm (--data).

D's logit is psi(h) + <V[y], h>: how real x looks, and how well it fits the class
(Miyato and Koyama 2018). In G the class chooses BatchNorm's scale and shift. The rest
is sngan-mnist: spectral normalisation, the hinge loss, Adam with betas 0 and .9.
"""

from tinygan import (
    Adam,
    ConditionalBatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    Hinge,
    Identity,
    LeakyReLU,
    Parallel,
    Pick,
    Projection,
    ReLU,
    Reshape,
    Sequential,
    SpectralNorm,
    Tanh,
)
from tinygan.conditions import Classes
from tinygan.data import Labelled
from tinygan.experiment import Experiment, Latent
from tinygan.recipes import mnist


def recipe(steps=2500, batch=64, lr=1e-3, seed=0, data=None):
    def beside(*layers):
        """(h, y) -> (layers(h), y)."""
        return Parallel(Sequential(*layers), Identity())

    G = Sequential(
        beside(Dense(7 * 7 * 128, bias=False), Reshape(7, 7, 128)),
        ConditionalBatchNorm(),
        beside(ReLU(), ConvTranspose2d(64, 4, stride=2, pad=1, bias=False)),  # 14x14
        ConditionalBatchNorm(),
        beside(ReLU(), ConvTranspose2d(1, 4, stride=2, pad=1), Tanh()),  # 28x28
        Pick(0),
    )
    D = Sequential(
        beside(
            SpectralNorm(Conv2d(32, 3, stride=1, pad=1)),
            LeakyReLU(0.1),
            SpectralNorm(Conv2d(64, 4, stride=2, pad=1)),  # 14x14
            LeakyReLU(0.1),
            SpectralNorm(Conv2d(128, 4, stride=2, pad=1)),  # 7x7
            LeakyReLU(0.1),
            Flatten(),
        ),
        Projection(),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(28, 28, 1),
        data=lambda: Labelled(mnist(data)),
        condition=Classes(10),
        latent=Latent(64),
        objective=Hinge(),
        opt_G=Adam(lr, beta1=0.0, beta2=0.9),
        opt_D=Adam(lr, beta1=0.0, beta2=0.9),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
