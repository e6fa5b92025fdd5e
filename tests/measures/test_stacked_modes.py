"""Stacked modes: exact on made-up samples, and near the floor for perfect ones."""

import math
import types

import numpy as np
import pytest

from tinygan.data import StackedDigits, load_digits
from tinygan.measures import digit_judge, kl_divergence, perfect_modes, stacked_modes
from tinygan.measures.classifier import Classifier
from tinygan.measures.stacked import triples

DIGITS = load_digits()


class Exact(Classifier):
    """A judge that never errs: the class stands in the first pixel, as class / K."""

    def __init__(self, K: int):
        self.K = K
        self.net = types.SimpleNamespace(in_shape=(2, 2, 1), out_shape=(K,))

    def probabilities(self, x, chunk=500):
        """A share of .9 for the class in x (N, 2, 2, 1)."""
        named = np.rint(x[:, 0, 0, 0] * self.K).astype(int)
        return 0.9 * np.eye(self.K)[named] + 0.1 / self.K


def pictures(y, K=10):
    """Pictures (n, 2, 2, 3) with the classes y (n, 3) in their first pixels."""
    x = np.zeros((len(y), 2, 2, 3), np.float32)
    x[:, 0, 0] = np.asarray(y) / K
    return x


def every(K):
    return np.stack(np.meshgrid(*3 * [range(K)], indexing="ij"), -1).reshape(-1, 3)


def test_every_triple_once_is_perfect():
    found = stacked_modes(pictures(every(10)), Exact(10))
    assert found.modes == 1000 and found.kl == pytest.approx(0, abs=1e-12)
    assert found.confidence == pytest.approx(0.91)
    assert stacked_modes(pictures(every(4), 4), Exact(4))[:2] == (64, 0)


def test_a_collapsed_generator_has_one_mode_and_the_logarithm_of_all():
    found = stacked_modes(pictures([(7, 0, 3)] * 50), Exact(10))
    assert found.modes == 1 and found.kl == pytest.approx(math.log(1000))


def test_the_weight_of_a_triple_is_a_product():
    """Mode (a, b, c) has the weight w_a w_b w_c, and the samples' shares meet it."""
    w = np.array([1.0, 2.0, 5.0])
    q = triples(w)
    assert q.shape == (27,) and math.isclose(q.sum(), 1)
    y = every(3)
    np.testing.assert_allclose(q, (w[y] / 8).prod(axis=1))
    counts = np.arange(1, 28)
    found = stacked_modes(pictures(y.repeat(counts, axis=0), 3), Exact(3), w)
    assert found.modes == 27 and found.kl == pytest.approx(kl_divergence(counts, q))


@pytest.mark.parametrize("kept", [1, 3, 7])
def test_lost_classes_are_counted_and_cost_their_logarithm(kept):
    """Samples spread over all triples of m classes: m^3 modes, KL = 3 log(10/m)."""
    found = stacked_modes(pictures(every(kept)), Exact(10))
    assert found.modes == kept**3
    assert found.kl == pytest.approx(3 * math.log(10 / kept), abs=1e-12)


def test_a_class_that_the_data_lack_is_infinitely_far():
    found = stacked_modes(pictures([(0, 0, 2)], 3), Exact(3), [1, 1, 0])
    assert found.kl == math.inf and found.modes == 1


@pytest.mark.parametrize("w", [None, np.arange(1, 7)], ids=["equal", "uneven"])
def test_perfect_samples_are_at_the_floor(w):
    """The mean over 40 perfect generators. A count varies less than a Poisson number
    of lost modes; the KL's deviation is that of chi^2/(2n): sqrt(2 M)/(2n).
    """
    K, n, runs, rng = 6, 2000, 40, np.random.default_rng(0)
    p = np.full(K, 1 / K) if w is None else w / w.sum()
    equal = np.ones(K) if w is None else w
    found = [
        stacked_modes(pictures(rng.choice(K, (n, 3), p=p), K), Exact(K), w)
        for _ in range(runs)
    ]
    modes, kl = perfect_modes(n, equal)
    lost = K**3 - modes
    error = math.sqrt(max(lost, 0.01) / runs)
    assert abs(np.mean([f.modes for f in found]) - modes) < 4 * error
    error = math.sqrt(2 * K**3 / runs) / (2 * n)
    assert abs(np.mean([f.kl for f in found]) - kl) < 4 * error


