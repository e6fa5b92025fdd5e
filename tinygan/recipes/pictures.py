"""Your own pictures, 16x16 to 128x128, grey or in colour, by a DCGAN (needs --data).

    tinygan train pictures --data FOLDER --size 32

This is DCGAN (Radford et al. 2016), sized from the pictures: from a side of 4 to 7 each
transposed convolution doubles the side until it is theirs, and D halves it as often. A
side has half as many channels as the one before it. D's rate is half of G's, and both
fall to 0. The samples come from a moving average of G's weights. With pictures of 32x32
the run takes ten minutes on one core.
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
from tinygan.data.survey import SIDES
from tinygan.errors import InputError
from tinygan.recipes import read_pictures
from tinygan.runs import Experiment, Latent

INIT = normal(0.02)
MOST_CHANNELS = 256
SIZES = sorted(SIDES)


def sides(size: int) -> list[int]:
    """The sides from 4, 5, 6 or 7 pixels to `size`, each twice the one before it.

    Raises InputError for a size that is not in SIZES.
    """
    if size not in SIZES:
        near = min(SIZES, key=lambda s: abs(s - size))
        raise InputError(
            f"this recipe makes square pictures of {', '.join(map(str, SIZES))} "
            f"pixels, found {size}; --size {near} scales them"
        )
    found = [size]
    while found[0] > 7:
        found.insert(0, found[0] // 2)
    return found


def square(images) -> dict:
    """{"size", "channels"} of the images; InputError unless they are square."""
    H, W, C = images.shape
    if H != W:
        near = min(SIZES, key=lambda s: abs(s - min(H, W)))
        raise InputError(
            f"this recipe makes square pictures, found {H} x {W} pixels; "
            f"--size {near} cuts out the middle and scales it"
        )
    return {"size": H, "channels": C}


def widths(size: int, channels: int) -> list[int]:
    """The channels at each of the `sides`: 32 at half the size, and twice as many at
    each smaller side, at most MOST_CHANNELS.
    """
    smaller = len(sides(size)) - 1
    return [min(16 << k, MOST_CHANNELS) for k in range(smaller, 0, -1)] + [channels]


def norm():
    """BatchNorm whose gamma starts at N(1, 0.02^2), as DCGAN's does."""
    return BatchNorm(gamma_std=0.02)


def up(C, **options):
    """A transposed convolution, (N, s, s, ...) -> (N, 2s, 2s, C)."""
    return ConvTranspose2d(C, 4, stride=2, pad=1, init=INIT, **options)


def look(C) -> list:
    """D's layers up to a vector, for the widths C of G. Each halves the side."""
    layers = [Conv2d(C[-2], 4, stride=2, pad=1, init=INIT), LeakyReLU(0.2)]
    for c in C[-3::-1]:
        down = Conv2d(c, 4, stride=2, pad=1, bias=False, init=INIT)
        layers += [down, norm(), LeakyReLU(0.2)]
    return [*layers, Flatten()]


def recipe(
    steps=4000,
    batch=64,
    lr=1e-3,
    seed=0,
    data=None,
    size=None,
    channels=None,
    **reading,
):
    if size is None or channels is None:  # as the data are
        data = read_pictures(data, size=size, channels=channels, **reading)
        size, channels = square(data).values()
    first, C = sides(size)[0], widths(size, channels)
    G = Sequential(
        Dense(first * first * C[0], bias=False, init=INIT),
        Reshape(first, first, C[0]),
        norm(),
        ReLU(),
        *(part for c in C[1:-1] for part in (up(c, bias=False), norm(), ReLU())),
        up(channels),
        Tanh(),
    )
    D = Sequential(*look(C), Dense(1, init=INIT))
    return Experiment(
        G=G,
        D=D,
        shape=(size, size, channels),
        data=lambda: read_pictures(data, size=size, channels=channels, **reading),
        latent=Latent(64),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr / 2, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
        ema=0.99,
        decided={"size": size, "channels": channels},
    )
