"""What each process does that mpiexec starts for test_mpi.py:

    python on_mpi.py OUT CORES RECIPE...

Plays TURNS of each recipe in float64, with CORES shards in each process. The first
process writes all weights, and how many bytes the turns sent. Started by itself it
plays alone.
"""

import collections
import json
import pickle
import sys

import numpy as np

from tinygan import recipes
from tinygan.backend import Backend
from tinygan.parallel import mpi
from tinygan.runs import Autoregressive
from tinygan.runs.joint import follow
from tinygan.runs.run import Run

TURNS = 2
SMALL = 4096  # bytes of a sum of statistics, at most
BATCH = {"progan-digits": 20, "pacgan-grid": 22}  # others have 23: unequal parts


class Counting:
    """A communicator that counts the bytes this process hands over."""

    def __init__(self, comm):
        self.comm, self.sent = comm, collections.Counter()

    def Allreduce(self, own, total):
        self.sent["gradients" if own.nbytes > SMALL else "statistics"] += own.nbytes
        self.comm.Allreduce(own, total)

    def allgather(self, value):
        self.sent["gathered"] += len(pickle.dumps(value))
        return self.comm.allgather(value)

    def bcast(self, value):
        self.sent["orders"] += len(pickle.dumps(value))
        return self.comm.bcast(value)

    def __getattr__(self, name):
        return getattr(self.comm, name)


def doubled(experiment):
    """The experiment, with networks in float64."""
    kind = type(experiment)
    method = "maker" if kind is Autoregressive else "networks"  # which makes them
    if method not in vars(experiment):
        make = getattr(kind, method)
        vars(experiment)[method] = lambda backend: make(experiment, backend, "float64")
    return experiment


def played(name: str, cores: int, world) -> tuple[dict, dict]:
    """(the weights of all players, the bytes of the turns) after some turns."""
    experiment = recipes.build(recipes.find(name), {"batch": BATCH.get(name, 23)})
    run = Run(doubled(experiment), cores=cores, world=world)
    if world.rank > 0:
        follow(run)
        return {}, {}
    if world.size > 1:
        world.comm.sent.clear()
    for _ in range(TURNS):
        run.turn()
    sent = dict(world.comm.sent) if world.size > 1 else {}
    if world.size > 1:
        run.expect_agreement()
        world.order()
    return {f"{name}.{k}": p.net.theta for k, p in run.players.items()}, sent


def main(out, cores, *names):
    world = mpi.world()
    Backend.cores = lambda self: 100  # as many as are asked for
    if world.size > 1:
        world.comm = Counting(world.comm)
    weights, sent = {}, {}
    with mpi.session(world):
        for name in names:
            found, sent[name] = played(name, int(cores), world)
            weights |= found
    if world.rank == 0:
        np.savez(out, sent=json.dumps(sent), **weights)


if __name__ == "__main__":
    main(*sys.argv[1:])
