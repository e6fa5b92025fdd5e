"""Sums over GPUs by NCCL; a library in its place adds in the host's memory."""

import ctypes
import threading
import types

import numpy as np
import pytest

from tinygan.check.ranks import together
from tinygan.parallel import mpi, nccl

CTYPES = {
    7: (ctypes.c_float, "f4"),
    8: (ctypes.c_double, "f8"),
    4: (ctypes.c_int64, "i8"),
}
SUM, STREAM = 0, 77


class Array(np.ndarray):
    """An array on the device: its numbers have an address."""

    get = np.ndarray.copy

    @property
    def data(self):
        return types.SimpleNamespace(ptr=self.ctypes.data)


def on_device(values, dtype="float64"):
    return np.array(values, dtype).view(Array)


class Communicator:
    """Adds what all ranks of its group hand over, given the addresses alone."""

    def __init__(self, size, unique, rank, groups):
        self.group, self.calls = groups[threading.get_ident()], 0
        assert unique == (1, 2, 3) and (size, rank) == (
            self.group.size,
            self.group.rank,
        )

    def allReduce(self, own, total, n, kind, op, stream):
        assert (op, stream) == (SUM, STREAM) and own != total
        self.calls += 1
        ctype, dtype = CTYPES[kind]
        read = np.frombuffer((ctype * n).from_address(own), dtype)
        (found,) = self.group.all_reduce(read)
        np.frombuffer((ctype * n).from_address(total), dtype)[:] = found


def library(device: int, groups, **changed):
    """A module `cupy` for the rank with this GPU."""
    own = {
        "available": True,
        "get_version": lambda: 22703,
        "get_unique_id": lambda: (1, 2, 3),
        "NcclCommunicator": lambda *args: Communicator(*args, groups),
        "NCCL_SUM": SUM,
        "NCCL_FLOAT32": 7,
        "NCCL_FLOAT64": 8,
        "NCCL_INT64": 4,
    }
    return types.SimpleNamespace(
        ndarray=Array,
        ascontiguousarray=lambda a: np.ascontiguousarray(a).view(Array),
        empty_like=np.empty_like,
        cuda=types.SimpleNamespace(
            nccl=types.SimpleNamespace(**own | changed),
            Device=lambda: types.SimpleNamespace(id=device),
            get_current_stream=lambda: types.SimpleNamespace(ptr=STREAM),
        ),
    )


def on_ranks(n: int, work, device=lambda rank: rank, **changed) -> list:
    """[work(group, cupy, gpus)] of n ranks. changed(rank): of the library"""
    groups = {}

    def of(group):
        groups[threading.get_ident()] = group
        own = {k: f(group.rank) for k, f in changed.items()}
        cupy = library(device(group.rank), groups, **own)
        return work(group, cupy, nccl.gpus(group, cupy))

    return together(n, of)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_arrays_are_summed_on_the_gpus(dtype):
    def work(group, cupy, gpus):
        strided = on_device(np.arange(12).reshape(3, 4) * (group.rank + 1), dtype)[
            :, ::2
        ]
        before = strided.copy()
        assert gpus.takes(strided)
        total = gpus.sum(strided)
        assert np.array_equal(strided, before)
        return total

    for total in on_ranks(3, work):
        assert total.shape == (3, 2) and total.dtype == dtype
        assert np.array_equal(total, 6 * np.arange(12).reshape(3, 4)[:, ::2])


def test_other_numbers_go_by_the_host():
    def work(group, cupy, gpus):
        return [gpus.takes(v) for v in (3, 2.0, np.ones(2), on_device([1], "bool"))]

    assert on_ranks(2, work) == [[False] * 4] * 2


@pytest.mark.parametrize(
    "other",
    [
        {"device": lambda rank: 0},
        {"available": lambda rank: rank != 1},
        {"get_version": lambda rank: lambda: 22703 + rank},
    ],
    ids=["one GPU for two ranks", "one rank has no NCCL", "two versions"],
)
def test_the_hosts_add_unless_all_ranks_have_gpus(other):
    assert on_ranks(2, lambda group, cupy, gpus: gpus, **other) == [None, None]


def test_the_processes_of_mpi_take_them_once(monkeypatch):
    """The first sum of an array on a GPU joins the GPUs. A number is summed by MPI."""

    def work(group, cupy, gpus):
        asked = []
        world = object.__new__(mpi.World)
        world.gpus, world.comm = "not asked for yet", group
        group.Allreduce = lambda own, total: np.copyto(total, 10 * own)
        monkeypatch.setattr(mpi.nccl, "gpus", lambda *_: asked.append(1) or gpus)
        found = world.all_reduce(on_device([1.0, group.rank]), 4, on_device([2.0]))
        return found, len(asked)

    for (total, number, other), times in on_ranks(1, work):
        assert total.tolist() == [1.0, 0.0] and other.tolist() == [2.0]
        assert (number, times) == (40, 1)
