"""Two schemes of one convolution: are they the same map, forwards and backwards?"""

import numpy as np

from tinygan.check import relative


def assert_same_map(plain, fast, N: int, rng) -> None:
    """y, dx and dW of N samples, alone and together."""
    x, dy = (rng.standard_normal((N, *a)) for a in (plain.x_shape, plain.y_shape))
    y, dx, dW = plain.forward(x), plain.adjoint(dy), plain.weight_grad(x, dy)
    both, all_three = np.ones(dW.shape), np.ones(dW.shape)
    pairs = [
        *((fast.forward(x), y), (fast.adjoint(dy), dx), (fast.weight_grad(x, dy), dW)),
        *((fast.forward(x, dy, both), y), (fast.adjoint(dy, x, all_three), dx)),
        *((both - 1, dW), (all_three - 1, dW)),
    ]
    for ours, expected in pairs:
        assert ours.shape == expected.shape
        assert relative(ours - expected, 1 + np.abs(expected).max()) <= 1e-13
