"""tinygan on NumPy and on CuPy, as the benchmarks run it."""

import contextlib
import functools
import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import tinygan as tg

from .library import Library, OnGpu, UnavailableError
from .move import Player
from .parts import game_in_parts, layer_in_parts
from .report import usable_cores

SETTLED = 100  # turns: after them no recipe has extra critic steps
PASSES = ("forward", "backward")
LARGE = 10**12  # products: networks with so many use all cores
BLOCK = 1 << 16  # numbers in a triad's block: three blocks fit in a core's cache


class TinyganNumpy(Library):
    """tinygan on NumPy."""

    name = "numpy"
    blas_threads = 1  # each process has its part of the batch

    def __init__(self, tf32=False):
        self.on = self.backend()

    def backend(self):
        return tg.get_backend("numpy")

    def put(self, a):
        return self.on.asarray(a.astype(np.float32))

    def describe(self):
        shards = {"shards": self.on.cores_for(LARGE)}
        return {"tinygan": tg.__version__} | self.on.describe() | blas() | shards

    def player(self, work):
        pairs = [(net, work.optimizer(net)) for net in work.networks(self.on)]
        return Player(self, work, pairs, np.random.default_rng(0))

    def steps(self, player, game, batches):
        """The steps, in as many processes as `tinygan train` would take.

        A network that needs its batch in one piece has one process, and BLAS all cores.
        """
        nets = [net for net, _ in player.pairs()]
        products = sum(net.products for net in nets)
        cores = self.on.cores_for(len(batches[0][0]) * products)
        divisible = all(layer.divisible for net in nets for _, layer in net.layers())
        self.blas_threads = 1 if divisible else cores
        if cores == 1 or not divisible:
            return super().steps(player, game, batches)
        group, turn = game_in_parts(game, player, batches, cores), itertools.count()
        return lambda: group.run("step", next(turn))

    def computing(self):
        return self.on.computing(self.blas_threads)

    def move(self, game):
        return game.tinygan

    def layer(self, case, x, dy):
        net = tg.Net(tg.Sequential(case.tinygan()), case.in_shape, backend=self.on)
        cores = self.on.cores_for(LARGE if case.divided else 0)
        if cores > 1:
            group = layer_in_parts(net, x, dy, cores)
            group.run("forward")
            return {which: functools.partial(group.run, which) for which in PASSES}
        cache = None if dy is None else net.forward(x)[1]
        return {
            "forward": lambda: net.forward(x)[0],
            "backward": lambda: net.backward(dy, cache),
        }

    def recipe(self, name):
        from tinygan import recipes
        from tinygan.runs.run import Run

        experiment = recipes.build(recipes.find(name), {"steps": 10**6})
        run = Run(experiment, self.on)  # as `tinygan train` has it
        run.step = SETTLED
        return run.turn, run.computing

    def adam(self, n):
        xp = self.on.xp
        theta, g = xp.zeros(n, "float32"), xp.ones(n, "float32")
        return functools.partial(tg.Adam(2e-4, 0.5).descend, theta, g)

    def gemm(self, a, b):
        c = self.on.xp.empty((a.shape[0], b.shape[1]), "float32")
        return functools.partial(self.on.xp.matmul, a, b, out=c)

    def copy(self, b):
        a = np.empty_like(b)
        return spread(np.copyto, a, b)

    def triad(self, b, c, s):
        """One pass in blocks, so that the sum finds the product in the cache."""

        def part(a, b, c):
            for i in range(0, len(a), BLOCK):
                block = slice(i, i + BLOCK)
                np.multiply(c[block], s, out=a[block])
                np.add(a[block], b[block], out=a[block])

        return spread(part, np.empty_like(b), b, c)

    def threads(self, n):
        if n is None:
            return contextlib.nullcontext()
        from threadpoolctl import threadpool_limits

        return threadpool_limits(n, user_api="blas")


class TinyganCupy(OnGpu, TinyganNumpy):
    """tinygan on CuPy."""

    name = "cupy"

    def __init__(self, tf32=False):
        os.environ["CUPY_TF32"] = str(int(tf32))  # read at the first product
        super().__init__(tf32)

    def backend(self):
        try:
            return tg.get_backend("cupy")
        except tg.BackendError as e:
            raise UnavailableError(str(e).removeprefix("--backend cupy: ")) from e

    def copy(self, b):
        xp = self.on.xp
        a = xp.empty_like(b)
        return _returning(a, functools.partial(xp.copyto, a, b))

    def triad(self, b, c, s):
        kernel = self.on.xp.ElementwiseKernel(
            "T b, T c, T s", "T a", "a = b + s * c", "triad"
        )
        return functools.partial(kernel, b, c, np.float32(s), self.on.xp.empty_like(b))

    def event(self):
        return self.on.xp.cuda.Event()

    def elapsed(self, a, b):
        return self.on.xp.cuda.get_elapsed_time(a, b)

    def wait(self):
        self.on.synchronize()

    def pool_peak(self):
        """The bytes that the pool has taken: it gives nothing back by itself."""
        return self.on.xp.get_default_memory_pool().total_bytes()


def spread(part, a, *others):
    """A function that does part(a, *others) in slices, one per core, and returns a."""
    n = usable_cores()
    pool = ThreadPoolExecutor(n)
    slices = [
        [array[len(a) * i // n : len(a) * (i + 1) // n] for array in (a, *others)]
        for i in range(n)
    ]

    def call():
        for done in [pool.submit(part, *arrays) for arrays in slices]:
            done.result()
        return a

    return call


def _returning(value, f):
    def call():
        f()
        return value

    return call


def blas() -> dict:
    """The BLAS that NumPy was built with.

    And, if threadpoolctl can tell, the processor that its kernels are for, and its
    threads.
    """
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    found = {"blas": f"{built['name']} {built['version']}"}
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return found
    pools = [p for p in threadpool_info() if p["user_api"] == "blas"]
    if not pools:
        return found
    kernels = (
        {"kernels": pools[0]["architecture"]} if "architecture" in pools[0] else {}
    )
    return found | kernels | {"threads": pools[0]["num_threads"]}
