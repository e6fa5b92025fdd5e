"""Faces in colour, 32x32, by the modern baseline R3GAN (needs --data nouns_32.zip).

The loss pairs a real with a generated sample, and D pays for its slope at both (R1 and
R2, of equal weight), so that the game can come to rest (Huang et al. 2024). Nothing is
normalised: the blocks are residual and start as the identity. Images are made larger
and smaller by a bilinear filter. The samples come from a moving average of G.
"""

import itertools

from tinygan import (
    R1,
    R2,
    Adam,
    BilinearDown2d,
    BilinearUp2d,
    Conv2d,
    Dense,
    Flatten,
    LeakyReLU,
    RelativisticPairing,
    Reshape,
    Residual,
    Sequential,
    fixup,
    he,
    normal,
)
from tinygan.recipes import read_pictures
from tinygan.runs import Experiment, Latent

WIDTHS = (96, 64, 48, 32)  # channels at 4x4, 8x8, 16x16 and 32x32
GROUP = 16  # channels of a group of the 3x3 convolution
WIDER = 2  # times as many channels inside a block
SLOPE = 0.2
GAMMA = 1.0  # of R1 and R2
LATENT = 64


def block(C: int, blocks: int):
    """h + f(h); f is 1x1 to more channels, 3x3 in groups, and 1x1 back, 0 at first."""
    inside = fixup(blocks, 3, SLOPE)
    return Residual(
        Sequential(
            Conv2d(WIDER * C, 1, init=inside),
            LeakyReLU(SLOPE),
            Conv2d(WIDER * C, 3, pad=1, init=inside, groups=WIDER * C // GROUP),
            LeakyReLU(SLOPE),
            Conv2d(C, 1, bias=False, init=normal(0)),
        )
    )


def to(C: int):
    """A linear change of the number of channels."""
    return Conv2d(C, 1, bias=False, init=he(1))


def generator(C, channels: int):
    """G: from z through 4x4 features to pictures; C: the channels at each size."""
    layers = [Dense(4 * 4 * C[0], bias=False, init=he(1)), Reshape(4, 4, C[0])]
    layers += [block(C[0], len(C))]
    for below, c in itertools.pairwise(C):
        layers += [*([to(c)] if c != below else []), BilinearUp2d(), block(c, len(C))]
    return Sequential(*layers, to(channels))


def discriminator(C):
    """D: the mirror of G, from pictures to a logit."""
    layers = [to(C[-1]), block(C[-1], len(C))]
    for below, c in itertools.pairwise(C[::-1]):
        layers += [BilinearDown2d(), *([to(c)] if c != below else []), block(c, len(C))]
    C_in = C[0]
    whole = Conv2d(C_in, 4, bias=False, init=he(1), groups=C_in)  # 4x4 to 1x1
    return Sequential(*layers, whole, Flatten(), Dense(1, bias=False, init=he(1)))


def rules(lr: float, gamma: float) -> dict:
    """What an Experiment needs to play R3GAN's game, beside its networks and data."""
    return {
        "objective": RelativisticPairing(),
        "penalties": [R1(gamma), R2(gamma)],
        "opt_G": Adam(lr, beta1=0.0, beta2=0.99),
        "opt_D": Adam(lr, beta1=0.0, beta2=0.99),
        "decay": True,
    }


def game(C, shape, data, steps, batch, lr, gamma, seed, **more) -> Experiment:
    """R3GAN's game between networks with these widths, for pictures of this shape."""
    return Experiment(
        G=generator(C, shape[-1]),
        D=discriminator(C),
        shape=shape,
        data=data,
        latent=Latent(LATENT),
        steps=steps,
        batch=batch,
        seed=seed,
        ema=0.99,
        **rules(lr, gamma) | more,
    )


def recipe(steps=4000, batch=32, lr=5e-4, seed=0, data=None, **reading):
    def faces():
        return read_pictures(data, channels=3, **({"size": 32} | reading))

    return game(WIDTHS, (32, 32, 3), faces, steps, batch, lr, GAMMA, seed)
