"""The works: what is timed, for every library side by side, and what it costs.

A work is a pair of networks, written once with tinygan's layers and once as torch
modules, with a batch size. A new one is a subclass of `Work` and an entry in `WORKS`.
Both versions hold the same parameters in the same order, and images are channels-last
in memory in both: `to_image` and `to_row` make torch's reshapes free, as tinygan's are.
"""

import math

from tinygan import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    LeakyReLU,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
)


class Work:
    """Networks G: (N, *latent) -> (N, *sample) and D: (N, *sample) -> (N, 1)."""

    name: str
    title: str
    batch: int
    latent: tuple[int, ...]
    sample: tuple[int, ...]

    def tinygan(self) -> tuple[Sequential, Sequential]:
        """G and D as trees of tinygan's layers."""
        raise TypeError(f"{type(self).__name__} does not define tinygan()")

    def torch(self, nn):
        """G and D as torch modules, from the module torch.nn."""
        raise TypeError(f"{type(self).__name__} does not define torch(nn)")


class Mlp(Work):
    name, batch, latent, sample = "mlp", 256, (2,), (2,)
    title = "MLP GAN on 2-D data, 2-128-128"

    def tinygan(self):
        def mlp(n_out):
            hidden = (Dense(128), LeakyReLU(0.2), Dense(128), LeakyReLU(0.2))
            return Sequential(*hidden, Dense(n_out))

        return mlp(2), mlp(1)

    def torch(self, nn):
        def mlp(n_out):
            first = (nn.Linear(2, 128), nn.LeakyReLU(0.2, inplace=True))
            second = (nn.Linear(128, 128), nn.LeakyReLU(0.2, inplace=True))
            return nn.Sequential(*first, *second, nn.Linear(128, n_out))

        return mlp(2), mlp(1)


class Dcgan28(Work):
    name, batch, latent, sample = "dcgan28", 64, (100,), (28, 28, 1)
    title = "DCGAN 28x28, 1-64-128"

    def tinygan(self):
        G = Sequential(
            *(Dense(7 * 7 * 128, bias=False), Reshape(7, 7, 128), BatchNorm(), ReLU()),
            *(ConvTranspose2d(64, 4, 2, 1, bias=False), BatchNorm(), ReLU()),
            *(ConvTranspose2d(1, 4, 2, 1), Tanh()),
        )
        D = Sequential(
            *(Conv2d(64, 4, 2, 1), LeakyReLU(0.2)),
            *(Conv2d(128, 4, 2, 1, bias=False), BatchNorm(), LeakyReLU(0.2)),
            *(Flatten(), Dense(1)),
        )
        return G, D

    def torch(self, nn):
        to_image, to_row = reshapes(nn)
        G = nn.Sequential(
            *(nn.Linear(100, 7 * 7 * 128, bias=False), to_image(7, 7, 128)),
            *(nn.BatchNorm2d(128), nn.ReLU(inplace=True)),
            nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False),
            *(nn.BatchNorm2d(64), nn.ReLU(inplace=True)),
            *(nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh()),
        )
        D = nn.Sequential(
            *(nn.Conv2d(1, 64, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)),
            nn.Conv2d(64, 128, 4, 2, 1, bias=False),
            *(nn.BatchNorm2d(128), nn.LeakyReLU(0.2, inplace=True)),
            *(to_row(), nn.Linear(7 * 7 * 128, 1)),
        )
        return G, D


class Dcgan64(Work):
    name, batch, latent, sample = "dcgan64", 64, (100,), (64, 64, 3)
    title = "DCGAN 64x64, ngf = ndf = 64"

    def tinygan(self):
        G = [Dense(4 * 4 * 512, bias=False), Reshape(4, 4, 512), BatchNorm(), ReLU()]
        for C in (256, 128, 64):
            G += [ConvTranspose2d(C, 4, 2, 1, bias=False), BatchNorm(), ReLU()]
        G += [ConvTranspose2d(3, 4, 2, 1), Tanh()]
        D = [Conv2d(64, 4, 2, 1), LeakyReLU(0.2)]
        for C in (128, 256, 512):
            D += [Conv2d(C, 4, 2, 1, bias=False), BatchNorm(), LeakyReLU(0.2)]
        D += [Flatten(), Dense(1)]
        return Sequential(*G), Sequential(*D)

    def torch(self, nn):
        to_image, to_row = reshapes(nn)
        G = [nn.Linear(100, 4 * 4 * 512, bias=False), to_image(4, 4, 512)]
        G += [nn.BatchNorm2d(512), nn.ReLU(inplace=True)]
        for C in (256, 128, 64):
            G += [nn.ConvTranspose2d(2 * C, C, 4, 2, 1, bias=False)]
            G += [nn.BatchNorm2d(C), nn.ReLU(inplace=True)]
        G += [nn.ConvTranspose2d(64, 3, 4, 2, 1), nn.Tanh()]
        D = [nn.Conv2d(3, 64, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
        for C in (128, 256, 512):
            D += [nn.Conv2d(C // 2, C, 4, 2, 1, bias=False)]
            D += [nn.BatchNorm2d(C), nn.LeakyReLU(0.2, inplace=True)]
        D += [to_row(), nn.Linear(4 * 4 * 512, 1)]
        return nn.Sequential(*G), nn.Sequential(*D)


WORKS = {work.name: work for work in (Mlp(), Dcgan28(), Dcgan64())}


def reshapes(nn):
    """Torch modules (N, HWC) -> (N, C, H, W) and back, both free in channels-last."""

    class ToImage(nn.Module):
        def __init__(self, *shape):
            super().__init__()
            self.shape = shape

        def forward(self, x):
            return x.view(-1, *self.shape).permute(0, 3, 1, 2)

    class ToRow(nn.Module):
        def forward(self, x):
            return x.permute(0, 2, 3, 1).flatten(1)

    return ToImage, ToRow


def layer_flop(tree, in_shape) -> list[int]:
    """2 MNK of each layer that has a matrix product, per sample and pass.

    The three products of a layer (y, dx and dW) cost the same. A convolution counts
    every entry of its kernel at every place it is put, on padding as well.
    """
    flop = []
    for layer in tree.layers:
        out_shape = layer.build(in_shape)
        if isinstance(layer, (Dense, Conv2d, ConvTranspose2d)):
            transposed = isinstance(layer, ConvTranspose2d)
            places = math.prod((in_shape if transposed else out_shape)[:-1])
            flop.append(2 * places * math.prod(layer.shapes["W"]))
        in_shape = out_shape
    return flop


def step_flop(work: Work, shared_fake: bool = False) -> int:
    """FLOP of the products that one training step needs: the useful work.

    With f the cost of a network's forward and f1 that of its first layer's,

        D step    G forward f_G, D forward 2 f_D, D's weights 2 f_D,
                  D's activations 2 (f_D - f1_D)
        G step    G forward f_G, D forward f_D, D's activations and x_fake f_D,
                  G's weights f_G, G's activations f_G - f1_G

    so not counted are D's weight gradients in the G step, the gradients of x in the D
    step and of z, and all that is elementwise. `shared_fake` is another game, where
    both steps use one G forward.
    """
    G, D = work.tinygan()
    g, d = layer_flop(G, work.latent), layer_flop(D, work.sample)
    d_step = sum(g) + 6 * sum(d) - 2 * d[0]
    g_step = (0 if shared_fake else sum(g)) + 2 * sum(d) + 2 * sum(g) - g[0]
    return work.batch * (d_step + g_step)