def test_the_floor_of_the_papers():
    """The next term of the KL is (sum_k 1/q_k - 1)/(12 n^2)."""
    modes, kl = perfect_modes(26_000, np.ones(10))
    assert 1000 - 1e-6 < modes <= 1000
    assert kl == pytest.approx(999 / 52_000 + (1e6 - 1) / (12 * 26_000**2), rel=1e-3)
    assert perfect_modes(5, [3.0, 0.0]) == (1.0, 0.0)


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_the_floor_by_going_through_all_counts(n):
    """Of two classes, so 8 modes: a binomial number for each."""
    w = np.array([0.3, 0.7])
    modes = kl = 0.0
    for q in triples(w):
        for c in range(1, n + 1):
            p = math.comb(n, c) * q**c * (1 - q) ** (n - c)
            modes, kl = modes + p, kl + p * c / n * math.log(c / (n * q))
    np.testing.assert_allclose(perfect_modes(n, 5 * w), (modes, kl), rtol=1e-12)
    assert perfect_modes(1, np.ones(10)) == pytest.approx((1, math.log(1000)))


@pytest.fixture(scope="module")
def halves():
    """Two halves of the embedded digits, and a judge of the first."""
    order = np.random.default_rng(0).permutation(len(DIGITS))
    seen, new = (StackedDigits(DIGITS.part(order[k::2])) for k in (0, 1))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("tinygan.measures.stacked.STEPS", 800)
        return digit_judge(seen.images), seen, new


def test_real_pictures_are_found_as_what_they_are(halves):
    """On digits that the judge has not seen. 26,000 samples of 1,000 nearly equal modes
    miss none, and the KL is the floor and what the judge's mistakes add.
    """
    judge, _, new = halves
    accuracy = judge.accuracy(new.images)
    assert accuracy > 0.95
    stream = new.batches(26_000, seed=0)
    x, y = stream(0), stream.labels(0)
    found = stacked_modes(x, judge, new.weights)
    _, floor = perfect_modes(26_000, new.weights)
    assert found.modes == 1000 and floor / 1.2 < found.kl < 2.5 * floor
    assert found.confidence > 0.95
    named = [judge.probabilities(x[:2000, :, :, c, None]).argmax(1) for c in range(3)]
    right = (np.stack(named, 1) == y[:2000]).all(axis=1).mean()
    assert right == pytest.approx(accuracy**3, abs=0.03)


def test_a_picture_again_and_again_is_one_mode(halves):
    judge, seen, _ = halves
    x = seen.batches(1, seed=0)(0).repeat(300, axis=0)
    found = stacked_modes(x, judge)
    assert found.modes == 1 and found.kl == pytest.approx(math.log(1000))


def test_lost_classes_of_real_digits(halves):
    """Threes and eights in red alone: a fifth of the modes, and log 5, but for the few
    that the judge takes for another digit.
    """
    judge, seen, _ = halves
    stream = seen.batches(26_000, seed=0)
    kept = np.isin(stream.labels(0)[:, 0], (3, 8))
    found = stacked_modes(stream(0)[kept], judge)
    assert 180 < found.modes < 220
    assert found.kl == pytest.approx(math.log(5), abs=0.15)


def test_noise_has_no_confidence(halves):
    judge, seen, _ = halves
    rng = np.random.default_rng(0)
    noise = rng.uniform(-1, 1, (500, 8, 8, 3)).astype("f4")
    real = stacked_modes(seen.batches(500, 0)(0), judge)
    assert stacked_modes(noise, judge).confidence < real.confidence - 0.1


@pytest.mark.parametrize(
    "x, w, message",
    [
        (np.zeros((3, 2, 2, 1)), None, r"expected floats \(n, 2, 2, 3\)"),
        (np.zeros((3, 4, 4, 3)), None, r"expected floats \(n, 2, 2, 3\)"),
        (np.zeros((0, 2, 2, 3)), None, "n >= 1"),
        (np.zeros((3, 2, 2, 3), np.uint8), None, "expected floats"),
        ("abc", None, "samples: expected floats .* got 'abc'"),
        (np.full((3, 2, 2, 3), np.nan), None, "finite samples"),
        (np.zeros((3, 2, 2, 3)), [1, 2], r"weights: expected \(3,\)"),
        (np.zeros((3, 2, 2, 3)), [1, 2, -1], "weights: expected .* >= 0"),
        (np.zeros((3, 2, 2, 3)), [0, 0, 0], "weights: expected .* >= 0"),
        (np.zeros((3, 2, 2, 3)), [[1, 1, 1]], "weights: expected"),
        (np.zeros((3, 2, 2, 3)), "abc", "weights: expected"),
    ],
)
def test_what_cannot_be_measured(x, w, message):
    with pytest.raises(ValueError, match=message):
        stacked_modes(x, Exact(3), w)


def test_a_judge_is_a_classifier():
    with pytest.raises(ValueError, match="expects a Classifier as judge"):
        stacked_modes(np.zeros((3, 2, 2, 3)), DIGITS)
    with pytest.raises(ValueError, match="n >= 1"):
        perfect_modes(0, [1, 1])
