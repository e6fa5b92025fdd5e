"""Divergences between two known densities, in nats: D's task in closed form.

If p = p_data and q = p_G are known, the inner problem of the game has the solution
D* = p/(p + q), and V(D*, G) is a divergence. Everything here works on logits,
s* = log p - log q, and on log densities, so it stays right where both densities have
rounded to 0.

A `Pair` is two densities at the same points, with the weights of an integral. `on_line`
chooses points at which every integral here is right to rounding. W1 of samples is
`wasserstein_1d`, from tinygan.measures.
"""

import dataclasses
import itertools
import math

import numpy as np

from ..data import Density, GaussianMixture
from ..measures import wasserstein_1d
from ..ops import sigmoid, softplus

__all__ = [
    "Pair",
    "generator_losses",
    "jsd",
    "kl",
    "on_line",
    "optimal_discriminator",
    "optimal_logit",
    "parallel_lines",
    "reverse_kl",
    "total_variation",
    "value",
    "value_at_optimum",
    "wasserstein",
    "wasserstein_1d",
]

_POINTS = 1_000_000  # at most: more would come from a mistaken scale
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)  # int_-1^1 f = sum_i w_i f(x_i)
_ROUNDING = 1e-13  # differences below it are noise; their signs mean nothing
_erf = np.vectorize(math.erf, otypes=[float])


@dataclasses.dataclass(frozen=True)
class Pair:
    """log p and log q at n points, and the weights dx of an integral over them.

        int f = sum_i dx_i f(x_i)

    log_p, log_q: (n,), -inf where the density is 0      dx: (n,), or one number
    x: (n,), the points in order; only W1 needs them

    With dx = 1 the two are discrete distributions over n atoms. For D* alone the points
    may lie in any space: Pair(p.log_density(x), q.log_density(x)). Raises ValueError
    unless the shapes agree.
    """

    log_p: np.ndarray
    log_q: np.ndarray
    dx: np.ndarray | float = 1.0
    x: np.ndarray | None = None

    def __post_init__(self):
        n = np.shape(self.log_p)
        optional = [np.shape(a) for a in (self.dx, self.x) if np.ndim(a)]
        if len(n) != 1 or {n} != {np.shape(self.log_q), *optional, n}:
            got = [np.shape(a) for a in (self.log_p, self.log_q, self.dx, self.x)]
            raise ValueError(f"Pair expects log_p, log_q, dx, x as (n,), got {got}")

    @property
    def p(self) -> np.ndarray:
        """The density p at the points, (n,)."""
        return np.exp(self.log_p)

    @property
    def q(self) -> np.ndarray:
        """The density q at the points, (n,)."""
        return np.exp(self.log_q)

    def swap(self) -> "Pair":
        """The pair (q, p)."""
        return dataclasses.replace(self, log_p=self.log_q, log_q=self.log_p)


def on_line(p: Density, q: Density, x=None) -> Pair:
    """Two densities on R^1 as a Pair, at the points x (n,) or at points chosen here.

    With x the weights are those of the trapezoid rule. On an even, fine grid it is
    exact to rounding for smooth integrands that vanish at both ends. But |p - q| and
    |P - Q| have kinks where p = q and where P = Q, and there it is not. Without x the
    line is cut at the kinks, and the rule of Gauss and Legendre is used in between.
    These points reach 12 standard deviations beyond every mode, with sixteen in one of
    the narrowest.

    Raises ValueError for densities that are not on R^1, for densities other than
    mixtures if x is not given, and where more than a million points would be needed.
    """
    for density in (p, q):
        if density.shape != (1,):
            raise ValueError(f"expected densities on R^1, got {density!r}")
    x, dx = _between_kinks(p, q) if x is None else _trapezoid(x)
    log_p, log_q = (density.log_density(x[:, None]) for density in (p, q))
    return Pair(log_p, log_q, dx, x)


def _trapezoid(x):
    x = np.asarray(x, np.float64)
    dx = np.zeros_like(x)
    dx[1:] += np.diff(x) / 2
    dx[:-1] += np.diff(x) / 2
    return x, dx


