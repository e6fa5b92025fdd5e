"""The networks of the recipe text-names as a work.

A text is a sequence of one-hot rows. For PyTorch it is an image of height 1, as a sound
is (wavegan.py).
"""

import dataclasses

from tinygan.recipes import text_names

from .likelihood import Symbols
from .work import Work


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextGan(Work):
    """G and D of the recipe text-names, for texts of `places` places.

    symbols: the size of the alphabet, with the end
    width: the channels of all features
    """

    places: int = text_names.T
    symbols: int = text_names.V
    width: int = text_names.C
    batch: int = 64
    latent = (128,)
    game = "wgan-gp"
    adam = (2e-4, 0.5, 0.9)

    @property
    def title(self):
        text = f"{self.places}x{self.symbols}, {text_names.BLOCKS} blocks"
        return f"WGAN-GP of texts, {text} of {self.width}"

    @property
    def sample(self):
        return (self.places, self.symbols)

    def real(self, rng):
        return Symbols.draw(rng, (self.batch, *self.sample))

    def tinygan(self):
        G = text_names.generator(self.width, self.places, self.symbols)
        return G, text_names.discriminator(self.width)

    def torch(self, nn):
        from . import textgan_torch  # torch may not be installed

        return textgan_torch.generator(self), textgan_torch.discriminator(self)
