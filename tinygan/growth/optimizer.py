"""An optimizer for a part of theta: the part that a level of a growing network uses."""

import itertools

from ..errors import instance
from ..optim import Optimizer, Wrapper
from ..optim.base import same_shape
from .net import GrowingNet


class Within(Wrapper):
    """The inner optimizer's step, within the part of theta that a network uses

        theta_i += lr u_i(g)      for i in `net.used`; every other theta_i, and its
                                  moments, stay as they are

    The inner optimizer gets all numbers from the first to the last that is used. What
    lies unused between them, a few ends of lower levels, is put back after the step.
    Unused gradients are 0, so that a norm over g is the norm over the used part.

    InputError for a network that does not grow.
    """

    def __init__(self, inner: Optimizer, net: GrowingNet):
        super().__init__(inner)
        self.net = instance(self, "net", net, GrowingNet, "GrowingNet(tree, (64,))")
        self.start = 0  # where in the network's theta the theta of `step` begins

    def part(self, own, rank):
        new = super().part(own, rank)
        new.start = self.start + own.start
        return new

    def step(self, theta, g, signed_lr):
        same_shape(theta, g)
        self.inner.prepare(theta)
        used = self._used(len(theta))
        gaps = [slice(a.stop, b.start) for a, b in itertools.pairwise(used)]
        vectors = (theta, *self._moments()) if gaps else ()
        kept = [(v[gap], v[gap].copy()) for v in vectors for gap in gaps]
        hull = slice(used[0].start, used[-1].stop) if used else slice(0, 0)
        part = self.inner.part(hull, self.inner.group)
        part.step(theta[hull], g[hull], signed_lr)
        self.inner.t = part.t
        for now, before in kept:
            now[...] = before

    def _used(self, n: int) -> list[slice]:
        """The used slices of a theta of n numbers that begins at `start`."""
        ends = (
            (max(s.start - self.start, 0), min(s.stop - self.start, n))
            for s in self.net.used
        )
        return [slice(first, stop) for first, stop in ends if first < stop]

    def _moments(self) -> list:
        state = self.inner.state()
        return [state[name] for name in state if name != "t"]
