"""N-grams against loops, values on paper, and the published code of WGAN-GP."""

import collections
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan.data import Lines, load_names
from tinygan.errors import InputError
from tinygan.measures import (
    NgramModel,
    copied,
    distinct,
    memorised,
    ngram_divergence,
)

seeds = st.integers(0, 2**32 - 1)


def rows(N, T, V, seed=0):
    return np.random.default_rng(seed).integers(0, V, (N, T))


def counted(texts, n) -> collections.Counter:
    """The n-grams of texts, all places, one by one."""
    return collections.Counter(
        tuple(row[i : i + n]) for row in texts.tolist() for i in range(len(row) - n + 1)
    )


# The divergence


def published(samples, real, n) -> float:
    """js_with of language_helpers.py by Gulrajani et al. 2017, in Python 3."""
    p, q = counted(samples, n), counted(real, n)

    def log_likelihood(counts, gram):
        if gram not in counts:
            return -np.inf
        return np.log(counts[gram]) - np.log(sum(counts.values()))

    found = 0.0
    for one, other in ((p, q), (q, p)):
        log_p = np.array([log_likelihood(one, gram) for gram in one])
        log_q = np.array([log_likelihood(other, gram) for gram in one])
        log_m = np.logaddexp(log_p - np.log(2), log_q - np.log(2))
        found += np.sum(np.exp(log_p) * (log_p - log_m))
    return 0.5 * found / np.log(2)


@given(st.integers(1, 4), st.integers(1, 5), seeds)
def test_it_is_the_published_measure(n, V, seed):
    a, b = rows(6, 5, V, seed), rows(9, 5, V, seed + 1)
    assert math.isclose(ngram_divergence(a, b, n), published(a, b, n), abs_tol=1e-12)
    assert ngram_divergence(a, b, n) == pytest.approx(ngram_divergence(b, a, n))


def test_values_on_paper():
    a, b = np.array([[1, 1, 2, 2]]), np.array([[1, 1, 1, 1]])
    # p = (1/2, 1/2), q = (1, 0), m = (3/4, 1/4)
    expected = (math.log2(2 / 3) / 2 + math.log2(2) / 2 + math.log2(4 / 3)) / 2
    assert ngram_divergence(a, b, 1) == pytest.approx(expected)
    assert ngram_divergence(a, a, 3) == 0
    assert ngram_divergence(np.array([[1, 2]]), np.array([[3, 4]]), 1) == 1
    # pairs: 11, 12, 22 against 11 alone, and m = (2/3, 1/6, 1/6)
    kl_p = math.log2((1 / 3) / (2 / 3)) / 3 + 2 * math.log2((1 / 3) / (1 / 6)) / 3
    assert ngram_divergence(a, b, 2) == pytest.approx((kl_p + math.log2(3 / 2)) / 2)


def test_the_ends_count_as_in_the_published_code():
    a, b = Lines.of(["ab", "a"], 4), Lines.of(["ab", "ab"], 4)
    assert ngram_divergence(a.values, b.values, 1) > 0
    full = ngram_divergence(np.array([[1, 0, 2]]), np.array([[1, 0, 0]]), 1)
    assert full > 0  # and so does what stands behind an END


def test_few_texts_are_far_from_many():
    """Of one source, too: the ceiling has as many real texts as there are samples."""
    names = load_names().values
    order = np.random.default_rng(0).permutation(len(names))
    many, others = names[order[:16_000]], names[order[16_000:]]
    found = [ngram_divergence(others[:N], many, 3) for N in (100, 1000, 10_000)]
    assert found[0] > 2 * found[1] > 4 * found[2] > 0
    by_n = [ngram_divergence(others[:1000], many, n) for n in (1, 2, 3, 4)]
    assert by_n == sorted(by_n)


# The models


def naive_p(texts, order, V, a, h, c):
    """p(c | h) by counting, with END's in front and without what follows an END."""
    symbols = []
    for row in texts.tolist():
        end = row.index(0) + 1 if 0 in row else len(row)
        symbols.append([0] * (order - 1) + row[:end])
    p = 1 / V
    for k in range(order):
        history = list(h)[len(h) - k :]
        with_c = without = 0
        for row in symbols:
            for t in range(order - 1, len(row)):
                same = row[t - k : t] == history
                without += same
                with_c += same and row[t] == c
        p = (with_c + a * p) / (without + a)
    return p


