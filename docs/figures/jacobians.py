"""The Jacobians of three layers and of their chain, for a batch, row by row."""

import numpy as np

from tinygan import BatchNorm, Dense, Net, Sequential, Tanh
from tinygan.theory.canvas import subplots


def jacobian(net, x):
    """J of y with respect to x, both flattened: (y.size, x.size)."""
    y, cache = net.forward(x)
    rows = []
    for i in range(y.size):
        e = np.zeros(y.size)
        e[i] = 1
        row = net.backward(e.reshape(y.shape), cache)  # eq: jacobian-rows
        rows.append(row.ravel())
    return np.array(rows)


def figure():
    rng = np.random.default_rng(7)
    N, n_in, n_out = 4, 3, 3
    x = rng.standard_normal((N, n_in))
    layers = Dense(n_out), BatchNorm(), Tanh()
    panels, given = [], x
    for layer in layers:
        net = Net(layer, given.shape[1:], seed=4, dtype="float64")
        panels.append((type(layer).__name__, jacobian(net, given)))
        given = net.forward(given)[0]
    chain = Net(Sequential(*layers), (n_in,), seed=4, dtype="float64")
    product = panels[2][1] @ panels[1][1] @ panels[0][1]
    assert np.allclose(jacobian(chain, x), product)
    panels.append(("all three", product))

    drawn, axes = subplots(1, 4, 12, 3.4)
    for (name, J), axis in zip(panels, axes[0], strict=True):
        limit = np.abs(J).max()
        axis.imshow(J, cmap="PuOr", vmin=-limit, vmax=limit)
        for n in range(1, N):
            axis.axhline(n * n_out - 0.5, color="0.6", lw=0.6)
            axis.axvline(n * n_in - 0.5, color="0.6", lw=0.6)
        middles = np.arange(N) * n_in + (n_in - 1) / 2
        axis.set(title=name, xlabel="sample of x")
        axis.set_xticks(middles, range(N))
        axis.set_yticks(middles, range(N))
        axis.tick_params(length=0)
    axes[0, 0].set_ylabel("sample of y")
    return drawn
