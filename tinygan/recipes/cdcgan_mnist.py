"""MNIST, 28x28, by class: a DCGAN with the class at every layer (needs --data).

This is dcgan-mnist with the class joined to the input of each layer, in G as in D, so
that no layer can lose it. The DCGAN authors' conditional code does the same.
"""

from tinygan import (
    Adam,
    BatchNorm,
    Branch,
    Concat,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Embedding,
    Flatten,
    Identity,
    LeakyReLU,
    NonSaturating,
    Parallel,
    Pick,
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
    init, large = normal(0.02), normal(0.05)  # a larger embedding: D sees nothing else

    def told(*layers):
        """(h, y) -> layers(h joined with y)"""
        y = Embedding(len(classes), init=large)
        return Sequential(Parallel(Identity(), y), Concat(), *layers)

    def stage(*layers):
        """(h, y) -> (layers(h joined with y), y)"""
        return Branch(told(*layers), Pick(1))

    def norm():
        return BatchNorm(gamma_std=0.02)

    def up(C, **options):
        return ConvTranspose2d(C, 4, stride=2, pad=1, init=init, **options)

    def down(C, **options):
        return Conv2d(C, 4, stride=2, pad=1, init=init, **options)

    big = Dense(7 * 7 * 128, bias=False, init=init)
    G = Sequential(
        stage(Dense(512, bias=False, init=init), norm(), ReLU()),
        stage(big, Reshape(7, 7, 128), norm(), ReLU()),
        stage(up(64, bias=False), norm(), ReLU()),  # 14x14
        told(up(1), Tanh()),  # 28x28
    )
    D = Sequential(
        stage(down(64), LeakyReLU(0.2)),  # 14x14
        stage(down(128, bias=False), norm(), LeakyReLU(0.2), Flatten()),  # 7x7
        stage(Dense(256, bias=False, init=init), norm(), LeakyReLU(0.2)),
        told(Dense(1, init=init)),
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
