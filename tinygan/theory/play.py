"""The Dirac-GAN in discrete steps: how a learning rate changes the game.

One turn of the game is a map F of (theta, psi). Near the equilibrium F is a matrix M.
Its largest |eigenvalue|, the spectral radius rho, is the factor by which a turn shrinks
or stretches the distance. There are two ways to play:

    simultaneous   both players step from the same point:
                   M = I + eta A
    alternating    G answers the D that has already moved:
                   M = (I + eta A_G)(I + eta A_D)

A is the field's Jacobian; A_G and A_D are its rows for G and for D. `predicted_turn`
computes M by this algebra. `Turn` plays with two networks and tinygan's own d_step and
g_step, and `spectral_radius_measured` looks only at where they go.

Source: Mescheder et al. 2018, Lemmas 2.3 and 2.4; Gidel et al. 2019.
"""

import dataclasses

import numpy as np

from ..gan import d_step, g_step
from ..layers import Dense, Layer, SpectralNorm
from ..layers.base import Affine
from ..net import Net
from ..optim import SGD
from .dirac import DiracGAN, measured_jacobian, ordered, predicted_jacobian


class Point(Affine):
    """y = x + b      dx = dy      db = sum_n dy      y_dot = x_dot

    The generator of the Dirac-GAN: a point at theta = b for z = 0, a cloud around it
    for noise z.
    """

    bias = True

    def build(self, in_shape):
        self.shapes = {"b": in_shape[-1:]}
        return in_shape

    def init(self, rng):
        self.b[...] = 0

    def linear(self, x):
        return x + 0 * self.b, ()  # a new array, of the dtype of both

    def adjoint(self, dy, cache):
        return dy


@dataclasses.dataclass
class Turn:
    """F: one turn of a DiracGAN by the real steps, k of D and one of G.

    A call maps the numbers theta and psi to (theta, psi) after the turn, (2,).

    eta: the learning rate of both players
    alternating: whether G sees D's move

    Raises ValueError for eta <= 0 (from SGD) and for k < 1.
    """

    game: DiracGAN
    eta: float = 0.1
    k: int = 1
    alternating: bool = True
    dtype: str = "float64"

    def __post_init__(self):
        if self.k < 1:
            raise ValueError(f"expected k >= 1 steps of D, got {self.k}")
        slope: Layer = Dense(1, bias=False)
        slope = SpectralNorm(slope) if self.game.spectral else slope
        self.G = Net(Point(), (1,), dtype=self.dtype)
        self.D = Net(slope, (1,), dtype=self.dtype)
        self.opt_G = self.game.wrap_G(SGD(self.eta))
        self.opt_D = self.game.wrap_D(SGD(self.eta))
        self.x_real, self.z = self.game.batches()
        self.penalties = (self.game.penalty,) if self.game.penalty else ()
        self.rng = np.random.default_rng(0)  # for the points x_hat, which do not matter

    def __call__(self, theta, psi) -> np.ndarray:
        """(theta, psi), numbers, after the turn: (2,)."""
        G, D, objective = self.G, self.D, self.game.objective
        G.theta[...], D.theta[...] = theta, psi
        x_real, z = self.x_real, self.z
        for _ in range(self.k):
            x_fake, _ = G.forward(z)
            d_step(
                *(D, self.opt_D, objective, x_real, x_fake), self.penalties, self.rng
            )
        moved = D.theta.copy()
        if not self.alternating:
            D.theta[...] = psi
        g_step(G, D, self.opt_G, objective, z, x_real)
        return np.concatenate([G.theta, moved])

    def trajectory(self, start, turns: int) -> np.ndarray:
        """The points of `turns` turns, with the start first: (turns + 1, 2).

        It ends early, at the last finite point, if the numbers overflow.
        """
        points = [np.asarray(start, np.float64)]
        for _ in range(turns):
            w = self(*points[-1])
            if not (np.isfinite(w).all() and np.abs(w).max() < 1e100):
                break
            points.append(w)
        return np.array(points)


# A turn in theory


def predicted_turn(
    game: DiracGAN, eta: float, k: int = 1, alternating: bool = True
) -> np.ndarray:
    """M = F'(0, 0), (2, 2), from A = ((0, alpha), (-beta, -c))

    D's k steps are a shear that also shrinks, with q = (1 - eta c)^k and
    b = eta beta (1 + (1 - eta c) + ... + (1 - eta c)^(k-1)); if c = 0, b = k eta beta:

        psi <- q psi - b theta

    G's step is a shear, theta <- theta + eta alpha psi. Its psi is the one before D's
    steps if play is simultaneous, and the one after them if it alternates:

        simultaneous  M = (1, eta alpha; -b, q)
        alternating   M = (1, eta alpha; 0, 1)(1, 0; -b, q)
                        = (1 - eta alpha b, eta alpha q; -b, q)
    """
    (_, alpha), (minus_beta, minus_c) = predicted_jacobian(game)
    steps = (1 + eta * minus_c) ** np.arange(k)
    b, q = -eta * minus_beta * steps.sum(), (1 + eta * minus_c) ** k  # eq: turn-k
    if alternating:
        a = eta * alpha
        return np.array([[1 - a * b, a * q], [-b, q]])  # eq: turn-alt
    return np.array([[1.0, eta * alpha], [-b, q]])  # eq: turn-sim


