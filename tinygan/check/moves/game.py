"""Check whole moves of the game: what d_step and g_step do to theta_D and theta_G.

The oracles differentiate V in theta_D, J in theta_G and P in theta_D by a complex step
through the networks, from the first weight to the objective. They know nothing of a
backward pass. Where a network is not analytic, finite differences judge.
"""

import warnings

import numpy as np

from ...errors import instance, whole
from ...gan import d_step, g_step
from ...layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    LeakyReLU,
    Reshape,
    Sequential,
    Tanh,
)
from ...net import Net
from ...objectives import Objective
from ...optim import SGD
from ...penalties import Penalty
from ...values import mapped
from ..layers.layer import DRAWS
from ..oracles import complex_step, finite_difference, relative
from ..report import Row

FAR = 2.0**60  # a step so long that theta's rounding is lost in it, not the gradient's
ROUGH = "not analytic: judged by finite differences"


def check_game(objective: Objective, seed=0) -> list[Row]:
    """Check a d_step and a g_step of a small DCGAN, with BatchNorm in both networks.

    d_step must move theta_D along dV/dtheta_D and leave theta_G alone. g_step must move
    theta_G along -dJ/dtheta_G and leave theta_D alone. The complex step through both
    networks gives the two derivatives.
    """
    instance("check_game", "objective", objective, Objective, "NonSaturating()")
    rng = np.random.default_rng(whole("check_game", "seed >= 0", seed))
    G, D = _small_dcgan(seed)
    x, z = rng.standard_normal((3, 4, 4, 2)), rng.standard_normal((3, 5))
    return move_rows(objective, G, D, x, z, rng, f"{objective!r}")


def move_rows(
    objective: Objective, G: Net, D: Net, x, z, rng, name: str, draws=DRAWS, exact=True
) -> list[Row]:
    """Check a d_step and a g_step of two float64 networks, on a batch x and latents z.

    x: a value (N, *D.in_shape)      z: a value (N, *G.in_shape)

    exact=False leaves the complex step out. The networks are as before afterwards.
    """
    at_G, at_D = Start(G), Start(D)
    x_fake, _ = G.forward(z)
    at_G.back()
    d_step(D, SGD(FAR), objective, x, x_fake)
    dV, moved = (D.theta - at_D.theta) / FAR, np.abs(G.theta - at_G.theta).max()

    def V(theta):
        net = at_D.net(theta, advanced=True)
        s_real, s_fake = (net.forward(_like(theta, v))[0] for v in (x, x_fake))
        return objective.value(s_real, s_fake)

    at_D.back()
    rows = judged(f"d_step, {name}", "gradient", V, at_D.theta, dV, rng, draws, exact)
    rows.append(_stays(f"d_step, {name}", moved, "theta_G"))

    g_step(G, D, SGD(FAR), objective, z, x if objective.paired else None)
    dJ, moved = (at_G.theta - G.theta) / FAR, np.abs(D.theta - at_D.theta).max()

    def J(theta):
        G, D = at_G.net(theta, advanced=True), at_D.net(at_D.theta, complex=theta)
        latent = _like(theta, z)
        x_fake, _ = G.forward(latent)
        s_fake, _ = D.forward(x_fake)
        s_real = D.forward(_like(theta, x))[0] if objective.paired else None
        J = objective.g_value(s_fake, s_real)
        sees = objective.sees_samples
        return J + objective.of_samples(x_fake, latent)[0] if sees else J

    at_G.back()
    at_D.back()
    rows += judged(f"g_step, {name}", "gradient", J, at_G.theta, dJ, rng, draws, exact)
    return [*rows, _stays(f"g_step, {name}", moved, "theta_D")]


def penalty_rows(
    penalty: Penalty, D: Net, x, x_fake, rng, name: str, draws=DRAWS, exact=True
) -> list[Row]:
    """Check what a penalty adds to the gradient of a float64 D of one's own.

    x, x_fake: values (N, *D.in_shape)      exact=False: no complex step

    The points are drawn from the same seed each time, so that P is a function of theta.
    """
    at_D = Start(D)

    def P(theta):
        net = at_D.net(theta)
        net.zero_grad()
        passes = [(v, *net.forward(v)) for v in (_like(theta, x), _like(theta, x_fake))]
        value = penalty.accumulate(net, *passes, np.random.default_rng(0))
        P.grad = net.grad.copy()
        return value

    P(at_D.theta)
    grad = -P.grad  # D ascends V - P
    at_D.back()
    return judged(name, "dP/dtheta", P, at_D.theta, grad, rng, draws, exact)


