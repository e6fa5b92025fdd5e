"""Your own pictures by networks that grow, 16x16 to 128x128, grey or colour (--data).

    tinygan train progan --data FOLDER --size 32

This is progressive growing (Karras et al. 2018). The networks begin with pictures of
4x4 to 7x7 pixels, and each level doubles the side. The last level shows `--images`
real pictures after its fade, and each level half as many as the next one. A fade takes
a quarter as many as its level. Every weight has an equalised learning rate, G
normalises the features at each pixel, D sees how much the samples differ, and pays for
a slope other than 1 (WGAN-GP). The samples come from a moving average of G.

With pictures of 32x32 the run takes about half an hour on two cores. It may be
stopped at any time: `--resume` goes on from there.
"""

import itertools
import math

from tinygan import (
    WGANGP,
    Adam,
    AvgPool2d,
    Conv2d,
    Dense,
    Drift,
    EqualRate,
    Flatten,
    GrowingDiscriminator,
    GrowingGenerator,
    LeakyReLU,
    MinibatchStd,
    PixelNorm,
    Reshape,
    Sequential,
    UpConv2d,
    Wasserstein,
)
from tinygan.growth import Growth, Level
from tinygan.recipes import read_pictures
from tinygan.recipes.pictures import sides, square
from tinygan.runs import Experiment, Latent

LATENT = 64
LARGEST = 64  # channels


def conv(C, kind=Conv2d) -> list:
    """A 3x3 convolution, which keeps the size (Conv2d) or doubles it (UpConv2d)."""
    return [EqualRate(kind(C, 3, pad=1)), LeakyReLU(0.2)]


def generator(C, side: int, channels: int):
    """G: from z to pictures of `side` pixels, and twice that for each further width C.

    C: the channels at each level, from the smallest picture
    """
    project = EqualRate(Dense(side * side * C[0]), gain=math.sqrt(2) / 4)
    first = [project, Reshape(side, side, C[0]), LeakyReLU(0.2), PixelNorm()]
    blocks = [Sequential(PixelNorm(), *first, *conv(C[0]), PixelNorm())]
    for c in C[1:]:
        twice = *conv(c, UpConv2d), PixelNorm(), *conv(c), PixelNorm()
        blocks.append(Sequential(*twice))
    to_rgb = [EqualRate(Conv2d(channels, 1), gain=1) for _ in C]
    return GrowingGenerator(blocks, to_rgb)


def discriminator(C):
    """D: the mirror of G, from pictures to a score."""
    score = [
        Flatten(),
        EqualRate(Dense(C[0])),
        LeakyReLU(0.2),
        EqualRate(Dense(1), gain=1),
    ]
    blocks = [Sequential(MinibatchStd(4), *conv(C[0]), *score)]
    for below, c in itertools.pairwise(C):
        blocks.append(Sequential(*conv(c), *conv(below), AvgPool2d()))
    from_rgb = [Sequential(EqualRate(Conv2d(c, 1)), LeakyReLU(0.2)) for c in C]
    return GrowingDiscriminator(blocks, from_rgb)


def widths(levels: int) -> list[int]:
    """The channels at each level: 16 at the last, and twice as many at each smaller
    one, at most LARGEST.
    """
    return [min(16 << k, LARGEST) for k in reversed(range(levels))]


def doubling(images: int, C) -> list[Level]:
    """A level for each of the widths C, stable for twice as many real pictures as the
    level below, and the last one for `images`. A fade takes a quarter as many.

    A small picture is learnt sooner, and in less time. Karras et al. 2018 give every
    phase as many; in runs of minutes that leaves too few for the last level.
    """
    first, *more = (-(-images // 2**k) for k in reversed(range(len(C))))
    return [Level(first), *(Level(n, -(-n // 4)) for n in more)]


def growing(C, side, shape, data, levels, steps, batch, lr, seed, **more) -> Experiment:
    """The experiment of networks with these widths, for pictures of this shape. `more`
    are further settings, or others than those of Karras et al.
    """
    growth = Growth(levels)
    settings = {
        "latent": Latent(LATENT),
        "objective": Wasserstein(),
        "penalties": [WGANGP(10.0), Drift(1e-3)],
        "ema": 0.999,
    }
    return Experiment(
        G=generator(C, side, shape[-1]),
        D=discriminator(C),
        shape=shape,
        data=data,
        opt_G=Adam(lr, beta1=0.0, beta2=0.99),
        opt_D=Adam(lr, beta1=0.0, beta2=0.99),
        steps=growth.turns(batch) if steps is None else steps,
        batch=batch,
        seed=seed,
        growth=growth,
        **settings | more,
    )


def recipe(
    steps=None,
    batch=16,
    lr=1e-3,
    seed=0,
    images=60_000,
    data=None,
    size=None,
    channels=None,
    **reading,
):
    if size is None or channels is None:  # as the data are
        data = read_pictures(data, size=size, channels=channels, **reading)
        size, channels = square(data).values()
    side, *more = sides(size)
    C = widths(1 + len(more))
    return growing(
        C,
        side,
        (size, size, channels),
        lambda: read_pictures(data, size=size, channels=channels, **reading),
        doubling(images, C),
        steps,
        batch,
        lr,
        seed,
        decided={"size": size, "channels": channels},
    )
