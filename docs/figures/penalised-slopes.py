"""How steep a penalised critic is: V - P of a line, trained critics, many weights."""

import numpy as np

from tinygan import WGANGP, Adam, Dense, LeakyReLU, Net, Sequential, Wasserstein, d_step
from tinygan.data import mixture_1d
from tinygan.theory.canvas import BLACK, BLUE, GREY, ORANGE, RED, subplots
from tinygan.theory.divergences import on_line

P, Q = mixture_1d((-2.0, 2.0), 0.25), mixture_1d((-3.0, 0.0, 3.0), 0.4)


def trained(real, fake, shape, penalty, steps=500, batch=96):
    """A critic between two samplers, its rate falling to 0."""
    hidden = Dense(48), LeakyReLU(), Dense(48), LeakyReLU()
    D = Net(Sequential(*hidden, Dense(1)), shape, seed=1)
    rng, optimizer = np.random.default_rng(0), Adam(2e-3, 0.5, 0.9)
    for step in range(steps):
        optimizer.lr = 2e-3 * (1 - step / steps)
        x, y = (sample(batch, rng).astype(np.float32) for sample in (real, fake))
        d_step(D, optimizer, Wasserstein(), x, y, [penalty], rng)
    return D


def line(axis):
    """V - P of D = w x, where the means are 1 apart."""
    w = np.linspace(-2.2, 2.6, 241)
    for label, colour, penalty in (
        ("two-sided", RED, WGANGP(1.0)),
        ("one-sided", BLUE, WGANGP(1.0, one_sided=True)),
    ):
        axis.plot(w, w - penalty.phi(np.abs(w))[0], color=colour, lw=2, label=label)
    axis.plot([-0.5, 1.5], [-0.75, 1.25], "o", color=RED)
    axis.set(xlabel="slope w", ylabel="V - P", ylim=(-3.5, 2), title="D = w x")


def critics(axis):
    """The same two penalties, of weight 10, on a line."""
    pair = on_line(P, Q)
    x = pair.x
    f = np.cumsum(np.sign(np.cumsum(pair.dx * (pair.q - pair.p))) * pair.dx)
    for density, colour in ((pair.p, BLUE), (pair.q, GREY)):
        axis.fill_between(x, 2 * density - 4, -4, color=colour, alpha=0.4, lw=0)
    axis.plot(x, f - np.interp(0, x, f), color=BLACK, lw=3, label="best")
    for label, colour, one_sided in (("two", RED, False), ("one", BLUE, True)):
        penalty = WGANGP(10.0, one_sided=one_sided)
        D = trained(P.sample, Q.sample, (1,), penalty)
        s = D.forward(x[:, None].astype(np.float32))[0][:, 0]
        axis.plot(x, s - np.interp(0, x, s), color=colour, label=f"{label}-sided")
    axis.set(xlim=(-4, 4), ylim=(-4, 4), xlabel="x", ylabel="D", title="trained")


def weights(axis):
    """The slopes of critics of two blobs at the distance W, for many lambdas."""
    W, lambdas = 2.0, np.array([0.1, 0.3, 1.0, 3.0, 10.0])

    def blob(x):
        return lambda n, rng: rng.normal((x, 0.0), 0.1, (n, 2))

    slopes = []
    for weight in lambdas:
        D = trained(blob(1.0), blob(-1.0), (2,), WGANGP(weight), steps=300, batch=64)
        x = np.linspace((-0.8, 0), (0.8, 0), 50, dtype=np.float32)
        s, cache = D.forward(x)
        g = D.backward(np.ones_like(s), cache, param_grads=False)
        slopes.append(np.sqrt((g * g).sum(axis=1)).mean())
    axis.loglog(lambdas, 1 + W / (2 * lambdas), color=ORANGE, label="$1 + W/2\\lambda$")
    axis.loglog(lambdas, slopes, "o", color=BLACK, label="trained")
    axis.set(xlabel="$\\lambda$", ylabel="mean slope between the blobs", title="W = 2")


def figure():
    drawn, axes = subplots(1, 3, 13, 4)
    for axis, panel in zip(axes[0], (line, critics, weights), strict=True):
        panel(axis)
        axis.legend(fontsize=9)
    return drawn
