"""MNIST, 28x28, by a DCGAN (needs --data, a folder of IDX files).

This is DCGAN (Radford et al. 2016) at 28x28: 7x7x128, two transposed convolutions with
kernel 4, stride 2 and padding 1, weights from N(0, 0.02^2), Adam with beta1 = 0.5. Two
convolutions see 10 pixels at once. A dense layer beyond them, in G and in D as in
InfoGAN (Chen et al. 2016), makes strokes add up to a digit within 2,000 steps. D's rate
is half of G's, and both fall to 0.
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
from tinygan.recipes import mnist
from tinygan.runs import Experiment, Latent


def recipe(steps=2000, batch=64, lr=1e-3, seed=0, data=None, **reading):
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
        Conv2d(64, 4, stride=2, pad=1, init=init),  # 14x14
        LeakyReLU(0.2),
        Conv2d(128, 4, stride=2, pad=1, bias=False, init=init),  # 7x7
        norm(),
        LeakyReLU(0.2),
        Flatten(),
        Dense(256, bias=False, init=init),
        norm(),
        LeakyReLU(0.2),
        Dense(1, init=init),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(28, 28, 1),
        data=lambda: mnist(data, **reading),
        latent=Latent(64),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr / 2, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
