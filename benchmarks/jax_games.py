"""The games of `jax_networks` as functions from one state to the next, for `jax.jit`.

A game is state = game(players, state, x_real, z_D, z_G), with the mathematics of the
game of this name in moves.py or penalised.py. The state has everything that changes:

    {"G": a net, "D": a net, "key": for random points}
    a net: {"theta", "m", "v": lists of arrays, "running": a list of arrays, "t": int}
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import softplus

from .moves import Fresh, Shared
from .penalised import Critic

EPS = 1e-8  # of Adam


class Players(NamedTuple):
    """What does not change: both forward passes, and (lr, beta1, beta2) of Adam."""

    G: Callable
    D: Callable
    adam: tuple


def start(nets) -> dict:
    """The state before the first step, on the host, from tinygan's G and D.

    Its arrays are copies, because JAX may keep an array of the host as it is.
    """

    def net(own):
        theta = list(map(np.array, own.parameters().values()))
        m, v = (list(map(np.zeros_like, theta)) for _ in range(2))
        running = [a.astype(own.theta.dtype) for a in own.state().values()]
        return {"theta": theta, "m": m, "v": v, "running": running, "t": np.int32(0)}

    return dict(zip("GD", map(net, nets), strict=True)) | {"key": jax.random.key(0)}


def adam(net: dict, gradient: list, running: list, lr, beta1, beta2) -> dict:
    """The net after a step of Adam down the gradient, with its new `running`."""
    t = net["t"] + 1
    m = [beta1 * a + (1 - beta1) * g for a, g in zip(net["m"], gradient, strict=True)]
    v = [
        beta2 * a + (1 - beta2) * g * g for a, g in zip(net["v"], gradient, strict=True)
    ]
    theta = [
        a - lr * (b / (1 - beta1**t)) / (jnp.sqrt(c / (1 - beta2**t)) + EPS)
        for a, b, c in zip(net["theta"], m, v, strict=True)
    ]
    return {"theta": theta, "m": m, "v": v, "running": running, "t": t}


def shared(p: Players, state: dict, x_real, z_D, z_G) -> dict:
    """Non-saturating, with one G forward for both steps."""
    G = state["G"]
    x_fake, pull, running = jax.vjp(
        lambda theta: p.G(theta, G["running"], z_D), G["theta"], has_aux=True
    )
    D = d_step(p, state["D"], x_real, x_fake)
    dx, d_running = jax.grad(g_loss, argnums=2, has_aux=True)(p, D, x_fake)
    G = adam(G, *pull(dx), running, *p.adam)
    return state | {"G": G, "D": D | {"running": d_running}}


def fresh(p: Players, state: dict, x_real, z_D, z_G) -> dict:
    """Non-saturating, with a new z and a new G forward for G's step."""
    G = state["G"]
    x_fake, running = p.G(G["theta"], G["running"], z_D)
    D = d_step(p, state["D"], x_real, x_fake)

    def loss(theta):
        x, own = p.G(theta, running, z_G)
        value, d_running = g_loss(p, D, x)
        return value, (own, d_running)

    gradient, (running, d_running) = jax.grad(loss, has_aux=True)(G["theta"])
    G = adam(G, gradient, running, *p.adam)
    return state | {"G": G, "D": D | {"running": d_running}}


def d_step(p: Players, D: dict, x_real, x_fake) -> dict:
    """D ascends V = mean log D(x) + mean log(1 - D(x_fake))."""

    def loss(theta):
        s_real, running = p.D(theta, D["running"], x_real)
        s_fake, running = p.D(theta, running, x_fake)
        return softplus(-s_real).mean() + softplus(s_fake).mean(), running

    return adam(D, *jax.grad(loss, has_aux=True)(D["theta"]), *p.adam)


def g_loss(p: Players, D: dict, x_fake):
    """-mean log D(x_fake), and D's running statistics."""
    s, running = p.D(D["theta"], D["running"], x_fake)
    return softplus(-s).mean(), running


def critic(p: Players, state: dict, x_real, z_D, z_G) -> dict:
    """D's step alone: Wasserstein with the gradient penalty. D has no BatchNorm."""
    G, D = state["G"], state["D"]
    key, own = jax.random.split(state["key"])
    x_fake, running = p.G(G["theta"], G["running"], z_D)
    eps = jax.random.uniform(own, (len(x_real), 1, 1, 1), x_real.dtype)
    x_hat = eps * x_real + (1 - eps) * x_fake

    def loss(theta):
        def logits(x):
            return p.D(theta, D["running"], x)[0]

        g = jax.grad(lambda x: logits(x).sum())(x_hat)
        r = jnp.sqrt(jnp.square(g).sum((1, 2, 3)))
        V = logits(x_real).mean() - logits(x_fake).mean()
        return Critic.weight * jnp.square(r - 1).mean() - V

    D = adam(D, jax.grad(loss)(D["theta"]), D["running"], *p.adam)
    return {"G": G | {"running": running}, "D": D, "key": key}


GAMES = {Shared: shared, Fresh: fresh, Critic: critic}
