"""Twins that know how a network is made; they serve the arrays of any library.

A convolution's dx and dW share a transform of dy, if both are needed at once. A drift
penalty joins the backward pass of the value.

`penalise`, the four moves of a gradient penalty, computes J^T 1 twice: its first move
sends a cotangent of ones back through D, and its fourth move sends the same ones back
through D's tangent. Every layer sees the same cotangent both times. So the first move
keeps the cotangent of each layer, and the fourth move only adds its share to the
gradients of the parameters. If the points are those of V, the share of V joins it.
"""

from ..group import ALONE
from ..guard.moves import scalar
from ..layers import (
    Affine,
    Conv2d,
    ConvTranspose2d,
    Fade,
    Growing,
    Layer,
    Residual,
    Sequential,
)
from ..layers.base import backward_of
from ..layers.conditional.tuples import Several
from ..layers.parametrised import Parametrised
from ..ops import column_sum, get_xp
from ..penalties.base import Drift
from ..penalties.gradient import R1, R2, value_and_direction
from ..values import leaves, mapped, plus
from . import (
    ancestral,  # noqa: F401  (its twin)
    twin,
)
from .kinds import (
    BILINEAR,
    follows,
    has_branches,
    is_affine,
    is_piecewise_linear,
    separate,
)
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
def d_gradient(D, ds, real, fake, penalties, rng):
    """A drift is a function of the real logits, so its cotangent joins that of V. R1
    and R2 send ones through D, and V's cotangent of a sample is a multiple of theirs,
    if each logit depends on its own sample alone. So V takes no pass of its own.
    """
    cotangents, values, kinds = list(ds), {}, [type(p) for p in penalties]
    for i, penalty in enumerate(penalties):
        if kinds[i] is Drift:
            values[i], dP = penalty.of(real[1])
            cotangents[0] = cotangents[0] - dP
    joined = {R1, R2} & {*kinds}
    joined = joined if joined and separate(D) else set()
    if not values and not joined:
        return NotImplemented
    D.zero_grad()
    for kind, d, (_, s, cache) in zip((R1, R2), cotangents, (real, fake), strict=True):
        if kind in joined:
            i = kinds.index(kind)
            phi, group = penalties[i].phi, penalties[i].group
            values[i] = four_moves(D, s, cache, phi, group, d)
        else:
            D.backward_weights(d, cache)
    for i, penalty in enumerate(penalties):
        if i not in values:
            P = penalty.accumulate(D, real, fake, rng)
            values[i] = scalar(penalty, "accumulate", P)
    return [values[i] for i in range(len(penalties))]


@twin("structure")
def penalise(D, s, cache, phi, group=ALONE):
    """The four moves; the fourth uses the cotangents that the first computed."""
    if not hasattr(D, "tree"):
        return NotImplemented
    return four_moves(D, s, cache, phi, group)


def four_moves(D, s, cache, phi, group, ds=None):
    """D.grad -= dP/dtheta, and return P, as `penalise` does. With ds (N, 1), also
    D.grad += ds^T ds/dtheta, for a D that is `separate`.
    """
    g, kept = backward_keeping(D.tree, get_xp(s).ones_like(s), cache)
    P, minus_v = value_and_direction(g, s.size, phi, group)
    _, cache_dot = D.tangent(minus_v, cache)
    reverse_tangent(D.tree, None, cache, (cache_dot,), kept, ds)
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
    if follows(layer, Several):
        each = (None,) * len(layer.layers) if dy is None else dy
        passes = zip(layer.layers, each, cache, layer.numbers, strict=True)
        pairs = [
            backward_keeping(f, d, c) if leaves(d) and numbers else (None, d)
            for f, d, c, numbers in passes
        ]
        dxs, every = zip(*pairs, strict=True)
        return layer.inputs_adjoint(dxs), list(every)
    if has_branches(layer):
        (dx, first), (dx_2, second) = (
            (part, None) if inner is None else backward_keeping(inner, part, c)
            for inner, part, c in branches_of(layer, dy, cache)
        )
        return plus(dx, dx_2), [first, second]
    return backward_of(layer, dy, cache, param_grads=False), dy


def reverse_tangent(layer: Layer, dy, cache, cache_dot, kept, ds=None):
    """dx of the layer's tangent_backward with the kept cotangent as dy_dot. It adds to
    the parameters' gradients. dy has the shape of y, and dx the shape of x. cache_dot
    is as `tangent_of` left it: None for no tangent. With ds (N, 1), the gradients also
    get what `backward_weights` adds for the cotangents ds kept.
    """
    if cache_dot is None:
        return backward_of(layer, dy, cache)
    (c_dot,) = cache_dot
    if follows(layer, Growing):
        which, c = cache
        return reverse_tangent(layer.networks[which], dy, c, cache_dot, kept, ds)
    if follows(layer, Sequential):
        passes = list(zip(layer.layers, cache, c_dot, kept, strict=True))
        for inner, c, own_dot, own in reversed(passes):
            dy = reverse_tangent(inner, dy, c, own_dot, own, ds)
        return dy
    if follows(layer, Several):
        each = (None,) * len(layer.layers) if dy is None else dy
        side_by_side = zip(layer.layers, each, cache, c_dot, kept, strict=True)
        dxs = tuple(reverse_tangent(*one, ds) for one in side_by_side)
        return layer.inputs_adjoint(dxs)
    if has_branches(layer):
        branches = zip(branches_of(layer, dy, cache), c_dot, kept, strict=True)
        dx, dx_2 = (
            part if inner is None else reverse_tangent(inner, part, c, own_dot, own, ds)
            for (inner, part, c), own_dot, own in branches
        )
        return plus(dx, dx_2)
    if not leaves((dy, kept)):
        return None
    if follows(layer, Parametrised) and is_affine(layer.layer):
        used = layer.learning(cache)
        dx = reverse_tangent(used, dy, cache[-1], cache_dot, kept, ds)
        layer.learned(used, cache)
        return dx
    if is_affine(layer):
        if kept is not None:
            affine_weights(layer, kept, cache, c_dot, ds)
        return backward_of(layer, dy, cache)
    if is_piecewise_linear(layer):
        return backward_of(layer, dy, cache)
    if ds is not None and layer.shapes:
        layer.backward_weights(mapped(lambda a: times(ds, a), kept), cache)
    return layer.tangent_backward(dy, kept, cache, c_dot)[0]


def affine_weights(layer: Affine, kept, cache, c_dot, ds) -> None:
    """dW += d<kept, A x_dot>/dW, and with ds also d<ds kept, A x + b>/d(W, b).

    dW is linear in the cotangent and in x, so <kept, A x_dot> + <ds kept, A x> is
    <kept, A (x_dot + ds x)>: one product of matrices.
    """
    if ds is None or type(layer) not in BILINEAR:
        layer.weight_grad(kept, c_dot)
        if ds is not None and layer.shapes:
            layer.backward_weights(times(ds, kept), cache)
        return
    x_dot, *rest = c_dot
    x = times(ds, cache[0])
    x += x_dot
    layer.weight_grad(kept, (x, *rest))  # eq: joined
    if layer.bias:
        sums = ds.T @ kept.reshape(len(ds), -1)
        layer.db += column_sum(sums.reshape(-1, kept.shape[-1]))


def times(ds, a):
    """ds a, sample by sample: (N, 1) and (N, ...)."""
    return ds.reshape(-1, *(1,) * (a.ndim - 1)) * a


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
