"""Adam's step on the flat theta, in one launch.

Its scalars are arguments of the kernel, so the host reads nothing and never waits.
"""

import math

from ...optim.adam import Adam
from .. import twin
from .launch import Kernel, over_all, same_shape, usable

DIRECTION = Adam.direction  # an optimizer with this method takes Adam's steps
ADAM = Kernel("""
extern "C" __global__ void adam(OUT theta, IN g, OUT m, OUT v, long long size,
        REAL beta1, REAL rest1, REAL beta2, REAL rest2, REAL step, REAL eps)
{
    OVER(long long, k, size, x) {
        REAL m_k = beta1 * m[k] + rest1 * g[k];
        REAL v_k = beta2 * v[k] + rest2 * (g[k] * g[k]);
        m[k] = m_k;
        v[k] = v_k;
        theta[k] += step * m_k / (sqrt(v_k) + eps);
    }
}
""")


FED_ADAM = Kernel("""
extern "C" __global__ void fed_adam(OUT theta, IN g, OUT m, OUT v, IN numbers,
        long long size, REAL beta1, REAL rest1, REAL beta2, REAL rest2)
{
    REAL step = numbers[3], eps = numbers[4];
    OVER(long long, k, size, x) {
        REAL m_k = beta1 * m[k] + rest1 * g[k];
        REAL v_k = beta2 * v[k] + rest2 * (g[k] * g[k]);
        m[k] = m_k;
        v[k] = v_k;
        theta[k] += step * m_k / (sqrt(v_k) + eps);
    }
}
""")


@twin("cuda")
def take_step(theta, g, optimizer, signed_lr: float):
    """Adam's step in one launch on theta, g, m and v, all (n,)."""
    if type(optimizer).direction is not DIRECTION or not usable(theta, g):
        return NotImplemented
    m, v, t, eps = optimizer.m, optimizer.v, optimizer.t, optimizer.eps
    beta1, beta2 = optimizer.beta1, optimizer.beta2
    same_shape("adam", theta.shape, g.shape, m.shape, v.shape)
    root = math.sqrt(1 - beta2**t)  # sqrt(v_hat) = sqrt(v) / root
    step = signed_lr * root / (1 - beta1**t)
    betas = (beta1, 1 - beta1, beta2, 1 - beta2)
    ADAM(*over_all(theta), theta, g, m, v, theta.size, *betas, step, eps * root)
    return None


@twin("cuda")
def fed_step(theta, g, optimizer, numbers):
    """Adam's step in one launch. `numbers`, (5,), end in the two that its kernel needs
    (optim/fed.py).
    """
    if type(optimizer).direction is not DIRECTION or not usable(theta, g, numbers):
        return NotImplemented
    optimizer.prepare(theta)
    m, v = optimizer.m, optimizer.v
    beta1, beta2 = optimizer.beta1, optimizer.beta2
    same_shape("adam", theta.shape, g.shape, m.shape, v.shape)
    betas = (beta1, 1 - beta1, beta2, 1 - beta2)
    FED_ADAM(*over_all(theta), theta, g, m, v, numbers, theta.size, *betas)
    return None
