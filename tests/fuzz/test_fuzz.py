"""No mutant of any kind of file does harm: a few of each, and 10,000 if asked for.

The marker `slow` has the campaign: `pytest -m slow tests/fuzz`.
"""

import random
import sys

import pytest

from .__main__ import NAMES
from .campaign import Result, campaign, read_mutants, table, wrong_with

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the limits are those of Linux"
)


FEW = 30  # of each target; most of the time goes into figures of damaged logs


def expect_no_fault(result: Result, n: int) -> None:
    assert not result.faults, "\n".join(table([result]))
    assert result.mutants == result.documented + result.accepted == n


@pytest.fixture(scope="module")
def some():
    """The results of a few mutants of each target, read in one process."""
    return {result.target: result for result in campaign(NAMES, FEW)}


@pytest.mark.parametrize("name", NAMES)
def test_a_few_mutants_are_read_or_refused(some, name):
    assert name in some, some
    expect_no_fault(some[name], FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_mutants_are_read_or_refused(name):
    (result,) = campaign([name], 10_000)
    print("\n".join(table([result])))
    expect_no_fault(result, 10_000)


# The campaign finds what it is to find.


class Planted:
    """A reader with faults: it is told by the number of the mutant what to do."""

    def __init__(self, read):
        self.read = read

    def mutant(self, rng: random.Random) -> bytes:
        return b""


def _sleep(data):
    import time

    time.sleep(60)


def _work(data):
    while True:
        pass


def _refuse(sentence):
    def read(data):
        from tinygan.errors import InputError

        error = InputError("x")
        error.args = (sentence,)  # past the check of the class
        raise error

    return read


@pytest.mark.parametrize(
    "read, fault",
    [
        (lambda data: 1 / 0, "ZeroDivisionError"),
        (lambda data: [].x, "AttributeError"),
        (lambda data: bytes(1 << 60), "MemoryError"),
        (_refuse("x" * 501), "501 characters"),
        (_refuse("a \x1b[31m b"), "control character"),
        (_refuse("a \u202e b"), "control character"),
        (_sleep, "hang"),
        (_work, "hang"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_planted_faults_are_found(monkeypatch, read, fault):
    import signal

    from . import campaign

    monkeypatch.setattr(campaign, "SECONDS", 0.3)
    monkeypatch.setattr(campaign, "WAITING", 0.5)
    monkeypatch.setattr(campaign, "_limit", lambda more: None)
    alarms = signal.SIGALRM, signal.SIGPROF
    old = [signal.signal(alarm, campaign._too_long) for alarm in alarms]
    try:
        result = read_mutants("planted", Planted(read), 2, 0)
    finally:
        for alarm, handler in zip(alarms, old, strict=True):
            signal.signal(alarm, handler)
    (what,) = result.faults
    assert fault in what and result.faults[what] == [0, 1]


def test_a_process_that_dies_is_a_fault():
    results = campaign(["idx", "no such target"], 1)
    assert [bool(result.faults) for result in results] == [False, True]


def test_a_good_sentence_has_no_fault():
    assert wrong_with("a b: expected \u0915\u094d\u200d, found \u4e00") == ""
