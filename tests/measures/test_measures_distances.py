"""Distances between samples, against closed forms, naive loops and other libraries."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, ndimage
from scipy.stats import wasserstein_distance

from tinygan.measures import (
    frechet,
    median_distance,
    mmd2,
    pairs,
    sliced_wasserstein,
    sliced_wasserstein_patches,
    wasserstein_1d,
)
from tinygan.measures.pairs import squared_distances
from tinygan.measures.patches import laplacian_pyramid

seeds = st.integers(0, 2**32 - 1)


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


# Squared distances


@given(seed=seeds, n=st.integers(1, 9), m=st.integers(1, 9), d=st.integers(1, 5))
def test_squared_distances_are_those_of_a_loop(seed, n, m, d):
    x, y = 3 + normal(seed, n, d), 3 + normal(seed + 1, m, d)
    naive = [
        [sum((a - b) ** 2 for a, b in zip(u, v, strict=True)) for v in y] for u in x
    ]
    found = np.concatenate(list(squared_distances(x, y)))
    np.testing.assert_allclose(found, naive, rtol=1e-12, atol=1e-12)
    own = np.concatenate(list(squared_distances(x)))
    assert np.isinf(own.diagonal()).all() and np.isinf(own).sum() == n
    np.testing.assert_allclose(own, own.T, rtol=1e-12, atol=1e-12)


def test_equal_points_are_at_distance_0_wherever_they_lie():
    x = 1e6 + normal(0, 50, 30)
    D = np.concatenate(list(squared_distances(x, x)))
    assert (D.diagonal() == 0).all() and (D >= 0).all()
    naive = ((x[:, None] - x) ** 2).sum(axis=-1)
    np.testing.assert_allclose(D, naive, rtol=1e-9)


def test_blocks_are_rows_of_the_whole(monkeypatch):
    x, y = normal(0, 11, 3), normal(1, 7, 3)
    (whole,), (own,) = list(squared_distances(x, y)), list(squared_distances(x))
    monkeypatch.setattr(pairs, "CELLS", 14)
    blocks = list(squared_distances(x, y))
    assert [len(b) for b in blocks] == [2, 2, 2, 2, 2, 1]
    np.testing.assert_allclose(np.concatenate(blocks), whole, atol=1e-14)
    np.testing.assert_allclose(np.concatenate(list(squared_distances(x))), own)


# MMD


def naive_mmd2(x, y, scales):
    def k(a, b):
        square = sum((u - v) ** 2 for u, v in zip(a, b, strict=True))
        return statistics.mean(math.exp(-square / (2 * s * s)) for s in scales)

    m, n = len(x), len(y)
    xx = sum(k(x[i], x[j]) for i in range(m) for j in range(m) if i != j)
    yy = sum(k(y[i], y[j]) for i in range(n) for j in range(n) if i != j)
    xy = sum(k(a, b) for a in x for b in y)
    return xx / (m * (m - 1)) + yy / (n * (n - 1)) - 2 * xy / (m * n)


@given(seed=seeds, n=st.integers(2, 7), m=st.integers(2, 7), d=st.integers(1, 4))
def test_mmd2_is_that_of_a_loop(seed, n, m, d):
    x, y = normal(seed, n, d), 1 + normal(seed + 1, m, d)
    for scales in ([0.5], [0.3, 1.0, 4.0]):
        found = mmd2(x, y, scales)
        assert found == pytest.approx(naive_mmd2(x, y, scales), abs=1e-12)
        assert mmd2(y, x, scales) == pytest.approx(found, abs=1e-12)


def gaussian_mmd2(delta, s, d):
    """MMD^2 of N(0, I) and N(mu, I), |mu| = delta, kernel of one scale s."""
    a = (s**2 / (s**2 + 2)) ** (d / 2)
    return 2 * a * (1 - math.exp(-(delta**2) / (2 * (s**2 + 2))))


@pytest.mark.parametrize("delta", [0.0, 0.5, 2.0])
def test_mmd2_of_two_gaussians_is_unbiased(delta):
    d, s, found = 2, 0.8, []
    for seed in range(2000):  # of 6 and 5 samples: the biased estimate is off by 0.2
        x, y = normal((1, seed), 6, d), normal((2, seed), 5, d)
        found.append(mmd2(x, y + delta * np.eye(d)[0], [s]))
    error = np.std(found) / math.sqrt(len(found))
    assert abs(np.mean(found) - gaussian_mmd2(delta, s, d)) < 4 * error
    assert error < 5e-3


def test_mmd2_of_large_samples_is_the_closed_form():
    x, y = normal(0, 3000, 3), normal(1, 3000, 3) + np.eye(3)[0]
    assert mmd2(x, y, [2.0]) == pytest.approx(gaussian_mmd2(1, 2.0, 3), rel=0.1)


def test_mmd2_by_default_uses_multiples_of_the_median_distance():
    x, y = normal(0, 40, 3), 2 + normal(1, 30, 3)
    both = np.concatenate([x, y])
    i, j = np.triu_indices(70, 1)
    median = np.median(np.sqrt(((both[i] - both[j]) ** 2).sum(axis=1)))
    assert median_distance(x, y) == pytest.approx(median, rel=1e-12)
    assert median_distance(both) == pytest.approx(median, rel=1e-12)
    scales = median * np.array([0.25, 0.5, 1, 2, 4])
    assert mmd2(x, y) == pytest.approx(mmd2(x, y, scales), abs=1e-14)
    assert mmd2(100 * x, 100 * y) == pytest.approx(mmd2(x, y), abs=1e-12)


def test_the_median_of_many_is_that_of_some():
    x, y = normal(0, 1200, 2), normal(1, 1000, 2)
    some = median_distance(x, y, most=400)
    assert some == pytest.approx(median_distance(x, y, most=1200), rel=0.05)
    assert some == median_distance(x[::3], y[::3])
    few = normal(2, 1001, 2)  # one more than it takes, so it takes every second
    assert median_distance(few) == median_distance(few[::2])
    assert median_distance(few[1:]) == median_distance(few[1:], most=5000)


def test_mmd2_of_one_point_repeated():
    x = np.ones((5, 2))
    assert mmd2(x, x) == 0
    assert mmd2(x, x + 1e9, [1.0]) == 2


# Wasserstein on a line


def naive_w1(x, y):
    """The quantile functions at the middle of each of n m equal parts of [0, 1]."""
    n, m = len(x), len(y)
    x, y = sorted(x), sorted(y)
    return sum(abs(x[k // m] - y[k // n]) for k in range(n * m)) / (n * m)


@given(seed=seeds, n=st.integers(1, 12), m=st.integers(1, 12))
def test_w1_is_that_of_the_quantile_functions(seed, n, m):
    x, y = normal(seed, n), normal(seed + 1, m).round(1)
    assert wasserstein_1d(x, y) == pytest.approx(naive_w1(x, y), abs=1e-12)
    assert wasserstein_1d(y, x) == pytest.approx(naive_w1(x, y), abs=1e-12)
    assert wasserstein_1d(x, y) == pytest.approx(wasserstein_distance(x, y))


def test_w1_of_shifted_scaled_and_repeated_samples():
    x = normal(0, 101)
    assert wasserstein_1d(x, x) == 0
    assert wasserstein_1d(x, x + 3) == pytest.approx(3, rel=1e-14)
    assert wasserstein_1d(x, np.repeat(x, 7)) == pytest.approx(0, abs=1e-15)
    assert wasserstein_1d(x, x[::-1] - 2) == pytest.approx(2, rel=1e-14)
    assert wasserstein_1d(5 * x, 5 * x[:50]) == pytest.approx(
        5 * wasserstein_1d(x, x[:50])
    )


def test_w1_of_two_gaussians():
    x, y = normal(0, 200_000), normal(1, 150_000)
    assert wasserstein_1d(x, 2 + y) == pytest.approx(2, abs=0.02)
    wider = math.sqrt(2 / math.pi) * 2  # E|3 g - g|
    assert wasserstein_1d(x, 3 * y) == pytest.approx(wider, abs=0.02)


# Wasserstein along random lines


def test_sliced_wasserstein_in_one_dimension_is_w1():
    x, y = normal(0, 30, 1), 1 + normal(1, 20, 1)
    expected = wasserstein_1d(x[:, 0], y[:, 0])
    assert sliced_wasserstein(x, y) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("d", [2, 3, 10])
def test_sliced_wasserstein_of_a_shift_is_its_mean_projection(d):
    x = normal(0, 50, d)
    shift = np.full(d, 2.0) / math.sqrt(d)  # of length 2
    # E |u_1| of a uniform direction u
    mean = math.gamma(d / 2) / (math.sqrt(math.pi) * math.gamma((d + 1) / 2))
    found = sliced_wasserstein(x, x + shift, directions=20_000)
    assert found == pytest.approx(2 * mean, rel=0.03)


def test_sliced_wasserstein_is_a_mean_over_its_directions():
    x, y = normal(0, 30, 4), normal(1, 17, 4)
    u = np.random.default_rng(3).standard_normal((9, 4))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    expected = np.mean([wasserstein_1d(x @ v, y @ v) for v in u])
    assert sliced_wasserstein(x, y, 9, seed=3) == pytest.approx(expected, rel=1e-12)
    images = x.reshape(30, 2, 2, 1), y.reshape(17, 2, 2, 1)
    assert sliced_wasserstein(*images, 9, seed=3) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("distance", [mmd2, sliced_wasserstein, frechet])
def test_distances_ignore_order_and_the_size_of_blocks(distance, monkeypatch):
    x, y = normal(0, 60, 3), 1 + normal(1, 50, 3)
    found = distance(x, y)
    rng = np.random.default_rng(0)
    for _ in range(3):
        shuffled = distance(rng.permutation(x), rng.permutation(y))
        assert shuffled == pytest.approx(found, rel=1e-12)
    monkeypatch.setattr(pairs, "CELLS", 130)
    assert distance(x, y) == pytest.approx(found, rel=1e-12)


# Frechet


@pytest.mark.parametrize("n, m, d", [(40, 30, 5), (9, 12, 3), (6, 5, 20), (7, 7, 1)])
def test_frechet_is_the_formula_of_heusel(n, m, d):
    """With a matrix root of a product that is not symmetric, as on paper."""
    x, y = normal(1, n, d) @ normal(2, d, d), 1 + normal(3, m, d)
    C = [np.cov(a, rowvar=False).reshape(d, d) for a in (x, y)]
    root = np.real(linalg.sqrtm(C[0] @ C[1] + 1e-14 * np.eye(d)))
    apart = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum()
    expected = apart + np.trace(C[0] + C[1] - 2 * root)
    assert frechet(x, y) == pytest.approx(expected, rel=1e-5)
    assert frechet(y, x) == pytest.approx(frechet(x, y), rel=1e-9)


def test_frechet_of_what_is_known():
    x = normal(0, 50, 4)
    assert frechet(x, x) == pytest.approx(0, abs=1e-12)
    assert frechet(x, x + 3) == pytest.approx(4 * 9)
    spread = ((3 - 1) * x.std(axis=0, ddof=1)) ** 2  # one axis after the other
    assert frechet(x[:, :1], 3 * x[:, :1] - 2 * x[:, :1].mean()) == pytest.approx(
        spread[0]
    )


# Patches


def images(seed, n, side=16, channels=2):
    return normal(seed, n, side, side, channels)


def test_patches_of_like_images_are_near_and_of_smooth_ones_are_not():
    x, y = images(0, 60), images(1, 60)
    smooth = sum(np.roll(y, k, axis=(1, 2)) for k in range(8))
    smooth = sum(np.roll(smooth, k, axis=1) for k in range(8))
    (near,), (far,) = (
        sliced_wasserstein_patches(x, z, per_image=16, directions=64)
        for z in (y, smooth)
    )
    assert 0 < 3 * near < far
    assert sliced_wasserstein_patches(x, y, 7, 16, 64) == [near]
    assert sliced_wasserstein_patches(x, y, 7, 16, 64, seed=1) != [near]


def test_patches_ignore_the_brightness_and_contrast_of_a_set():
    x, y = images(0, 30), images(1, 20)
    options = {"per_image": 8, "directions": 16}
    (found,) = sliced_wasserstein_patches(x, y, **options)
    shifted = 3 + y * [0.1, 40.0]  # each channel by itself
    (same,) = sliced_wasserstein_patches(x, shifted, **options)
    assert same == pytest.approx(found, rel=1e-10)


def test_patches_as_large_as_the_image_are_the_image():
    x, y = images(0, 30, 5, 1), images(1, 20, 5, 1)
    (found,) = sliced_wasserstein_patches(x, y, size=5, per_image=1, directions=50)
    u = np.random.default_rng((0, 0, 2)).standard_normal((50, 25))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    flat = [(a - a.mean()).reshape(len(a), 25) / a.std() for a in (x, y)]
    expected = np.mean([wasserstein_1d(*(a @ v for a in flat)) for v in u])
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "side, levels", [(7, 1), (8, 1), (28, 1), (31, 1), (32, 2), (64, 3), (67, 3)]
)
def test_levels_go_down_to_16_pixels(side, levels):
    x = images(0, 3, side, 1)
    found = sliced_wasserstein_patches(x, x + 1, per_image=2, directions=2)
    assert len(found) == levels


@pytest.mark.parametrize("H, W", [(16, 64), (64, 16), (33, 70)])
def test_the_shorter_side_tells_the_levels(H, W):
    x = normal(0, 3, H, W, 1)
    found = sliced_wasserstein_patches(x, x + 1, per_image=2, directions=2)
    assert len(found) == (2 if H == 33 else 1)


def test_the_coarsest_level_has_to_hold_a_patch():
    """Sides are halved and rounded up: of 33 pixels 17 are left."""
    x = normal(0, 3, 33, 70, 1)
    few = {"per_image": 2, "directions": 2}
    assert len(sliced_wasserstein_patches(x, x + 1, size=17, **few)) == 2
    with pytest.raises(ValueError, match=r"18 pixels or more at .*, got 17"):
        sliced_wasserstein_patches(x, x, size=18, **few)


def test_a_set_of_one_colour_has_patches_too():
    x = images(0, 4)
    (found,) = sliced_wasserstein_patches(x, 0 * x, per_image=4, directions=4)
    assert math.isfinite(found) and found > 0.3
    assert sliced_wasserstein_patches(0 * x, 0 * x + 5, 7, 4, 4) == [0.0]


@pytest.mark.parametrize("H, W", [(32, 32), (33, 47), (16, 21)])
def test_the_pyramid_is_that_of_progan(H, W):
    """As its code has it, for even sides, with scipy's convolution; and it adds up."""
    x = normal(0, 3, H, W, 2)
    fine, coarse = laplacian_pyramid(x, 2)
    assert fine.shape == x.shape
    assert coarse.shape == (3, -(-H // 2), -(-W // 2), 2)
    binomial = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None, :, :, None] / 256
    down = ndimage.convolve(x, binomial, mode="mirror")[:, ::2, ::2]
    np.testing.assert_allclose(coarse, down, atol=1e-13)
    wide = np.zeros_like(x)
    wide[:, ::2, ::2] = down
    up = ndimage.convolve(wide, 4 * binomial, mode="mirror")
    np.testing.assert_allclose(fine, x - up, atol=1e-13)


def test_a_flat_image_has_nothing_but_its_coarsest_level():
    *details, last = laplacian_pyramid(np.full((1, 32, 32, 1), 0.7), 3)
    for level in details:
        np.testing.assert_allclose(level, 0, atol=1e-15)
    np.testing.assert_allclose(last, np.full((1, 8, 8, 1), 0.7))


# What is refused

BAD = [
    (np.zeros((0, 2)), np.zeros((5, 2)), r"x: .*got \(0, 2\)"),
    (np.zeros((5, 2)), np.zeros(5), r"y: .*got \(5,\)"),
    (np.zeros((5, 2)), np.zeros((5, 3)), r"\(2,\) in x and \(3,\) in y"),
    (np.zeros((5, 4)), np.zeros((5, 2, 2)), r"\(4,\) in x and \(2, 2\) in y"),
    (np.zeros((5, 0)), np.zeros((5, 0)), r"got \(5, 0\)"),
    (np.zeros((5, 2)), np.full((5, 2), np.nan), "y: expected finite"),
    (np.full((5, 2), np.inf), np.zeros((5, 2)), "x: expected finite"),
]


@pytest.mark.parametrize("x, y, words", BAD)
@pytest.mark.parametrize(
    "distance", [mmd2, sliced_wasserstein, frechet, median_distance]
)
def test_bad_samples_are_refused(distance, x, y, words):
    with pytest.raises(ValueError, match=words):
        distance(x, y)


def test_other_nonsense_is_refused():
    x = normal(0, 5, 2)
    for distance in (mmd2, frechet):
        with pytest.raises(ValueError, match="at least 2 samples"):
            distance(x, x[:1])
    for scales in (0, [], [1, -1], [math.nan], [[1.0]]):
        with pytest.raises(ValueError, match="scales"):
            mmd2(x, x, scales)
    with pytest.raises(ValueError, match="directions"):
        sliced_wasserstein(x, x, 0)
    for a, b in ((x, x), (x[:, 0], [[1.0]]), ([], [1.0]), ([1.0], [math.nan])):
        with pytest.raises(ValueError, match="expected finite numbers"):
            wasserstein_1d(a, b)
    with pytest.raises(ValueError, match="images"):
        sliced_wasserstein_patches(x, x)
    small = images(0, 3, 6)
    with pytest.raises(ValueError, match=r"7 pixels or more at .*, got 6 of 6"):
        sliced_wasserstein_patches(small, small)
    with pytest.raises(ValueError, match="per_image"):
        sliced_wasserstein_patches(small, small, size=3, per_image=0)
    with pytest.raises(ValueError, match="one shape"):
        sliced_wasserstein_patches(images(0, 3), small)
