"""The networks of the recipes that ascend a likelihood, as works.

Each has the network, the batch, the optimizer and the kind of data of its recipe.
"""

import dataclasses
from typing import ClassVar

from tinygan import MADE, Dense, Flatten, PixelCNN, Reshape, Sequential, Tanh
from tinygan.recipes import gru_lines, made_mnist, pixelcnn_mnist, vae_mnist
from tinygan.recipes.gru_names import reader

from .likelihood import Pixels, Symbols
from .work import Work


@dataclasses.dataclass(frozen=True, kw_only=True)
class Likely(Work):
    """A network M that maps x to the parameters of p(x), of the same shape."""

    likelihood: ClassVar = Pixels
    names = ("M",)
    game = "ascent"
    adam = (1e-3, 0.9, 0.999)

    @property
    def inputs(self):
        return (self.sample,)

    def real(self, rng):
        return self.likelihood.draw(rng, (self.batch, *self.sample))

    def draw(self, rng):
        """x alone."""
        return (self.real(rng),)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Picture(Likely):
    """A likelihood model of black and white pictures (side, side, 1)."""

    side: int = 28

    @property
    def sample(self):
        return (self.side, self.side, 1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Vae(Picture):
    """The recipe vae-mnist: an encoder E and a decoder D.

    hidden: units of each of the two hidden layers      numbers: of z
    """

    hidden: int = vae_mnist.HIDDEN
    numbers: int = vae_mnist.D
    batch: int = 100
    names = ("E", "D")
    game = "elbo"

    @property
    def title(self):
        n = self.hidden
        return f"VAE {self.side**2}-{n}-{n}-2x{self.numbers} and its mirror"

    @property
    def latent(self):
        return (self.numbers,)

    @property
    def inputs(self):
        return self.sample, self.latent

    def draw(self, rng):
        """x and eps."""
        return self.real(rng), rng.standard_normal((self.batch, *self.latent))

    def tinygan(self):
        def hidden():
            return Dense(self.hidden), Tanh(), Dense(self.hidden), Tanh()

        E = Sequential(Flatten(), *hidden(), Dense(2 * self.numbers))
        pixels = Dense(self.side**2), Reshape(*self.sample)
        return E, Sequential(*hidden(), *pixels)

    def torch(self, nn):
        from . import likely_torch  # torch may not be installed

        return likely_torch.encoder(self), likely_torch.decoder(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Made(Picture):
    """The recipe made-mnist. hidden: the units of each hidden layer"""

    hidden: tuple[int, ...] = tuple(made_mnist.HIDDEN)
    batch: int = 100

    def __post_init__(self):
        object.__setattr__(self, "hidden", tuple(self.hidden))  # JSON has lists

    @property
    def title(self):
        n = self.side**2
        return f"MADE {'-'.join(map(str, (n, *self.hidden, n)))} and {n}-{n}"

    def tinygan(self):
        return (MADE(self.hidden),)

    def torch(self, nn):
        from . import likely_torch

        return (likely_torch.Made(self),)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PixelCnn(Picture):
    """The recipe pixelcnn-mnist: `blocks` blocks of `width` channels."""

    width: int = pixelcnn_mnist.C
    blocks: int = pixelcnn_mnist.BLOCKS
    batch: int = 32
    adam = (2e-3, 0.9, 0.999)

    @property
    def title(self):
        side = self.side
        return f"gated PixelCNN {side}x{side}, {self.blocks} blocks of {self.width}"

    def tinygan(self):
        return (PixelCNN(self.width, self.blocks),)

    def torch(self, nn):
        from . import likely_torch

        return (likely_torch.PixelCnn(self),)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GruLines(Likely):
    """The recipe gru-lines, for lines of `places` places.

    symbols: the size of the alphabet, with the end; 65 as for Shakespeare's plays
    """

    places: int = 128
    symbols: int = 65
    units: int = gru_lines.UNITS
    batch: int = 64
    likelihood = Symbols
    adam = (2e-3, 0.9, 0.999)

    @property
    def title(self):
        return f"GRU of {self.units}, lines of {self.places} of {self.symbols} symbols"

    @property
    def sample(self):
        return (self.places, self.symbols)

    def tinygan(self):
        return (reader(self.units, 1, self.symbols),)

    def torch(self, nn):
        from . import likely_torch

        return (likely_torch.Reader(self),)
