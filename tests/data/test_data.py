"""Toy densities, images and batches: p_data as the training loop sees it."""

import gzip
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan.check.device import FakeBackend, counting
from tinygan.data import (
    Density,
    GaussianMixture,
    Images,
    TwoMoons,
    grid,
    load_digits,
    load_images,
    mixture_1d,
    ring,
)
from tinygan.errors import DataError

DENSITIES = {
    "ring": ring(),
    "grid": grid(),
    "line": mixture_1d(means=(-2, 0, 3), std=(0.5, 0.1, 1.0), weights=(1, 2, 3)),
    "moons": TwoMoons(),
    "narrow moons": TwoMoons(noise=0.03),
}
every_density = pytest.mark.parametrize("p", DENSITIES.values(), ids=DENSITIES)


def _cells(p):
    """Points (..., d) of a grid finer than p and wider than its tails, and p dx there.

    The trapezoid rule on a Gaussian errs by exp(-2 (pi std/dx)^2): here e^-44.
    """
    if isinstance(p, TwoMoons):
        centres, std = np.array([[-1.0, -0.5], [2.0, 1.0]]), np.array([p.noise])
    else:
        centres, std = p.means, p.std
    low, high = centres.min(0) - 9 * std.max(), centres.max(0) + 9 * std.max()
    counts = np.ceil((high - low) * 1.5 / std.min()).astype(int) + 1
    axes = [np.linspace(*ends) for ends in zip(low, high, counts, strict=True)]
    x = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return x, p.density(x) * math.prod(axis[1] - axis[0] for axis in axes)


# Densities


@every_density
def test_density_integrates_to_one(p):
    _, mass = _cells(p)
    assert mass.sum() == pytest.approx(1, abs=1e-12)


@every_density
def test_samples_follow_the_density(p):
    n = 20_000
    samples = p.sample(n, np.random.default_rng(1))
    assert samples.shape == (n, *p.shape)
    assert samples.dtype == np.float64
    x, mass = _cells(p)
    x, mass = x[mass > 0], mass[mass > 0]
    statistics = (
        lambda x: x[:, 0],
        lambda x: x[:, -1] ** 3,
        lambda x: (x**2).sum(-1),
        lambda x: np.cos(7 * x).sum(-1),
        p.log_density,  # whose mean, the entropy, only the right density has
    )
    for f in statistics:
        mean = mass @ f(x)
        std = math.sqrt(mass @ (f(x) - mean) ** 2)
        assert abs(f(samples).mean() - mean) < 5 * std / math.sqrt(n)


def test_ring_has_n_distinct_modes():
    for n in (1, 2, 8, 25):
        p = ring(n, radius=2.0, std=0.02)
        gaps = np.hypot(*(p.means[:, None] - p.means).transpose(2, 0, 1))
        gaps[np.arange(n), np.arange(n)] = np.inf
        assert p.means.shape == (n, 2)
        np.testing.assert_allclose(np.hypot(*p.means.T), 2, rtol=1e-15)
        if n > 1:  # all neighbours as far apart as on a regular polygon
            np.testing.assert_allclose(gaps.min(0), 4 * math.sin(math.pi / n))


def test_grid_is_centred_and_square():
    p = grid(side=5, spacing=2.0, std=0.05)
    expected = {(a, b) for a in (-4, -2, 0, 2, 4) for b in (-4, -2, 0, 2, 4)}
    assert set(map(tuple, p.means)) == expected
    assert len(p.means) == 25


def test_mixture_is_the_naive_formula_where_that_works():
    rng = np.random.default_rng(0)
    means, std = rng.normal(size=(4, 3)), np.array([0.5, 1, 2, 3])
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    x = rng.normal(size=(5, 2, 3))
    p = GaussianMixture(means, std, 10 * weights)  # in proportion: normalised
    naive = sum(
        w * np.exp(-((x - m) ** 2).sum(-1) / (2 * s**2)) / (2 * math.pi * s**2) ** 1.5
        for w, m, s in zip(weights, means, std, strict=True)
    )
    np.testing.assert_allclose(p.density(x), naive, rtol=1e-13)
    np.testing.assert_allclose(p.log_density(x), np.log(naive), rtol=1e-13, atol=1e-13)
    assert p.log_density(x[0, 0]).shape == ()
    assert p.log_density(np.empty((0, 3))).shape == (0,)


