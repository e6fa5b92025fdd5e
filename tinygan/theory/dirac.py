"""The Dirac-GAN: the smallest game that shows why GANs turn in circles.

The data are one point, p_data = delta_0, and G makes one point, p_G = delta_theta. D
has one weight and gives the logit s = psi x. Everything about this game can be known.
Gradient play moves along the vector field

    v(theta, psi) = (-dJ/dtheta, d(V - P)/dpsi)

This field has one equilibrium, theta = psi = 0. The eigenvalues of its Jacobian there,
a 2x2 matrix, decide how play behaves. If an eigenvalue has a negative real part, its
mode dies away; if both are imaginary, play goes round for ever. `field` takes every
derivative from the Objective and the Penalty that training uses; `predicted_jacobian`
is derived on paper, and the two must agree. play.py plays the game in discrete steps.

Source: Mescheder, Geiger and Nowozin 2018 (Which training methods for GANs do actually
converge?), sections 2 and 3.
"""

import cmath
import dataclasses
import math
from collections.abc import Callable

import numpy as np

from ..objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    Objective,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)
from ..optim import Optimizer
from ..penalties import Drift, Penalty
from ..penalties.gradient import SquaredNorm, UnitNorm

# Gauss-Hermite quadrature for N(0, 1) has three nodes with weights 1/6, 2/3, 1/6. The
# plain mean of this batch of six is the same, and exact for polynomials of degree 5.
_NODES = math.sqrt(3) * np.array([-1.0, 0, 0, 0, 0, 1])


def plain(optimizer: Optimizer) -> Optimizer:
    """The optimizer as it is: no clipping."""
    return optimizer


@dataclasses.dataclass(frozen=True)
class DiracGAN:
    """p_data = delta_0, p_G = delta_theta, s = psi x; an objective and regularisers.

    penalty: D ascends V - P.
    noise: sigma of instance noise: both points become N(., sigma^2). Source: Sonderby
        et al. 2017; Arjovsky and Bottou 2017.
    spectral: D is spectrally normalised, s = (psi/|psi|) x.
    wrap_D, wrap_G: put a clipping optimizer around the plain one (optim/clipping.py).
    """

    objective: Objective
    penalty: Penalty | None = None
    noise: float = 0.0
    spectral: bool = False
    wrap_D: Callable = plain
    wrap_G: Callable = plain

    def batches(self) -> tuple[np.ndarray, np.ndarray]:
        """x_real and z, each (N, 1), G(z) = theta + z: a mean over them is E.

        Without noise each is one point. With noise they are all pairs of nodes, so that
        an objective that compares real and fake samples sees independent ones.
        """
        if not self.noise:
            return np.zeros((1, 1)), np.zeros((1, 1))
        nodes = self.noise * _NODES[:, None]
        return np.repeat(nodes, len(nodes), axis=0), np.tile(nodes, (len(nodes), 1))

    @property
    def obstacle(self) -> str:
        """Why there is no Jacobian at (0, 0), in a few words; "" if there is one."""
        if self.spectral:
            return "no equilibrium: the slope of D is 1 everywhere"
        p = self.penalty
        if isinstance(p, UnitNorm) and p.k and p.weight and not p.one_sided:
            return "the field jumps at psi = 0"
        return ""


def field(game: DiracGAN, theta, psi) -> np.ndarray:
    """v = (-dJ/dtheta, d(V - P)/dpsi), (2,), at numbers theta and psi, real or complex.

    The chain rule through s = a x gives

        dJ/dtheta = sum dJ/ds_fake a          a = psi, or psi/|psi|
        dV/da = sum (dV/ds_real x_real + dV/ds_fake x_fake)

    D is linear, so |grad_x D| = |a| at every point, and a gradient penalty phi(|a|) has
    the slope phi'(|a|) sign(a). Spectral normalisation leaves psi no gradient at all: a
    is psi's sign, which is constant.
    """
    x_real, z = game.batches()
    x_fake = z + theta
    a = psi / _norm(psi) if game.spectral else psi
    s_real, s_fake = a * x_real, a * x_fake
    ds_real, ds_fake = game.objective.d_grads(s_real, s_fake)
    dtheta = (game.objective.g_grad(s_fake, s_real) * a).sum()  # eq: dirac-field
    da = (ds_real * x_real + ds_fake * x_fake).sum()
    da = da - _penalty_slope(game.penalty, a, s_real, x_real)
    dpsi = 0 * da if game.spectral else da
    return np.array([-dtheta, dpsi])


