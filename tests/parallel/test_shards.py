"""The processes that share a batch: what they tell each other, and how they end."""

import gc
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.parallel.mailbox import shared
from tinygan.parallel.shards import ALONE, Shards, cut


class Part:
    """What a rank does in these tests."""

    def __init__(self, group, memory=None):
        self.group, self.memory, self.armed = group, memory, True

    def add(self, *values):
        return self.group.all_reduce(*(self.group.rank * v + 1 for v in values))

    def bring(self, own):
        own = np.arange(own + self.group.rank) + 10 * self.group.rank
        return self.group.all_gather((own, None, {"n": len(own)})), None

    def place(self, n):
        where, N = self.group.place(n + self.group.rank)
        return where.start, where.stop, N

    def meet(self):
        """Write, wait, read what the others wrote, wait."""
        seen = []
        for turn in range(50):
            self.memory[self.group.rank] = turn
            self.group.barrier()
            seen.append(self.memory.tolist())
            self.group.barrier()
        return seen

    def fail(self, rank):
        if self.group.rank == rank:
            raise ArithmeticError("too large")
        return self.group.all_reduce(1)

    def home_made(self):
        if self.group.rank == 1:
            raise type("HomeMadeError", (Exception,), {})("odd")
        return self.group.all_reduce(1)

    def interrupted(self):
        if self.armed and self.group.rank == 0:
            self.armed = False
            raise KeyboardInterrupt
        return self.group.all_reduce(1)

    def count(self):
        """Something that changes from call to call, in each process for itself."""
        self.calls = getattr(self, "calls", 0) + 1
        return self.calls

    def overflow(self):
        return np.exp(np.full(3, 1e3, "float32")) * self.group.all_reduce(1)[0]

    def pid(self):
        return os.getpid()


def group(size, memory=None) -> Shards:
    return Shards(size, lambda ranks: [Part(rank, memory) for rank in ranks])


@given(st.integers(1, 50), st.integers(1, 6), st.integers(1, 3))
def test_parts_cover_the_batch(n, size, multiple):
    parts = cut(n, size, multiple)
    if n % multiple or n // multiple < 2 * size:
        assert parts == []
        return
    assert np.array_equal(np.concatenate([np.arange(n)[p] for p in parts]), range(n))
    lengths = [p.stop - p.start for p in parts]
    assert len(parts) == size and all(length % multiple == 0 for length in lengths)
    assert max(lengths) - min(lengths) <= multiple


@pytest.mark.parametrize("size", [1, 2, 3])
def test_ranks_add_gather_and_take_their_places(size):
    shards = group(size)
    for _ in range(3):
        a = np.arange(6.0).reshape(2, 3)
        expected = sum(rank * a + 1 for rank in range(size))
        for found, number in shards.run("add", a, 2):
            assert np.array_equal(found, expected)
            assert number == sum(2 * rank + 1 for rank in range(size))
        for everyone, none in shards.run("bring", 4):
            assert none is None and len(everyone) == size
            for rank, (own, nothing, said) in enumerate(everyone):
                assert np.array_equal(own, np.arange(4 + rank) + 10 * rank)
                assert nothing is None and said == {"n": 4 + rank}
        ends = np.cumsum([0, *(5 + rank for rank in range(size))]).tolist()
        expected = [(ends[i], ends[i + 1], ends[-1]) for i in range(size)]
        assert shards.run("place", 5) == expected


def test_alone_is_a_group_of_one():
    a = np.arange(3.0)
    assert ALONE.all_reduce(a, 2)[0] is a and ALONE.all_reduce(a, 2)[1] == 2
    assert ALONE.all_gather(a)[0] is a
    assert ALONE.place(7) == (slice(0, 7), 7)


def test_who_waits_sees_what_all_have_written():
    memory = shared(np.zeros(3))
    for seen in group(3, memory).run("meet"):
        assert seen == [[turn] * 3 for turn in range(50)]


def test_each_rank_is_a_process_and_remembers_until_they_are_closed():
    shards = group(3)
    first = shards.run("pid")
    assert first[0] == os.getpid() and len(set(first)) == 3
    assert [shards.run("count") for _ in range(3)] == [[n] * 3 for n in (1, 2, 3)]
    assert shards.run("pid") == first
    shards.close()
    assert shards.run("count") == [4, 1, 1]  # forked anew, as the first knows them
    assert not set(first[1:]) & set(shards.run("pid"))


@pytest.mark.parametrize("rank", [0, 2])
def test_an_error_in_one_part_ends_all_and_the_next_works(rank):
    """No deadlock: the other ranks wait for one that will not come."""
    shards = group(3)
    for _ in range(2):
        with pytest.raises(ArithmeticError, match="too large"):
            shards.run("fail", rank)
        assert shards.run("place", 1) == [(0, 1, 6), (1, 3, 6), (3, 6, 6)]


def test_an_error_that_cannot_be_handed_over_is_told():
    with pytest.raises(RuntimeError, match="HomeMadeError: odd"):
        group(2).run("home_made")


def test_ctrl_c_leaves_the_group_usable():
    shards = group(2)
    with pytest.raises(KeyboardInterrupt):
        shards.run("interrupted")
    assert shards.run("interrupted") == [(2,), (2,)]


def test_warnings_are_silenced_in_every_process():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        found = group(3).run("overflow")
    assert all(np.isinf(a).all() for a in found)


@pytest.mark.parametrize("size", [0, -1, 1.5, None])
def test_bad_sizes(size):
    with pytest.raises(ValueError, match="size >= 1"):
        group(size)


# Processes end


def lives(pid: int) -> bool:
    """Whether a process is there and not about to be buried."""
    try:
        status = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def ends(pid: int, seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while lives(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not lives(pid)


def test_a_rank_that_is_killed_is_missed_and_replaced():
    """The system ends the largest process when memory runs out."""
    shards = group(3)
    _, *before = shards.run("pid")
    os.kill(before[0], signal.SIGKILL)
    with pytest.raises(tg.BackendError, match=r"was ended by signal 9; .* --cores 1"):
        shards.run("add", 1)
    assert shards.run("add", 1) == [(6,)] * 3
    assert not set(before) & set(shards.run("pid"))
    assert all(map(ends, before))


def test_ranks_end_with_their_group():
    gc.freeze()  # what other tests have left took `collect` 20 seconds
    try:
        shards = group(2)
        _, pid = shards.run("pid")
        assert lives(pid)
        del shards
        gc.collect()
        assert ends(pid)
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("how", ["exit", "SIGKILL"])
def test_ranks_end_with_the_first_one(how):
    program = f"""
        import os, signal
        from tinygan.parallel.shards import Shards

        class Part:
            def pid(self):
                return os.getpid()

        shards = Shards(2, lambda ranks: [Part() for _ in ranks])
        print(*shards.run("pid")[1:], flush=True)
        if {how!r} == "SIGKILL":
            os.kill(os.getpid(), signal.SIGKILL)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        (pid,) = map(int, process.stdout.readline().split())
        assert ends(pid)  # with our end of its pipe still open
        assert process.wait() == (0 if how == "exit" else -signal.SIGKILL)
        assert process.stderr.read() == ""
