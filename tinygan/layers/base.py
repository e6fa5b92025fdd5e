"""The protocol every layer keeps: four passes over one piece of mathematics.

    forward           y = f(x; W)
    backward          dx = J^T dy,            dW += (df/dW)^T dy
    tangent           y_dot = J x_dot
    tangent_backward  the reverse of (x, x_dot) -> (y, y_dot)

J is the Jacobian df/dx. `forward` returns its output *and* a cache, a plain tuple of
what the other passes need; a layer never keeps an activation, so several passes can be
in flight at once. `d` before a name is the derivative of the objective with respect to
it; `_dot` after it is a tangent.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ..backend import column_sum
from ..errors import ShapeError, TangentError
from ..shards import ALONE


class Layer:
    """A differentiable function with parameters.

    A subclass writes `forward` and `backward`. If it has parameters it names their
    shapes in `build` and fills them in `init`; `Net` then makes each of them (`self.W`)
    a view into one flat vector theta, and its gradient (`self.dW`) a view into grad.
    """

    shapes: Mapping = MappingProxyType({})  # parameters: {"W": (n_in, n_out), ...}
    state: Mapping = MappingProxyType({})  # running statistics and the like, by name
    out_axis = -1  # the axis of W that counts the outputs
    uses = 1  # of each parameter for a sample: a convolution has many
    joins = 1  # how many samples make one of the output's
    divisible = False  # whether parts of a batch may be worked on apart (shards.py):
    # each sample's y is a function of its own x alone, or asks the group for sums
    group = ALONE  # who works on the other parts of the batch

    def __init_subclass__(cls, **kwargs):
        """A shortcut is not inherited past the method that it cuts short."""
        super().__init_subclass__(**kwargs)
        if "backward" in vars(cls) and "backward_weights" not in vars(cls):
            cls.backward_weights = Layer.backward_weights

    def build(self, in_shape: tuple) -> tuple:
        """Set `shapes`; return the output's shape, without the batch axis."""
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
        """Add to the parameters' gradients, where nobody asks for dx."""
        self.backward(dy, cache)

    def tangent(self, x_dot, cache):
        """Return (y_dot, cache_dot) for the forward pass that left `cache`."""
        raise TangentError(
            f"{self!r} has no tangent pass, which a gradient penalty needs: "
            "define tangent and tangent_backward, or use another layer"
        )

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        """Return (dx, dx_dot), adding to the parameters' gradients; None is zero."""
        raise TangentError(f"{self!r} has no tangent_backward pass")

    def advance(self) -> None:
        """Move state on that is neither theta nor batch statistics, by one step.

        d_step calls it once, before its forward passes, so that the real and the fake
        batch see one and the same D.
        """

    def children(self) -> tuple[tuple[str, "Layer"], ...]:
        """The (name, layer) pairs inside a container."""
        return ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Affine(Layer):
    """A layer y = A x + b: a linear map A, which may depend on W, and perhaps a bias.

    A subclass writes `linear`, x -> A x, and `adjoint`, dy -> A^T dy, which also adds
    to dW. Since A does not depend on x, its tangent is the map itself, y_dot = A x_dot,
    and all four passes follow.
    """

    bias = False  # with True, the subclass has a parameter b over the last axis
    fresh = False  # whether `linear` returns a new array, to which b may be added

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "adjoint" in vars(cls) and "weigh" not in vars(cls):
            cls.backward_weights = Layer.backward_weights

    def linear(self, x):
        """Return (A x, cache)."""
        raise TypeError(f"{self!r} does not define linear(x)")

    def adjoint(self, dy, cache, param_grads: bool = True):
        """Return A^T dy; dW += if `param_grads`."""
        raise TypeError(f"{self!r} does not define adjoint(dy, cache, param_grads)")

    def weigh(self, dy, cache) -> None:
        """dW += its part, without A^T dy: for a layer that can save that work."""
        self.adjoint(dy, cache)

    def forward(self, x, train=True):
        y, cache = self.linear(x)
        if self.bias and self.fresh:
            y += self.b
        elif self.bias:
            y = y + self.b  # eq: affine
        return y, cache

    def backward(self, dy, cache, param_grads=True):
        if param_grads and self.bias:
            self.db += column_sum(dy)  # eq: affine-db
        return self.adjoint(dy, cache, param_grads)

    def backward_weights(self, dy, cache):
        if self.bias:
            self.db += column_sum(dy)
        self.weigh(dy, cache)

    def tangent(self, x_dot, cache):
        return self.linear(x_dot)  # eq: affine-tangent

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        dx_dot = None if dy_dot is None else self.adjoint(dy_dot, cache_dot)
        return dx, dx_dot


def require(ok: bool, layer: Layer, expected: str, got) -> None:
    """Raise ShapeError naming the layer, what it expected and what it was given."""
    if not ok:
        raise ShapeError(f"{layer!r} expects {expected}, got {got}")


def plus(a, b):
    """a + b, where None stands for zero."""
    if a is None or b is None:
        return a if b is None else b
    return a + b


def walk(layer: Layer, path: str = ""):
    """Yield (path, layer) for each layer of a tree, parents before children."""
    yield path, layer
    for name, child in layer.children():
        yield from walk(child, f"{path}.{name}" if path else name)


def each_once(tree: Layer) -> list[tuple[str, Layer]]:
    """(path, layer) of every layer of a tree, one that stands twice under its first."""
    seen: dict[int, tuple[str, Layer]] = {}
    for path, layer in walk(tree):
        seen.setdefault(id(layer), (path, layer))
    return list(seen.values())
