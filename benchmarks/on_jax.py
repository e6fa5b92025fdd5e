"""JAX on the CPU and on one GPU: a whole step in one jax.jit, its state donated."""

import os
import time

import numpy as np

from .library import Library, UnavailableError
from .move import Player
from .report import usable_cores


class JaxCpu(Library):
    """JAX on the CPU. It has the works of jax_networks.py and their games alone."""

    name, on = "jax-cpu", "cpu"
    only_steps = True
    latest = ()  # the arrays of the last step, which may not be there yet

    def __init__(self, tf32=False):
        self.jax = self.usable_jax(tf32)

    def usable_jax(self, tf32):
        jax = imported_jax()
        jax.config.update("jax_platforms", self.on)
        return jax

    def device_used(self):
        return self.jax.devices(self.on)[0]

    def put(self, a):
        return self.jax.device_put(a.astype(np.float32), self.device_used())

    def describe(self):
        return {
            "jax": self.jax.__version__,
            "threads": usable_cores(),
            "memory": "channels-last",
            "step": "one jit",
        }

    def player(self, work):
        from . import jax_games, jax_networks

        pairs = [(forward, work.adam) for forward in jax_networks.of(work)]
        p = Player(self, work, pairs)
        p.constant = jax_games.Players(p.G, p.D, work.adam)
        start = jax_games.start(work.networks())
        p.state = self.jax.device_put(start, self.device_used())
        return p

    def move(self, game):
        from . import jax_games

        step = self.jax.jit(
            jax_games.GAMES[type(game)], static_argnums=0, donate_argnums=1
        )

        def move(p, *batch):
            p.state = self.latest = step(p.constant, p.state, *batch)

        return move

    def timed(self, step, steps):
        """JAX returns before a step is done, so each step is waited for."""

        def finished():
            step()
            self.wait()

        self.wait()
        return super().timed(finished, steps)

    def wait(self):
        self.jax.block_until_ready(self.latest)


class JaxGpu(JaxCpu):
    """JAX on one GPU. It has no device events, so a turn is timed as a whole."""

    name, on = "jax-gpu", "gpu"
    reference = "torch-gpu"
    device = "gpu"

    def usable_jax(self, tf32):
        # other libraries have the same GPU, and JAX would take most of its memory
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        jax = imported_jax()
        precision = "tensorfloat32" if tf32 else "float32"
        jax.config.update("jax_default_matmul_precision", precision)
        try:
            jax.devices(self.on)
        except RuntimeError as e:
            raise UnavailableError("JAX finds no usable GPU") from e
        return jax

    def timed(self, step, steps):
        """The mean of all steps, for each: there is no wait within a turn."""
        self.wait()
        start = time.perf_counter()
        for _ in range(steps):
            step()
        self.wait()
        return [(time.perf_counter() - start) / steps] * steps

    def pool_peak(self):
        """The most bytes that the pool has taken, if JAX can tell."""
        return (self.device_used().memory_stats() or {}).get("peak_pool_bytes")

    def describe(self):
        more = {
            "device": self.device_used().device_kind,
            "precision": self.jax.config.jax_default_matmul_precision,
        }
        return super().describe() | more


def imported_jax():
    """The module. Raises UnavailableError if it is not installed."""
    try:
        import jax
    except ImportError as e:
        raise UnavailableError("JAX is not installed") from e
    return jax
