"""The networks of the sound recipes as works.

A sequence is an image of height 1 in both libraries. In PyTorch, too, this is faster:
Conv2d has a channels-last layout, and Conv1d has none.
"""

import dataclasses

from tinygan import Dense, Sequential
from tinygan.recipes import wavegan_tones

from .work import Work


@dataclasses.dataclass(frozen=True, kw_only=True)
class WaveGan(Work):
    """G and D of the recipe wavegan-digits, for waveforms of `size` samples.

    widths: the channels of the features, from the fewest samples
    shuffle: the places by which the phases are shifted at most
    """

    widths: tuple[int, ...]
    size: int = 4096
    shuffle: int = 2
    batch: int = 32
    latent = (32,)
    game = "pairs"
    adam = (1e-3, 0.0, 0.99)

    def __post_init__(self):
        object.__setattr__(self, "widths", tuple(self.widths))  # JSON has lists

    @property
    def title(self):
        chain = "-".join(map(str, (1, *self.widths[::-1])))
        return f"WaveGAN, {self.size:,} samples, {chain}"

    @property
    def sample(self):
        return (self.size, 1)

    def tinygan(self):
        G = wavegan_tones.generator(self.widths, self.size)
        D = wavegan_tones.discriminator(self.widths, self.shuffle)
        return Sequential(*G), Sequential(*D, Dense(1))

    def torch(self, nn):
        from . import wavegan_torch  # torch may not be installed

        return wavegan_torch.generator(self), wavegan_torch.discriminator(self)
