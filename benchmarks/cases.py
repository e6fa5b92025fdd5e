"""The layers that are timed alone, each written for tinygan and for PyTorch.

The shapes come from the works in works.py. A new case is an entry in `CASES`; a pass
that is not a matrix product also needs its arithmetic per number.
"""

import dataclasses
import math
from collections.abc import Callable

import tinygan as tg
from tinygan.backend import FEW
from tinygan.layers.base import Layer

# Operations per number of x: additions, multiplications, and 1 for exp, tanh or sqrt.
# A norm's forward has sum, sum of squares, centre, scale, gamma and beta. Its backward
# has two sums, then dx from dy and x_hat; LayerNorm adds gamma dy and two means.
NORM = {"forward": 7, "backward": 7}
SAMPLE_NORM = {"forward": 7, "backward": 11}
LEAKY, TANH = {"forward": 1, "backward": 1}, {"forward": 1, "backward": 3}
ADAM = {"update": 12}  # m 3, v 4, sqrt, + eps, divide, lr, add


@dataclasses.dataclass(frozen=True)
class Case:
    """A layer at one shape: x is (batch, *in_shape)."""

    title: str
    in_shape: tuple[int, ...]
    batch: int
    tinygan: Callable[[], Layer]
    torch: Callable  # torch.nn -> a module; None for an optimizer
    arithmetic: dict | None = None
    passes: tuple[str, ...] = ("forward", "backward")
    divided: bool = True  # whether cores share a batch in a network with this layer

    @property
    def name(self) -> str:
        """Its name in tables and files: "Dense 128 -> 128, batch 256"."""
        _, in_shape, out_shape = self.built()
        if self.passes == ("update",):
            return f"{self.title} {math.prod(in_shape):,} parameters"
        shape = "x".join(map(str, in_shape))
        if in_shape != out_shape or self.title == "Dense":
            shape += " -> " + "x".join(map(str, out_shape))
        return f"{self.title} {shape}, batch {self.batch}"

    def built(self) -> tuple[Layer, tuple, tuple]:
        """(layer, in_shape, out_shape): a built layer, and the shapes of x and y."""
        layer = self.tinygan()
        return layer, self.in_shape, tuple(layer.build(self.in_shape))


def dense(n_in: int, n_out: int, batch: int) -> Case:
    return Case(
        *("Dense", (n_in,), batch, lambda: tg.Dense(n_out)),
        lambda nn: nn.Linear(n_in, n_out),
        divided=n_in * n_out * batch > FEW,
    )


def conv(side: int, C_in: int, C_out: int, batch: int = 64) -> Case:
    return Case(
        *("Conv2d", (side, side, C_in), batch, lambda: tg.Conv2d(C_out, 4, 2, 1)),
        lambda nn: nn.Conv2d(C_in, C_out, 4, 2, 1),
    )


def transposed(side: int, C_in: int, C_out: int, batch: int = 64) -> Case:
    return Case(
        *("ConvTranspose2d", (side, side, C_in), batch),
        lambda: tg.ConvTranspose2d(C_out, 4, 2, 1),
        lambda nn: nn.ConvTranspose2d(C_in, C_out, 4, 2, 1),
    )


def along_time(T: int, C_in: int, C_out: int, batch: int = 32) -> Case:
    """WaveGAN's. For PyTorch a sequence is an image of height 1, as in its works."""
    return Case(
        *("Conv1d", (T, C_in), batch, lambda: tg.Conv1d(C_out, 25, stride=4, pad=11)),
        lambda nn: nn.Conv2d(C_in, C_out, (1, 25), (1, 4), (0, 11)),
    )


def to_longer(T: int, C_in: int, C_out: int, batch: int = 32) -> Case:
    how = {"stride": 4, "pad": 11, "output_pad": 1}
    return Case(
        *("ConvTranspose1d", (T, C_in), batch),
        lambda: tg.ConvTranspose1d(C_out, 25, **how),
        lambda nn: nn.ConvTranspose2d(C_in, C_out, (1, 25), (1, 4), (0, 11), (0, 1)),
    )


def norms(side: int, C: int, batch: int = 64) -> list[Case]:
    """GroupNorm of one group is our LayerNorm: gamma and beta per channel."""
    x = ((side, side, C), batch)
    return [
        Case("BatchNorm", *x, tg.BatchNorm, lambda nn: nn.BatchNorm2d(C), NORM),
        Case("LayerNorm", *x, tg.LayerNorm, lambda nn: nn.GroupNorm(1, C), SAMPLE_NORM),
    ]


def activations(side: int, C: int, batch: int = 64) -> list[Case]:
    x = ((side, side, C), batch)

    def leaky():
        return tg.LeakyReLU(0.2)

    return [
        Case("LeakyReLU", *x, leaky, lambda nn: nn.LeakyReLU(0.2), LEAKY),
        Case("Tanh", *x, tg.Tanh, lambda nn: nn.Tanh(), TANH),
    ]


def adam(n: int) -> Case:
    return Case("Adam", (n,), 1, Layer, None, ADAM, ("update",))


SMALL = (  # the layers of a DCGAN 28x28 and an MLP, and the ends of a WaveGAN
    dense(128, 128, batch=256),
    conv(28, 1, 64),
    conv(14, 64, 128),
    transposed(7, 128, 64),
    transposed(14, 64, 1),
    along_time(4096, 1, 16),
    to_longer(1024, 16, 1),
    *norms(14, 64),
    *activations(14, 64),
    adam(34_000),
)
LARGE = (  # the layers of a DCGAN 64x64, and further ones of a WaveGAN
    dense(1024, 1024, batch=1024),
    conv(32, 64, 128),
    conv(8, 256, 512),
    transposed(4, 512, 256),
    transposed(16, 128, 64),
    along_time(1024, 16, 32),
    to_longer(256, 32, 16),
    *norms(32, 64),
    *activations(32, 64),
    adam(4_000_000),
)
CASES = {case.name: case for case in (*SMALL, *LARGE)}