@given(st.integers(1, 3), st.integers(1, 4), st.floats(0.1, 5), seeds)
def test_the_probabilities_are_counted(order, V, a, seed):
    texts = rows(7, 5, V, seed)
    model = NgramModel(texts, order, V, a)
    for h in itertools.product(range(V), repeat=order - 1):
        found = model.p(np.array(h, int), np.arange(V))
        expected = [naive_p(texts, order, V, a, h, c) for c in range(V)]
        assert np.allclose(found, expected, rtol=1e-12)
        assert found.sum() == pytest.approx(1) and found.min() > 0


def test_a_model_on_paper():
    """Two texts, "a" and "ab": the symbols are a, END, a, b, END."""
    texts = np.array([[1, 0, 0], [1, 2, 0]])
    model = NgramModel(texts, 1, 3)
    assert np.allclose(
        model.p(np.empty(0), np.arange(3)), (np.array([2, 2, 1]) + 1 / 3) / 6
    )
    pairs = NgramModel(texts, 2, 3)
    first = (2 + (2 + 1 / 3) / 6) / 3  # a twice behind END, which stands in front
    assert pairs.p(np.array([0]), 1) == pytest.approx(first)
    end = (1 + (2 + 1 / 3) / 6) / 3  # END once behind two a's
    assert pairs.p(np.array([1]), 0) == pytest.approx(end)
    never = (0 + (1 + 1 / 3) / 6) / (1 + 1)  # b behind b: the single symbols decide
    assert pairs.p(np.array([2]), 2) == pytest.approx(never)
    bits = -np.log2([first, end]).mean()
    assert pairs.bits_per_character(np.array([[1, 0, 2]])) == pytest.approx(bits)


@given(st.integers(1, 3), seeds)
def test_bits_per_character_by_a_loop(order, seed):
    texts, other = rows(9, 6, 4, seed), rows(4, 6, 4, seed + 1)
    model = NgramModel(texts, order, 4)
    bits = []
    for row in other.tolist():
        h = [0] * (order - 1)
        for c in row:
            bits.append(-math.log2(naive_p(texts, order, 4, 1.0, h, c)))
            h = [*h, c][1:] if order > 1 else []
            if c == 0:
                break
    assert model.bits_per_character(other) == pytest.approx(np.mean(bits))


def test_a_uniform_source_has_its_entropy():
    """Symbols 1 to 8, each as likely: 3 bits, and no model finds fewer in the long run.
    All texts have the full length, so there is no END to predict.
    """
    train, held = rows(4000, 6, 8, 0) + 1, rows(1000, 6, 8, 1) + 1
    for order, more in ((1, 0.01), (2, 0.02), (3, 0.12)):
        bits = NgramModel(train, order, 9).bits_per_character(held)
        assert 3 - 0.005 <= bits <= 3 + more  # 6,000 symbols leave some chance


@pytest.mark.parametrize("order", [1, 2, 3])
def test_samples_follow_the_model(order):
    texts = np.array([[1, 2, 0, 0], [1, 1, 2, 0], [2, 1, 1, 1], [2, 0, 0, 0]])
    model, N = NgramModel(texts, order, 3), 20_000
    samples = model.sample(N, np.random.default_rng(1))
    assert samples.shape == (N, 4)
    counts = collections.Counter(map(tuple, samples.tolist()))
    total = 0.0
    for text, count in counts.items():
        p, h = 1.0, [0] * (order - 1)
        for c in text:
            p *= naive_p(texts, order, 3, 1.0, h, c)
            h = [*h, c][1:] if order > 1 else []
            if c == 0:
                break
        total += p
        assert abs(count - N * p) <= 5 * math.sqrt(N * p * (1 - p)) + 1
    assert total > 0.99  # nearly all texts that can be were drawn
    assert all(not any(row[row.index(0) :]) for row in samples.tolist() if 0 in row)
    assert np.array_equal(samples, model.sample(N, np.random.default_rng(1)))
    assert model.sample(0, np.random.default_rng(1)).shape == (0, 4)


