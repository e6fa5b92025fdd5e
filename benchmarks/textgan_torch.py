"""The networks of the recipe text-names as torch modules, for images of height 1."""

import torch
from torch import nn

from tinygan.recipes.text_names import BLOCKS

from .work import reshapes

ToImage, ToRow = reshapes(nn)


class Block(nn.Module):
    """h + 0.3 f(h). The first ReLU leaves h as it is."""

    def __init__(self, C: int):
        super().__init__()
        first, second = (nn.Conv2d(C, C, (1, 5), padding=(0, 2)) for _ in range(2))
        self.f = nn.Sequential(nn.ReLU(), first, nn.ReLU(inplace=True), second)

    def forward(self, h):
        return torch.add(h, self.f(h), alpha=0.3)


class Softmax(nn.Module):
    """Over the channels, which lie side by side in memory: no copy."""

    def forward(self, x):
        return x.movedim(1, -1).softmax(dim=-1).movedim(-1, 1)


def generator(work) -> nn.Sequential:
    """G of a `textgan.TextGan`."""
    T, C = work.places, work.width
    start = nn.Linear(*work.latent, T * C), ToImage(1, T, C)
    blocks = (Block(C) for _ in range(BLOCKS))
    return nn.Sequential(*start, *blocks, nn.Conv2d(C, work.symbols, 1), Softmax())


def discriminator(work) -> nn.Sequential:
    """D of a `textgan.TextGan`."""
    T, C = work.places, work.width
    blocks = (Block(C) for _ in range(BLOCKS))
    score = ToRow(), nn.Linear(T * C, 1)
    return nn.Sequential(nn.Conv2d(work.symbols, C, 1), *blocks, *score)
