"""Instance noise: D's input is blurred, so that data and samples overlap."""

import numpy as np

from ..errors import number, whole
from ..ops import get_xp
from ..rng import generator
from .base import Affine


class InstanceNoise(Affine):
    """y = x + std_t n, n ~ N(0, 1)      dx = dy      in evaluation y = x

    It is the first layer of D, so that the real and the generated batch are both
    blurred. Images lie on thin sets, and a D that separates two thin sets perfectly
    tells G nothing; the blurred sets overlap. std_t falls in a straight line from
    `std` to 0 over `steps` discriminator steps (calls of `advance`; a turn has k of
    them). It stays at `std` if steps is None.

    The noise comes from a generator keyed by (seed, how many were drawn before). Both
    of these, and t, are layer state, so a resumed run draws the next noise. Raises
    InputError unless std >= 0 and steps >= 1. Source: Sonderby et al. 2017 and
    Arjovsky and Bottou 2017.
    """

    divisible = True

    def __init__(self, std: float, steps: int | None = None):
        self.std = number(self, "std >= 0", std)
        self.steps = None if steps is None else whole(self, "steps >= 1", steps)

    def init(self, rng):
        self.state = {"seed": int(rng.integers(2**31)), "draws": 0, "t": 0}

    def advance(self):
        self.state["t"] += 1

    def std_t(self) -> float:
        """The standard deviation of the noise now."""
        if self.steps is None:
            return self.std
        gone = max(0, self.state["t"] - 1)  # advance comes before the first forward
        return self.std * max(0.0, 1 - gone / self.steps)

    def forward(self, x, train=True):
        std = self.std_t()
        if not train or std == 0:
            return x, ()
        rng = generator(self.state["seed"], self.state["draws"], *self.group.key)
        self.state["draws"] += 1
        n = rng.standard_normal(x.shape, dtype=np.float32)
        return x + std * get_xp(x).asarray(n).astype(x.dtype), ()  # eq: instance-noise

    def adjoint(self, dy, cache):
        return dy

    def tangent(self, x_dot, cache):
        return x_dot, ()

    def __repr__(self):
        steps = "" if self.steps is None else f", steps={self.steps}"
        return f"InstanceNoise({self.std}{steps})"
