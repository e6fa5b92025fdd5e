"""The protocol of a layer: four passes over one piece of mathematics.

    forward           y = f(x; W)
    backward          dx = J^T dy,            dW += (df/dW)^T dy
    tangent           y_dot = J x_dot
    tangent_backward  the reverse of (x, x_dot) -> (y, y_dot)

J is the Jacobian df/dx. `forward` returns its output *and* a cache, a plain tuple of
what the other passes need; a layer never keeps an activation, so several passes can be
in flight at once. `d` before a name is the derivative of the objective with respect to
it; `_dot` after a name is a tangent.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import (
    ShapeError,
    TangentError,
    instance,
    name_of,
    shown,
)
from ..group import ALONE, Group
from ..ops import Array, column_sum
from ..values import Integers, is_tuple, leaves


class Layer:
    """A differentiable function with parameters.

    A subclass writes `forward` and `backward`. If it has parameters it names their
    shapes in `build` and fills them in `init`; `Net` then makes each of them (`self.W`)
    a view into one flat vector theta, and its gradient (`self.dW`) a view into grad.

    x, dx and x_dot are (N, *in_shape), y, dy and y_dot (N, *out_shape), where `build`
    maps in_shape to out_shape. A layer may pack several samples into one; then y has
    fewer samples than x.
    """

    shapes: Mapping = MappingProxyType({})  # parameters: {"W": (n_in, n_out), ...}
    out_axis = -1  # the axis of W that counts the outputs
    fans: tuple = ()  # (fan_in, fan_out) of W, if `build` says them
    reuses = 1  # how often a sample uses each weight; a convolution: once per position
    packs = 1  # how many input samples become one output sample
    divisible = False  # True if splitting the batch between processes changes nothing:
    # each sample's y depends on its own x alone, or the layer asks its group for sums
    group: Group = ALONE  # the ranks that share the batch

    @property
    def state(self) -> dict:
        """Running statistics and the like, by name: {} unless `init` sets it.

        The copies that `Net.part` makes for the ranks share this one dict, even after
        `state` is assigned.
        """
        return vars(self).setdefault("_state", {})

    @state.setter
    def state(self, new: Mapping) -> None:
        new = dict(new)
        self.state.clear()
        self.state.update(new)

    def build(self, in_shape: tuple) -> tuple:
        """Set `shapes`; return the output's shape, without the batch axis.

        By default it is the input's shape, and the input must be one array of numbers:
        ShapeError for anything else.
        """
        require_array(self, in_shape)
        return in_shape

    def init(self, rng) -> None:
        """Fill the parameters in place from a NumPy Generator."""

    def forward(self, x, train: bool = True):
        """Return (y, cache)."""
        raise TypeError(f"{self!r} does not define forward(x, train)")

    def backward(self, dy, cache, param_grads: bool = True):
        """Return dx; add to the parameters' gradients if `param_grads`."""
        raise TypeError(f"{self!r} does not define backward(dy, cache, param_grads)")

    def backward_weights(self, dy, cache) -> None:
        """Add to the parameters' gradients, for a caller that needs no dx."""
        self.backward(dy, cache, True)

    def tangent(self, x_dot, cache):
        """Return (y_dot, cache_dot) for the forward pass that left `cache`.

        By default it raises TangentError, and so does `tangent_backward`.
        """
        raise TangentError(
            f"{self!r} has no tangent pass, which a gradient penalty needs: "
            "define tangent and tangent_backward, or use another layer"
        )

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        """Return (dx, dx_dot) and add to the parameters' gradients. None means zero.

        TangentError for a layer that does not define it.
        """
        raise TangentError(f"{self!r} has no tangent_backward pass")

    def advance(self) -> None:
        """Advance the state that is neither theta nor a batch statistic by one step.

        d_step calls it once, before its forward passes, so that the real and the fake
        batch see the same D.
        """

    def children(self) -> tuple[tuple[str, "Layer"], ...]:
        """The (name, layer) pairs inside a container."""
        return ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Affine(Layer):
    """A layer y = A x + b: a linear map A, which may depend on W, and perhaps a bias.

    A subclass writes three maps,

        linear        x -> A x
        adjoint       dy -> A^T dy
        weight_grad   dW += d<A x, dy>/dW, if A depends on W

    and all four passes follow. A does not depend on x, so its tangent is the map
    itself, y_dot = A x_dot.
    """

    bias = False  # if True there is a parameter b over the last axis, and `linear`
    # returns a new array, to which b may be added
    b: Array  # (C,)
    db: Array

    def linear(self, x):
        """Return (A x, cache)."""
        raise TypeError(f"{self!r} does not define linear(x)")

    def adjoint(self, dy, cache):
        """Return A^T dy."""
        raise TypeError(f"{self!r} does not define adjoint(dy, cache)")

    def weight_grad(self, dy, cache) -> None:
        """dW += d<A x, dy>/dW. By default A has no parameters; TypeError if it has."""
        if set(self.shapes) - {"b"}:
            raise TypeError(f"{self!r} does not define weight_grad(dy, cache)")

    def weight_grad_and_adjoint(self, dy, cache):
        """Both maps of dy. A layer may override it if they share work."""
        self.weight_grad(dy, cache)
        return self.adjoint(dy, cache)

    def forward(self, x, train=True):
        y, cache = self.linear(x)
        if self.bias:
            y += self.b  # eq: affine
        return y, cache

    def backward(self, dy, cache, param_grads=True):
        if not param_grads:
            return self.adjoint(dy, cache)
        if self.bias:
            self.db += column_sum(dy)  # eq: affine-db
        return self.weight_grad_and_adjoint(dy, cache)

    def backward_weights(self, dy, cache):
        if self.bias:
            self.db += column_sum(dy)
        self.weight_grad(dy, cache)

    def tangent(self, x_dot, cache):
        return self.linear(x_dot)  # eq: affine-tangent

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = dx_dot = None
        if dy is not None:
            dx = self.backward(dy, cache)
        if dy_dot is not None:
            self.weight_grad(dy_dot, cache_dot)
            dx_dot = self.adjoint(dy_dot, cache_dot)
        return dx, dx_dot


