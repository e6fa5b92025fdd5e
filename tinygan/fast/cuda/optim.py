"""Adam's step on the flat theta, one launch.

Its scalars are arguments of the kernel: the host reads nothing, waits for nothing.
"""

import math

from .launch import Kernel, over_all, same_shape

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


def adam(theta, g, m, v, t: int, signed_lr: float, beta1, beta2, eps) -> None:
    """m <- beta1 m + (1 - beta1) g            v <- beta2 v + (1 - beta2) g^2

    theta += signed_lr m_hat / (sqrt(v_hat) + eps)

    in place and elementwise, all four of one shape (n,), with m_hat = m / (1 - beta1^t)
    and v_hat = v / (1 - beta2^t), t = 1 for the first step; signed_lr is +lr to ascend
    and -lr to descend. The plain reference is `tinygan.optim.Adam`.
    """
    same_shape("adam", theta.shape, g.shape, m.shape, v.shape)
    root = math.sqrt(1 - beta2**t)  # sqrt(v_hat) = sqrt(v) / root
    step = signed_lr * root / (1 - beta1**t)
    betas = (beta1, 1 - beta1, beta2, 1 - beta2)
    ADAM(*over_all(theta), theta, g, m, v, theta.size, *betas, step, eps * root)
