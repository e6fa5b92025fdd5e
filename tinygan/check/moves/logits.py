"""Batches of logits at which an objective is tried, the smallest first.

A formula may be wrong for one size of batch alone, for unequal batches, at exactly 0,
where two logits tie, or far from 0. So the sizes and the kinds of values are a fixed
list; only the numbers are drawn.
"""

from collections.abc import Iterator

import numpy as np

SMALL = [(1, 1), (2, 2), (1, 2), (2, 1), (2, 3)]
SIZES = {
    "quick": [*SMALL, (5, 5)],
    "normal": [
        *(*SMALL, (3, 3), (3, 2), (4, 4), (1, 4), (5, 5), (5, 2), (6, 6), (7, 7)),
        *((8, 8), (9, 9), (4, 9), (16, 16), (33, 33), (33, 5)),
    ],
}
SIZES["thorough"] = [
    *SIZES["normal"],
    *((1, 9), (9, 1), (6, 5), (10, 10), (11, 11), (12, 12), (15, 15), (20, 20)),
    *((16, 33), (32, 32), (64, 8), (64, 64), (100, 100), (128, 128)),
]
KIND_SIZES = {
    "quick": [(2, 2)],
    "normal": [(1, 1), (2, 2), (2, 3), (4, 4)],
    "thorough": [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (4, 4), (9, 9)],
}
SHIFTS = [sign * c for c in (1, 5, 12, 20, 40) for sign in (1, -1)]
SCALES = (1e-8, 1e-4, 1e-2, 1e2, 1e4)
GRID = {"quick": 0, "normal": 65, "thorough": 513}  # logits from -9 to 9
DRAWS = {"quick": 0, "normal": 5, "thorough": 60}  # batches of any scale and place


def column(values) -> np.ndarray:
    """(N, 1) logits."""
    return np.array(values, float, order="C").reshape(-1, 1)


def usual(sizes, rng) -> tuple[np.ndarray, np.ndarray]:
    """Normal logits of standard deviation 2 for both batches."""
    return tuple(rng.normal(0, 2, (n, 1)) for n in sizes)


def kinds(sizes, rng) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(words, s_real, s_fake) of batches of these sizes, of all kinds of values."""
    real, fake = sizes
    r, f = usual(sizes, rng)
    ones_r, ones_f = np.ones_like(r), np.ones_like(f)
    for value in (0.0, 1.0, -1.0, 0.5, 2.0):
        yield f"all logits {value:g}", value * ones_r, value * ones_f
    yield "real logits 1, fake logits -1", ones_r, -ones_f
    yield "constant batches", 0.3 * ones_r, -1.7 * ones_f
    if real == fake:
        yield "s_real = s_fake", r, r.copy()
    yield "a first logit that both share", np.vstack([f[:1], r[1:]]), f
    for c in SHIFTS:
        yield f"all logits shifted by {c}", r + c, f + c
        yield f"real logits shifted by {c}, fake ones by {-c}", r + c, f - c
    for c in SCALES:
        yield f"all logits scaled by {c:g}", c * r, c * f
    for c in (1e4, -1e4, 60.0, -60.0):
        far = np.arange(real)[:, None] == 0, np.arange(fake)[:, None] == fake - 1
        yield f"one real logit at {c:g}", np.where(far[0], c, r), f
        yield f"one fake logit at {c:g}", r, np.where(far[1], c, f)


def more(effort: str, rng) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """A grid of logits without a wide gap, and batches of any scale and place."""
    n = GRID[effort]
    if n:
        grid = np.linspace(-9, 9, n) + rng.normal(0, 0.01, n)
        yield "logits from -9 to 9", column(grid), column(grid[::-1])
    for _ in range(DRAWS[effort]):
        scale, place = 10 ** rng.uniform(-3, 1.5), rng.normal(0, 5, 2)
        r, f = rng.normal(0, scale, (2, 3, 1))
        yield "logits of any scale", place[0] + r, place[1] + f
