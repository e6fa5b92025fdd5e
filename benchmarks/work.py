"""A work: a pair of networks, for every library side by side, and the game it plays.

works.py and progan.py have the works. Each is written once with tinygan's layers and
once as torch modules. Both versions hold the same parameters in the same order, and
images are channels-last in memory in both: `reshapes` makes torch's reshapes free, like
tinygan's.
"""

import dataclasses
from typing import ClassVar

from tinygan import Adam, Layer, Net
from tinygan.backend import NUMPY


@dataclasses.dataclass(frozen=True, kw_only=True)
class Work:
    """Networks G: (N, *latent) -> (N, *sample) and D: (N, *sample) -> (N, 1)."""

    batch: int
    game: ClassVar[str | None] = None  # the game it always plays; None: as asked
    adam: ClassVar[tuple] = (2e-4, 0.5, 0.999)  # lr and both betas, for G and D

    @property
    def title(self) -> str:
        """The work in a few words, without the batch size."""
        raise TypeError(f"{type(self).__name__} does not define title")

    @property
    def latent(self) -> tuple[int, ...]:
        """The shape of one z."""
        raise TypeError(f"{type(self).__name__} does not define latent")

    @property
    def sample(self) -> tuple[int, ...]:
        """The shape of one x."""
        raise TypeError(f"{type(self).__name__} does not define sample")

    def tinygan(self) -> tuple[Layer, Layer]:
        """G and D as trees of tinygan's layers."""
        raise TypeError(f"{type(self).__name__} does not define tinygan()")

    def torch(self, nn):
        """G and D as torch modules, from the module torch.nn."""
        raise TypeError(f"{type(self).__name__} does not define torch(nn)")

    def networks(self, backend=NUMPY, dtype="float32") -> tuple[Net, Net]:
        """G and D as networks of tinygan."""
        G, D = self.tinygan()
        return (
            Net(G, self.latent, 1, dtype, backend),
            Net(D, self.sample, 2, dtype, backend),
        )

    def optimizer(self, net: Net):
        """tinygan's optimizer of one of the networks."""
        return Adam(*self.adam)

    def with_batch(self, batch: int) -> "Work":
        """The same networks with another batch size."""
        return dataclasses.replace(self, batch=batch)

    def spec(self) -> dict:
        """This work as a dictionary for JSON, from which `works.make` builds it."""
        return {"kind": type(self).__name__} | dataclasses.asdict(self)


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
