"""What one pixel of the output sees in one stack of masked kernels, and in two."""

import numpy as np

from tinygan import Conv2d, Net, PixelCNN, Sequential, Tanh
from tinygan.layers.correlation import correlation
from tinygan.theory.canvas import BLACK, BLUE, GREY, subplots

SHAPE, PIXEL = (9, 13, 1), (6, 6)


class Masked(Conv2d):
    """A kernel of 3 x 3 that sees the row above and its own row on the left."""

    def __init__(self, C_out: int, own: int):
        super().__init__(C_out, 3, pad=1)
        self.mask = np.array([[1, 1, 1], [1, own, 0], [0, 0, 0]])[..., None, None]

    def linear(self, x):
        A = correlation(self.mask * self.W, x.shape[1:], self.stride, self.pad)
        return A.forward(x), (x, A)


def one_stack():
    """A first layer of type A, and eight of type B."""
    later = [f for _ in range(8) for f in (Tanh(), Masked(4, 1))]
    return Sequential(Masked(4, 0), *later, Tanh(), Conv2d(1, 1))


def figure():
    drawn, (axes,) = subplots(1, 2, 9, 3.4)
    trees = one_stack(), PixelCNN(8, 6)
    titles = "one stack of masked kernels", "a vertical and a horizontal stack"
    for axis, tree, title in zip(axes, trees, titles, strict=True):
        draw(axis, seen(Net(tree, SHAPE, seed=1, dtype="float64")))
        axis.set_title(title)
    return drawn


def seen(net):
    """The pixels of x on which s at PIXEL depends: (H, W)."""
    x = np.random.default_rng(0).standard_normal((8, *SHAPE))
    s, cache = net.forward(x)
    ds = np.zeros_like(s)
    i, j = PIXEL
    ds[:, i, j] = 1
    return net.backward(ds, cache).any(axis=(0, 3))


def draw(axis, seen):
    """Seen pixels blue, pixels that should be seen grey, and the pixel itself black."""
    from matplotlib.colors import ListedColormap

    H, W = seen.shape
    place = np.arange(H * W).reshape(H, W)
    kind = np.where(place < place[PIXEL], 1, 0)  # the pixels before it
    kind[seen], kind[PIXEL] = 2, 3
    colours = ListedColormap(["white", GREY, BLUE + "aa", BLACK])
    axis.imshow(kind, cmap=colours, vmin=0, vmax=3)
    axis.set_xticks(np.arange(W) - 0.5, minor=True)
    axis.set_yticks(np.arange(H) - 0.5, minor=True)
    axis.grid(which="minor", color="0.85", lw=0.8)
    axis.set(xticks=[], yticks=[])
    axis.tick_params(which="both", length=0)
