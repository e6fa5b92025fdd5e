"""What D sees of one picture: a row for each kind of change, a column for each draw."""

import numpy as np

from tinygan import Augment, Net
from tinygan.data import captioned_digits, load_digits
from tinygan.plots import to_rgb
from tinygan.theory.canvas import subplots

ROWS = {
    "colour": ("colour",),
    "translation": ("translation",),
    "cutout": ("cutout",),
    "all three": (),
}
DRAWS, PICTURE = 8, 5


def figure():
    images = captioned_digits(PICTURE + 1, 0, load_digits()).images
    x = images.scaled(images.pixels[PICTURE:])
    drawn, axes = subplots(
        len(ROWS), 1 + DRAWS, 11, 5, gridspec_kw={"wspace": 0.06, "hspace": 0.06}
    )
    for row, (name, kinds) in zip(axes, ROWS.items(), strict=True):
        net = Net(Augment(*kinds), x.shape[1:], seed=1)
        y, _ = net.forward(x.repeat(DRAWS, axis=0))
        for axis, pixels in zip(row, to_rgb(np.concatenate([x, y])), strict=True):
            axis.imshow(pixels)
            axis.set(xticks=[], yticks=[])
        row[0].set_ylabel(name)
    axes[0, 0].set_title("as it is", size=10)
    axes[0, 1].set_title("as D sees it", size=10, loc="left")
    return drawn
