"""The networks of some works in plain JAX, with tinygan's parameters in their order.

A layer is a function y = layer(p, x) of images (N, H, W, C) or rows (N, n). It takes
its parameters and its running statistics from p, a `Pass`. JAX is imported here, so
on_jax.py imports this module in the process that runs JAX alone.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from .library import UnavailableError
from .works import Dcgan, Mlp, WganGp

STRIDE = (2, 2)
PAD = ((1, 1), (1, 1))
PAD_TRANSPOSED = ((2, 2), (2, 2))  # kernel - 1 - pad, around the places x is spread to
LAYOUT = ("NHWC", "HWIO", "NHWC")
EPS, MOMENTUM = 1e-5, 0.1  # of BatchNorm, as in the other libraries


class Pass:
    """What one forward pass takes: parameters in order, and running statistics.

    theta: a list of arrays      before: the running statistics, as a list
    running: a list of those after the pass
    """

    def __init__(self, theta, before):
        self.theta, self.before, self.running = iter(theta), iter(before), []


def network(*layers):
    """forward(theta, running, x) -> (y, running), in training."""

    def forward(theta, running, x):
        p = Pass(theta, running)
        for layer in layers:
            x = layer(p, x)
        return x, p.running

    return forward


def dense(p, x, bias=True):
    """y = x W + b; W is (n_in, n_out)."""
    y = x @ next(p.theta)
    return y + next(p.theta) if bias else y


def conv(p, x, bias=True):
    """A convolution of kernel 4, stride 2 and pad 1; W is (4, 4, C_in, C_out)."""
    y = convolution(x, next(p.theta))
    return y + next(p.theta) if bias else y


def transposed(p, x, bias=True):
    """The adjoint of that convolution; W is (4, 4, C_out, C_in)."""
    y = adjoint(x, next(p.theta))
    return y + next(p.theta) if bias else y


def convolution(x, W):
    return lax.conv_general_dilated(x, W, STRIDE, PAD, dimension_numbers=LAYOUT)


def adjoint(x, W):
    """y with <y, a> = <x, convolution(a, W)> for all a."""
    as_conv = {"dimension_numbers": LAYOUT, "transpose_kernel": True}
    return lax.conv_transpose(x, W, STRIDE, PAD_TRANSPOSED, **as_conv)


def pair(convolution, adjoint):
    """Both functions, each with the other as the gradient of x.

    The gradient of W is that of the convolution in both, a convolution of two batches.
    JAX's own rules have the same numbers. But the dW of its adjoint convolves an x with
    gaps, which took XLA fifty times as long on the CPU. G has this dW, and so has the
    gradient penalty, where grad_x D is an adjoint.
    """
    f, transpose = jax.custom_vjp(convolution), jax.custom_vjp(adjoint)

    def dW(a, dy, W):
        return jax.vjp(functools.partial(convolution, a), W)[1](dy)[0]

    def backward(saved, dy):
        x, W = saved
        return transpose(dy, W), dW(x, dy, W)

    def transpose_backward(saved, dy):
        x, W = saved
        return f(dy, W), dW(dy, x, W)

    f.defvjp(lambda x, W: (f(x, W), (x, W)), backward)
    transpose.defvjp(lambda x, W: (transpose(x, W), (x, W)), transpose_backward)
    return f, transpose


convolution, adjoint = pair(convolution, adjoint)


def batch_norm(p, x):
    """y = gamma (x - mu) / sqrt(var + eps) + beta; running statistics move to mu, var.

    The running variance is the unbiased one.
    """
    axes, m = tuple(range(x.ndim - 1)), x.size // x.shape[-1]
    mu = x.mean(axes)
    var = jnp.square(x - mu).mean(axes)
    for batch in (mu, var * (m / (m - 1))):
        old = next(p.before)
        p.running.append(old + MOMENTUM * (batch - old))
    gamma, beta = next(p.theta), next(p.theta)
    return gamma * ((x - mu) * lax.rsqrt(var + EPS)) + beta


def leaky(p, x):
    return jax.nn.leaky_relu(x, 0.2)


def relu(p, x):
    return jax.nn.relu(x)


def tanh(p, x):
    return jnp.tanh(x)


def flatten(p, x):
    return x.reshape(len(x), -1)


def reshape(*shape):
    return lambda p, x: x.reshape(-1, *shape)


dense_free, conv_free, transposed_free = (
    functools.partial(layer, bias=False) for layer in (dense, conv, transposed)
)


def mlp(work: Mlp):
    """G and D of `Mlp`, which differ in the shapes of their parameters alone."""
    return (network(dense, leaky, dense, leaky, dense),) * 2


def dcgan(work: Dcgan):
    """G and D of `Dcgan` and `WganGp`."""
    halvings = len(work.channels)
    G = [dense_free, reshape(*work.inner), batch_norm, relu]
    G += [transposed_free, batch_norm, relu] * (halvings - 1)
    inner = [conv_free, batch_norm, leaky] if work.critic_norm else [conv, leaky]
    D = [conv, leaky, *inner * (halvings - 1), flatten, dense]
    return network(*G, transposed, tanh), network(*D)


NETWORKS = {Mlp: mlp, Dcgan: dcgan, WganGp: dcgan}


def of(work):
    """G and D of a work. Raises UnavailableError if they are not written here."""
    if type(work) not in NETWORKS:
        raise UnavailableError(f"the networks of {work.title} are not written in JAX")
    return NETWORKS[type(work)](work)