def _norm(a):
    """|a|, analytic: sqrt(a^2)."""
    return np.sqrt(a * a)


def _penalty_slope(penalty: Penalty | None, a, s_real, x_real):
    """dP/da."""
    if penalty is None:
        return 0.0
    if isinstance(penalty, Drift):
        return (2 * penalty.eps / s_real.size * s_real * x_real).sum()
    _, slope_over_r = penalty.phi(_norm(np.reshape(a, (1,))))
    return (slope_over_r * a).sum()  # eq: dirac-penalty


# At the equilibrium


def constants(objective: Objective) -> tuple[float, float, float]:
    """(alpha, beta, kappa): the numbers of an objective that matter at theta = psi = 0.

        alpha = -dJ/ds_fake       how hard G pulls        all at s = 0, for one sample
        beta = -dV/ds_fake        how hard D pulls
        kappa = -(V_rr + V_ff)    how concave V is in the real and the fake logit

    minimax, non-saturating     V = f(s_real) + f(-s_fake) with f = log sigma,
        f'(0) = 1/2 and f''(0) = -1/4: (1/2, 1/2, 1/2). A real label below 1 only shifts
        dV/ds_real by a constant, which changes nothing: the mean of x_real is 0
    Wasserstein, hinge          linear around 0: (1, 1, 0)
    least squares (a, b, c)     dJ/ds = s - c, dV/ds_fake = a - s: (c, -a, 2)
    relativistic average        both terms of V see s_fake, each with slope -1/2, and
        likewise J: (1, 1, 1/2); a batch's mean has no variance to add to kappa. A real
        label a < 1 adds -(1 - a) mean r to V, which sees s_fake too: beta = a
    relativistic pairing        one term, of x_real - x_fake: (1/2, 1/2, 1/2)

    kappa is for independent x_real and x_fake of one variance. Raises ValueError for an
    objective that is not in this list.
    """
    match objective:
        case Minimax():  # NonSaturating is one too
            return 0.5, 0.5, 0.5
        case Wasserstein() | Hinge():
            return 1.0, 1.0, 0.0
        case LeastSquares():
            return objective.c, -objective.a, 2.0
        case RelativisticAverage():
            return 1.0, 1 - objective.smoothing, 0.5
        case RelativisticPairing():
            return 0.5, 0.5, 0.5
    raise ValueError(f"no constants are derived for {type(objective).__name__}")


def damping(game: DiracGAN) -> float:
    """c = -d(dpsi/dt)/dpsi at the equilibrium: the sum of all that holds psi back

    R1, R2            gamma             P = gamma/2 psi^2, whatever the points
    gradient penalty  2 lambda          with k = 0; 0 if one-sided with k > 0: it
                                        begins at |psi| = k
    instance noise    kappa sigma^2     dV/dpsi = E[dV/ds x], in which dV/ds falls
                                        by -V_ss x as psi grows; E[x^2] = sigma^2
    drift             2 eps sigma^2     P = eps psi^2 E[x_real^2]: 0 without noise
    clipping          0                 weights and gradients are far from the limit
    """
    *_, kappa = constants(game.objective)
    sigma2 = game.noise**2
    match game.penalty:
        case SquaredNorm():
            of_penalty = game.penalty.gamma
        case UnitNorm(k=0.0):
            of_penalty = 2 * game.penalty.weight
        case Drift():
            of_penalty = 2 * game.penalty.eps * sigma2
        case _:
            of_penalty = 0.0
    return of_penalty + kappa * sigma2  # eq: dirac-damping


