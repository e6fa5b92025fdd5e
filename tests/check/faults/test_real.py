"""Each fault is real: in some admissible use it behaves unlike its twin, which is right.

Twins are judged elsewhere: those of tinygan by its own tests, those of right.py by the
test below, which compares their gradients with finite differences.
"""

import copy

import numpy as np
import pytest

from tinygan import Layer, Net, Objective, Optimizer
from tinygan.penalties import Penalty

from . import faults, right
from .trace import drawn, layer_trace
from .trace_others import objective_trace, optimizer_trace, penalty_trace

FAULTS = faults()


def differ(a, b) -> bool:
    """Whether two arrays differ in shape, dtype or by more than rounding."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return True
    if a.dtype.kind not in "fc":
        return not np.array_equal(a, b)
    limit = 1e-5 if a.dtype.itemsize == 4 else 1e-11
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= limit * np.abs(b).max(initial=0)
    return not (near | (a == b) | (np.isnan(a) & np.isnan(b))).all()


def trace_of(entry, seen_at) -> dict[str, list]:
    if isinstance(entry, tuple):
        return layer_trace(*entry, seen_at)
    kinds = {
        Objective: objective_trace,
        Penalty: penalty_trace,
        Optimizer: optimizer_trace,
    }
    return next(f(entry) for kind, f in kinds.items() if isinstance(entry, kind))


def unlike(a: dict, b: dict) -> list[str]:
    """What was done in two traces to different effect."""
    assert a.keys() == b.keys()
    return [
        key
        for key in a
        if len(a[key]) != len(b[key]) or any(map(differ, a[key], b[key]))
    ]


def shows(name: str) -> list[str]:
    """The uses in which a fault shows."""
    fault = FAULTS[name]
    pairs = zip(fault.make(), fault.twin(), strict=True)
    return [
        use
        for bad, good in pairs
        for use in unlike(trace_of(bad, fault.seen_at), trace_of(good, fault.seen_at))
    ]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_shows(name):
    assert shows(name)