def test_a_longer_memory_is_nearer_to_names():
    """And it copies more. Bits of the text itself fall, of others to the point where
    the histories become too rare.
    """
    train, held = (part.values for part in load_names().held_out())
    rng = np.random.default_rng(0)
    models = [NgramModel(train, order, 27) for order in (1, 2, 3)]
    bits = [m.bits_per_character(held) for m in models]
    assert bits[0] > bits[1] + 0.4 > bits[2] + 0.6
    samples = [m.sample(1000, rng) for m in models]
    far = [ngram_divergence(x, held, 3) for x in samples]
    assert far[0] > 1.5 * far[1] > 1.5 * far[2]
    copies = [copied(x, train) for x in samples]
    assert copies == sorted(copies) and copied(held, train) == 0


# Copies, and texts that are alike


def test_copies_and_different_texts():
    training = np.array([[1, 2, 0], [3, 0, 0], [1, 1, 1]])
    samples = np.array([[1, 2, 0], [3, 0, 2], [2, 2, 0], [1, 2, 0], [1, 1, 2]])
    assert copied(samples, training) == 3 / 5  # what follows END is not read
    assert distinct(samples) == 4 / 5
    assert distinct(np.array([[0, 1], [0, 2], [0, 0]])) == 1 / 3
    assert copied(samples.astype(np.uint8), training) == 3 / 5


def test_what_is_memorised_and_what_is_hit_by_chance():
    """Samples of the source itself hit training texts often, and memorise nothing."""
    rng = np.random.default_rng(0)
    texts = np.unique(rng.integers(1, 5, (3000, 5)), axis=0)
    order = rng.permutation(len(texts))
    train, held = texts[order[200:]], texts[order[:200]]
    fresh = rng.integers(1, 5, (20_000, 5))
    assert copied(fresh, train) > 0.7
    assert abs(memorised(fresh, train, held)) < 0.05  # its deviation is 0.013
    copies = train[rng.integers(0, len(train), len(fresh))]
    assert memorised(copies, train, held) == 1
    half = np.concatenate([copies[:10_000], fresh[:10_000]])
    assert abs(memorised(half, train, held) - 0.5) < 0.05
    twice = np.concatenate([train, train])  # texts count once
    assert memorised(fresh, twice, held) == memorised(fresh, train, held)


# Refused


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((2, 3)), np.zeros(3, int), np.zeros((0, 3), int), np.zeros((3, 0), int)],
    ids=lambda a: f"{a.dtype} {a.shape}",
)
def test_what_are_no_texts_is_refused(wrong):
    good = np.ones((2, 3), int)
    for call in (
        lambda: ngram_divergence(wrong, good, 1),
        lambda: ngram_divergence(good, wrong, 1),
        lambda: NgramModel(wrong, 1, 2),
        lambda: NgramModel(good, 1, 2).bits_per_character(wrong),
        lambda: copied(wrong, good),
        lambda: copied(good, wrong),
        lambda: distinct(wrong),
    ):
        with pytest.raises(
            InputError, match=r"expected texts as integers >= 0, \(N, T\)"
        ):
            call()


def test_other_refusals():
    good = np.ones((2, 3), int)
    with pytest.raises(InputError, match="at most 3 symbols, got n = 4"):
        ngram_divergence(good, good, 4)
    for n in (0, -1, 1.5):
        with pytest.raises(InputError, match="n >= 1"):
            ngram_divergence(good, good, n)
    with pytest.raises(InputError, match=r"2\^62 different n-grams, got 9000\^5"):
        ngram_divergence(np.full((1, 5), 8999), np.full((1, 5), 1), 5)
    with pytest.raises(InputError, match=r"got 27\^14"):
        NgramModel(good, 14, 27)
    with pytest.raises(InputError, match="symbols below 1, got 1"):
        NgramModel(good, 1, 1)
    with pytest.raises(InputError, match="a > 0"):
        NgramModel(good, 1, 2, 0)
    with pytest.raises(InputError, match="order >= 1"):
        NgramModel(good, 0, 2)
    with pytest.raises(InputError, match="n >= 0"):
        NgramModel(good, 1, 2).sample(-1, np.random.default_rng(0))
    with pytest.raises(InputError, match=r"one length T, got \(2, 3\) and \(2, 2\)"):
        copied(good, good[:, :2])
    assert repr(NgramModel(good, 2, 5)) == "NgramModel(order 2, 5 symbols)"