def multipliers(eigenvalues, eta: float, alternating: bool = True) -> np.ndarray:
    """The eigenvalues mu of a turn (k = 1) from those of the field, lambda_1, lambda_2.

        simultaneous   mu = 1 + eta lambda, one for each
        alternating    mu^2 - t mu + d = 0,   t = 1 + d - eta^2 lambda_1 lambda_2,
                                              d = 1 + eta (lambda_1 + lambda_2)

    Simultaneous steps from imaginary lambda = +-i w give
    |mu| = sqrt(1 + eta^2 w^2) > 1: play spirals outwards for every eta. Alternating
    steps are a product of two shears, so d = 1 and areas stay the same: |mu| = 1
    exactly if eta w <= 2, and play diverges if eta w > 2. It never comes nearer. With
    damping, d = 1 - eta c < 1, and complex mu have |mu| = sqrt(1 - eta c) for every w.

    The second line needs A's zero: J is flat in theta at psi = 0. Source: Mescheder et
    al. 2018, Lemmas 2.3 and 2.4, for the log loss without damping.
    """
    l1, l2 = np.asarray(eigenvalues, complex)
    if not alternating:
        return ordered([1 + eta * l1, 1 + eta * l2])  # eq: multipliers-sim
    d = 1 + eta * (l1 + l2)
    t = 1 + d - eta * eta * l1 * l2
    root = np.sqrt(t * t / 4 - d)
    return ordered([t / 2 + root, t / 2 - root])  # eq: multipliers-alt


def spectral_radius(M) -> float:
    """rho = max |mu| over the eigenvalues of a matrix."""
    return float(np.abs(np.linalg.eigvals(M)).max())  # eq: spectral-radius


# A turn as it is played


def measured_turn(
    game: DiracGAN, eta: float, k: int = 1, alternating: bool = True
) -> np.ndarray:
    """M = F'(0, 0) of the real turn, by complex steps through both networks; (2, 2)."""
    return measured_jacobian(Turn(game, eta, k, alternating, "complex128"))


def spectral_radius_measured(
    game: DiracGAN,
    eta: float,
    k: int = 1,
    alternating: bool = True,
    turns: int = 12,
    start: float = 1e-5,
) -> float:
    """rho from trajectories alone: the M that carries each point to the next

        M = argmin sum_t |w_{t+1} - M w_t|^2

    The sum runs over two short trajectories, which begin at distance `start` along
    either axis. So near the equilibrium M is all there is (the rest is smaller by
    start^2).
    """
    turn = Turn(game, eta, k, alternating)
    before, after = [], []
    for point in np.eye(2) * start:
        w = turn.trajectory(point, turns)
        before.append(w[:-1])
        after.append(w[1:])
    before, after = np.concatenate(before), np.concatenate(after)
    size = np.abs(before).max(axis=1, keepdims=True)
    M, *_ = np.linalg.lstsq(before / size, after / size, rcond=None)
    return spectral_radius(M.T)


def verdict(points: np.ndarray, turns: int) -> str:
    """The fate of a trajectory in a word or two, from its distances r to (0, 0):

    converges   r ends below a thousandth of its start
    stops       it hardly moves in its last tenth (by 2 % of r), but not at (0, 0)
    diverges    the largest r of the last quarter is above that of the second quarter,
                by a tenth or more, or the numbers overflowed
    creeps in   it is below, by a tenth or more: nearer, but slower than any exponential
    circles     it is neither

    points: (turns + 1, 2), fewer if the numbers overflowed
    """
    if len(points) <= turns:
        return "diverges"
    r = np.hypot(*points.T)
    if r[-1] < 1e-3 * r[0]:
        return "converges"
    if np.ptp(points[-max(2, len(r) // 10) :], axis=0).max() < 0.02 * r[-1]:
        return "stops"
    quarter = max(1, len(r) // 4)
    early, late = r[quarter : 2 * quarter].max(), r[-quarter:].max()
    if late > 1.1 * early:
        return "diverges"
    return "creeps in" if late < 0.9 * early else "circles"
