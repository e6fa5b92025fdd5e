"""What each process of `benchmarks.scaling` does. mpiexec starts several, or it is one.

    python -m benchmarks.scaling_rank '{"work": "dcgan28", "batch": 64, "steps": 20}'
    python -m benchmarks.scaling_rank '{"bytes": [8, 1048576], "steps": 20}'

The first one plays steps on whole batches, which all processes share, and the second
one adds arrays of so many bytes. The first process prints a line of JSON: the seconds
of each step, and the messages of one; or the seconds of each sum, by bytes.
"""

import json
import statistics
import sys
import time

import numpy as np

from tinygan.parallel import mpi

from .jobs import BATCHES, batch
from .moves import GAMES
from .on_tinygan import TinyganNumpy
from .parts import game_in_parts
from .works import WORKS

WARM = 3  # steps before the first that counts


class Told:
    """A communicator that remembers the bytes of each message that is summed."""

    def __init__(self, comm):
        self.comm, self.messages = comm, []

    def Allreduce(self, own, total):
        self.messages.append(own.nbytes)
        self.comm.Allreduce(own, total)

    def __getattr__(self, name):
        return getattr(self.comm, name)


def timed(step, steps: int) -> list[float]:
    """The seconds of each step i, after WARM steps."""
    seconds = []
    for i in range(WARM + steps):
        begun = time.perf_counter()
        step(i)
        seconds.append(time.perf_counter() - begun)
    return seconds[WARM:]


def play(job: dict, world) -> dict:
    """The seconds of each step of a work, and the messages of the last one."""
    work, library = WORKS[job["work"]].with_batch(job["batch"]), TinyganNumpy()
    game = GAMES[work.game or "shared"]
    batches = [batch(library, work, i) for i in range(BATCHES)]
    player = library.player(work)
    if world.size == 1:

        def step(i):
            game.tinygan(player, *batches[i % BATCHES])

        with library.computing():
            return {"seconds": timed(step, job["steps"]), "messages": []}
    world.comm = told = Told(world.comm)
    group = game_in_parts(game, player, batches, 1, world)

    def step(i):
        told.messages.clear()
        group.run("step", i)

    with library.computing():
        return {"seconds": timed(step, job["steps"]), "messages": told.messages}


def add(job: dict, world) -> dict:
    """The median seconds of a sum of so many bytes."""
    found = {}
    for nbytes in job["bytes"]:
        a = np.ones(nbytes // 4, np.float32)
        seconds = timed(lambda i, a=a: world.all_reduce(a), job["steps"])
        found[nbytes] = statistics.median(seconds)
    return {"sums": found}


def main(text: str) -> None:
    job, world = json.loads(text), mpi.world()
    found = (play if "work" in job else add)(job, world)
    if world.rank == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