def _between_kinks(p: Density, q: Density):
    """Points and weights of panels that end where p = q and where P = Q: (n,) each."""
    for density in (p, q):
        if not isinstance(density, GaussianMixture):
            raise ValueError(f"{density!r} needs points x of your own")
    means = np.concatenate([p.means[:, 0], q.means[:, 0]])
    std = np.concatenate([p.std, q.std])
    low, high = (means - 12 * std).min(), (means + 12 * std).max()
    width = std.min() / 2  # of a panel, at most
    n = math.ceil((high - low) / width)
    if len(_NODES) * n > _POINTS:
        points = f"{len(_NODES) * n:,} points"
        raise ValueError(f"modes as narrow as {std.min():g} would need {points}")

    x = np.linspace(low, high, 8 * n + 1)
    same_density = _zeros(lambda x: _log_ratio(p, q, x), x)
    same_mass = _zeros(lambda x: _mass_below(p, x) - _mass_below(q, x), x)
    ends = np.sort(np.concatenate([[low, high], same_density, same_mass]))
    panels = [
        np.linspace(a, b, math.ceil((b - a) / width) + 1)
        for a, b in itertools.pairwise(ends)
    ]
    left = np.concatenate([panel[:-1] for panel in panels])[:, None]
    half = np.concatenate([np.diff(panel) for panel in panels])[:, None] / 2
    return (left + half * (1 + _NODES)).ravel(), (half * _WEIGHTS).ravel()


def _log_ratio(p: Density, q: Density, x):
    return p.log_density(x[:, None]) - q.log_density(x[:, None])


def _mass_below(p: GaussianMixture, x):
    """P(x), the mass of p to the left of each x (n,): (n,)"""
    normed = (x[:, None] - p.means[:, 0]) / (math.sqrt(2) * p.std)
    return (1 + _erf(normed)) @ p.weights / 2


def _zeros(f, x):
    """Where f changes its sign between two of the points x (n,), by bisection: (m,)"""
    x = x[np.abs(f(x)) > _ROUNDING]
    above = f(x) > 0
    i = np.flatnonzero(above[1:] != above[:-1])
    a, b = x[i], x[i + 1]
    for _ in range(60):
        middle = (a + b) / 2
        beyond = (f(middle) > 0) != above[i]
        a, b = np.where(beyond, a, middle), np.where(beyond, middle, b)
    return a


# The optimal discriminator


def optimal_logit(pair: Pair, real_label: float = 1.0) -> np.ndarray:
    """s* = log p - log q, the logit of D* = p/(p + q); (n,)

    At each point D maximises p log D + q log(1 - D). The derivative in the logit,
    p (1 - D) - q D, is 0 at D*. With one-sided label smoothing, real_label = a, the
    integrand is a p log D + ((1 - a) p + q) log(1 - D), so

        D* = a p/(p + q)      s* = log(a p) - log((1 - a) p + q)

    s* is +-inf where one density is 0, and nan where both are: V does not ask there.
    Raises ValueError unless 0 < a <= 1. Source: Goodfellow et al. 2014, prop. 1;
    Salimans et al. 2016, section 3.4.
    """
    a = float(real_label)
    if not 0 < a <= 1:
        raise ValueError(f"expected a label 0 < real_label <= 1, got {a}")
    fake = pair.log_q
    if a < 1:
        fake = np.logaddexp(math.log(1 - a) + pair.log_p, fake)  # eq: smooth-optimum
    with np.errstate(invalid="ignore"):
        return math.log(a) + pair.log_p - fake  # eq: optimal-logit


def optimal_discriminator(pair: Pair, real_label: float = 1.0) -> np.ndarray:
    """D* = sigma(s*) = a p/(p + q), a = real_label; (n,)"""
    return sigmoid(optimal_logit(pair, real_label))


def value(pair: Pair, s) -> float:
    """V(D) = E_p[log D] + E_q[log(1 - D)] for D = sigma(s), s (n,); in nats.

    Source: Goodfellow et al. 2014, eq. 3.
    """
    V_real = _mean(pair, pair.p, -softplus(-s))
    return V_real + _mean(pair, pair.q, -softplus(s))  # eq: value-of-s


