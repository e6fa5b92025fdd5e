"""The networks of the recipe progan as torch modules, with the layers of one level.

The order of the parameters is tinygan's: the layers between features and pixels first,
the present level's before the one that fades out, then the blocks from the smallest.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from .work import reshapes

HE = math.sqrt(2)
ToImage, ToRow = reshapes(nn)


class EqualConv(nn.Module):
    """A convolution that keeps the size, with c W in place of W."""

    def __init__(self, n_in: int, n_out: int, k: int, gain: float = HE):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in, k, k))
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.c, self.pad = gain / math.sqrt(n_in * k * k), k // 2

    def forward(self, x):
        weight = self.weight * self.c
        return functional.conv2d(x, weight, self.bias, padding=self.pad)


class EqualLinear(nn.Module):
    """A dense layer with c W in place of W."""

    def __init__(self, n_in: int, n_out: int, gain: float = HE):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in))
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.c = gain / math.sqrt(n_in)

    def forward(self, x):
        return functional.linear(x, self.weight * self.c, self.bias)


class PixelNorm(nn.Module):
    """x / sqrt(mean_c x^2 + eps). Channels lie side by side in memory: no copy."""

    def forward(self, x):
        last = x.movedim(1, -1)
        return functional.rms_norm(last, last.shape[-1:], eps=1e-8).movedim(-1, 1)


class MinibatchStd(nn.Module):
    """One more channel: the mean deviation within groups of `g`, as the authors do it.

    Group i of the M = N/g holds the samples i, i + M, i + 2M, ...
    """

    def __init__(self, g: int = 4):
        super().__init__()
        self.g = g

    def forward(self, x):
        g = min(self.g, len(x))
        groups = x.unflatten(0, (g, -1))  # (g, M, C, H, W)
        std = (groups.var(dim=0, correction=0) + 1e-8).sqrt().mean(dim=(1, 2, 3))
        one = std.repeat(g).view(-1, 1, 1, 1).expand(-1, -1, *x.shape[2:])
        return torch.cat([x, one], dim=1)


def leaky():
    return nn.LeakyReLU(0.2, inplace=True)


class Fading(nn.Module):
    """The ends and blocks of one level. With alpha < 1 the end below it is there, too.

    ends: of the present level, and after it of the one that fades out
    blocks: from the smallest pictures to the present level
    """

    def __init__(self, ends, blocks, alpha: float):
        super().__init__()
        self.ends, self.blocks = nn.ModuleList(ends), nn.ModuleList(blocks)
        self.alpha = alpha


class Generator(Fading):
    """Pictures from z: blocks upwards, then to-RGB."""

    def forward(self, z):
        below = z
        for block in self.blocks[:-1]:
            below = block(below)
        x = self.ends[0](self.blocks[-1](below))
        if self.alpha == 1:
            return x
        old = functional.interpolate(self.ends[1](below), scale_factor=2.0)
        return torch.lerp(old, x, self.alpha)


class Discriminator(Fading):
    """A score from pictures: from-RGB, then blocks downwards."""

    def forward(self, x):
        h = self.blocks[-1](self.ends[0](x))
        if self.alpha < 1:
            h = torch.lerp(self.ends[1](functional.avg_pool2d(x, 2)), h, self.alpha)
        for block in reversed(self.blocks[:-1]):
            h = block(h)
        return h


def levels(work) -> range:
    """The levels whose ends are in use, the present one first."""
    return range(work.level, work.level - 1 - (work.alpha < 1), -1)


def generator(work) -> Generator:
    """G of a `progan.ProGan` at its level."""
    C, side = work.widths, work.side

    def conv(n_in, n_out):
        return EqualConv(n_in, n_out, 3), leaky(), PixelNorm()

    (n,) = work.latent
    project = EqualLinear(n, side * side * C[0], gain=HE / 4)
    first = PixelNorm(), project, ToImage(side, side, C[0]), leaky(), PixelNorm()
    blocks = [nn.Sequential(*first, *conv(C[0], C[0]))]
    for i in range(1, work.level + 1):
        up = nn.Upsample(scale_factor=2.0)  # the nearest pixel
        blocks.append(nn.Sequential(up, *conv(C[i - 1], C[i]), *conv(C[i], C[i])))
    ends = [EqualConv(C[i], work.colours, 1, gain=1) for i in levels(work)]
    return Generator(ends, blocks, work.alpha)


def discriminator(work) -> Discriminator:
    """D of a `progan.ProGan` at its level."""
    C, side = work.widths, work.side

    def conv(n_in, n_out, k=3):
        return EqualConv(n_in, n_out, k), leaky()

    score = EqualLinear(side * side * C[0], C[0]), leaky(), EqualLinear(C[0], 1, gain=1)
    blocks = [nn.Sequential(MinibatchStd(), *conv(C[0] + 1, C[0]), ToRow(), *score)]
    for i in range(1, work.level + 1):
        half = nn.AvgPool2d(2)
        blocks.append(nn.Sequential(*conv(C[i], C[i]), *conv(C[i], C[i - 1]), half))
    ends = [nn.Sequential(*conv(work.colours, C[i], k=1)) for i in levels(work)]
    return Discriminator(ends, blocks, work.alpha)
