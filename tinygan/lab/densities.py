"""The data of the laboratory: densities in the plane, all with a known value.

Drawn data are a density, too: a Gaussian around each point that was drawn. So samples
of them are exact, and D* is known for them as for a ring.
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..data import Density, GaussianMixture, TwoMoons, grid, ring
from ..errors import InputError
from ..rng import PICTURE, generator

DRAWN = "drawn with the mouse"
STROKE = 0.1  # the standard deviation around a drawn point
APART = 0.1  # the distance of the points along a stroke
MOST = 400  # points of a drawing


def _path(points, std: float) -> GaussianMixture:
    return GaussianMixture(points, std)


def line(n: int = 40, std: float = 0.08) -> GaussianMixture:
    """n modes on a straight line from (-2, -1) to (2, 1), close enough to be one."""
    return _path(np.linspace((-2.0, -1.0), (2.0, 1.0), n), std)


def spiral(n: int = 80, std: float = 0.08) -> GaussianMixture:
    """n modes on x = r (cos t, sin t), r = 2 t/(3 pi), t from pi/2 to 3 pi."""
    t = np.linspace(math.pi / 2, 3 * math.pi, n)
    r = 2 * t / (3 * math.pi)
    return _path(np.stack([r * np.cos(t), r * np.sin(t)], axis=1), std)


DATA: dict[str, Callable[[], Density]] = {
    "ring of 8": functools.partial(ring, 8, 2.0, 0.15),
    "grid of 25": functools.partial(grid, 5, 1.0, 0.08),
    "two moons": TwoMoons,
    "line": line,
    "spiral": spiral,
    "two Gaussians": functools.partial(GaussianMixture, [[-1.2, 0], [1.2, 0]], 0.35),
    "one Gaussian": functools.partial(GaussianMixture, [[0.0, 0.0]], 0.8),
}


def drawn(strokes) -> GaussianMixture:
    """The density of a drawing: strokes are lists of points (x, y), one or more each.

        p(x) = mean_k N(x; mu_k, 0.1^2 I),  mu_k every 0.1 along each stroke

    Raises InputError for a drawing without a point, or with more than 400.
    """
    points = [p for stroke in strokes for p in along(stroke)]
    if not points:
        raise InputError("data: expected a drawing with at least one point, got none")
    if len(points) > MOST:
        raise InputError(
            f"data: expected a drawing of at most {MOST} points, which are {APART} "
            f"apart, got {len(points)}"
        )
    return GaussianMixture(points, STROKE)


def along(stroke) -> list[tuple[float, float]]:
    """Points every APART along a stroke [(x, y), ...], with its first one."""
    found = [(float(x), float(y)) for x, y in stroke[:1]]
    for p in stroke[1:]:
        x, y = found[-1]
        far = math.hypot(p[0] - x, p[1] - y)
        for i in range(1, int(far / APART) + 1):
            share = i * APART / far
            found.append((x + share * (p[0] - x), y + share * (p[1] - y)))
    return found


def chosen(name: str, strokes=()) -> Density:
    """The density with this name. Raises InputError for an unknown name, and for a
    drawing that `drawn` refuses.
    """
    if name == DRAWN:
        return drawn(strokes)
    if name not in DATA:
        known = ", ".join((*DATA, DRAWN))
        raise InputError(f"data: expected one of {known}, got {name!r}")
    return DATA[name]()


def blurred(density: Density, h: float) -> Density:
    """The density of x + h e, e from N(0, I), x from `density`: variances add up.

    Raises InputError for a density that is neither a mixture nor the two moons.
    """
    match density:
        case GaussianMixture():
            std = np.sqrt(density.std**2 + h * h)
            return GaussianMixture(density.means, std, density.weights)
        case TwoMoons():
            return TwoMoons(math.hypot(density.noise, h))
    raise InputError(f"expected a mixture or the two moons, got {density!r}")


class Region(NamedTuple):
    """A square of the plane: its lower left corner (x, y), and its width."""

    x: float
    y: float
    width: float

    def points(self, n: int) -> np.ndarray:
        """The middles of n x n equal cells, row by row from below: (n^2, 2)."""
        steps = (np.arange(n) + 0.5) * self.width / n
        x, y = np.meshgrid(self.x + steps, self.y + steps)
        return np.stack([x.ravel(), y.ravel()], axis=1)


def region(density: Density, margin: float = 0.3) -> Region:
    """A square around a thousand samples, wider than they are by the share `margin`."""
    x = density.sample(1000, generator(0, PICTURE))
    low, high = x.min(axis=0), x.max(axis=0)
    half = (1 + margin) * float((high - low).max()) / 2
    middle = (low + high) / 2
    return Region(float(middle[0]) - half, float(middle[1]) - half, 2 * half)
