"""Handwritten digits, 8x8, by class: an auxiliary classifier in D (--label 7).

D does not see the class of a picture, but has to recognise it (Odena et al. 2017). It
has one trunk with two heads: the logit and the class logits. G is rewarded for classes
that D recognises.
"""

from tinygan import (
    Adam,
    AuxiliaryClassifier,
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
    Parallel,
    Pick,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
)
from tinygan.data import Labelled, load_digits
from tinygan.runs import Classes, Experiment, Latent


def recipe(steps=4000, batch=64, lr=1e-3, seed=0):
    G = Sequential(
        Parallel(Identity(), Embedding(16)),  # (z, y)
        Concat(),
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
    trunk = (
        Pick(0),  # x alone
        Conv2d(32, 4, stride=2, pad=1),  # 4x4
        LeakyReLU(0.2),
        Conv2d(64, 4, stride=2, pad=1, bias=False),  # 2x2
        BatchNorm(),
        LeakyReLU(0.2),
        Flatten(),
    )
    D = Branch(Sequential(*trunk, Branch(Dense(1), Dense(10))), Pick(1))
    return Experiment(
        G=G,
        D=D,
        shape=(8, 8, 1),
        data=lambda: Labelled(load_digits()),
        condition=Classes(10),
        latent=Latent(32),
        objective=AuxiliaryClassifier(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
