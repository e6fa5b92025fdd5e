"""A work: networks, for every library side by side, and the game they play.

works.py lists the works. Each is written once with tinygan's layers and once as torch
modules. Both versions hold the same parameters in the same order, and
images are channels-last in memory in both: `reshapes` makes torch's reshapes free, like
tinygan's.
"""

import dataclasses
from typing import ClassVar

from tinygan import Adam, Layer, Net
from tinygan.backend import NUMPY


@dataclasses.dataclass(frozen=True, kw_only=True)
class Work:
    """A GAN, unless a subclass says otherwise: G maps (N, *latent) to (N, *sample), and
    D maps (N, *sample) to (N, 1).
    """

    batch: int
    game: ClassVar[str | None] = None  # the game it always plays; None: as asked
    adam: ClassVar[tuple] = (2e-4, 0.5, 0.999)  # lr and both betas, of each network
    names: ClassVar[tuple] = ("G", "D")  # of the networks, in the order of all methods

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

    @property
    def inputs(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each network's input."""
        return self.latent, self.sample

    def tinygan(self) -> tuple[Layer, ...]:
        """The networks as trees of tinygan's layers."""
        raise TypeError(f"{type(self).__name__} does not define tinygan()")

    def torch(self, nn):
        """The networks as torch modules, from the module torch.nn."""
        raise TypeError(f"{type(self).__name__} does not define torch(nn)")

    def networks(self, backend=NUMPY, dtype="float32") -> tuple[Net, ...]:
        """The networks of tinygan."""
        pairs = zip(self.tinygan(), self.inputs, strict=True)
        return tuple(
            Net(tree, shape, seed, dtype, backend)
            for seed, (tree, shape) in enumerate(pairs, start=1)
        )

    def real(self, rng):
        """Real data x (N, *sample), float64: colours or a sound, between -1 and 1."""
        return rng.uniform(-1, 1, (self.batch, *self.sample))

    def draw(self, rng) -> tuple:
        """A batch of the work's game: x, and as many z for D's step and for G's."""
        noise = (rng.standard_normal((self.batch, *self.latent)) for _ in range(2))
        return self.real(rng), *noise

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
