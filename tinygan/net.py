"""Net: a tree of layers over one flat vector theta and one flat gradient grad.

A network is a function of x and of one vector, its parameters theta. Every parameter of
every layer is a view into theta, and every gradient is a view into grad, in the order
of the layers. So an optimizer, a norm, a checkpoint or an all-reduce sees one vector,
and a layer sees its own W and dW.
"""

import copy
import math
import operator

import numpy as np

from .backend import NUMPY, Backend
from .errors import (
    InputError,
    LayerError,
    NonFiniteError,
    ShapeError,
    floating,
    instance,
    same_form,
    shown,
    whole,
)
from .group import Group
from .guard import layers as guard
from .layers.base import Layer, a_layer, each_once
from .ops import Array, get_xp
from .values import as_shape, leaves, mapped, shape_of, zeros


class Net:
    """The function tree(x; theta) for inputs of shape (N, *in_shape).

    An input may be a tuple of arrays (values.py); in_shape is then a tuple of shapes.

    The weights are drawn on the host from `seed` in float64, then cast to `dtype` and
    moved to `backend`, so the same seed gives the same network everywhere. A tree
    belongs to one Net: its layers hold views into this Net's vectors.

    Raises ShapeError when the layers do not fit together, LayerError for a layer that
    breaks the protocol, and InputError for arguments of another kind.
    """

    def __init__(
        self,
        tree: Layer,
        in_shape: tuple[int, ...],
        seed: int = 0,
        dtype="float32",
        backend: Backend = NUMPY,
    ):
        self.tree = a_layer(self, tree)
        shape = as_shape(tuple(in_shape) if isinstance(in_shape, list) else in_shape)
        if shape is None:
            raise InputError(
                f"Net expects in_shape such as (2,), got {shown(in_shape)}"
            )
        self.in_shape, self.out_shape = shape, guard.built(tree, shape)
        shapes = (s for _, layer in self.layers() for s in layer.shapes.values())
        if (size := sum(math.prod(s) for s in shapes)) > 2**40:
            raise InputError(f"Net expects fewer parameters, got {size}")
        self.backend = NUMPY
        self.bind(np.zeros(size), np.zeros(size))
        rng = np.random.default_rng(whole(self, "seed >= 0", seed))
        for path, layer in self.layers():
            arrays = guard.bound(layer)
            layer.init(rng)
            guard.require_bound(path, layer, arrays)
        for name, W in self.parameters().items():
            if not np.isfinite(W).all():
                raise LayerError(f"layer {name} starts with NaN or infinity")
        self._convert(dtype, backend)

    # The passes. The tree computes each of them.

    def forward(self, x, train: bool = True):
        """(y, cache) for x (N, *in_shape); ShapeError for an x of another shape."""
        if shape_of(x) != self.in_shape:
            guard.require_shape("inputs", x, self.in_shape)
        return self._tree("forward").forward(x, train)

    def backward(self, dy, cache, param_grads: bool = True):
        """dx = J^T dy; with param_grads, also grad += (dy/dtheta)^T dy."""
        if shape_of(dy) != self.out_shape:
            guard.require_form("dy", dy, self.out_shape)
        return self._tree("backward").backward(dy, cache, param_grads)

    def backward_weights(self, dy, cache) -> None:
        """grad += (dy/dtheta)^T dy, for a caller that needs no dx."""
        if shape_of(dy) != self.out_shape:
            guard.require_form("dy", dy, self.out_shape)
        self._tree("backward_weights").backward_weights(dy, cache)

    def tangent(self, x_dot, cache):
        """(y_dot, cache_dot), y_dot = J x_dot, for the forward pass that left cache."""
        guard.require_form("x_dot", x_dot, self.in_shape)
        return self._tree("tangent").tangent(x_dot, cache)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        """(dx, dx_dot), the reverse of (x, x_dot) -> (y, y_dot); adds to grad."""
        return self._tree("tangent_backward").tangent_backward(
            dy, dy_dot, cache, cache_dot
        )

    def _tree(self, which: str):
        """The tree for a pass. A wrong first pass of a kind raises LayerError."""
        return self.tree if which in self._proved else guard.First(self, which)

    def advance(self) -> None:
        """Call `advance` of every layer: once per step, before its forward passes."""
        for layer in self._advancing:
            layer.advance()

    def zero_grad(self) -> None:
        """grad = 0. Gradients add up until someone clears them.

        LayerError if a layer has meanwhile set its W or dW to another array.
        """
        held, names, arrays = self._bound
        if not all(map(operator.is_, map(dict.get, held, names), arrays)):
            views = list(zip(*self._bound, strict=True))
            guard.require_all_bound(self.layers(), views)
        self.grad[...] = 0

    # theta, grad and the state of the layers.

    @property
    def packs(self) -> int:
        """How many samples share one logit: 1, or as many as Pack puts together."""
        return math.prod(layer.packs for _, layer in self.layers())

    @property
    def products(self) -> int:
        """About how many multiplications the forward pass of one sample takes."""
        return sum(
            layer.reuses * math.prod(shape)
            for _, layer in self.layers()
            for shape in layer.shapes.values()
        )

    def layers(self) -> list[tuple[str, Layer]]:
        """(path, layer) of every layer, each once, with the containers."""
        return each_once(self.tree)

    def parameters(self, vector=None) -> dict[str, Array]:
        """{"1_Dense.W": view into theta, or into another vector laid out like it}."""
        vector, start = self.theta if vector is None else vector, 0
        layers = self.layers()
        n = sum(math.prod(s) for _, f in layers for s in f.shapes.values())
        if getattr(vector, "shape", None) != (n,):
            raise ShapeError(f"expected a vector of {n} numbers, got {shown(vector)}")
        views: dict[str, Array] = {}
        for path, layer in layers:
            for name, shape in layer.shapes.items():
                stop = start + math.prod(shape)
                views[f"{path}.{name}"] = vector[start:stop].reshape(shape)
                start = stop
        return views

    def state(self) -> dict[str, Array]:
        """{"2_BatchNorm.mean": array, ...}: the layers' state, by reference."""
        return {
            f"{path}.{name}": value
            for path, layer in self.layers()
            for name, value in layer.state.items()
        }

    def load_state(self, state: dict) -> None:
        """Set the layers' state to a copy of what `state()` gave.

        ShapeError if a name is missing or a value has another shape.
        """
        instance(self, "state", state, dict)
        kept = [
            (f"{path}.{name}", layer.state, name)
            for path, layer in self.layers()
            for name in layer.state
        ]
        for full, held, name in kept:
            same_form(f"state {full}", held[name], state.get(full))
        for full, held, name in kept:
            old, new = held[name], state[full]
            if isinstance(old, int):
                held[name] = int(new)
            else:
                old[...] = get_xp(old).asarray(new)

    def clone(self, dtype=None, backend: Backend | None = None) -> "Net":
        """A copy with its own theta, perhaps of another dtype or on another backend."""
        new = copy.copy(self)
        vectors = {id(v): v for v in self.views()}  # `_convert` makes new ones
        new.tree = copy.deepcopy(self.tree, vectors)
        backend = self.backend if backend is None else backend
        new._convert(self.theta.dtype if dtype is None else dtype, backend)
        return new

    def part(self, rank: Group, grad) -> "Net":
        """This network for one rank of a group. It shares theta and the layers' state.
        Its gradient is `grad` (n,), and its layers ask the group for sums.

        ShapeError, naming the layer, if a layer is not `divisible`.
        """
        kept = [*self.views(), *(layer.state for _, layer in self.layers())]
        new = copy.copy(self)
        new.tree = copy.deepcopy(self.tree, {id(v): v for v in kept})
        new.bind(self.theta, grad)
        for path, layer in new.layers():
            if not layer.divisible:
                raise ShapeError(f"{path} {layer!r} needs the batch in one piece")
        new.join(rank)
        return new

    def join(self, group: Group) -> None:
        """Make this the group that every layer asks for sums and for places."""
        for _, layer in self.layers():
            layer.group = group

    def views(self) -> list:
        """Every W and dW: the views into theta and grad that the layers hold."""
        return [
            vars(layer)[prefix + name]
            for _, layer in self.layers()
            for name in layer.shapes
            for prefix in ("", "d")
        ]

    def bind(self, theta, grad) -> None:
        """Make theta and grad this network's vectors, and each W and dW a view."""
        self.theta, self.grad = theta, grad
        self._proved: set[str] = set()  # the passes that were watched once
        paths = self.layers()
        layers = [layer for _, layer in paths]
        self._advancing = [f for f in layers if type(f).advance is not Layer.advance]
        values, grads = self.parameters(theta), self.parameters(grad)
        for path, layer in paths:
            for name in layer.shapes:
                setattr(layer, name, values[f"{path}.{name}"])
                setattr(layer, f"d{name}", grads[f"{path}.{name}"])
        every = [(vars(f), *array) for f in layers for array in guard.bound(f)]
        self._bound = tuple(zip(*every, strict=True)) or ((), (), ())

    def _convert(self, dtype, backend: Backend) -> None:
        """Move theta, grad and the layers' state to `backend`, as `dtype`."""
        dtype = floating(self, dtype, "fc")
        instance(self, "backend", backend, Backend, "get_backend('numpy')")

        def move(a):
            return backend.asarray(np.array(self.backend.to_host(a), dtype))

        theta = move(self.theta)
        self.bind(theta, backend.xp.zeros_like(theta))
        for _, layer in self.layers():
            layer.state = {
                name: value if isinstance(value, int) else move(value)
                for name, value in layer.state.items()
            }
        self.backend = backend

    # Methods that show the network, and that find the fault in a run.

    def describe(self) -> str:
        """A table of the layers: name, output's shape, number of parameters."""
        shapes: dict[str, tuple] = {}
        with self.observe(lambda path, _, y: shapes.setdefault(path, shape_of(y))):
            x = zeros(self.in_shape, self.packs, self.theta.dtype)
            self.forward(mapped(self.backend.asarray, x), train=False)
        rows: list[tuple] = [("input", self.in_shape, 0)]
        for path, layer in self.layers():
            if path in shapes:
                n = sum(math.prod(s) for s in layer.shapes.values())
                rows.append((f"{path.partition('_')[0]} {layer!r}", shapes[path], n))
        rows.append(("total", "", self.theta.size))
        return "\n".join(f"{a:<64}{b!s:>14}{n:>12,}" for a, b, n in rows)

    def observe(self, see, passes=("forward", "backward")):
        """A context in which see(path, pass, result) is called after each layer's pass.

        The passes are "forward" and "backward", or `passes`, of layers without
        children. The result of "backward" is dx; without dx there is no call.
        """

        def then(path, layer, which, method):
            def seen(*args, **kwargs):
                result = method(*args, **kwargs)
                paired = which in ("forward", "tangent")  # (y, cache)
                see(path, which, result[0] if paired else result)
                return result

            return seen

        leaves = [(path, f) for path, f in self.layers() if not f.children()]
        return guard.wrapped(leaves, passes, then)

    def watch(self, name: str):
        """Within this context, raise NonFiniteError at the first NaN or infinity.

        The host reads the result of every layer. This is slow: use it to find a fault.
        """

        def see(path, which, result):
            for array in leaves(result):
                if not np.isfinite(self.backend.to_host(array)).all():
                    raise NonFiniteError(f"{name}, layer {path}, in {which}")

        return self.observe(see, [p for p in guard.PASSES if p != "backward_weights"])
