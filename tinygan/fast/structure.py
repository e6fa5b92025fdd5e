"""Twins that know how a network is made; they serve the arrays of any library.

A convolution's dx and dW share a transform of dy, if both are needed at once. A drift
penalty joins the backward pass of the value.

`penalise`, the four moves of a gradient penalty, computes J^T 1 twice: its first move
sends a cotangent of ones back through D, and its fourth move sends the same ones back
through D's tangent. Every layer sees the same cotangent both times. So the first move
keeps the cotangent of each layer, and the fourth move only adds its share to the
gradients of the parameters.
"""

from typing import TypeGuard, TypeVar

from ..group import ALONE
from ..layers.activations import Activation
from ..layers.base import Affine, Layer, backward_of
from ..layers.combine import Residual, Sequential
from ..layers.conv import Conv2d, ConvTranspose2d
from ..layers.fade import Fade
from ..layers.growing import Growing
from ..layers.parametrised import Parametrised
from ..ops import get_xp
from ..penalties.base import Drift
from ..penalties.gradient import value_and_direction
from ..values import leaves, plus
from . import (
    PRIMITIVES,
    ancestral,  # noqa: F401  (its twin)
    twin,
)
from .scheme import Scheme

Kind = TypeVar("Kind", bound=Layer)


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
def d_gradient(D, ds, real, fake, penalties, rng):
    """A drift is a function of the real logits, so its cotangent joins that of V, and
    takes no backward pass of its own.
    """
    (ds_real, ds_fake), others, values = ds, [], {}
    for i, penalty in enumerate(penalties):
        if type(penalty) is Drift:
            values[i], dP = penalty.of(real[1])
            ds_real = ds_real - dP
        else:
            others.append(penalty)
    if not values:
        return NotImplemented
    plain = PRIMITIVES["d_gradient"]
    rest = iter(plain(D, (ds_real, ds_fake), real, fake, others, rng))
    return [values[i] if i in values else next(rest) for i in range(len(penalties))]


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
    """(dx, kept): dx without dtheta, and the cotangent dy. For a container, `kept` is a
    list with what was kept for each layer inside it.
    """
    if follows(layer, Growing):
        which, c = cache
        return backward_keeping(layer.networks[which], dy, c)
    if follows(layer, Sequential):
        kept = []
        for inner, c in zip(reversed(layer.layers), reversed(cache), strict=True):
            dy, own = backward_keeping(inner, dy, c)
            kept.append(own)
        return dy, kept[::-1]
    if has_branches(layer):
        (dx, first), (dx_2, second) = (
            (part, None) if inner is None else backward_keeping(inner, part, c)
            for inner, part, c in branches_of(layer, dy, cache)
        )
        return plus(dx, dx_2), [first, second]
    return backward_of(layer, dy, cache, param_grads=False), dy


def reverse_tangent(layer: Layer, dy, cache, cache_dot, kept):
    """dx of the layer's tangent_backward with the kept cotangent as dy_dot. It adds to
    the parameters' gradients. dy has the shape of y, and dx the shape of x. cache_dot
    is as `tangent_of` left it: None for no tangent.
    """
    if cache_dot is None:
        return backward_of(layer, dy, cache)
    (c_dot,) = cache_dot
    if follows(layer, Growing):
        which, c = cache
        return reverse_tangent(layer.networks[which], dy, c, cache_dot, kept)
    if follows(layer, Sequential):
        passes = list(zip(layer.layers, cache, c_dot, kept, strict=True))
        for inner, *rest in reversed(passes):
            dy = reverse_tangent(inner, dy, *rest)
        return dy
    if has_branches(layer):
        branches = zip(branches_of(layer, dy, cache), c_dot, kept, strict=True)
        dx, dx_2 = (
            part if inner is None else reverse_tangent(inner, part, c, own_dot, own)
            for (inner, part, c), own_dot, own in branches
        )
        return plus(dx, dx_2)
    if not leaves((dy, kept)):
        return None
    if follows(layer, Parametrised) and follows(layer.layer, Affine):
        used = layer.learning(cache)
        dx = reverse_tangent(used, dy, cache[-1], cache_dot, kept)
        layer.learned(used, cache)
        return dx
    if follows(layer, Affine):
        if kept is not None:
            layer.weight_grad(kept, c_dot)
        return backward_of(layer, dy, cache)
    if is_piecewise_linear(layer):
        return backward_of(layer, dy, cache)
    return layer.tangent_backward(dy, kept, cache, c_dot)[0]


def has_branches(layer: Layer) -> TypeGuard[Fade | Residual]:
    """True for a layer that adds two others up, which `branches_of` names."""
    return follows(layer, Fade) or follows(layer, Residual)


def branches_of(layer: Fade | Residual, dy, cache) -> list:
    """(the layer of a branch or None for the identity, its share of dy, its cache) for
    both branches. A share has the shape of dy.
    """
    if isinstance(layer, Fade):
        alpha, *caches = cache
        shares = layer.shares(dy, dy, alpha)
        return list(zip((layer.old, layer.new), shares, caches, strict=True))
    inner, shares = (layer.f, layer.shortcut), (layer.scaled(dy), dy)
    return list(zip(inner, shares, cache, strict=True))


def follows(layer: Layer, kind: type[Kind]) -> TypeGuard[Kind]:
    """True if the layer is of this kind, and its passes are those of the kind."""
    mine = type(layer)
    return issubclass(mine, kind) and all(
        getattr(mine, name) is getattr(kind, name)
        for name in ("backward", "tangent", "tangent_backward")
    )


def is_piecewise_linear(layer: Layer) -> bool:
    """True for an activation with f'' = 0: its slope does not depend on x."""
    kind = type(layer)
    return (
        issubclass(kind, Activation)
        and kind.curvature is Activation.curvature
        and kind.tangent_backward is Activation.tangent_backward
    )
