"""The interface of a numerical library for the benchmarks, and how it is timed.

`Library` times with the host's clock, `OnGpu` with device events. The libraries are in
on_tinygan.py, on_torch.py, on_compiled.py and on_jax.py, and libraries.py lists them.
Each library is imported and run in its own process (worker.py).
"""

import contextlib
import itertools
import time
from collections.abc import Callable

from .move import Game, Player
from .work import Work


class UnavailableError(Exception):
    """This library cannot run here, or not this job; the message says why."""


class Library:
    """One library on one device. Raises UnavailableError if it cannot run here."""

    name: str
    reference = "torch-cpu"  # the library that it is compared with
    device = "cpu"
    only_steps = False  # whether it takes training steps alone: no layer, no product

    def __init__(self, tf32: bool = False):
        """Import the library. `tf32` allows TF32 in its products on a GPU."""

    def put(self, a):
        """The float64 host array `a` as a float32 input of this library."""
        raise TypeError(f"{type(self).__name__} does not define put(a)")

    def describe(self) -> dict:
        """Versions, threads and flags."""
        return {}

    # Timed work: each method returns a function that can be called again and again.

    def player(self, work: Work) -> Player:
        """The networks of a work and their optimizers."""
        raise TypeError(f"{type(self).__name__} does not define player(work)")

    def move(self, game: Game) -> Callable:
        """The game's step in this library: a function of (player, *batch)."""
        raise TypeError(f"{type(self).__name__} does not define move(game)")

    def steps(self, player: Player, game: Game, batches: list) -> Callable:
        """One step of the game; it takes the batches in turn."""
        move, batch = self.move(game), itertools.cycle(batches)
        return lambda: move(player, *next(batch))

    def computing(self) -> contextlib.AbstractContextManager:
        """The context for steps and layers, with the library's own threads."""
        return contextlib.nullcontext()

    def layer(self, case, x, dy) -> dict[str, Callable[[], object]]:
        """{"forward": f, "backward": g} of a cases.Case: f() is y, and g() is dx.

        x, dy: as `put` made them; dy is None if no backward follows. Processes that
        share a batch keep their y and dx.
        """
        raise TypeError(f"{type(self).__name__} does not define layer(case, x, dy)")

    def recipe(self, name: str) -> tuple[Callable, Callable]:
        """(turn, context): one turn of a recipe, to be called within `context()`."""
        raise TypeError(f"{type(self).__name__} has no recipes")

    def adam(self, n: int) -> Callable[[], None]:
        """One update of n parameters."""
        raise TypeError(f"{type(self).__name__} does not define adam(n)")

    def gemm(self, a, b) -> Callable[[], object]:
        """c = a b, into the same c every time; returns c."""
        raise TypeError(f"{type(self).__name__} does not define gemm(a, b)")

    def copy(self, b) -> Callable[[], object]:
        """a = b, into the same a every time, on all cores; returns a."""
        raise TypeError(f"{type(self).__name__} does not define copy(b)")

    def triad(self, b, c, s: float) -> Callable[[], object]:
        """a = b + s c, into the same a every time, on all cores; returns a."""
        raise TypeError(f"{type(self).__name__} does not define triad(b, c, s)")

    def threads(self, n: int | None) -> contextlib.AbstractContextManager:
        """Within this context `gemm` uses n threads; None: the library's default."""
        return contextlib.nullcontext()

    # Time and memory.

    def timed(self, step: Callable, steps: int) -> list[float]:
        """Seconds of each of `steps` calls of `step`."""
        seconds = []
        for _ in range(steps):
            start = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - start)
        return seconds

    def wait(self) -> None:
        """Wait until the device has done all its work."""

    def pool_peak(self) -> int | None:
        """The most bytes that the device's memory pool has held; None without one."""
        return None


class OnGpu:
    """Timing with device events, one between every two steps: no wait within a run."""

    reference = "torch-gpu"
    device = "gpu"

    def timed(self, step, steps):
        events = [self.event() for _ in range(steps + 1)]
        events[0].record()
        for event in events[1:]:
            step()
            event.record()
        self.wait()
        return [self.elapsed(a, b) / 1000 for a, b in itertools.pairwise(events)]

    def threads(self, n):
        return contextlib.nullcontext()

    def event(self):
        """A device event that can time."""
        raise TypeError(f"{type(self).__name__} does not define event()")

    def elapsed(self, a, b) -> float:
        """Milliseconds between two events."""
        raise TypeError(f"{type(self).__name__} does not define elapsed(a, b)")