def predicted_jacobian(game: DiracGAN) -> np.ndarray:
    """v'(0, 0) = ((0, alpha), (-beta, -c)), (2, 2), rows and columns (theta, psi)

    theta moves by -dJ/dtheta = -dJ/ds psi, with the slopes 0 in theta and alpha in psi
    at psi = 0. psi moves by dV/dpsi = dV/ds_fake theta + ..., with the slopes -beta in
    theta and -c in psi (`damping`). Terms of second order, like s = psi theta, vanish.

    Raises ValueError, with the reason, if there is no Jacobian.
    """
    if game.obstacle:
        raise ValueError(f"there is no Jacobian at (0, 0): {game.obstacle}")
    alpha, beta, _ = constants(game.objective)
    return np.array([[0.0, alpha], [-beta, -damping(game)]])  # eq: dirac-jacobian


def predicted_eigenvalues(game: DiracGAN) -> np.ndarray:
    """lambda = -c/2 +- sqrt(c^2/4 - alpha beta), (2,) complex, in `ordered` order

    They are the roots of lambda^2 + c lambda + alpha beta. Without damping they are
    +-i sqrt(alpha beta), which is +-i f'(0) for the log loss: the game turns. With
    c > 0 and alpha beta > 0 both real parts are negative. Play comes in fastest at the
    critical c = 2 sqrt(alpha beta), where the roots meet: gamma = 2 |f'(0)| for R1,
    sigma^2 = |f'(0)|/|f''(0)| for instance noise. More damping makes one root slower
    again. With alpha beta = 0 one root is 0: a whole line of points is at rest.

    Source: Mescheder et al. 2018, Lemma 2.1 and section 3, for the log loss. Raises
    ValueError if there is no Jacobian.
    """
    (_, alpha), (minus_beta, minus_c) = predicted_jacobian(game).tolist()
    root = cmath.sqrt(minus_c**2 / 4 + alpha * minus_beta)
    return ordered([minus_c / 2 + root, minus_c / 2 - root])  # eq: dirac-eigenvalues


def trap(game: DiracGAN) -> float:
    """theta* = 2 lambda k/beta, where a gradient penalty towards k > 0 can hold G.

    P = lambda (|psi| - k)^2 is a hill with its top at psi = 0. On the side psi > 0 the
    field is smooth: dpsi/dt = -beta theta + 2 lambda (k - psi) to first order, which
    goes to 0 as psi -> 0+ at theta*. So a D whose slope has the wrong sign may be
    unable to climb over, and G follows it *away* from the data. A small lambda makes
    the eigenvalues on that side complex: play crosses psi = 0 on its way and is thrown
    to and fro. If they are real, play comes to rest with D flat and G at theta*.

    Raises ValueError without such a penalty, and for beta = 0.
    """
    p, beta = game.penalty, constants(game.objective)[1]
    if not isinstance(p, UnitNorm) or p.one_sided or not p.k > 0 or not beta:
        raise ValueError(f"no penalty towards a slope k > 0, or no pull, in {game}")
    return 2 * p.weight * p.k / beta  # eq: dirac-trap


def measured_jacobian(f: Callable, at=(0.0, 0.0), h: float = 1e-20) -> np.ndarray:
    """df_i/dw_j at the point, by complex steps: Im f(w + i h e_j)/h, (2, 2)

    f maps two numbers to two numbers: `field`, or a whole turn of the game.
    """
    columns = []
    for j in range(2):
        w = [complex(v) for v in at]
        w[j] += 1j * h
        columns.append(np.asarray(f(*w)).imag / h)
    return np.stack(columns, axis=1)


def eigenvalues(game: DiracGAN, at=(0.0, 0.0)) -> np.ndarray:
    """The eigenvalues of the field's Jacobian, measured; (2,) complex.

    Raises ValueError where the field jumps, as at psi = 0 with WGAN-GP: a difference
    over a jump measures the step, not the field.
    """
    if game.obstacle and not at[1]:
        raise ValueError(f"there is no Jacobian at psi = 0: {game.obstacle}")
    J = measured_jacobian(lambda theta, psi: field(game, theta, psi), at)
    return ordered(np.linalg.eigvals(J))


def ordered(values) -> np.ndarray:
    """Two complex numbers in one order: by imaginary part, then by real part."""
    values = [complex(v) for v in values]
    return np.array(sorted(values, key=lambda v: (round(v.imag, 9), v.real)))
