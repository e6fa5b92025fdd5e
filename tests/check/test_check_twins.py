"""`tinygan check` compares every twin of fast/ with its plain function."""

import pytest

from tinygan import fast
from tinygan.check.twins import twin_rows

pytestmark = pytest.mark.skipif(fast.is_plain(), reason="the twins are turned off")


def counted(monkeypatch):
    """{(wing, name): how often a twin gave a result}, from now on."""
    calls: dict = {}

    def counting(key, fast_function):
        def call(*arguments, **named):
            result = fast_function(*arguments, **named)
            if result is not NotImplemented:
                calls[key] = calls.get(key, 0) + 1
            return result

        return call

    for wing, name, fast_function in fast.twins():
        counting_twin = counting((wing, name), fast_function)
        monkeypatch.setitem(fast._twins[wing], name, counting_twin)
    return calls


def test_every_twin_for_numpy_is_called_and_right(monkeypatch):
    calls = counted(monkeypatch)
    assert all(row.ok for row in twin_rows())
    expected = {(wing, name) for wing, name, _ in fast.twins() if wing != "cuda"}
    assert expected <= set(calls)


@pytest.mark.parametrize("name", ["column_sum", "normalise", "add_rows", "im2col"])
def test_a_wrong_twin_is_found(monkeypatch, name):
    right = fast._twins["cpu"][name]

    def wrong(first, *rest):
        result = right(first, *rest)
        if result is None:  # it has worked in place
            first *= 1.001
        if isinstance(result, tuple):
            return (1.001 * result[0], *result[1:])
        return result if result is None or result is NotImplemented else 1.001 * result

    monkeypatch.setitem(fast._twins["cpu"], name, wrong)
    assert not all(row.ok for row in twin_rows())
