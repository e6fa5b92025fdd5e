"""What untrained generators paint: three ways to double an image, thrice."""

import numpy as np

from tinygan import Conv2d, ConvTranspose2d, Net, ReLU, Sequential, Upsample2d
from tinygan.theory.canvas import BLUE, ORANGE, RED, subplots

CHANNELS = 32, 16, 1
WAYS = {
    "transposed, kernel 3": lambda C: [ConvTranspose2d(C, 3, 2, 1, output_pad=1)],
    "transposed, kernel 4": lambda C: [ConvTranspose2d(C, 4, 2, 1)],
    "doubled, then kernel 3": lambda C: [Upsample2d(2), Conv2d(C, 3, pad=1)],
}
STYLES = (RED, "-"), (ORANGE, "--"), (BLUE, "-")
SEEDS = 16
INSIDE = slice(16, -16)  # far from the edges, where zeros are added


def figure():
    drawn, axes = subplots(
        2, 4, 12, 5, gridspec_kw={"wspace": 0.06, "width_ratios": [1, 1, 1, 1.4]}
    )
    spectra = drawn.add_subplot(axes[0, 3].get_gridspec()[:, 3])
    for axis in axes[:, 3]:
        axis.remove()
    axes[0, 0].set_ylabel("z the same\nat all pixels")
    axes[1, 0].set_ylabel("z drawn anew\nat each pixel")
    for (name, double), (upper, lower), (colour, line) in zip(
        WAYS.items(), axes[:, :3].T, STYLES, strict=True
    ):
        upper.set_title(name)
        show(upper, paint(double, seed=1, flat=True))
        images = np.array([paint(double, seed) for seed in range(SEEDS)])
        show(lower, images[1])
        spectra.semilogy(*spectrum(images), color=colour, linestyle=line, label=name)
    spectra.set_xticks([1 / 8, 1 / 4, 3 / 8, 1 / 2], ["1/8", "1/4", "3/8", "1/2"])
    spectra.set(title="power, z drawn anew", xlabel="cycles per pixel, along a row")
    spectra.set_ylim(1, 3000)
    spectra.yaxis.tick_right()
    spectra.legend(loc="upper right")
    return drawn


def show(axis, image):
    """Grey is the mean; black and white are twice the image's size from it."""
    size = 2 * np.sqrt((image**2).mean())
    axis.imshow(image - image.mean(), cmap="gray", vmin=-size, vmax=size)
    axis.set(xticks=[], yticks=[])


def paint(double, seed, flat=False):
    """An untrained generator's image, without its edges."""
    layers = [f for C in CHANNELS for f in (ReLU(), *double(C))]
    net = Net(Sequential(*layers), (8, 8, 32), seed=seed)
    z = np.random.default_rng(seed).standard_normal((1, 8, 8, 32), "float32")
    y, _ = net.forward(z[:, :1, :1] + 0 * z if flat else z)
    return y[0, INSIDE, INSIDE, 0]


def spectrum(images):
    """The frequencies along the rows, and the power of each, of images of power 1."""
    images = images - images.mean(axis=(1, 2), keepdims=True)
    images = images / images.std(axis=(1, 2), keepdims=True)
    power = (np.abs(np.fft.rfft(images, axis=2)) ** 2).mean(axis=(0, 1))
    frequencies = np.fft.rfftfreq(images.shape[2])
    return frequencies[1:], power[1:]
