"""What can be seen of a live game: D's field, D*, both densities, arrows, G's sheet.

D* = p/(p + q) needs both densities. The data's p is known. G's q is not: it is
estimated by a Gaussian kernel of width h around CLOUD samples, so it is the density q_h
of G(z) + h e, e from N(0, I). To be fair, p is blurred as much: p_h is the density of
x + h e, which is exact for every density here. So D* is the best answer to data and
samples with instance noise h, about a pixel and a half.
"""

import functools
import math
from typing import NamedTuple

import numpy as np

from ..data import GaussianMixture
from ..measures import mode_coverage
from ..objectives import Minimax, Objective
from ..ops import sigmoid
from ..rng import SAMPLE
from ..theory import divergences
from ..theory.divergences import Pair
from .densities import blurred, region
from .game import LiveGame

CELLS = 64  # of a picture, along each side
CLOUD = 4000  # samples for q
BLUR = 1.5  # h, in cells
FAINT = 1e-4  # of the highest density: below it, D* has no meaning
REACH = 0.09  # of the picture's width: the arrow of a steep gradient
LINES, DOTS = 15, 31  # of G's sheet, and points of each line


class Fields:
    """The fields of a live game on the cells of a square region: arrays (64, 64), their
    rows from below.

    p: the data's density, blurred by h
    D: D(x), or the critic's score s(x)
    is_log_game: True if 2 JSD - log 4 is the most that V can be
    """

    def __init__(self, game: LiveGame):
        self.game = game
        self.region = region(game.density)
        self.cell = self.region.width / CELLS
        self.h = BLUR * self.cell
        self.points = self.region.points(CELLS)
        self.z = game.turns.latents(CLOUD, SAMPLE)
        soft = blurred(game.density, self.h)
        self.log_p = soft.log_density(self.points)
        self.p = _square(np.exp(self.log_p))
        objective = game.experiment.objective
        self.belief = isinstance(objective, Minimax)
        self.is_log_game = isinstance(objective, Minimax) and not objective.smoothing

    @property
    def D(self) -> np.ndarray:
        """sigma(s(x)) where the objective makes it a belief, else the score s(x)."""
        s = _square(self.game.scores(self.points))
        return sigmoid(s) if self.belief else s

    def compare(self) -> "Comparison":
        """Estimate q from G's samples as they are now, and compare it with p."""
        x = self.game.made(self.z)
        q = kernel_density(x, self.points[:CELLS, 0], self.points[::CELLS, 1], self.h)
        return Comparison(self, x, q)

    def sheet(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """G's image of a lattice in the first two latents, the others 0: (xs, ys), a
        list of arrays (31,) each. With one latent it is one curve.
        """
        latent = self.game.experiment.latent
        most = latent.scale * (2 if latent.kind == "normal" else 1)
        fine = np.linspace(-most, most, DOTS)
        if latent.dim == 1:
            fine = np.linspace(-most, most, 8 * DOTS)
            x = self.game.made(fine[:, None])
            return [x[:, 0]], [x[:, 1]]
        a, b = np.meshgrid(np.linspace(-most, most, LINES), fine, indexing="ij")
        z = np.zeros((2, LINES * DOTS, latent.dim))
        for i in (0, 1):
            z[i, :, i], z[i, :, 1 - i] = a.ravel(), b.ravel()
        x = self.game.made(z.reshape(-1, latent.dim)).reshape(2 * LINES, DOTS, 2)
        return list(x[..., 0]), list(x[..., 1])


class Comparison:
    """G's samples x (n, 2) at one moment, their density q (64, 64), and D*."""

    def __init__(self, fields: Fields, x, q):
        self.fields, self.x, self.q = fields, x, q
        with np.errstate(divide="ignore"):
            self.pair = Pair(fields.log_p, np.log(q.ravel()), fields.cell**2)

    @functools.cached_property
    def best(self) -> np.ndarray:
        """D* = p/(p + q), (64, 64); NaN where both densities are faint."""
        p, q = self.fields.p, self.q
        with np.errstate(invalid="ignore"):
            found = _square(divergences.optimal_discriminator(self.pair))
        return np.where(p + q > FAINT * p.max(), found, np.nan)

    @property
    def V(self) -> float:
        """V(D*) = 2 JSD - log 4, the most that D can reach. What lies outside of the
        region adds 0: D* is sure there.
        """
        return divergences.value_at_optimum(self.pair)

    @property
    def jsd(self) -> float:
        """JSD(p, q) in nats, by V(D*) = 2 JSD - log 4."""
        return (self.V + math.log(4)) / 2

    @property
    def kl(self) -> float:
        """KL(p||q) in nats; inf if G leaves out a part of the data altogether."""
        return divergences.kl(self.pair)

    @property
    def modes(self) -> str:
        """How many modes of a mixture G has found, in a few words; "" for others."""
        density = self.fields.game.density
        if not isinstance(density, GaussianMixture) or len(density.means) > 25:
            return ""
        if not np.isfinite(self.x).all():
            return ""
        found, quality = mode_coverage(self.x, density)
        return f"{found} of {len(density.means)} modes, {quality:.0%} of the samples"


def kernel_density(x, across, up, h: float) -> np.ndarray:
    """q(a, b) = mean_i N(a; x_i1, h^2) N(b; x_i2, h^2), (n_up, n_across)

    x: (n, 2)      across: (n_across,), the columns      up: (n_up,), the rows
    """
    with np.errstate(all="ignore"):
        a, b = (
            np.exp(-(((points[:, None] - x[:, i]) / h) ** 2) / 2)
            for i, points in ((0, across), (1, up))
        )
        return np.nan_to_num(b @ a.T) / (len(x) * 2 * math.pi * h * h)


def _square(values) -> np.ndarray:
    return np.asarray(values, np.float64).reshape(CELLS, CELLS)


class Arrows(NamedTuple):
    """Arrows from x0 to x1, (n, 2) each: where G is told to move its samples.

    steep: the length |N dJ/dx| that is drawn as long as the share REACH of the picture
    """

    x0: np.ndarray
    x1: np.ndarray
    steep: float


def arrows(look, width: float, n: int = 60) -> Arrows:
    """The first n arrows -N dJ/dx_fake of a `Look`. G descends, hence the sign. N, the
    number of samples, undoes the 1/N of the objective's mean.

    One scale serves all arrows: a length at the ninth tenth of all is drawn as 9 % of
    the picture's width. Longer ones end at twice that.
    """
    pull = -len(look.dx_fake) * np.nan_to_num(np.asarray(look.dx_fake, np.float64))
    lengths = np.hypot(*pull.T)
    steep = float(np.quantile(lengths, 0.9))
    if steep > 0:
        pull = pull * (REACH * width / steep)
        cut = np.minimum(1, 2 * steep / np.maximum(lengths, 1e-300))
        pull = pull * cut[:, None]
    x0 = np.asarray(look.x_fake, np.float64)[:n]
    return Arrows(x0, x0 + pull[:n], steep)


def equilibrium(objective: Objective) -> float:
    """The V of a game that is at rest, p_G = p_data: max_s V(s, s), over one logit s
    for all samples. It is -log 4 for the minimax game, and 0 for a critic's.
    """
    s = np.linspace(-2, 2, 257).reshape(-1, 1, 1)
    return max(float(objective.value(a, a)) for a in s)
