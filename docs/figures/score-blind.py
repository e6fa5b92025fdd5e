"""Six sets of points, and what the Inception score and Frechet's distance say."""

import math

import numpy as np

from tinygan.data import ring
from tinygan.measures import frechet, precision_recall
from tinygan.theory.canvas import BLACK, BLUE, GREY, RED, subplots

K, STD, N, SHOWN = 8, 0.12, 800, 250
DATA = ring(K, 2.0, STD)
RNG = np.random.default_rng(0)
REAL, OTHER = DATA.sample(N, RNG), DATA.sample(N, RNG)


def probabilities(x):
    """p(mode | x), (N, K): the best classifier there is of the ring's modes."""
    s = -((x[:, None] - DATA.means) ** 2).sum(axis=2) / (2 * STD**2)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def entropy(p):
    """-sum_k p_k log p_k along the last axis, with 0 log 0 = 0."""
    return -(p * np.log(np.maximum(p, 1e-300))).sum(axis=-1)


def inception_score(p) -> float:
    """exp mean_n KL(p_n || mean_n p_n), for the probabilities p (N, K) of a classifier.

    The same from two entropies: that of the mean, less the mean of all.
    """
    mean = p.mean(axis=0)
    ratio = np.log(np.maximum(p, 1e-300)) - np.log(np.maximum(mean, 1e-300))
    score = math.exp((p * ratio).sum(axis=1).mean())  # eq: inception-score
    parts = entropy(mean) - entropy(p).mean()  # eq: score-entropies
    assert math.isclose(math.log(score), parts, abs_tol=1e-9)
    return score


def around(centres, std: float):
    """N points, the same number around each of the centres."""
    k = np.arange(N) % len(centres)
    return centres[k] + std * RNG.standard_normal((N, 2))


def sets() -> dict[str, np.ndarray]:
    """Samples (N, 2) of six generators."""
    gaussian = RNG.standard_normal((N, 2)) * REAL.std(axis=0) + REAL.mean(axis=0)
    return {
        "as the data": OTHER,
        "one point a mode": around(DATA.means, 0.0),
        "far outside": around(DATA.means * 1.8, STD),
        "copies of the data": REAL[RNG.permutation(N)],
        "five modes lost": around(DATA.means[[0, 1, 3]], STD),
        "a single Gaussian": gaussian,
    }


def figure():
    drawn, (points, words) = subplots(
        2, 6, 12, 3.2, gridspec_kw={"height_ratios": [1.7, 1], "hspace": 0.02}
    )
    found = {}
    for i, (name, x) in enumerate(sets().items()):
        precision, recall = precision_recall(REAL, x)
        found[name] = inception_score(probabilities(x)), frechet(REAL, x)
        points[i].plot(*REAL[:SHOWN].T, ".", color=GREY, ms=2)
        points[i].plot(*x[:SHOWN].T, ".", color=BLUE, ms=2)
        points[i].set(title=name, xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
        points[i].set(xticks=(), yticks=())
        rows = {
            "score, of 8": (found[name][0], 7.5, 9),
            "Frechet": (found[name][1], 0, 0.1),
            "precision": (precision, 0.85, 1),
            "recall": (recall, 0.85, 1),
        }
        words[i].axis("off")
        for row, (measure, (value, least, most)) in enumerate(rows.items()):
            good = least <= value <= most
            style = {"color": BLACK} if good else {"color": RED, "weight": "bold"}
            style |= {"fontsize": 11, "va": "top", "y": 0.85 - row / 4}
            words[i].text(0, s=measure, **style)
            words[i].text(1, s=f"{value:.2f}", ha="right", **style)
    blind = ("one point a mode", "far outside", "copies of the data")
    assert all(found[name][0] > 7.9 for name in blind)  # of 8
    assert found["five modes lost"][0] < 3.1
    assert found["a single Gaussian"][1] < 0.02 < 1 < found["far outside"][1]
    return drawn
