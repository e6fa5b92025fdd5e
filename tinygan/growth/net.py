"""A network that grows: its shapes and its part of theta are those of its level."""

import math

from ..layers.growing import Growing
from ..net import Net


class GrowingNet(Net):
    """A Net whose tree is a `Growing` layer: at level l it is the function f_l.

    theta and grad belong to the last level from the start. in_shape and out_shape are
    those of the present level.
    """

    tree: Growing

    def __init__(self, tree: Growing, in_shape, *rest, **named):
        super().__init__(tree, in_shape, *rest, **named)
        self._spans: dict[tuple, list[slice]] = {}
        self._alpha: float | None = None
        self._fit()

    def grow(self, level: int, alpha: float = 1.0) -> None:
        """Go to this level, which counts by alpha, and the one below by 1 - alpha.

        InputError unless 0 <= level < levels and 0 <= alpha <= 1; level 0 has alpha 1.
        """
        before = self.tree.now
        self.tree.grow(level, alpha)
        if self.tree.fading:  # as the layer rounds it
            self._alpha = float(self.tree.fades[level].alpha.dtype.type(alpha))
        if self.tree.now != before:
            self._fit()

    @property
    def alpha(self) -> float:
        """alpha of the present level. After `load_state` the host waits for it, if a
        device holds it.
        """
        if not self.tree.fading:
            return 1.0
        if self._alpha is None:
            alpha = self.tree.fades[self.tree.level].alpha
            self._alpha = float(self.backend.to_host(alpha))
        return self._alpha

    def load_state(self, state):
        super().load_state(state)
        self._alpha = None
        self._fit()

    def _fit(self) -> None:
        level = self.tree.level
        self.in_shape = self.tree.in_shapes[level]
        self.out_shape = self.tree.out_shapes[level]
        self._proved = set()  # the first passes of each level are watched

    @property
    def used(self) -> list[slice]:
        """The parts of theta, in order, that the present level uses. All other
        gradients are exactly 0.
        """
        now = self.tree.now
        if now not in self._spans:
            self._spans[now] = self._parts({id(layer) for layer in self.tree.used()})
        return self._spans[now]

    def _parts(self, used: set[int]) -> list[slice]:
        """The slices of theta of the layers with these ids; neighbours are joined."""
        parts: list[slice] = []
        start = 0
        for _, layer in self.layers():
            stop = start + sum(math.prod(shape) for shape in layer.shapes.values())
            if id(layer) in used and stop > start:
                joined = parts and parts[-1].stop == start
                parts.append(slice(parts.pop().start if joined else start, stop))
            start = stop
        return parts