class Start:
    """Where a network is: its theta, and its state before and after `advance`."""

    def __init__(self, net: Net):
        self.own, self.theta = net, net.theta.copy()
        self.real, self.wide = net.clone(), net.clone("complex128")
        self.state = _copy(net.state())
        ahead = net.clone()
        ahead.advance()
        self.ahead = _copy(ahead.state())

    def back(self) -> None:
        """Put the network itself back to the start."""
        self.own.theta[...] = self.theta
        self.own.load_state(self.state)

    def net(self, theta, advanced=False, complex=None) -> Net:
        """A copy of the network with these parameters (n,). It is complex if they are,
        or if `complex` is such an array.
        """
        like = theta if complex is None else complex
        net = self.wide if np.iscomplexobj(like) else self.real
        net.theta[...] = theta
        net.load_state(self.ahead if advanced else self.state)
        return net


def _copy(state: dict) -> dict:
    return {k: v if isinstance(v, int) else v.copy() for k, v in state.items()}


def _like(theta, v):
    """The value v (N, ...), in complex numbers if theta is complex."""
    if not np.iscomplexobj(theta):
        return v
    return mapped(lambda a: a if a.dtype.kind in "iu" else a + 0j, v)


def _stays(name: str, moved, what: str) -> Row:
    note = f"{what} has moved, though it is the other player's turn" if moved else ""
    return Row(name, "stays", float(moved), 0.0, note)


def judged(
    name, quantity, L, point, gradient, rng, draws=DRAWS, exact=True
) -> list[Row]:
    """Compare `gradient` with the complex step of L and with finite differences.

    The two oracles know nothing of the gradient. If they do not agree, L is not
    analytic: then the finite differences judge alone, to 1e-6.

    A difference of L has a rounding error that is proportional to L. So for a gradient
    far smaller than L the error is divided by 1e-4 |L|. A large network has so many
    kinks that each step may cross one. Then the complex step judges alone.
    """
    floor = 1e-4 * abs(float(np.real(L(point))))
    size = max(float(np.linalg.norm(gradient)), floor) or 1.0
    worst, finite, used = 0.0, 0.0, 0
    for i in range(draws):
        v = rng.standard_normal(point.shape)
        slope, estimate = float((gradient * v).sum()), None
        found = _complex(L, point, v) if exact else None
        if i % 2 == 0 or found is None:  # it costs five times as much
            estimate = _difference(L, point, v)
        exact = found is not None and _agree(found, estimate, size)
        if exact:
            worst = max(worst, relative(found - slope, gradient))
        if estimate is not None:  # None: the step crossed a kink
            finite, used = max(finite, relative(estimate - slope, size)), used + 1
    note = "" if used else "or its forward has abs or conj: each finite step met a kink"
    rows = [Row(name, quantity, worst, 1e-11, note)] if exact else []
    other = f"{quantity} finite"
    if not used:
        return rows or [Row(name, other, np.inf, 1e-6, "each step meets a kink")]
    return [*rows, Row(name, other, finite, 1e-6, "" if exact else ROUGH)]


def _difference(L, point, v) -> float | None:
    """The finite difference. If it meets a kink, a step of a thirtieth may do."""
    found = finite_difference(L, point, v)
    if found is None:
        found = finite_difference(L, point, 30.0 * v)
        return None if found is None else found / 30.0
    return found


def _agree(exact: float, estimate: float | None, size: float) -> bool:
    """Whether the oracles agree, as they do for an analytic L; None says nothing."""
    scale = max(size, abs(exact))
    return estimate is None or abs(exact - estimate) <= 1e-5 * scale


def _complex(L, point, v) -> float | None:
    """The complex step; None if L takes no complex numbers, or drops them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            return complex_step(L, point, v)
    except (TypeError, np.exceptions.ComplexWarning):
        return None


def _small_dcgan(seed) -> tuple[Net, Net]:
    G = Sequential(
        Dense(2 * 2 * 3),
        BatchNorm(),
        LeakyReLU(),
        Reshape(2, 2, 3),
        ConvTranspose2d(2, 4, stride=2, pad=1),
        Tanh(),
    )
    D = Sequential(
        Conv2d(3, 3, pad=1),
        BatchNorm(),
        LeakyReLU(),
        Flatten(),
        Dense(1),
    )
    return (
        Net(G, (5,), seed=seed, dtype="float64"),
        Net(D, (4, 4, 2), seed=seed + 1, dtype="float64"),
    )
