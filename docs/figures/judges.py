"""Six generators of a ring, and what each measure says of them."""

import numpy as np

from tinygan.data import ring
from tinygan.measures import (
    median_distance,
    mmd2,
    mode_coverage,
    nearest_neighbour_accuracy,
    precision_recall,
    reverse_kl,
    sliced_wasserstein,
)
from tinygan.theory.canvas import BLACK, BLUE, GREY, RED, subplots

DATA, N = ring(8, 2.0, 0.15), 400
RNG = np.random.default_rng(0)
REAL = DATA.sample(N, RNG)
SCALES = median_distance(REAL) * np.array([0.05, 0.1, 0.25, 0.5, 1.0])


def at(modes, std: float) -> np.ndarray:
    """N samples around some of the modes."""
    k = RNG.choice(modes, N)
    return DATA.means[k] + std * RNG.standard_normal((N, 2))


SETS = {
    "as the data": DATA.sample(N, RNG),
    "five modes lost": at([0, 1, 3], 0.15),
    "one point": np.tile(DATA.means[1], (N, 1)),
    "narrow": at(range(8), 0.02),
    "blurred": at(range(8), 0.35),
    "copies of the data": REAL[RNG.permutation(N)],
}


def measures(x) -> dict[str, float]:
    """What is said of samples x (N, 2) beside the real ones."""
    modes, quality = mode_coverage(x, DATA)
    precision, recall = precision_recall(REAL, x)
    return {
        "modes of 8": modes,
        "high quality": quality,
        "reverse KL": reverse_kl(x, DATA),
        "precision": precision,
        "recall": recall,
        "1-NN accuracy": nearest_neighbour_accuracy(REAL, x).total,
        "MMD$^2$": mmd2(REAL, x, SCALES),
        "sliced W": sliced_wasserstein(REAL, x, 64),
    }


def figure():
    drawn, axes = subplots(2, 6, 12, 5.2)
    usual = [measures(DATA.sample(N, RNG)) for _ in range(12)]
    pairs = axes.reshape(6, 2)
    for (name, x), (points, words) in zip(SETS.items(), pairs, strict=True):
        points.plot(*REAL.T, ".", color=GREY, ms=2, rasterized=True)
        points.plot(*x.T, ".", color=BLUE, ms=3, rasterized=True)
        points.set(title=name, xlim=(-2.8, 2.8), ylim=(-2.8, 2.8), aspect="equal")
        points.set(xticks=(), yticks=())
        words.axis("off")
        for row, (measure, value) in enumerate(measures(x).items()):
            found = [each[measure] for each in usual]
            room = (max(found) - min(found)) / 2
            usually = min(found) - room <= value <= max(found) + room
            style = {"color": BLACK} if usually else {"color": RED, "weight": "bold"}
            style |= {"fontsize": 12, "va": "top", "y": 0.92 - row / 9}
            words.text(-0.05, s=measure, **style)
            words.text(1, s=spelt(measure, value), ha="right", **style)
    return drawn


def spelt(measure: str, value: float) -> str:
    """The number with as many digits as tell something."""
    if "modes" in measure:
        return str(value)
    digits = 3 if "MMD" in measure else 2
    return f"{round(value, digits) + 0.0:.{digits}f}"
