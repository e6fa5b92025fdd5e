"""What processes of one machine hand each other."""

import os
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tinygan.parallel import mailbox
from tinygan.parallel.mailbox import Mailbox, Signal, shared

pytestmark = pytest.mark.skipif(not mailbox.can_fork(), reason="forks on Linux only")
BOX = Mailbox() if mailbox.can_fork() else None

plain = arrays.arrays(
    st.sampled_from(["float32", "float64", "int64", "bool"]),
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)
values = st.recursive(
    plain | st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)


def same(a, b) -> bool:
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(
            a, b, equal_nan=a.dtype.kind == "f"
        )
    return a == b


@given(values, st.booleans())
def test_what_is_put_in_is_taken_out(value, copied):
    BOX.put(value)
    assert same(value, BOX.get(copied))


@given(plain.filter(lambda a: a.ndim >= 2))
def test_views_of_arrays(a):
    for view in (a.T, a[::-1], a[:, ::2]):
        BOX.put((view, 1))
        got, one = BOX.get(copied=False)
        assert same(view, got) and one == 1


def test_a_copy_stays_and_a_view_is_written_over():
    first, second = np.arange(4.0), np.arange(4.0) + 10
    BOX.put((first, None))
    view, copy = BOX.get(copied=False)[0], BOX.get(copied=True)[0]
    BOX.put((second, None))
    assert np.array_equal(view, second) and np.array_equal(copy, first)
    copy[0] = 5  # a layer may work in place


def test_a_value_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(mailbox, "CAPACITY", 1 << 12)
    box = Mailbox()
    box.put(np.zeros(400))
    with pytest.raises(ValueError, match=r"more than 4096 bytes.*smaller batch"):
        box.put(np.zeros(600))
    with pytest.raises(ValueError, match="more than 4096 bytes"):
        box.put("x" * 5000)


def test_a_value_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="unmarshallable"):
        BOX.put((1, object()))


@given(plain)
def test_shared_arrays_are_copies(a):
    copy = shared(a)
    assert same(a, copy) and not np.shares_memory(a, copy)


def test_a_forked_process_writes_what_this_one_reads():
    a, there = shared(np.zeros(3, "float32")), Signal()
    pid = os.fork()
    if pid == 0:
        a[1] = 7
        there.give()
        os._exit(0)
    there.take(lambda: None)
    os.waitpid(pid, 0)
    assert a.tolist() == [0, 7, 0]


def test_a_signal_is_counted_and_who_waits_long_still_gets_it(monkeypatch):
    monkeypatch.setattr(mailbox, "AWAKE", 1e-4)
    signal, checks = Signal(), []
    for _ in range(3):
        signal.give()
    for _ in range(3):
        signal.take(None)  # does not wait, and so calls no check

    def check():
        checks.append(1)
        if len(checks) == 3:
            signal.give()

    signal.take(check)
    assert len(checks) == 3


def test_who_waits_may_be_told_that_it_is_in_vain(monkeypatch):
    monkeypatch.setattr(mailbox, "AWAKE", 1e-4)

    def check():
        raise ArithmeticError("nobody is there")

    with pytest.raises(ArithmeticError, match="nobody"):
        Signal().take(check)


def test_only_linux_forks(monkeypatch):
    from tinygan import BackendError
    from tinygan.parallel.shards import Shards

    monkeypatch.setattr(sys, "platform", "darwin")
    assert not mailbox.can_fork()
    assert len(Shards(1, list).ranks) == 1
    with pytest.raises(BackendError, match="on Linux only"):
        Shards(2, list)
