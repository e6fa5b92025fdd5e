"""Gradient checkers of other libraries, each in its documented default use.

A judge takes a `Function` (asked.py) and raises an error if it refuses it. Arrays are
float64. Each library is imported when it is asked first.
"""

import logging

import numpy as np

SCIPY = 1e-5  # scipy returns a distance and leaves the judgement to its reader: here
# a gradient is refused if it is further away than this share of its norm. It is the
# tolerance of torch (atol) and of jax (float64), and right layers reach 1e-7.


class RefusedError(Exception):
    """A checker says that a gradient is wrong."""


def torch_gradcheck(function) -> None:
    """torch.autograd.gradcheck of a torch.autograd.Function"""
    import torch

    class Op(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *args):
            ctx.args = [a.detach().numpy() for a in args]
            y, ctx.cache = function.forward(*ctx.args)
            return torch.from_numpy(np.asarray(y, order="C"))

        @staticmethod
        def backward(ctx, dy):
            dxs = function.backward(dy.numpy(), ctx.cache, *ctx.args)
            return tuple(torch.from_numpy(np.asarray(dx, order="C")) for dx in dxs)

    args = [torch.from_numpy(a.copy()).requires_grad_() for a in function.args]
    torch.autograd.gradcheck(Op.apply, args)


def jax_check_grads(function) -> None:
    """jax.test_util.check_grads of a jax.custom_vjp, in reverse mode and of order 1

    NumPy runs in jax.pure_callback. Residuals are arrays, so a NumPy cache waits in a
    list, and its number is the residual.
    """
    import jax
    from jax.test_util import check_grads

    logging.getLogger("jax._src.callback").setLevel(logging.CRITICAL)
    y, _ = function.forward(*map(np.copy, function.args))
    caches: list = []
    shape = jax.ShapeDtypeStruct(np.shape(y), np.asarray(y).dtype)
    shapes = tuple(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in function.args)
    number = jax.ShapeDtypeStruct((), np.dtype("int64"))

    def host_forward(*args):
        y, cache = function.forward(*map(np.asarray, args))
        caches.append(cache)
        return np.asarray(y), np.int64(len(caches) - 1)

    def host_backward(i, dy, *args):
        dxs = function.backward(np.asarray(dy), caches[int(i)], *map(np.asarray, args))
        return tuple(map(np.asarray, dxs))

    def forward(*args):
        y, i = jax.pure_callback(host_forward, (shape, number), *args)
        return y, (i, args)

    def backward(kept, dy):
        i, args = kept
        return jax.pure_callback(host_backward, shapes, i, dy, *args)

    f = jax.custom_vjp(lambda *args: forward(*args)[0])
    f.defvjp(forward, backward)
    with jax.enable_x64(True):
        args = tuple(jax.numpy.asarray(a) for a in function.args)
        check_grads(f, args, order=1, modes=["rev"])


def autograd_check_grads(function) -> None:
    """autograd.test_util.check_grads of a primitive, in reverse mode and of order 1"""
    from autograd.extend import defvjp_argnums, primitive
    from autograd.test_util import check_grads

    caches: list = []

    @primitive
    def f(*args):
        y, cache = function.forward(*args)
        caches.append((y, cache))
        return y

    def maker(argnums, y, args, kwargs):
        cache = next(cache for kept, cache in reversed(caches) if kept is y)

        def vjp(dy):
            dxs = function.backward(dy, cache, *args)
            return tuple(dxs[i] for i in argnums)

        return vjp

    defvjp_argnums(f, maker)
    np.random.seed(0)  # it draws its directions from the global generator
    which = tuple(range(len(function.args)))
    check_grads(f, which, modes=["rev"], order=1)(*map(np.copy, function.args))


def scipy_check_grad(function) -> None:
    """scipy.optimize.check_grad of <dy, f(x)> for a random dy"""
    from scipy.optimize import check_grad

    shapes = [a.shape for a in function.args]
    ends = np.cumsum([a.size for a in function.args])[:-1]
    y, _ = function.forward(*map(np.copy, function.args))
    dy = np.random.default_rng(1).standard_normal(np.shape(y))

    def split(flat):
        parts = np.split(flat, ends)
        return [p.reshape(s) for p, s in zip(parts, shapes, strict=True)]

    def value(flat):
        return float((dy * function.forward(*split(flat))[0]).sum())

    def gradient(flat):
        args = split(flat)
        dxs = function.backward(dy, function.forward(*args)[1], *args)
        return np.concatenate([np.ravel(dx) for dx in dxs])

    point = np.concatenate([a.ravel() for a in function.args])
    away = check_grad(value, gradient, point)
    if not away <= SCIPY * np.linalg.norm(gradient(point)):
        raise RefusedError(f"the gradient is off by {away:.1e}")


JUDGES = {
    "torch": torch_gradcheck,
    "jax": jax_check_grads,
    "autograd": autograd_check_grads,
    "scipy": scipy_check_grad,
}