def require(ok: bool, layer: Layer, expected: str, got) -> None:
    """Raise ShapeError naming the layer, what it expected and what it was given."""
    if not ok:
        raise ShapeError(f"{layer!r} expects {expected}, got {got}")


def a_layer(owner, layer) -> Layer:
    """The layer itself; InputError for a list, a class or anything else."""
    write = "Sequential(Dense(3), ReLU(), ...)"
    if isinstance(layer, list | tuple) and layer:
        write = f"{name_of(owner)}({', '.join(map(shown, layer))})"
    return instance(owner, "layer", layer, Layer, write)


def require_array(layer: Layer, in_shape) -> None:
    """Raise ShapeError for the shape of a tuple or of integers (values.py)."""
    numbers = not (is_tuple(in_shape) or isinstance(in_shape, Integers))
    require(numbers, layer, "an array of numbers", in_shape)


# A layer made of layers calls these functions for each layer in it. None means zero:
# a gradient that nobody needs, or the tangent of what depends on integers alone.


def backward_of(layer: Layer, dy, cache, param_grads: bool = True):
    """dx of a layer, of the shape of x. If dy is zero, then so is dx, and nothing is
    computed.
    """
    return layer.backward(dy, cache, param_grads) if leaves(dy) else None


def backward_weights_of(layer: Layer, dy, cache) -> None:
    """A layer's backward_weights for dy, of the shape of y. The pass is left out if the
    layer learns nothing or dy is zero.
    """
    if leaves(dy) and learns(layer):
        layer.backward_weights(dy, cache)


def tangent_of(layer: Layer, x_dot, cache):
    """(y_dot, cache_dot) of a layer, y_dot of the shape of y. If x_dot is zero, both
    are None.
    """
    if not leaves(x_dot):
        return None, None
    y_dot, cache_dot = layer.tangent(x_dot, cache)
    return y_dot, (cache_dot,)


def tangent_backward_of(layer: Layer, dy, dy_dot, cache, cache_dot):
    """(dx, dx_dot) of a layer, for what `tangent_of` left.

    If x_dot was zero, y_dot = J x_dot is zero for any x and W. Then dy_dot says nothing
    about x and W, and only the gradient of y remains.
    """
    if cache_dot is None:
        return backward_of(layer, dy, cache), None
    if not leaves((dy, dy_dot)):
        return None, None
    return layer.tangent_backward(dy, dy_dot, cache, *cache_dot)


def learns(layer: Layer) -> bool:
    """Whether a layer, or a layer inside it, has parameters."""
    return bool(layer.shapes) or any(learns(child) for _, child in layer.children())


def named(layers) -> tuple[tuple[str, Layer], ...]:
    """The children of a container that holds a list: ("0_Dense", layer), ..."""
    return tuple((f"{i}_{type(f).__name__}", f) for i, f in enumerate(layers))


def walk(layer: Layer, path: str = ""):
    """Yield (path, layer) for each layer of a tree, parents before children."""
    yield path, layer
    for name, child in layer.children():
        yield from walk(child, f"{path}.{name}" if path else name)


def each_once(tree: Layer) -> list[tuple[str, Layer]]:
    """(path, layer) of each layer of a tree, once, at the first path to it."""
    seen: dict[int, tuple[str, Layer]] = {}

    def visit(path: str, layer: Layer) -> None:
        if id(layer) not in seen:
            seen[id(layer)] = path, layer
            for name, child in layer.children():
                visit(f"{path}.{name}" if path else name, child)

    visit("", tree)
    return list(seen.values())
