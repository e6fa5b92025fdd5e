"""Twins that know how a network is made; they serve the arrays of any library.

A convolution's dx and dW share a transform of dy, if both are needed at once.

`penalise`, the four moves of a gradient penalty, computes J^T 1 twice: its first move
sends a cotangent of ones back through D, and its fourth move sends the same ones back
through D's tangent. Every layer sees the same cotangent both times. So the first move
keeps the cotangent of each layer, and the fourth move only adds its share to the
gradients of the parameters.
"""

from typing import TypeGuard

from ..group import ALONE
from ..layers.activations import Activation
from ..layers.base import Affine, Layer, backward_of
from ..layers.combine import Sequential
from ..layers.conv import Conv2d, ConvTranspose2d
from ..ops import get_xp
from ..penalties.gradient import value_and_direction
from ..values import leaves
from . import twin
from .scheme import Scheme


@twin("structure")
def weight_grad_and_adjoint(layer, dy, cache):
    """For a convolution by a `Scheme`, one transform of dy serves both maps."""
    x, A = cache if len(cache) == 2 else (None, None)
    if not isinstance(A, Scheme):
        return NotImplemented
    kind = type(layer)
    maps = kind.adjoint, kind.weight_grad
    if maps == (Conv2d.adjoint, Conv2d.weight_grad):
        return A.adjoint(dy, x, layer.dW)
    if maps == (ConvTranspose2d.adjoint, ConvTranspose2d.weight_grad):
        return A.forward(dy, x, layer.dW)
    return NotImplemented


@twin("structure")
def penalise(D, s, cache, phi, group=ALONE):
    """The four moves; the fourth uses the cotangents that the first computed."""
    if not hasattr(D, "tree"):
        return NotImplemented
    g, kept = backward_keeping(D.tree, get_xp(s).ones_like(s), cache)
    P, minus_v = value_and_direction(g, s.size, phi, group)
    _, cache_dot = D.tangent(minus_v, cache)
    reverse_tangent(D.tree, None, cache, (cache_dot,), kept)
    return P


def backward_keeping(layer: Layer, dy, cache):
    """(dx, kept): dx without dtheta, and the cotangent dy. For a Sequential, `kept` is
    a list with the cotangent of each layer.
    """
    if type(layer) is not Sequential:
        return backward_of(layer, dy, cache, param_grads=False), dy
    kept = []
    for inner, c in zip(reversed(layer.layers), reversed(cache), strict=True):
        dy, own = backward_keeping(inner, dy, c)
        kept.append(own)
    return dy, kept[::-1]


def reverse_tangent(layer: Layer, dy, cache, cache_dot, kept):
    """dx of the layer's tangent_backward with the kept cotangent as dy_dot. It adds to
    the parameters' gradients. dy has the shape of y, and dx the shape of x. cache_dot
    is as `tangent_of` left it: None for no tangent.
    """
    if cache_dot is None:
        return backward_of(layer, dy, cache)
    (cache_dot,) = cache_dot
    if type(layer) is Sequential:
        passes = list(zip(layer.layers, cache, cache_dot, kept, strict=True))
        for inner, *rest in reversed(passes):
            dy = reverse_tangent(inner, dy, *rest)
        return dy
    if not leaves((dy, kept)):
        return None
    if is_affine(layer):
        if kept is not None:
            layer.weight_grad(kept, cache_dot)
        return backward_of(layer, dy, cache)
    if is_piecewise_linear(layer):
        return backward_of(layer, dy, cache)
    return layer.tangent_backward(dy, kept, cache, cache_dot)[0]


def is_affine(layer: Layer) -> TypeGuard[Affine]:
    """True if the layer's passes follow from the three maps of `Affine` alone."""
    kind = type(layer)
    return (
        issubclass(kind, Affine)
        and kind.backward is Affine.backward
        and kind.tangent_backward is Affine.tangent_backward
    )


def is_piecewise_linear(layer: Layer) -> bool:
    """True for an activation with f'' = 0: its slope does not depend on x."""
    kind = type(layer)
    return (
        issubclass(kind, Activation)
        and kind.curvature is Activation.curvature
        and kind.tangent_backward is Activation.tangent_backward
    )