def test_log_density_far_away():
    # at (r, 0) with r large only the nearest mode of the ring counts
    p, r = ring(n=8, radius=2.0, std=0.02), np.array([10.0, 1e3, 1e6])
    x = np.stack([r, 0 * r], axis=-1)
    expected = -math.log(8 * 2 * math.pi * 0.02**2) - (r - 2) ** 2 / (2 * 0.02**2)
    assert (p.density(x) == 0).all()
    np.testing.assert_allclose(p.log_density(x), expected, rtol=1e-14)


@every_density
def test_density_of_points_that_a_diverged_generator_makes(p):
    x = np.full((3, *p.shape), [[np.inf], [-np.inf], [1e200]])
    np.testing.assert_array_equal(p.log_density(x), -np.inf)
    assert np.isnan(p.log_density(np.full(p.shape, np.nan)))


def _moons_by_panels(x, noise, panels=1500):
    """log p(x) from the definition: 16 nodes on each of many pieces of [0, pi]."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    t = math.pi / panels * (np.arange(panels)[:, None] + (1 + nodes) / 2).ravel()
    weight = np.tile(weights / (2 * panels), 2 * panels)  # dt / pi, of both moons
    curves = (np.cos(t), np.sin(t)), (1 - np.cos(t), 0.5 - np.sin(t))
    e = np.concatenate(
        [-((x[0] - a) ** 2 + (x[1] - b) ** 2) / (2 * noise**2) for a, b in curves]
    )
    log_sum = e.max() + math.log(weight @ np.exp(e - e.max()))
    return log_sum - math.log(2 * 2 * math.pi * noise**2)


@pytest.mark.parametrize("noise", [0.02, 0.1, 1.0, 10.0])
def test_moons_are_the_convolution(noise):
    special = [[0, 0], [1, 0.5], [0, -1], [0.5, 0.25], [-1, -0.0], [1, 0], [0, -9]]
    x = np.concatenate([special, np.random.default_rng(2).normal(0, 3, (40, 2))])
    expected = [_moons_by_panels(point, noise) for point in x]
    log_p = TwoMoons(noise).log_density(x)
    np.testing.assert_allclose(log_p, expected, rtol=1e-12, atol=1e-12)
    more = TwoMoons(noise, nodes=64).log_density(x)
    np.testing.assert_allclose(log_p, more, rtol=1e-12, atol=1e-12)


def test_moons_far_away():
    # Above the first moon int exp(-r u^2 / (2 noise^2)) du = sqrt(2 pi / r) noise,
    # up to terms of order noise^2 / r; the second moon does not count.
    noise, r = 0.1, np.array([1e4, 1e6])
    log_p = -((r - 1) ** 2) / (2 * noise**2) - np.log(2 * math.pi * noise**2)
    log_p += np.log(np.sqrt(2 * math.pi / r) * noise / math.pi / 2)
    x = np.stack([0 * r, r], axis=-1)
    np.testing.assert_allclose(TwoMoons(noise).log_density(x), log_p, rtol=1e-14)


@pytest.mark.parametrize(
    "make",
    [
        lambda: GaussianMixture([1.0, 2.0], 1.0),
        lambda: GaussianMixture(np.empty((0, 2)), 1.0),
        lambda: GaussianMixture([[np.nan, 0.0]], 1.0),
        lambda: GaussianMixture([[0.0, 0.0]], 0.0),
        lambda: GaussianMixture([[0.0, 0.0]], np.inf),
        lambda: GaussianMixture([[0.0], [1.0]], [1.0, 1.0, 1.0]),
        lambda: GaussianMixture([[0.0], [1.0]], 1.0, [1.0, -1.0]),
        lambda: GaussianMixture([[0.0], [1.0]], 1.0, [1.0, np.nan]),
        lambda: ring(0),
        lambda: TwoMoons(noise=-1.0),
        lambda: TwoMoons(noise=np.nan),
    ],
)
def test_densities_refuse(make):
    with pytest.raises(ValueError, match=r"expect.*(got|>)"):
        make()


def test_log_density_names_expected_and_given_shape():
    with pytest.raises(ValueError, match=r"expects \(\.\.\., 2\), got \(5, 3\)"):
        ring().log_density(np.zeros((5, 3)))
    with pytest.raises(TypeError, match="does not define"):
        Density().sample(1, np.random.default_rng(0))


# Images


def _images(N=10, labels=True):
    """N images that all differ: image n is filled with n."""
    pixels = np.broadcast_to(np.arange(N, dtype=np.uint8)[:, None, None], (N, 2, 3))
    return Images(pixels, 0, 255, np.arange(N) if labels else None)


def _which(x):
    """Which images of `_images` a batch in [-1, 1] consists of."""
    return np.rint((x[:, 0, 0, 0] + 1) * 127.5).astype(int)


def test_images_keep_their_dtype_and_get_a_channel():
    images = _images()
    assert images.shape == (2, 3, 1)
    assert len(images) == 10
    assert images.pixels.dtype == np.uint8
    swapped = Images(np.ones((2, 3, 4), ">f4"), 0, 1)
    assert swapped.pixels.dtype.isnative  # a GPU knows no other byte order
    pixels = np.zeros((2, 3, 4, 1), np.uint8)
    assert np.shares_memory(Images(pixels, 0, 1).pixels, pixels)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("low, high", [(0, 255), (0, 16), (-1, 1), (0, 1)])
def test_scaled_reaches_both_ends_exactly(low, high, dtype):
    pixels = np.linspace(low, high, 9).reshape(1, 3, 3)
    images = Images(pixels, low, high)
    x = images.scaled(images.pixels, dtype)
    assert x.dtype == dtype
    np.testing.assert_allclose(x.ravel(), np.linspace(-1, 1, 9), atol=1e-3)
    assert (x.min(), x.max()) == (-1, 1)


@pytest.mark.parametrize(
    "pixels, low, high, labels, message",
    [
        (np.zeros((4, 3)), 0, 1, None, r"\(N, H, W\).*found \(4, 3\)"),
        (np.zeros((0, 3, 3)), 0, 1, None, r"found \(0, 3, 3\)"),
        (np.zeros((1, 2, 2), complex), 0, 1, None, "found complex128"),
        (np.full((1, 2, 2), 7), 0, 1, None, "from 0 to 1, found 7 to 7"),
        (np.full((1, 2, 2), -1), 0, 1, None, "from 0 to 1, found -1 to -1"),
        (np.zeros((1, 2, 2)), 1, 1, None, "low 1, high 1"),
        (np.zeros((1, 2, 2)), 0, math.inf, None, "number high, got inf"),
        (np.zeros((2, 2, 2)), 0, 1, [1], r"shape \(2,\), found int64 of shape \(1,\)"),
        (np.zeros((2, 2, 2)), 0, 1, [0.5, 1], "found float64"),
        (np.zeros((2, 2, 2)), 0, 1, [-1, 3], "labels from 0 to 999, found -1 to 3"),
        (np.zeros((2, 2, 2)), 0, 1, [5, 1000], "from 0 to 999, found 5 to 1000"),
    ],
)
def test_images_refuse(pixels, low, high, labels, message):
    with pytest.raises(ValueError, match=message):
        Images(pixels, low, high, labels)


@pytest.mark.parametrize("dtype", ["u1", ">u2", "i4", "u8"])
def test_labels_of_any_integers_are_counted(dtype):
    images = Images(np.zeros((3, 2, 2)), 0, 1, np.array([2, 0, 2], dtype))
    assert images.classes == 3 and np.bincount(images.labels).tolist() == [1, 0, 2]
    assert Images(np.zeros((1, 2, 2)), 0, 1).classes == 0
    assert Images(np.zeros((1, 2, 2)), 0, 1, [999]).classes == 1000


def test_a_part_of_the_images_has_their_classes():
    images = _images(10)
    for which in (slice(None, None, 2), [0, 2, 4, 6, 8]):
        part = images.part(which)
        assert part.labels.tolist() == [0, 2, 4, 6, 8] and part.classes == 10
        assert part.pixels[:, 0, 0, 0].tolist() == [0, 2, 4, 6, 8]
        assert (part.low, part.high) == (images.low, images.high)
    bare = _images(10, labels=False).part([3])
    assert bare.labels is None and bare.classes == 0 and len(bare) == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_images_name_the_first_pixel_that_is_not_finite(bad):
    pixels = np.zeros((3, 4, 5), np.float32)
    pixels[1, 2, 3] = pixels[2, 0, 0] = bad
    with pytest.raises(DataError, match=rf"found {bad} at \(1, 2, 3, 0\)"):
        Images(pixels, 0, 1)


# Streams


@given(N=st.integers(1, 12), batch=st.integers(1, 40), seed=st.integers(0, 2**40))
def test_every_epoch_has_every_image_once(N, batch, seed):
    stream = _images(N).batches(batch, seed)
    count = 3 * math.lcm(N, batch) // batch  # batches, until an epoch and a batch end
    epochs = np.concatenate([stream.rows(i) for i in range(count)]).reshape(-1, N)
    assert (np.sort(epochs) == np.arange(N)).all()


def test_epochs_and_seeds_differ():
    images = _images(50)
    epochs = [tuple(images.batches(50, seed=1).rows(e)) for e in range(3)]
    assert len(set(epochs)) == 3
    assert tuple(images.batches(50, seed=2).rows(0)) not in epochs


@pytest.mark.parametrize("batch", [3, 10, 25])
def test_image_stream_is_a_function_of_seed_and_i(batch):
    images = _images()
    stream, again = images.batches(batch, seed=5), images.batches(batch, seed=5)
    forwards = [stream(i) for i in range(9)]
    for i in (8, 0, 7, 3, 3, 1):  # any order, with and without what is remembered
        np.testing.assert_array_equal(again(i), forwards[i])
        np.testing.assert_array_equal(stream(i), forwards[i])


def test_each_epoch_is_shuffled_once(monkeypatch):
    shuffled = []
    monkeypatch.setattr(
        "tinygan.data.stream.generator",
        lambda *key: shuffled.append(key[-1]) or np.random.default_rng(key),
    )
    stream = _images(10).batches(3, seed=0)
    for i in range(10):  # three epochs, to the end
        stream.rows(i)
    assert shuffled == [0, 1, 2]


def test_image_batches_are_scaled_pixels_with_their_labels():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 3), dtype=np.uint8)
    images = Images(pixels, 0, 255, labels=np.arange(7))
    stream = images.batches(5, seed=0)
    for i in range(5):
        x, y = stream(i), stream.labels(i)
        assert x.shape == (5, 4, 4, 3)
        assert x.dtype == np.float32
        np.testing.assert_allclose(x, pixels[y] / 127.5 - 1, atol=1e-7)
    assert np.shares_memory(images.pixels, pixels)
    assert images.batches(5, 0, dtype="float64")(0).dtype == np.float64


def test_labels_need_labels():
    with pytest.raises(ValueError, match="with labels, got images without"):
        _images(labels=False).batches(2, seed=0).labels(0)


@every_density
def test_sample_stream_is_a_function_of_seed_and_i(p):
    stream, again = p.batches(6, seed=3), p.batches(6, seed=3)
    x = stream(4)
    assert x.shape == (6, *p.shape)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(again(4), x)
    assert not np.array_equal(stream(5), x)
    assert not np.array_equal(p.batches(6, seed=4)(4), x)
    # the same numbers in float64, from which float32 was rounded
    np.testing.assert_array_equal(p.batches(6, 3, dtype="float64")(4).astype("f4"), x)


@pytest.mark.parametrize("make", [ring().batches, _images().batches])
@pytest.mark.parametrize(
    "batch, seed, dtype, i, message",
    [
        (0, 0, "float32", 0, "expects a batch size batch >= 1, got 0"),
        (2.5, 0, "float32", 0, "batch size .* got 2.5"),
        (2, -1, "float32", 0, "seed .* got -1"),
        (2, 0, "int32", 0, "expects a dtype such as 'float32', got 'int32'"),
        (2, 0, "float32", -1, "batch number .* got -1"),
    ],
)
def test_streams_refuse(make, batch, seed, dtype, i, message):
    with pytest.raises(ValueError, match=message):
        make(batch, seed, dtype=dtype)(i)


def test_streams_on_a_device():
    """The device sees the same batches; the pixels travel once, the host reads none."""
    images, device = _images(), FakeBackend()
    with counting() as counts:
        stream = images.batches(4, seed=0, backend=device)
        assert counts.uploads == 2  # pixels and labels
        batches = [stream(i) for i in range(5)]
        assert counts.uploads == 2 + 5  # and one vector of indices for each batch
        labels = stream.labels(2)
        toys = ring().batches(4, seed=0, backend=device)(1)
        assert counts.host_reads == 0
    for i, x in enumerate(batches):
        assert x.dtype == np.float32
        np.testing.assert_array_equal(x.get(), images.batches(4, seed=0)(i))
    np.testing.assert_array_equal(labels.get(), _which(batches[2].get()))
    np.testing.assert_array_equal(toys.get(), ring().batches(4, seed=0)(1))


# The embedded digits, and the real files where there are any


def test_digits():
    digits = load_digits()
    assert (len(digits), digits.shape) == (1797, (8, 8, 1))
    assert (digits.pixels.min(), digits.pixels.max()) == (0, 16)
    # the counts of the digits 0 to 9 that UCI gives for its test set
    expected = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(digits.labels).tolist() == expected
    x = digits.batches(1797, seed=0)(0)
    assert (x.min(), x.max()) == (-1, 1)


DATA = Path(os.environ.get("TINYGAN_DATA", ""))
needs_data = pytest.mark.skipif(
    not os.environ.get("TINYGAN_DATA"), reason="TINYGAN_DATA names no folder of data"
)


@needs_data
def test_digits_are_the_original():
    with gzip.open(DATA / "digits" / "digits.csv.gz") as file:
        rows = np.loadtxt(file, delimiter=",")
    digits = load_digits()
    np.testing.assert_array_equal(digits.pixels.reshape(-1, 64), rows[:, :64])
    np.testing.assert_array_equal(digits.labels, rows[:, 64])


@needs_data
@pytest.mark.parametrize(
    "name, mean, std, zeros",
    [("mnist", 0.1307, 0.3081, 5923), ("fashion-mnist", 0.2860, 0.3530, 6000)],
)
def test_mnist_has_the_published_statistics(name, mean, std, zeros):
    images = load_images(DATA / name, shape=(28, 28, 1))
    assert len(images) == 60_000
    assert np.bincount(images.labels)[0] == zeros
    counts = sum(
        np.bincount(part.ravel(), minlength=256)
        for part in np.array_split(images.pixels, 60)
    )
    p, value = counts / counts.sum(), np.arange(256) / 255
    assert p @ value == pytest.approx(mean, abs=5e-5)
    assert math.sqrt(p @ (value - p @ value) ** 2) == pytest.approx(std, abs=5e-5)
