"""The networks of the sound recipes as torch modules, for images of height 1."""

import itertools

import torch
from torch import nn

from .work import reshapes

ToImage, ToRow = reshapes(nn)
STRIDE = 4


class PhaseShuffle(nn.Module):
    """Each sequence is shifted by a few places, and reflected at its ends.

    One `index_select` for the whole batch. `reflection_pad` and a slice for each sample
    take two to five times as long.
    """

    def __init__(self, n: int):
        super().__init__()
        self.n = n

    def forward(self, x):
        N, C, _, T = x.shape
        shifts = torch.randint(-self.n, self.n + 1, (N, 1), device=x.device)
        last, samples = T - 1, torch.arange(N, device=x.device)[:, None]
        i = torch.arange(T, device=x.device) - shifts
        i = last - (last - i.abs()).abs() + T * samples
        rows = x.permute(0, 2, 3, 1).reshape(N * T, C)
        return rows.index_select(0, i.view(-1)).view(N, 1, T, C).permute(0, 3, 1, 2)


def leaky():
    return nn.LeakyReLU(0.2, inplace=True)


def generator(work) -> nn.Sequential:
    """G of a `wavegan.WaveGan`."""
    C = work.widths
    T = work.size // STRIDE ** len(C)
    layers = [nn.Linear(*work.latent, T * C[0]), ToImage(1, T, C[0])]
    for n_in, n_out in itertools.pairwise((*C, 1)):
        how = {"stride": (1, STRIDE), "padding": (0, 11), "output_padding": (0, 1)}
        layers += [leaky(), nn.ConvTranspose2d(n_in, n_out, (1, 25), **how)]
    return nn.Sequential(*layers, nn.Tanh())


def discriminator(work) -> nn.Sequential:
    """D of a `wavegan.WaveGan`."""
    C = work.widths
    T = work.size // STRIDE ** len(C)
    layers = []
    for n_in, n_out in itertools.pairwise((1, *C[::-1])):
        layers += [PhaseShuffle(work.shuffle)] if n_in > 1 else []
        layers += [nn.Conv2d(n_in, n_out, (1, 25), (1, STRIDE), (0, 11)), leaky()]
    return nn.Sequential(*layers, ToRow(), nn.Linear(T * C[0], 1))
