"""The networks of the likelihood models as torch modules."""

import itertools

import torch
from torch import nn
from torch.nn import functional

from tinygan.layers.masked import below, degrees, up_to

from .work import reshapes

ToImage, ToRow = reshapes(nn)


def hidden(n_in: int, n: int) -> tuple:
    return nn.Linear(n_in, n), nn.Tanh(), nn.Linear(n, n), nn.Tanh()


def encoder(work) -> nn.Sequential:
    """E of a `likely.Vae`."""
    n_in, n = work.side**2, work.hidden
    return nn.Sequential(ToRow(), *hidden(n_in, n), nn.Linear(n, 2 * work.numbers))


def decoder(work) -> nn.Sequential:
    """D of a `likely.Vae`."""
    n_out, n = work.side**2, work.hidden
    pixels = nn.Linear(n, n_out), ToImage(*work.sample)
    return nn.Sequential(*hidden(work.numbers, n), *pixels)


class MaskedLinear(nn.Linear):
    """A dense layer with M * W in place of W; the mask is (n_in, n_out)."""

    def __init__(self, mask, bias: bool = True):
        super().__init__(*mask.shape, bias)
        self.register_buffer("mask", torch.tensor(mask.T, dtype=torch.float32))

    def forward(self, x):
        return functional.linear(x, self.weight * self.mask, self.bias)


class Made(nn.Module):
    """The network of a `likely.Made`."""

    def __init__(self, work):
        super().__init__()
        D = work.side**2
        places = 1 + torch.arange(D).numpy()
        seen = [places, *(degrees(n, D) for n in work.hidden)]
        layers = []
        for a, b in itertools.pairwise(seen):
            layers += [MaskedLinear(up_to(a, b)), nn.ReLU(inplace=True)]
        self.f = nn.Sequential(*layers, MaskedLinear(below(seen[-1], places)))
        self.direct = MaskedLinear(below(places, places), bias=False)
        self.to_row, self.to_image = ToRow(), ToImage(*work.sample)

    def forward(self, x):
        x = self.to_row(x)
        return self.to_image(self.f(x) + self.direct(x))


class CausalConv(nn.Conv2d):
    """A convolution with zeros around the image: left, right, above and below."""

    def __init__(self, n_in: int, n_out: int, kernel, zeros):
        super().__init__(n_in, n_out, kernel)
        self.zeros = zeros

    def forward(self, x):
        return super().forward(functional.pad(x, self.zeros))


def gate(x):
    a, b = x.chunk(2, dim=1)
    return torch.tanh(a) * torch.sigmoid(b)


class GatedBlock(nn.Module):
    """One step of the vertical stack v and the horizontal stack h."""

    def __init__(self, n_in: int, C: int, k: int, residual: bool = True):
        super().__init__()
        up = k // 2
        self.V = CausalConv(n_in, 2 * C, (up + 1, k), (up, up, up, 0))
        self.H = CausalConv(n_in, 2 * C, (1, up + 1), (up, 0, 0, 0))
        self.U = nn.Conv2d(C, 2 * C, 1, bias=False)
        self.P = nn.Conv2d(C, C, 1)
        self.residual = residual

    def forward(self, v, h):
        v = gate(self.V(v))
        new = self.P(gate(self.H(h) + self.U(v)))
        return v, h + new if self.residual else new


class PixelCnn(nn.Module):
    """The network of a `likely.PixelCnn`."""

    def __init__(self, work):
        super().__init__()
        C, ReLU = work.width, nn.ReLU
        rest = (GatedBlock(C, C, 3) for _ in range(work.blocks - 1))
        self.blocks = nn.ModuleList([GatedBlock(3, C, 7, residual=False), *rest])
        one, two = nn.Conv2d(C, C, 1), nn.Conv2d(C, 1, 1)
        self.ends = nn.Sequential(ReLU(), one, ReLU(inplace=True), two)
        middles = (2 * torch.arange(work.side).double() + 1) / work.side - 1
        places = torch.stack(torch.meshgrid(middles, middles, indexing="ij"))
        self.places = places  # (2, side, side), in float64

    def forward(self, x):
        places = self.places.to(x).expand(len(x), -1, -1, -1)
        x = torch.cat([x, places], dim=1)
        v = functional.pad(x, (0, 0, 1, -1))  # a row down
        h = functional.pad(x, (1, -1, 0, 0))  # a column to the right
        for block in self.blocks:
            v, h = block(v, h)
        return self.ends(h)


class Reader(nn.Module):
    """The network of a `likely.GruLines`.

    torch.nn.GRU adds two biases in each gate. In r and z one of them would be enough,
    and tinygan has one. So the second one stays 0 here.
    """

    def __init__(self, work):
        super().__init__()
        n = work.units
        self.gru = nn.GRU(work.symbols, n, batch_first=True)
        self.logits = nn.Linear(n, work.symbols)

        def of_q_alone(g):
            return torch.cat([torch.zeros_like(g[: 2 * n]), g[2 * n :]])

        nn.init.zeros_(self.gru.bias_hh_l0)
        self.gru.bias_hh_l0.register_hook(of_q_alone)

    def forward(self, x):
        x = x[:, :, 0].transpose(1, 2)  # (N, V, 1, T) -> (N, T, V), the same memory
        h, _ = self.gru(functional.pad(x, (0, 0, 1, -1)))  # a step later
        return self.logits(h).transpose(1, 2)[:, :, None]
