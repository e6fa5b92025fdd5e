"""MPI: the processes that mpirun started, on one machine or on many, share every batch.

    mpirun -n 4 tinygan train RECIPE

Every process runs the same program. `World` is the group of them (machines.py): each
one has its part of every batch, and plays it by itself or with shards. They are joined
by sums. The gradient of each network is summed once a step, by one all-reduce of the
flat vector, and then every process makes the same step. The first process leads: it
writes the run's folder, and tells the others what to play next.
"""

import atexit
import contextlib
import os
import signal
import sys

import numpy as np

from ..errors import BackendError, InputError, one_line
from ..group import ALONE, Group
from ..ops import get_xp
from . import nccl
from .nccl import Gpus

STARTED = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "MPI_LOCALNRANKS")
WORK, HEAR, GONE = "wait for sums", "wait for orders", "have ended"
IGNORED = ("SIGINT", "SIGTERM", "SIGHUP")  # by all but the first process, which decides


def world() -> Group:
    """The processes that mpirun started together with this one; ALONE without mpirun.

    BackendError if mpirun started this process and mpi4py is missing: otherwise each
    process would train by itself.
    """
    if not any(name in os.environ for name in STARTED):
        return ALONE
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as e:  # RuntimeError: there is no MPI library
        raise BackendError(
            "mpirun started this process, but mpi4py cannot be used "
            f"({one_line(str(e))}); try pip install 'tinygan[mpi]'"
        ) from e
    comm = MPI.COMM_WORLD
    return World(comm) if comm.size > 1 else ALONE


class World(Group):
    """All processes of a communicator of mpi4py.

    neighbours: how many of them are on this machine      neighbour: the number of this
    one among them, from 0
    """

    def __init__(self, comm):
        from mpi4py import MPI

        self.comm, self.rank, self.size = comm, comm.rank, comm.size
        self.key, self.keeps_state = (comm.rank,), comm.rank == 0
        here = comm.Split_type(MPI.COMM_TYPE_SHARED)
        self.neighbour, self.neighbours = here.rank, here.size
        self.others = WORK
        self.gpus: Gpus | str | None = "not asked for yet"

    def all_gather(self, value) -> list:
        return self.comm.allgather(value)

    def all_reduce(self, *values) -> tuple:
        return tuple(map(self._sum, values))

    def _sum(self, value):
        gpus = self._joined_gpus(value)
        if gpus is not None and gpus.takes(value):
            return gpus.sum(value)
        on_host = value.get() if hasattr(value, "get") else value
        own = np.ascontiguousarray(on_host)
        total = np.empty_like(own)
        self.comm.Allreduce(own, total)
        if hasattr(value, "dtype"):
            return get_xp(value).asarray(total.reshape(value.shape))
        return total.item()

    def _joined_gpus(self, value) -> Gpus | None:
        """The GPUs of all processes, once they have an array there to sum."""
        if not hasattr(value, "get"):
            return None
        if isinstance(self.gpus, str):
            self.gpus = nccl.gpus(self, get_xp(value))
        return self.gpus

    def barrier(self) -> None:
        self.comm.Barrier()

    def order(self, *order) -> None:
        """The first process tells the others what all of them do now: nothing more if
        there is no order.
        """
        if self.rank == 0:
            self.comm.bcast(order)
        self.others = WORK if order else GONE

    def hear(self) -> tuple:
        """The first process's next order: () if the run is over."""
        order = self.comm.bcast(None)
        if not order:
            self.others = GONE
        return order


@contextlib.contextmanager
def leading(world, *order):
    """The first process gives an order, and follows it within this context, too."""
    world.order(*order)
    yield
    world.others = HEAR


def neighbours(world) -> int:
    """How many processes mpirun started on this machine; 1 without mpirun."""
    return 1 if world is ALONE else world.neighbours


def waiting(world) -> None:
    """From here on the other processes wait for orders."""
    world.others = HEAR


@contextlib.contextmanager
def agreed(world):
    """Within this context every process works by itself. If one of them fails, all do:
    the first process raises that error, and the others end without a word.
    """
    if world.size == 1:
        yield
        return
    error = None
    try:
        yield
    except Exception as e:
        error = e
    told = world.all_gather(None if error is None else one_line(str(error)))
    failed = [rank for rank, sentence in enumerate(told) if sentence is not None]
    if not failed:
        return
    world.others = GONE
    if world.rank > 0:
        sys.exit(2)
    raise error or InputError(f"rank {failed[0]}: {told[failed[0]]}")


@contextlib.contextmanager
def session(world):
    """Whatever ends this context, no process waits for ever. Only the first process
    writes to the terminal.
    """
    if world.size == 1:
        yield
        return
    with contextlib.ExitStack() as stack:
        if world.rank > 0:
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        try:
            yield
        except BaseException as e:
            if world.rank > 0 and world.others != GONE:
                sentence = f"tinygan: rank {world.rank}: {one_line(str(e))}"
                print(sentence, file=sys.__stderr__, flush=True)
                world.comm.Abort(1)
                os._exit(1)  # Abort may return before this process is ended
            elif world.others == WORK:
                atexit.register(world.comm.Abort, 1)  # after the last sentence
            raise
        finally:
            if world.others == HEAR:
                world.order()


@contextlib.contextmanager
def obedient():
    """Within this context this process ignores the signals that the first one heeds."""
    names = [name for name in IGNORED if hasattr(signal, name)]
    before = {n: signal.signal(getattr(signal, n), signal.SIG_IGN) for n in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            # None: the handler was not made by Python, and cannot be put back
            previous = signal.SIG_DFL if handler is None else handler
            signal.signal(getattr(signal, name), previous)
