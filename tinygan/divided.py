"""A network's passes on the parts of a batch at once, one process for each part.

Each member of the group has a copy of the tree: the same theta, a gradient of its own.
Real, fake and penalty, the objective and the optimizers see whole batches, as ever.
"""

import copy
import itertools

import numpy as np

from .errors import BackendError
from .layers.base import each_once
from .mailbox import shared
from .shards import Member, Shards
from .values import rows, size, together


class Divided:
    """The passes of `net.tree`, to the same results but for rounding.

    x is (N, ...), each part of it some of the N samples. A batch too small to be worth
    it, and any pass in evaluation, is left whole.
    """

    def __init__(self, net, shards: Shards):
        self.whole, self.shards, self.joins = net.tree, shards, net.joins
        others = range(1, shards.size)
        grads = [net.grad, *(shared(np.zeros_like(net.grad)) for _ in others)]
        self.layers = _layers(net.tree)
        self.parts = [Part(net, grads, member) for member in shards.members]
        self.work = shards.add(self.parts)
        self.keys = itertools.count()  # of the passes whose caches the members keep

    def forward(self, x, train=True):
        """(y, cache); the cache is a Cut if the batch was divided."""
        cut = self.shards.cut(size(x), self.joins) if train else []
        if not cut:
            return self.whole.forward(x, train)
        key, state = next(self.keys), self._shared_state()
        arguments = [(key, rows(x, part), state) for part in cut]
        ys = self.shards.run(self.work, "forward", arguments)
        return together(ys), Cut(self, key, cut, _rows(ys))

    def backward(self, dy, cache, param_grads=True):
        """dx; the members' gradients are added up."""
        if not isinstance(cache, Cut):
            return self.whole.backward(dy, cache, param_grads)
        arguments = [(cache.key, own, param_grads) for own in cache.parts_of_y(dy)]
        return together(self.shards.run(self.work, "backward", arguments))

    def backward_weights(self, dy, cache):
        """The members' gradients, added up."""
        if not isinstance(cache, Cut):
            self.whole.backward_weights(dy, cache)
            return
        arguments = [(cache.key, own) for own in cache.parts_of_y(dy)]
        self.shards.run(self.work, "backward_weights", arguments)

    def tangent(self, x_dot, cache):
        """(y_dot, cache_dot)"""
        if not isinstance(cache, Cut):
            return self.whole.tangent(x_dot, cache)
        key = next(self.keys)
        arguments = [(key, rows(x_dot, own), cache.key) for own in cache.x_rows]
        y_dots = self.shards.run(self.work, "tangent", arguments)
        return together(y_dots), Cut(self, key, cache.x_rows, cache.y_rows)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        """(dx, dx_dot); the members' gradients are added up."""
        if not isinstance(cache, Cut):
            return self.whole.tangent_backward(dy, dy_dot, cache, cache_dot)
        keys = cache.key, cache_dot.key
        both = zip(cache.parts_of_y(dy), cache.parts_of_y(dy_dot), strict=True)
        arguments = [(*own, *keys) for own in both]
        return together(self.shards.run(self.work, "tangent_backward", arguments))

    def _shared_state(self) -> dict[int, dict]:
        """The state of the layers that have one, by their place in the tree.

        The first member has the network's own, the others what it is now.
        """
        state = {}
        layers = zip(self.layers, self.parts[0].layers, strict=True)
        for i, (layer, first) in enumerate(layers):
            if layer.state:
                state[i] = first.state = layer.state
        return state


class Cut:
    """Stands for the cache of a divided pass: the members keep their own, by its key,
    until this is dropped. Each has its rows of x and of y.
    """

    def __init__(self, passes: Divided, key: int, x_rows, y_rows):
        self.passes, self.key = passes, key
        self.x_rows, self.y_rows = x_rows, y_rows

    def parts_of_y(self, dy) -> list:
        """Each member's rows of dy, (N, ...) like y, or None."""
        return [rows(dy, own) for own in self.y_rows]

    def __del__(self):
        self.passes.shards.forget(self.passes.work, self.key)


class Part:
    """One member's passes, on its own part of every batch."""

    def __init__(self, net, grads: list, member: Member):
        views = {id(v): v for v in net.views()}  # theta is shared, not copied
        self.tree = copy.deepcopy(net.tree, views)
        self.layers = _layers(self.tree)
        self.grads, self.member, self.caches = grads, member, {}
        gradients = net.parameters(grads[member.rank])
        for path, layer in each_once(self.tree):
            layer.group = member
            for name in layer.shapes:
                setattr(layer, f"d{name}", gradients[f"{path}.{name}"])

    def forward(self, key, x, state):
        """y, (n, ...) for n samples x; the layers in `state` have that state."""
        if self.member.rank > 0:
            for i, now in state.items():
                self.layers[i].state = now
        y, self.caches[key] = self.tree.forward(x, train=True)
        return y

    def backward(self, key, dy, param_grads):
        """dx, (n, ...)"""
        if not param_grads:
            return self.tree.backward(dy, self._cache(key), param_grads=False)
        return self._adding(self.tree.backward, dy, self._cache(key))

    def backward_weights(self, key, dy):
        """grad += its part, from dy (n, ...)."""
        self._adding(self.tree.backward_weights, dy, self._cache(key))

    def tangent(self, key, x_dot, of):
        """y_dot, (n, ...), about the pass `of`."""
        y_dot, self.caches[key] = self.tree.tangent(x_dot, self._cache(of))
        return y_dot

    def tangent_backward(self, dy, dy_dot, of, tangent):
        """(dx, dx_dot), each (n, ...) or None, about the passes `of` and `tangent`."""
        caches = self._cache(of), self._cache(tangent)
        return self._adding(self.tree.tangent_backward, dy, dy_dot, *caches)

    def _cache(self, key):
        if key not in self.caches:
            raise BackendError(
                "a process that kept its part of this pass has ended since; what it "
                "kept is lost, the pass must be repeated"
            )
        return self.caches[key]

    def _adding(self, backward, *arguments):
        """A pass that adds to this member's gradient; then grad += all of theirs."""
        rank, first = self.member.rank, self.grads[0]
        if rank > 0:
            self.grads[rank][...] = 0
        result = backward(*arguments)
        self.member.sum()  # wait for the others
        part = slice(*(first.size * i // self.member.size for i in (rank, rank + 1)))
        for grad in self.grads[1:]:
            first[part] += grad[part]  # eq: shard-gradient
        return result

    def forget(self, key) -> None:
        """Drop a cache."""
        self.caches.pop(key, None)

    def forget_all(self) -> None:
        """Drop every cache."""
        self.caches = {}


def _layers(tree) -> list:
    return [layer for _, layer in each_once(tree)]


def _rows(parts) -> list[slice]:
    """Where each of some values lies when they are put together."""
    ends = np.cumsum([0, *map(size, parts)]).tolist()
    return [slice(a, b) for a, b in itertools.pairwise(ends)]
