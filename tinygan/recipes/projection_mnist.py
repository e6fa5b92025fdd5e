"""MNIST, 28x28, by class: a projection discriminator (needs --data).

D's logit is psi(h) + <V[y], h>: how real x looks, and how well it fits the class
(Miyato and Koyama 2018). In G the class chooses BatchNorm's scale and shift. The scales
start far apart, or all classes would begin alike. The rest is dcgan-mnist.
"""

from tinygan import (
    Adam,
    BatchNorm,
    ConditionalBatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    Identity,
    LeakyReLU,
    NonSaturating,
    Parallel,
    Pick,
    Projection,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
    normal,
)
from tinygan.data import Labelled
from tinygan.recipes import class_names, mnist
from tinygan.runs import Classes, Experiment, Latent


def recipe(steps=2000, batch=64, lr=1e-3, seed=0, data=None, classes=None, **reading):
    classes = classes or class_names(data, **reading)
    init = normal(0.02)

    def beside(*layers):
        """(h, y) -> (layers(h), y)"""
        return Parallel(Sequential(*layers), Identity())

    def norm():
        return BatchNorm(gamma_std=0.02)

    def of_class():
        return ConditionalBatchNorm(gamma_std=0.5)

    def up(C, **options):
        return ConvTranspose2d(C, 4, stride=2, pad=1, init=init, **options)

    G = Sequential(
        beside(Dense(512, bias=False, init=init)),
        of_class(),
        beside(ReLU(), Dense(7 * 7 * 128, bias=False, init=init), Reshape(7, 7, 128)),
        of_class(),
        beside(ReLU(), up(64, bias=False)),  # 14x14
        of_class(),
        Pick(0),
        ReLU(),
        up(1),  # 28x28
        Tanh(),
    )
    D = Sequential(
        beside(
            Conv2d(64, 4, stride=2, pad=1, init=init),  # 14x14
            LeakyReLU(0.2),
            Conv2d(128, 4, stride=2, pad=1, bias=False, init=init),  # 7x7
            norm(),
            LeakyReLU(0.2),
            Flatten(),
            Dense(256, bias=False, init=init),
            norm(),
            LeakyReLU(0.2),
        ),
        Projection(init=init),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(28, 28, 1),
        data=lambda: Labelled(mnist(data, **reading)),
        condition=Classes(len(classes), classes),
        decided={"classes": classes},
        latent=Latent(64),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr / 2, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