def value_at_optimum(pair: Pair) -> float:
    """V(D*) = 2 JSD(p, q) - log 4, in nats; -log 4 at p = q, 0 for disjoint supports.

    Source: Goodfellow et al. 2014, theorem 1. It is computed as V of the logit s*, and
    not from the JSD. A theorem says that the two agree, and a test holds it.
    """
    return value(pair, optimal_logit(pair))  # eq: value-at-optimum


def generator_losses(pair: Pair) -> tuple[float, float]:
    """J at D*, for the minimax and for the non-saturating generator, in nats

        J_minimax = E_q[log(1 - D*)] = KL(q||m) - log 2,   m = (p + q)/2
        J_nonsat  = -E_q[log D*]

    At every point log(1 - D*) - log D* = log q - log p, so the *sum* of the two losses
    is the reverse divergence:

        J_minimax + J_nonsat = E_q[log q - log p] = KL(q||p)

    With D* held fixed, J_minimax has the slope of 2 JSD in G. Hence J_nonsat has the
    slope of KL(q||p) - 2 JSD. Source: Arjovsky and Bottou 2017, theorem 2.5.
    """
    s = optimal_logit(pair)
    return _mean(pair, pair.q, -softplus(s)), _mean(pair, pair.q, softplus(-s))


# Divergences


def kl(pair: Pair) -> float:
    """KL(p||q) = int p (log p - log q) dx >= 0, in nats; inf where q = 0 < p."""
    with np.errstate(invalid="ignore"):
        return _mean(pair, pair.p, pair.log_p - pair.log_q)  # eq: kl


def reverse_kl(pair: Pair) -> float:
    """KL(q||p), in nats: large if G puts mass where the data have none."""
    return kl(pair.swap())  # eq: reverse-kl


def jsd(pair: Pair) -> float:
    """JSD = KL(p||m)/2 + KL(q||m)/2 with m = (p + q)/2; 0 to log 2, in nats."""
    log_m = np.logaddexp(pair.log_p, pair.log_q) - math.log(2)
    to_m = dataclasses.replace(pair, log_q=log_m)
    return (kl(to_m) + kl(dataclasses.replace(to_m, log_p=pair.log_q))) / 2  # eq: jsd


def total_variation(pair: Pair) -> float:
    """TV = 1/2 int |p - q| dx, from 0 to 1."""
    return _integral(pair, np.abs(pair.p - pair.q)) / 2  # eq: total-variation


def wasserstein(pair: Pair) -> float:
    """W1 = int |P(x) - Q(x)| dx, P and Q the distribution functions; a length.

    On a line the plan that keeps the order is the cheapest, and its cost is the area
    between the two functions. Source: Vallender 1974.

    Raises ValueError if the pair has no x.
    """
    if pair.x is None:
        raise ValueError("W1 needs a Pair with its points x")
    step = np.cumsum(pair.dx * (pair.p - pair.q))
    return float((np.abs(step[:-1]) * np.diff(pair.x)).sum())  # eq: wasserstein-line


def parallel_lines(theta: float, n: int = 64) -> tuple[Pair, float]:
    """p uniform on {0} x [0, 1], q on {theta} x [0, 1], n atoms each, and W1 = |theta|

    Unless theta = 0 the lines share no point, so JSD = log 2, TV = 1 and both KL are
    infinite: no slope leads G to the data. W1 is |theta|: moving every atom across
    costs this much, and f(x, y) = x, of slope 1, shows that no plan costs less. So the
    x coordinates alone give W1. Source: Arjovsky et al. 2017, example 1.
    """
    here, nowhere = np.full(n, -math.log(n)), np.full(n, -np.inf)
    pair = Pair(here, here)
    if theta:
        pair = Pair(np.r_[here, nowhere], np.r_[nowhere, here])
    return pair, wasserstein_1d(np.zeros(n), np.full(n, float(theta)))


def _mean(pair: Pair, density, f) -> float:
    """E[f] = int density f dx, in which 0 times anything is 0."""
    return _integral(pair, density * np.where(density > 0, f, 0.0))


def _integral(pair: Pair, f) -> float:
    return float((pair.dx * f).sum())
