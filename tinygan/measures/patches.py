"""Sliced Wasserstein distance between the patches of two sets of images.

The protocol is ProGAN's (Karras et al. 2018, section 5): small patches at every level
of a Laplacian pyramid. The finest level tells about texture, the coarsest about layout.
No level tells about the image as a whole.
"""

import numpy as np

from ..errors import InputError, whole
from .distances import sliced
from .pairs import matched

CHUNK = 256  # images in a pyramid at a time
BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16


def sliced_wasserstein_patches(
    x,
    y,
    size: int = 7,
    per_image: int = 128,
    directions: int = 4 * 128,
    least: int = 16,
    seed: int = 0,
) -> list[float]:
    """SW1 between the patches of images x (N, H, W, C) and y (M, H, W, C), per level.

    The levels go down by halves from the full resolution as long as the shorter side
    has at least `least` pixels; smaller images have one level. Each image gives
    `per_image` patches of size x size x C per level, at random places. Each channel is
    then scaled to mean 0 and standard deviation 1 over all patches of a set, as in
    ProGAN's code. So the unit is that deviation, and overall brightness and contrast
    are not seen. ProGAN reports 1000 times this, for each level and their mean.

    Memory: the patches of one level of both sets, (N + M) per_image size^2 C doubles.

    Raises InputError if there are no images, if they are not finite, not of one shape
    (H, W, C) or smaller than a patch, and for numbers < 1.
    """
    rows = matched(x, y)
    if np.ndim(x) != 4:
        raise InputError(f"expected images (N, H, W, C), got {np.shape(x)}")
    name = "sliced_wasserstein_patches"
    size, least = whole(name, "size >= 1", size), whole(name, "least >= 1", least)
    per_image = whole(name, "per_image >= 1", per_image)
    directions, seed = (
        whole(name, "directions >= 1", directions),
        whole(name, "seed >= 0", seed),
    )
    H, W, C = np.shape(x)[1:]
    levels = _levels(min(H, W), least)
    shorter = -(-min(H, W) // 2 ** (levels - 1))  # of the coarsest level
    if shorter < size:
        raise InputError(
            f"expected images of {size} pixels or more at the coarsest level, "
            f"got {shorter} of {H} x {W}"
        )
    distances = []
    for level in range(levels):
        patches = []
        for k, images in enumerate(rows):
            rng = np.random.default_rng((seed, level, k))
            images = images.reshape(-1, H, W, C)
            patches.append(_patches(images, level, levels, size, per_image, rng))
        rng = np.random.default_rng((seed, level, 2))
        distances.append(sliced(*patches, directions, rng))
    return distances


def _levels(side: int, least: int) -> int:
    levels = 1
    while (side := side // 2) >= least:
        levels += 1
    return levels


def _patches(images, level, levels, size, per_image, rng) -> np.ndarray:
    """The normalised patches of a level, (N per_image, size^2 C)."""
    N, _, _, C = images.shape
    patches = np.empty((N, per_image, C, size, size))
    for i in range(0, N, CHUNK):
        part = laplacian_pyramid(images[i : i + CHUNK], levels)[level]
        windows = np.lib.stride_tricks.sliding_window_view(
            part, (size, size), axis=(1, 2)
        )  # (n, H - size + 1, W - size + 1, C, size, size)
        n, rows, columns = windows.shape[:3]
        row = rng.integers(rows, size=(n, per_image))
        column = rng.integers(columns, size=(n, per_image))
        patches[i : i + n] = windows[np.arange(n)[:, None], row, column]
    patches -= patches.mean(axis=(0, 1, 3, 4), keepdims=True)
    std = patches.std(axis=(0, 1, 3, 4), keepdims=True)
    patches /= np.where(std > 0, std, 1)  # all of one colour: 0 everywhere
    return patches.reshape(N * per_image, -1)


def laplacian_pyramid(images: np.ndarray, levels: int) -> list[np.ndarray]:
    """l_i = g_i - up(g_{i+1}), the last one l_i = g_i; g_0 = images, g_{i+1} = down g_i

    images: (N, H, W, C)      Level i has the sides halved i times, rounded up. `down`
    blurs by the binomial (1, 4, 6, 4, 1)/16 along both axes and keeps every second
    pixel. `up` puts zeros between pixels and blurs by twice the binomial. Edges mirror.
    """
    g = np.asarray(images, np.float64)
    pyramid = []
    for _ in range(levels - 1):
        smaller = _blur(_blur(g, 1)[:, ::2], 2)[:, :, ::2]
        wide = np.zeros_like(g)
        wide[:, ::2, ::2] = smaller
        pyramid.append(g - 4 * _blur(_blur(wide, 1), 2))  # eq: laplacian-pyramid
        g = smaller
    return [*pyramid, g]


def _blur(x: np.ndarray, axis: int) -> np.ndarray:
    """x convolved with the binomial along an axis, mirrored at the edge pixels."""
    border = [(2, 2) if k == axis else (0, 0) for k in range(x.ndim)]
    padded = np.pad(x, border, mode="reflect")
    n = x.shape[axis]
    return sum(
        w * padded.take(range(k, k + n), axis=axis) for k, w in enumerate(BINOMIAL)
    )
