"""Jobs: small dictionaries, sent as JSON, and the functions to time for them.

The jobs are
    {"task": "step", "work": {...}, "game": "shared"}      one training step
    {"task": "recipe", "name": "mlp-ring"}      one turn of a recipe, tinygan only
    {"task": "layer", "case": "Dense 128 ...", "pass": "forward"}
    {"task": "gemm", "n": 2048, "threads": 1}              c = a b, float32
    {"task": "copy" or "triad", "numbers": 67108864}       a = b; a = b + s c
"""

import functools
from collections.abc import Callable

import numpy as np

from . import works
from .cases import CASES
from .library import Library
from .moves import GAMES
from .work import Work

BATCHES = 8  # different batches of data and noise, in turn


def make(library: Library, job: dict) -> tuple[Callable, Callable]:
    """(step, context): call `step` for one step of the job, within `context()`."""
    if job["task"] == "recipe":
        return library.recipe(job["name"])
    step = MAKERS[job["task"]](library, job)
    if job["task"] in ("step", "layer"):
        return step, library.computing
    return step, functools.partial(library.threads, job.get("threads"))


def training_step(library: Library, job: dict) -> Callable[[], None]:
    """One step of a work's game. Data and noise are already on the device."""
    work = works.make(job["work"])
    batches = [batch(library, work, i) for i in range(BATCHES)]
    return library.steps(library.player(work), GAMES[job["game"]], batches)


def batch(library: Library, work: Work, seed: int) -> tuple:
    """A batch of the work's game, the same for every library."""
    return tuple(map(library.put, work.draw(np.random.default_rng(seed))))


def layer_pass(library: Library, job: dict) -> Callable[[], object]:
    case, which = CASES[job["case"]], job["pass"]
    if which == "update":
        return library.adam(*case.in_shape)
    rng = np.random.default_rng(0)
    _, in_shape, out_shape = case.built()
    x = library.put(rng.standard_normal((case.batch, *in_shape)))
    dy = library.put(rng.standard_normal((case.batch, *out_shape)))
    return library.layer(case, x, dy if which == "backward" else None)[which]


def gemm(library: Library, job: dict) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    square = (job["n"], job["n"])
    return library.gemm(*(library.put(rng.standard_normal(square)) for _ in range(2)))


def copy(library: Library, job: dict) -> Callable[[], object]:
    return library.copy(library.put(np.ones(job["numbers"], np.float32)))


def triad(library: Library, job: dict) -> Callable[[], object]:
    b, c = (library.put(np.ones(job["numbers"], np.float32)) for _ in range(2))
    return library.triad(b, c, 2.0)


MAKERS = {
    "step": training_step,
    "layer": layer_pass,
    "gemm": gemm,
    "copy": copy,
    "triad": triad,
}
