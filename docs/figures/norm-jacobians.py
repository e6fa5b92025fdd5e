"""The Jacobians of four normalisations of one and the same small batch."""

import numpy as np

from tinygan import BatchNorm, InstanceNorm, LayerNorm, Net
from tinygan.theory.canvas import subplots

N, T, C = 4, 3, 2  # samples, places, channels
PANELS = (
    ("BatchNorm, training", BatchNorm(), True),
    ("BatchNorm, evaluation", BatchNorm(), False),
    ("LayerNorm", LayerNorm(), True),
    ("InstanceNorm", InstanceNorm(), True),
)


def figure():
    x = np.random.default_rng(3).standard_normal((N, T, C))
    drawn, axes = subplots(1, 4, 12, 3.6, gridspec_kw={"wspace": 0.12})
    for (name, layer, train), axis in zip(PANELS, axes[0], strict=True):
        J = jacobian(layer, x, train)
        picture = axis.imshow(J, cmap="PuOr", vmin=-0.5, vmax=0.5)
        for edge in range(T * C, N * T * C, T * C):
            axis.axhline(edge - 0.5, color="black", linewidth=0.8)
            axis.axvline(edge - 0.5, color="black", linewidth=0.8)
        middles = [T * C * n + T * C / 2 - 0.5 for n in range(N)]
        samples = [str(n + 1) for n in range(N)]
        axis.set_xticks(middles, samples)
        axis.set_yticks(middles, samples if axis is axes[0, 0] else [""] * N)
        axis.tick_params(length=0)
        axis.set(title=name, xlabel="input of sample")
    axes[0, 0].set_ylabel("output of sample")
    drawn.colorbar(picture, ax=list(axes[0]), shrink=0.75, pad=0.015, extend="both")
    return drawn


def jacobian(layer, x, train):
    """(numbers of y, numbers of x), row by row: backward of each unit cotangent."""
    net = Net(layer, x.shape[1:], dtype="float64")
    _, cache = net.forward(x, train)
    units = np.eye(x.size).reshape(x.size, *x.shape)
    rows = [net.backward(dy, cache, param_grads=False) for dy in units]
    return np.reshape(rows, (x.size, x.size))
