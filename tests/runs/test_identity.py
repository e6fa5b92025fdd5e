"""The facts by which a run is known again: the meaning of a recipe, and its data."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygan.data import (
    Labelled,
    captioned_digits,
    grid,
    load_digits,
    mixture_1d,
    ring,
)
from tinygan.data.images import Images
from tinygan.runs import identity
from tinygan.runs.identity import differs, fingerprint, meaning, same_meaning

TEXT = b'''"""A recipe."""
import math


class A:
    """A class."""

    x = 1


def f(a, b=2):
    """What it does."""
    return a + b
'''

# Recipes


@pytest.mark.parametrize(
    "old, new",
    [
        (b'"""A recipe."""', b'"""Another text."""'),
        (b'    """What it does."""\n', b""),
        (b'"""A class."""', b'"A class"'),
        (b"import math\n", b"import math  # for sqrt\n\n\n"),
        (b"f(a, b=2)", b"f(\n    a,\n    b=2,\n)"),
        (b"\n", b"\r\n"),
        (b"return a + b", b"return (a + b)"),
        (b"x = 1", b"x = 0x1"),
    ],
)
def test_layout_and_words_are_no_change(old, new):
    other = TEXT.replace(old, new)
    assert other != TEXT and meaning(other) == meaning(TEXT)
    assert same_meaning({"recipe.py": TEXT}, {"recipe.py": other})


@pytest.mark.parametrize(
    "old, new",
    [
        (b"b=2", b"b=3"),
        (b"a + b", b"a - b"),
        (b"x = 1", b"x = 1.0"),
        (b"x = 1", b"x = True"),
        (b"import math", b"import math as m"),
        (b"return a + b", b"a + b"),
        (b"class A", b"class B"),
    ],
)
def test_another_number_name_or_sign_is_a_change(old, new):
    other = TEXT.replace(old, new)
    assert other != TEXT and meaning(other) != meaning(TEXT)
    assert not same_meaning({"recipe.py": TEXT}, {"recipe.py": other})


def test_files_that_come_or_go_are_a_change():
    assert not same_meaning(
        {"recipe.py": TEXT}, {"recipe.py": TEXT, "recipe/a.py": b""}
    )
    assert same_meaning({"a": b"\xff"}, {"a": b"\xff"})  # the same bytes


@pytest.mark.parametrize(
    "text",
    [b"def f(:", b"\xff\xfe", b"x = '\0'", b"(" * 100_000, b"x" + b".a" * 99_999],
)
def test_what_is_not_python_has_no_meaning(text):
    assert meaning(text) is None
    assert not same_meaning({"a": text}, {"a": text + b" "})


@settings(max_examples=50)
@given(st.binary(max_size=80))
def test_any_bytes_have_a_meaning_or_none(text):
    assert meaning(text) is None or isinstance(meaning(text), str)


def test_the_first_line_that_differs():
    for n, old in ((1, b"A recipe"), (5, b"class A"), (13, b"a + b")):
        changed = TEXT.replace(old, b"z")
        assert identity.first_difference(TEXT, changed) == n
    assert identity.first_difference(TEXT, TEXT + b"x = 3\n") == 14


def test_every_run_has_a_number_of_its_own():
    assert len({identity.new_id() for _ in range(100)}) == 100


# Data


def images(seed=0, n=200, dtype=np.uint8, high=255):
    values = np.random.default_rng(seed).integers(0, 256, (n, 6, 5, 3))
    pixels = (values * (high / 255)).astype(dtype)
    return Images(pixels, 0, high, np.arange(n) % 7)


def same(a, b) -> bool:
    return differs(fingerprint(a), fingerprint(b)) == ""


def test_the_hash_is_that_of_the_pixels():
    found = fingerprint(images())
    assert found["shape"] == [6, 5, 3] and found["count"] == 200
    pixels = images().pixels
    assert found["pixels"]["sha256"] == hashlib.sha256(pixels.tobytes()).hexdigest()
    assert found["pixels"]["dtype"] == "u1"


@pytest.mark.parametrize("make", [load_digits, ring, grid, mixture_1d])
def test_the_same_data_have_the_same_fingerprint(make):
    assert fingerprint(make()) is not None
    assert same(make(), make())


def test_other_data_differ():
    a = images()
    one_pixel = images()
    one_pixel.pixels[150, 3, 3, 1] ^= 1
    reordered = Images(a.pixels[::-1], 0, 255, a.labels[::-1])
    relabelled = Images(a.pixels, 0, 255, (a.labels + 1) % 7)
    brighter = Images(a.pixels, 0, 256, a.labels)
    for other in (
        images(1),
        images(0, 199),
        one_pixel,
        reordered,
        relabelled,
        brighter,
    ):
        assert not same(a, other)
    assert not same(ring(), ring(7)) and not same(ring(), grid())
    assert not same(ring(), load_digits())
    assert not same(Labelled(load_digits()), Labelled(load_digits().part([1, 2, 3])))


def test_labels_that_only_one_of_them_has_are_not_compared():
    a = images()
    assert same(a, Images(a.pixels, 0, 255))


def test_captions_count():
    digits = load_digits()
    a, b = (captioned_digits(50, seed, digits) for seed in (0, 1))
    assert same(a, captioned_digits(50, 0, digits)) and not same(a, b)


def test_real_numbers_may_differ_by_their_rounding():
    """Another machine rounds a sine or a resized picture in another way."""
    a = images(dtype=np.float32, high=1)
    x = a.pixels.astype(np.float64)
    noise = np.random.default_rng(1).uniform(-1, 1, x.shape)
    near = Images(np.clip(x * (1 + 2e-7 * noise), 0, 1).astype(np.float32), 0, 1)
    assert (near.pixels != a.pixels).any() and same(a, near)
    far = Images(np.clip(x * (1 + 0.02 * noise), 0, 1).astype(np.float32), 0, 1)
    assert not same(a, far)
    assert not same(a, Images(a.pixels[::-1], 0, 1))
    assert not same(a, Images(a.pixels[:, ::-1], 0, 1))


def test_the_difference_is_told():
    a = fingerprint(images())
    assert differs(a, fingerprint(images(0, 199))) == "count 200, now 199"
    assert differs(a, fingerprint(images(1))) == "other pixels"
    wide = differs(fingerprint(ring()), fingerprint(mixture_1d()))
    assert wide == "shape [2], now [1]"


def test_large_arrays_are_hashed_in_rows_at_equal_distances(monkeypatch):
    monkeypatch.setattr(identity, "WHOLE", 1000)
    monkeypatch.setattr(identity, "SAMPLE", 900)  # ten rows of 90 bytes
    a, first, last = images(), images(), images()
    first.pixels[0] ^= 1
    last.pixels[-1] ^= 1
    assert same(a, images())
    assert not same(a, first) and not same(a, last) and not same(a, images(1))


class Own:
    """Data of a user's own, which are not in memory."""

    shape = (3,)

    def __init__(self, value=1.0, fails=False):
        self.value, self.fails = value, fails

    def batches(self, batch, seed, backend):
        if self.fails:
            raise RuntimeError("no")
        return lambda i: np.full((batch, 3), self.value, np.float32)


def test_data_of_ones_own_are_known_by_their_first_batch():
    assert same(Own(), Own()) and not same(Own(), Own(2.0))
    assert fingerprint(Own(fails=True)) is None
    for odd in (3, None, "x", ring, object()):
        assert fingerprint(odd) is None


def test_what_is_not_known_is_not_compared():
    known = fingerprint(images())
    for odd in (None, 3, "x", [], {}, {"pixels": 3}, {"other": 1}):
        assert differs(odd, known) == ""
    for odd in (None, {}, {"other": 1}):
        assert differs(known, odd) == ""
