"""The networks of the recipe progan as works, one for each level.

tinygan has the networks of all levels in one theta, and a level uses a part of it. The
torch modules (progan_torch.py) have the layers of one level only, which is all that
PyTorch then has to step. Both have the parameters of this level in the same order.
"""

import dataclasses

from tinygan import Adam
from tinygan.backend import NUMPY
from tinygan.growth import GrowingNet, Within
from tinygan.recipes import progan

from .work import Work


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProGan(Work):
    """G and D of the recipe progan at one level, from 0.

    alpha < 1: the level fades in, and counts by alpha
    widths: the channels at each level, from the smallest picture
    """

    level: int
    alpha: float = 1.0
    widths: tuple[int, ...] = tuple(progan.widths(4))
    side: int = 4  # of the pictures of level 0
    colours: int = 3
    batch: int = 16
    latent = (progan.LATENT,)
    game = "growing"
    adam = (1e-3, 0.0, 0.99)

    def __post_init__(self):
        object.__setattr__(self, "widths", tuple(self.widths))  # JSON has lists

    @property
    def title(self):
        side, fade = self.side << self.level, " in its fade" * (self.alpha < 1)
        chain = "-".join(map(str, self.widths[: self.level + 1]))
        return f"ProGAN {side}x{side}{fade}, {chain}"

    @property
    def sample(self):
        side = self.side << self.level
        return (side, side, self.colours)

    def tinygan(self):
        G = progan.generator(self.widths, self.side, self.colours)
        return G, progan.discriminator(self.widths)

    def torch(self, nn):
        from . import progan_torch  # torch may not be installed

        return progan_torch.generator(self), progan_torch.discriminator(self)

    def networks(self, backend=NUMPY, dtype="float32"):
        """G and D, both at the level."""
        G, D = self.tinygan()
        side = self.side << len(self.widths) - 1
        nets = (
            GrowingNet(G, self.latent, 1, dtype, backend),
            GrowingNet(D, (side, side, self.colours), 2, dtype, backend),
        )
        for net in nets:
            net.grow(self.level, self.alpha)
        return nets

    def optimizer(self, net):
        return Within(Adam(*self.adam), net)
