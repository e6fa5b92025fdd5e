"""Small growing networks for tests: 2x2, 4x4 and 8x8 pixels."""

from tinygan.growth import GrowingNet
from tinygan.layers import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GrowingDiscriminator,
    GrowingGenerator,
    LeakyReLU,
    MinibatchStd,
    PixelNorm,
    Reshape,
    Sequential,
    Softplus,
    Upsample2d,
)

Z = 5  # numbers in z
WIDTHS = (6, 5, 4)  # channels of the levels


def generator(act=Softplus, channels=2):
    first, *rest = WIDTHS
    blocks = [
        Sequential(
            PixelNorm(), Dense(4 * first), Reshape(2, 2, first), act(), PixelNorm()
        ),
        *(
            Sequential(Upsample2d(), Conv2d(C, 3, pad=1), act(), PixelNorm())
            for C in rest
        ),
    ]
    return GrowingGenerator(blocks, [Conv2d(channels, 1) for _ in WIDTHS])


def discriminator(act=Softplus, group=4):
    first, *rest = WIDTHS
    blocks = [
        Sequential(
            MinibatchStd(group), Conv2d(first, 3, pad=1), act(), Flatten(), Dense(1)
        )
    ]
    for above, C in zip(rest, WIDTHS, strict=False):
        blocks.append(
            Sequential(
                Conv2d(above, 3, pad=1), act(), Conv2d(C, 3, pad=1), act(), AvgPool2d()
            )
        )
    return GrowingDiscriminator(
        blocks, [Sequential(Conv2d(C, 1), act()) for C in WIDTHS]
    )


def nets(act=Softplus, dtype="float64", channels=2):
    """G and D at their last level, with weights that are not those of the start."""
    G = GrowingNet(generator(act, channels), (Z,), 0, dtype)
    return G, GrowingNet(discriminator(act), (8, 8, channels), 1, dtype)


def leaky():
    return LeakyReLU(0.2)
