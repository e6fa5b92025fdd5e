"""Runs that are joined: processes of MPI, each with a Run of the same experiment.

The first process leads. Its Run is trained (train.py), and the others `follow`: they
play the same turns, each on its part of the batch, and write nothing.
"""

import zlib

import numpy as np

from .. import __version__
from ..errors import BackendError, InputError
from ..parallel.mpi import agreed, obedient, waiting
from ..parallel.shards import Shards
from .identity import fingerprint


def joined(run) -> Shards:
    """The processes of this machine and of all others, which share every batch. If the
    batch is too small for all cores, each machine has one process.

    InputError if the batch cannot be shared, or if the machines have other data,
    weights or versions.
    """
    world = run.world
    with agreed(world):
        for size in (run.processes(), 1):
            if run.game.divisible(sum(world.all_gather(size))):
                break
        else:
            raise InputError(
                f"{world.size} processes cannot share this game: a batch of "
                f"{run.experiment.batch} has fewer than two samples for each, or a "
                "layer or a penalty needs the batch in one piece"
            )
        run.cores = size
    expect_same_start(run)
    shards = Shards(size, run.game.parts, world)
    waiting(world)
    return shards


def expect_same_start(run) -> None:
    """InputError unless all processes have the same data, weights and versions."""
    facts = {
        "version of tinygan": __version__,
        "version of NumPy": np.__version__,
        "data": fingerprint(run.data),
        "weights": checksums(run),
    }
    first, *others = run.world.all_gather(facts)
    with agreed(run.world):
        for rank, other in enumerate(others, start=1):
            for name, value in first.items():
                if other[name] != value:
                    raise InputError(
                        f"rank {rank} has another {name} than rank 0; expected the "
                        "same on all machines"
                    )


def expect_same_weights(run) -> None:
    """BackendError unless all processes have the same weights."""
    first, *others = run.world.all_gather(checksums(run))
    for rank, other in enumerate(others, start=1):
        if other != first:
            raise BackendError(
                f"step {run.step}: rank {rank} has other weights than rank 0; do all "
                "machines have the same data and the same versions?"
            )


def checksums(run) -> list[int]:
    """A number for the weights of each player."""
    host = run.backend.to_host
    return [zlib.crc32(host(player.net.theta)) for player in run.players.values()]


def follow(run) -> None:
    """Do what the first process does with its Run, until it has finished."""
    with obedient(), np.errstate(all="ignore"), run.computing():
        while order := run.world.hear():
            method, *arguments = order
            getattr(run, method)(*arguments)
