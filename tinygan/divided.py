"""A network's passes on the parts of a batch at once, one thread for each part.

Each member of the group has a copy of the tree: the same theta, a gradient of its own.
Real, fake and penalty, the objective and the optimizers see whole batches, as ever.
"""

import copy
import itertools
from typing import NamedTuple

import numpy as np

from .layers.base import each_once
from .shards import Shards
from .values import rows as rows_of
from .values import size, together


class Cut(NamedTuple):
    """The cache of a divided pass: each member's own, and its rows of x and of y."""

    caches: list
    x_rows: list[slice]
    y_rows: list[slice]


class Divided:
    """The passes of `net.tree`, to the same results but for rounding.

    x is (N, ...), each part of it some of the N samples. A batch too small to be worth
    it, and any pass in evaluation, is left whole.
    """

    def __init__(self, net, shards: Shards):
        self.whole, self.shards = net.tree, shards
        self.joins = net.joins
        views = {id(v): v for v in net.views()}  # theta is shared, not copied
        self.trees = [copy.deepcopy(net.tree, dict(views)) for _ in shards.members]
        others = range(1, shards.size)
        self.grads = [net.grad, *(np.zeros_like(net.grad) for _ in others)]
        for tree, grad, member in zip(
            self.trees, self.grads, shards.members, strict=True
        ):
            gradients = net.parameters(grad)
            for path, layer in each_once(tree):
                layer.group = member
                for name in layer.shapes:
                    setattr(layer, f"d{name}", gradients[f"{path}.{name}"])

    def forward(self, x, train=True):
        """(y, cache); the cache is a Cut if the batch was divided."""
        rows = self.shards.cut(size(x), self.joins) if train else []
        if not rows:
            return self.whole.forward(x, train)
        self._share_state()
        results = self.shards.run(
            lambda i: self.trees[i].forward(rows_of(x, rows[i]), train)
        )
        ys, caches = zip(*results, strict=True)
        return together(ys), Cut(caches, rows, _rows(ys))

    def backward(self, dy, cache, param_grads=True):
        """dx; the members' gradients are added up."""
        if not isinstance(cache, Cut):
            return self.whole.backward(dy, cache, param_grads)

        def one(i, tree):
            own = rows_of(dy, cache.y_rows[i])
            return tree.backward(own, cache.caches[i], param_grads)

        return together(self._pass(one, param_grads))

    def backward_weights(self, dy, cache):
        """The members' gradients, added up."""
        if not isinstance(cache, Cut):
            self.whole.backward_weights(dy, cache)
            return

        def one(i, tree):
            tree.backward_weights(rows_of(dy, cache.y_rows[i]), cache.caches[i])

        self._pass(one, param_grads=True)

    def tangent(self, x_dot, cache):
        """(y_dot, cache_dot)"""
        if not isinstance(cache, Cut):
            return self.whole.tangent(x_dot, cache)

        def one(i, tree):
            return tree.tangent(rows_of(x_dot, cache.x_rows[i]), cache.caches[i])

        y_dots, caches_dot = zip(*self._pass(one), strict=True)
        return together(y_dots), caches_dot

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        """(dx, dx_dot); the members' gradients are added up."""
        if not isinstance(cache, Cut):
            return self.whole.tangent_backward(dy, dy_dot, cache, cache_dot)

        def one(i, tree):
            part, c, c_dot = cache.y_rows[i], cache.caches[i], cache_dot[i]
            own = [rows_of(d, part) for d in (dy, dy_dot)]
            return tree.tangent_backward(*own, c, c_dot)

        both = zip(*self._pass(one, param_grads=True), strict=True)
        return tuple(map(together, both))

    def _pass(self, one, param_grads=False) -> list:
        """[one(i, tree i)] of all members at once; then, perhaps, grad += theirs."""

        def run(i):
            if param_grads and i > 0:
                self.grads[i][...] = 0
            result = one(i, self.trees[i])
            if param_grads:
                self.shards.members[i].sum()  # wait for the others
                size, n = self.shards.size, self.grads[0].size
                part = slice(n * i // size, n * (i + 1) // size)
                for grad in self.grads[1:]:
                    self.grads[0][part] += grad[part]  # eq: shard-gradient
            return result

        return self.shards.run(run)

    def _share_state(self) -> None:
        """The first member has the network's own state, the others what it is now."""
        trees = [[layer for _, layer in each_once(tree)] for tree in self.trees]
        whole = (layer for _, layer in each_once(self.whole))
        for layer, first, *others in zip(whole, *trees, strict=True):
            if layer.state:
                first.state = layer.state
                for other in others:
                    other.state = dict(layer.state)


def _rows(parts) -> list[slice]:
    """Where each of some values lies when they are put together."""
    ends = np.cumsum([0, *map(size, parts)]).tolist()
    return [slice(a, b) for a, b in itertools.pairwise(ends)]
