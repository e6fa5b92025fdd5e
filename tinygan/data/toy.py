"""Toy densities: p_data with exact samples, and with a known value at every point.

A known p_data puts the theory to the test: the optimal discriminator is
p_data/(p_data + p_g), and the true density can judge a generator's samples. Everything
is float64 on the host; only a stream's batches go elsewhere.
"""

import math

import numpy as np

from ..backend import NUMPY, Backend
from ..errors import InputError, instance, number, numbers, shown, whole
from .stream import SampleStream

_BLOCK = 4096  # points of a density that are computed at a time, to bound the memory


class Density:
    """A density p on R^d, `shape` (d,), with exact samples and exact values."""

    shape: tuple[int, ...]
    divisible = False  # True if `sample` has no state but rng: a subclass says so

    def __init_subclass__(cls):
        vars(cls).get("divisible") or setattr(cls, "divisible", False)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n independent draws from p: (n, d)."""
        raise TypeError(f"{self!r} does not define sample(n, rng)")

    def _log_p(self, x: np.ndarray) -> np.ndarray:
        """log p of the rows of x: (n, d) to (n,)."""
        raise TypeError(f"{self!r} does not define _log_p(x)")

    def log_density(self, x) -> np.ndarray:
        """log p(x)      x: (..., d), the result (...)

        Raises InputError if the last axis of x is not d long.
        """
        x = numbers("log_density, x", x)
        if x.shape[-1:] != self.shape:
            raise InputError(f"{self!r} expects (..., {self.shape[0]}), got {x.shape}")
        rows = x.reshape(-1, *self.shape)
        log_p = np.empty(len(rows))
        for i in range(0, len(rows), _BLOCK):
            log_p[i : i + _BLOCK] = self._log_p(rows[i : i + _BLOCK])
        return log_p.reshape(x.shape[:-1])

    def density(self, x) -> np.ndarray:
        """p(x)      x: (..., d), the result (...)"""
        return np.exp(self.log_density(x))

    def batches(
        self, batch: int, seed: int, backend: Backend = NUMPY, dtype="float32"
    ) -> SampleStream:
        """The stream of fresh batches (batch, d)."""
        return SampleStream(self, batch, seed, backend, dtype)


class GaussianMixture(Density):
    """p(x) = sum_k w_k N(x; mu_k, sigma_k^2 I)

        log p(x) = log sum_k exp(log w_k - d/2 log(2 pi sigma_k^2)
                                 - |x - mu_k|^2 / (2 sigma_k^2))

    means: (K, d)      std: one for all or (K,)      weights: (K,), up to a factor; None
    for equal ones

    The attributes are `means` (K, d), `std` (K,) and `weights` (K,), whose sum is 1.
    Raises InputError unless the means are finite and (K, d) with K, d >= 1, and std and
    weights are finite and positive, one or K of each.
    """

    divisible = True

    def __init__(self, means, std, weights=None):
        self.means = numbers("GaussianMixture, means", means).copy()
        if self.means.ndim != 2 or self.means.size == 0:
            raise InputError(f"means are expected as (K, d), got {self.means.shape}")
        if not np.isfinite(self.means).all():
            raise InputError(f"expected finite means, got {shown(means)}")
        K, d = self.means.shape
        self.shape = (d,)
        self.std = _positive("std", std, K)
        w = _positive("weights", 1.0 if weights is None else weights, K)
        self.weights = w / w.sum()

    def sample(self, n, rng):
        expect_draw(self, n, rng)
        k = rng.choice(len(self.means), size=n, p=self.weights)
        return self.means[k] + self.std[k, None] * rng.standard_normal((n, *self.shape))

    def _log_p(self, x):
        (d,) = self.shape
        log_scale = np.log(self.weights) - d * np.log(math.sqrt(2 * math.pi) * self.std)
        with np.errstate(over="ignore"):  # from 1e154 on the density is 0, its log -inf
            e = (x[:, None] - self.means) / self.std[:, None]  # (n, K, d)
            return _log_sum_exp(log_scale - (e**2).sum(-1) / 2)

    def __repr__(self):
        K, d = self.means.shape
        return f"GaussianMixture({K} modes in {d}-D)"


def mixture_1d(means=(-2.0, 2.0), std=0.5, weights=None) -> GaussianMixture:
    """Gaussians on a line: p on R^1 with one mode at each of `means` (K,).

    weights: (K,), up to a factor; None for equal ones
    """
    means = numbers("mixture_1d, means", means)
    return GaussianMixture(means.reshape(-1, 1), std, weights)


def ring(n: int = 8, radius: float = 2.0, std: float = 0.02) -> GaussianMixture:
    """n modes on a circle, at the angles 2 pi k/n for k = 0 ... n - 1.

    This is the test for mode collapse of Metz et al. 2017 (unrolled GAN). The angle
    2 pi is left out: it would be the mode of angle 0 again.
    """
    n, radius = (
        whole("ring", "1 <= n <= 100000", n),
        number("ring", "radius > 0", radius),
    )
    angle = 2 * math.pi * np.arange(n) / n
    return GaussianMixture(
        radius * np.stack([np.cos(angle), np.sin(angle)], axis=1), std
    )


def grid(side: int = 5, spacing: float = 2.0, std: float = 0.05) -> GaussianMixture:
    """side^2 modes on a square lattice centred on 0, as in Srivastava et al. 2017."""
    side = whole("grid", "1 <= side <= 300", side)
    spacing = number("grid", "spacing > 0", spacing)
    line = spacing * (np.arange(side) - (side - 1) / 2)
    return GaussianMixture(
        np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2), std
    )


class TwoMoons(Density):
    """Two interleaved half circles, blurred: x = c(t) + noise e, t uniform on [0, pi].

        c(t) = (cos t, sin t)  or  (1 - cos t, 1/2 - sin t), each half of the time
        p(x) = 1/2 sum_c (1/pi) int_0^pi N(x; c(t), noise^2 I) dt

    The map x -> (1, 1/2) - x takes one moon to the other, so one integral serves both.
    Gauss-Legendre quadrature on `nodes` points computes it; more change nothing.

    Raises InputError unless the noise is finite and positive, and nodes >= 1.
    """

    shape = (2,)
    divisible = True

    def __init__(self, noise: float = 0.1, nodes: int = 32):
        self.noise = number(self, "a noise > 0", noise)
        n = whole(self, "1 <= nodes <= 1000", nodes)
        nodes, weights = np.polynomial.legendre.leggauss(n)
        self._nodes, self._weights = (1 + nodes) / 2, weights / 2  # on [0, 1]

    def sample(self, n, rng):
        expect_draw(self, n, rng)
        t = rng.uniform(0, math.pi, (n, 1))
        c = np.concatenate([np.cos(t), np.sin(t)], axis=1)
        second = rng.random((n, 1)) < 0.5
        c = np.where(second, (1.0, 0.5) - c, c)
        return c + self.noise * rng.standard_normal((n, 2))

    def _log_p(self, x):
        moons = [self._log_arc(x), self._log_arc((1.0, 0.5) - x)]
        return _log_sum_exp(np.stack(moons, axis=-1)) - math.log(2)

    def _log_arc(self, x):
        """log (1/pi) int_0^pi N(x; (cos t, sin t), noise^2 I) dt

        For x = r (cos phi, sin phi) and u = t - phi the distance is

            |x - c(t)|^2 = (r - 1)^2 + 4 r sin^2(u/2)

        A cut at the point nearest to x, or at the farthest, makes two stretches of the
        half circle, |u| from a to b <= pi. The integrand falls along each as |u| grows.
        A stretch ends when the integrand has fallen by e^-40, so the nodes lie in its
        mass, however narrow the noise and however far x.
        """
        r, phi = np.hypot(x[:, 0], x[:, 1]), np.arctan2(x[:, 1], x[:, 0])
        r = np.minimum(r, 1e160)  # from 1e154 on the density is 0, its log -inf
        nearest = phi >= 0  # the point of the circle nearest to x is on the half circle
        a = np.where(nearest, 0.0, (-phi, math.pi + phi)).T[..., None]  # (n, 2, 1)
        b = np.where(nearest, (phi, math.pi - phi), math.pi).T[..., None]
        k = np.maximum(2 * r / self.noise**2, 1e-300)[:, None, None]
        end = np.minimum(np.sin(a / 2) ** 2 + 40 / k, 1.0)
        b = np.minimum(b, 2 * np.arcsin(np.sqrt(end)))
        u = a + (b - a) * self._nodes  # (n, 2, nodes)
        log_f = -k * np.sin(u / 2) ** 2
        mass = self._weights * (b - a) / math.pi
        log_arc = _log_sum_exp(log_f.reshape(len(x), -1), mass.reshape(len(x), -1))
        scale = 2 * self.noise**2
        with np.errstate(over="ignore"):
            return log_arc - (r - 1) ** 2 / scale - math.log(math.pi * scale)

    def __repr__(self):
        return f"TwoMoons(noise={self.noise:g})"


def expect_draw(density: Density, n: int, rng) -> None:
    """InputError unless n is a number of samples and rng a generator."""
    whole(density, "n >= 0", n)
    instance(density, "rng", rng, np.random.Generator, "np.random.default_rng(0)")


def _log_sum_exp(a, w=1.0):
    """log sum_k w_k e^{a_k} = m + log sum_k w_k e^{a_k - m}, m = max_k a_k

    a: (n, K), the result (n,). No e^{a_k - m} overflows, and one of them is 1.
    """
    m = a.max(axis=-1, keepdims=True)
    m = np.where(np.isneginf(m), 0.0, m)  # a sum of zeros
    with np.errstate(divide="ignore"):
        return m[:, 0] + np.log((w * np.exp(a - m)).sum(axis=-1))


def _positive(name: str, values, K: int) -> np.ndarray:
    """`values`, one or K of them, as (K,) floats; InputError unless finite and > 0."""
    values = numbers(name, values)
    if values.shape not in ((), (K,)):
        raise InputError(f"{name} is expected once or as ({K},), got {values.shape}")
    if not (np.isfinite(values) & (values > 0)).all():
        raise InputError(f"expected finite {name} > 0, got {shown(values.tolist())}")
    return np.broadcast_to(values, (K,)).copy()
