"""Stacked digits: three grey images drawn independently, as one picture's colours."""

import math

import numpy as np
import pytest

from tinygan.check.device import FakeBackend, counting
from tinygan.data import Images, StackedDigits, load_digits, ring
from tinygan.data.stacked import StackedStream
from tinygan.errors import DataError
from tinygan.runs.identity import fingerprint

DIGITS = load_digits()
DATA = StackedDigits(DIGITS)


def test_the_facts_of_the_data():
    assert (DATA.shape, len(DATA), DATA.classes, DATA.modes) == (
        (8, 8, 3),
        1797,
        10,
        1000,
    )
    assert DATA.weights.shape == (10,) and math.isclose(DATA.weights.sum(), 1)
    np.testing.assert_allclose(DATA.weights * 1797, np.bincount(DIGITS.labels))
    part = DATA.part(slice(20))
    assert len(part) == 20 and part.modes == 1000
    assert (part.weights == 0.1).all()  # the set begins with 0 to 9, twice
    assert "1797" in repr(DATA) and "1000 modes" in repr(DATA)


def test_a_batch_is_a_function_of_the_seed_and_of_i():
    stream, again = DATA.batches(6, seed=3), DATA.batches(6, seed=3)
    forwards = [stream(i) for i in range(5)]
    for i in (4, 0, 3, 3, 1):  # in any order, as a resumed run asks
        np.testing.assert_array_equal(again(i), forwards[i])
    assert not np.array_equal(forwards[0], forwards[1])
    assert not np.array_equal(DATA.batches(6, seed=4)(0), forwards[0])
    assert stream.divisible is True


def test_each_colour_is_an_image_with_its_label():
    images = DIGITS.bordered(2)
    stream = StackedDigits(images).batches(7, seed=0)
    for i in range(3):
        x, y, rows = stream(i), stream.labels(i), stream.rows(i)
        assert x.shape == (7, 12, 12, 3) and x.dtype == np.float32
        assert x.flags.c_contiguous and x.min() == -1 and x.max() <= 1
        assert y.shape == rows.shape == (7, 3)
        for colour in range(3):
            expected = images.scaled(images.pixels[rows[:, colour]])
            np.testing.assert_array_equal(x[..., colour, None], expected)
            np.testing.assert_array_equal(y[:, colour], DIGITS.labels[rows[:, colour]])
    double = DATA.batches(2, 0, dtype="float64")(0)
    assert double.dtype == np.float64


def chi_square(counts, expected) -> float:
    """The statistic, less its mean, in its standard deviations: sqrt(2 df) each."""
    df = counts.size - 1
    statistic = ((counts - expected) ** 2 / expected).sum()
    return (statistic - df) / math.sqrt(2 * df)


def test_the_colours_are_independent_and_uniform():
    """Of 50,000 pictures. The statistic of so many cells is nearly Gaussian, so 4
    standard deviations have a chance of 1 in 10,000 or less; the seed is fixed.
    """
    stream = DATA.batches(50_000, seed=1)
    y, rows = stream.labels(0), stream.rows(0)
    triples = np.bincount(y @ (100, 10, 1), minlength=1000)
    expected = 50_000 * np.einsum("a,b,c->abc", *[DATA.weights] * 3).ravel()
    assert abs(chi_square(triples, expected)) < 4
    for colour in range(3):
        drawn = np.bincount(rows[:, colour], minlength=1797)
        assert abs(chi_square(drawn, np.full(1797, 50_000 / 1797))) < 4


def test_the_chi_square_sees_colours_that_hang_together():
    y = DATA.batches(50_000, seed=1).labels(0)
    y[:2500, 2] = y[:2500, 0]  # one in twenty
    triples = np.bincount(y @ (100, 10, 1), minlength=1000)
    expected = 50_000 * np.einsum("a,b,c->abc", *[DATA.weights] * 3).ravel()
    assert chi_square(triples, expected) > 8


def test_batches_on_a_device():
    """The device sees the same pictures; the pixels travel once."""
    device = FakeBackend()
    with counting() as counts:
        stream = DATA.batches(4, seed=0, backend=device)
        assert counts.uploads == 2  # pixels and labels
        batches = [stream(i) for i in range(3)]
        labels = stream.labels(2)
        assert counts.uploads == 2 + 3 + 1  # and a table of indices for each
        assert counts.host_reads == 0
    host = DATA.batches(4, seed=0)
    for i, x in enumerate(batches):
        assert x.dtype == np.float32
        np.testing.assert_array_equal(x.get(), host(i))
    np.testing.assert_array_equal(labels.get(), host.labels(2))


def test_a_run_knows_the_data_again():
    facts = fingerprint(DATA)
    assert facts["shape"] == [8, 8, 3] and facts["count"] == 1797
    assert facts != fingerprint(StackedDigits(DIGITS.part(slice(None, None, -1))))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: StackedDigits(Images(np.zeros((4, 5, 5, 3)), 0, 1)), "grey images"),
        (lambda: StackedDigits(Images(np.zeros((4, 5, 5)), 0, 1)), "with labels"),
    ],
)
def test_images_that_cannot_be_stacked(make, message):
    with pytest.raises(DataError, match=message):
        make()


@pytest.mark.parametrize("wrong", [DIGITS.pixels, None, ring(), Images])
def test_what_are_no_images(wrong):
    with pytest.raises(ValueError, match="StackedDigits expects an Images"):
        StackedDigits(wrong)
    with pytest.raises(ValueError, match="StackedStream expects a StackedDigits"):
        StackedStream(wrong, 2, 0)


@pytest.mark.parametrize(
    "batch, seed, dtype, i, message",
    [
        (0, 0, "float32", 0, "expects a batch size batch >= 1, got 0"),
        (2, -1, "float32", 0, "seed .* got -1"),
        (2, 0, "int32", 0, "expects a dtype such as 'float32', got 'int32'"),
        (2, 0, "float32", -1, "batch number .* got -1"),
    ],
)
def test_the_stream_refuses(batch, seed, dtype, i, message):
    with pytest.raises(ValueError, match=message):
        DATA.batches(batch, seed, dtype=dtype)(i)
