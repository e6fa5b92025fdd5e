"""Check one layer: its four passes against the complex step, and its contract.

`check_layer` puts the layer in a float64 `Net`, draws random weights, inputs and
cotangents, and returns a `Row` for each quantity. It checks tinygan's own layers and
anyone else's. contract.py has the rules that no derivative shows.
"""

import numpy as np

from ..errors import InputError, LayerError, TangentError, flag, whole
from ..layers.base import Layer, a_layer
from ..net import Net
from ..values import as_shape
from .contract import breaches
from .oracles import complex_step, finite_difference, relative
from .report import Row

DRAWS = 4  # random directions per quantity

LIMITS = {
    "dx": 1e-11,
    "dtheta": 1e-11,
    "tangent": 1e-11,
    "adjoint": 1e-12,
    "reverse": 1e-11,
    "finite": 1e-6,
    "contract": 0.0,
}


class Probe:
    """A layer in a float64 network, with random weights, inputs and cotangents.

    Every pass starts from the same layer state, so that a layer with dropout masks or
    running statistics is a plain function of (x, theta), x (batch, *in_shape) and theta
    (n,).
    """

    def __init__(self, layer: Layer, in_shape, batch: int, seed: int, train: bool):
        self.rng = np.random.default_rng(seed)
        self.net = Net(layer, in_shape, seed=seed, dtype="float64")
        self.train = train
        self.net.theta += 0.3 * self.normal(self.net.theta.shape)  # no zero biases
        self.net.advance()
        self.x = self.normal((batch, *in_shape))
        self.net.forward(self.normal(self.x.shape))  # running statistics move off 0, 1
        self.state = {k: np.copy(v) for k, v in self.net.state().items()}
        self.theta = self.net.theta.copy()
        self.complex_net = self.net.clone("complex128")
        self.y, self.cache = self.forward(self.net, self.x)
        self.dy = self.normal(self.y.shape)

    def normal(self, shape):
        """Standard normal numbers of this shape."""
        return self.rng.standard_normal(shape)

    def forward(self, net, x):
        """(y, cache) of a network at x, started from the same layer state each time."""
        net.load_state(self.state)
        return net.forward(x, self.train)

    def at(self, x, theta):
        """(net, y, cache) at x with parameters theta; complex if one of them is."""
        net = self.complex_net if np.iscomplexobj(x + theta.sum()) else self.net
        net.theta[...] = theta
        result = self.forward(net, x.astype(net.theta.dtype))
        self.net.theta[...] = self.theta
        return net, *result

    def gradients(self, dy=None, **kwargs):
        """dx and a copy of dtheta by backward, for the cotangent dy."""
        self.net.zero_grad()
        dy = self.dy if dy is None else dy
        dx = self.net.backward(dy.copy(), self.cache, **kwargs)
        return dx, self.net.grad.copy()

    def loss(self, x, theta):
        """L = <dy, f(x; theta)>: its gradient is what backward returns."""
        return (self.dy * self.at(x, theta)[1]).sum()  # eq: probe


def check_layer(
    layer: Layer, in_shape, batch=4, seed=0, name=None, analytic=True
) -> list[Row]:
    """Check all passes of `layer` on inputs (batch, *in_shape), in training and
    evaluation.

    analytic=False leaves the complex step out, for a forward that uses abs, conj, norm
    or a comparison that complex numbers do not know. Then a tangent has to fulfil only
    the adjoint identity, and derivatives are checked only to 1e-6.

    Raises InputError for an in_shape that is no shape.
    """
    a_layer("check_layer", layer)
    shape = as_shape(tuple(in_shape) if isinstance(in_shape, list) else in_shape)
    if shape is None:
        raise InputError(f"check_layer expects in_shape such as (3,), got {in_shape!r}")
    batch = whole("check_layer", "batch >= 1", batch)
    seed = whole("check_layer", "seed >= 0", seed)
    analytic = flag("check_layer", "analytic", analytic)
    in_shape, name = shape, str(name) if name is not None else f"{layer!r} on {shape}"
    try:
        return _checked(layer, in_shape, batch, seed, name, analytic)
    except LayerError as e:  # the other errors would say nothing
        return [Row(name, "contract", 1.0, LIMITS["contract"], str(e))]


def _checked(layer: Layer, in_shape, batch, seed, name, analytic) -> list[Row]:
    worst: dict[str, Row] = {}
    for train in (True, False):
        probe = Probe(layer, in_shape, batch, seed, train)
        checks = [{"contract": breaches(probe)}]
        if np.shape(probe.gradients()[0]) == probe.x.shape:  # else errors say nothing
            checks += [_finite(probe), _tangents(probe, analytic)]
            checks += [_backward(probe)] if analytic else []
        for errors in checks:
            for quantity, (error, note) in errors.items():
                row = Row(name, quantity, error, LIMITS[quantity], note)
                if quantity not in worst or error > worst[quantity].error:
                    worst[quantity] = row
    return [worst[q] for q in LIMITS if q in worst]


def _backward(p: Probe) -> dict:
    """Compare dx and dtheta with the complex step of L = <dy, f(x; theta)>."""
    dx, dtheta = p.gradients()
    errors = {"dx": 0.0, "dtheta": 0.0}
    for _ in range(DRAWS):
        v = p.normal(p.x.shape)
        exact = complex_step(lambda x: p.loss(x, p.theta), p.x, v)
        errors["dx"] = max(errors["dx"], relative(exact - (dx * v).sum(), dx))
        v = p.normal(p.theta.shape)
        exact = complex_step(lambda theta: p.loss(p.x, theta), p.theta, v)
        error = relative(exact - dtheta @ v, dtheta)
        errors["dtheta"] = max(errors["dtheta"], error)
    if not p.theta.size:
        del errors["dtheta"]
    return {q: (e, "") for q, e in errors.items()}


def _finite(p: Probe) -> dict:
    """Compare dx and dtheta with finite differences; discard steps across a kink.

    The rounding error of a difference of L is proportional to L. So for a gradient far
    smaller than L the error is divided by 1e-4 |L| instead of the gradient's size.
    """
    dx, dtheta = p.gradients()
    floor = 1e-4 * abs(float((p.dy * p.y).sum()))
    of_x = (lambda x: p.loss(x, p.theta), p.x, dx)
    of_theta = (lambda theta: p.loss(p.x, theta), p.theta, dtheta)
    worst, crossed = 0.0, 0
    for L, point, gradient in (of_x, of_theta) if p.theta.size else (of_x,):
        size, used = max(float(np.linalg.norm(gradient)), floor), 0
        for _ in range(DRAWS):
            v = p.normal(point.shape)
            estimate = finite_difference(L, point, v)
            if estimate is not None:
                worst = max(worst, relative(estimate - (gradient * v).sum(), size))
                used += 1
        crossed += DRAWS - used
        if not used:
            return {"finite": (np.inf, "every finite step crossed a kink")}
    return {"finite": (worst, f"{crossed} steps crossed a kink" if crossed else "")}


def _tangents(p: Probe, analytic: bool) -> dict:
    """Check tangent, the adjoint identity and tangent_backward; {} if no tangent."""
    x_dot = p.normal(p.x.shape)
    p.net.zero_grad()
    try:
        y_dot, cache_dot = p.net.tangent(x_dot.copy(), p.cache)
    except TangentError:
        return {}
    dx, _ = p.gradients()
    adjoint = (p.dy * y_dot).sum() - (dx * x_dot).sum()  # eq: adjoint-identity
    size = np.linalg.norm(p.dy) * np.linalg.norm(y_dot)
    errors = {"adjoint": (relative(adjoint, size), "")}
    if analytic:
        y = p.at(p.x + 1e-200j * x_dot, p.theta)[1]
        errors["tangent"] = (relative(y.imag / 1e-200 - y_dot, y_dot), "")
        errors["reverse"] = (_reverse(p, x_dot, cache_dot), "")
    return errors


def _reverse(p: Probe, x_dot, cache_dot) -> float:
    """Compare tangent_backward with the complex step of <dy, y> + <dy_dot, y_dot>."""
    dy_dot = p.normal(p.y.shape)
    p.net.zero_grad()
    dx, dx_dot = p.net.tangent_backward(p.dy, dy_dot, p.cache, cache_dot)
    dtheta = p.net.grad.copy()

    def L(point):
        x, x_dot, theta = np.split(point, [p.x.size, 2 * p.x.size])
        net, y, cache = p.at(x.reshape(p.x.shape), theta)
        y_dot, _ = net.tangent(x_dot.reshape(p.x.shape), cache)
        return (p.dy * y).sum() + (dy_dot * y_dot).sum()  # eq: probe-reverse

    point = np.concatenate([p.x.ravel(), x_dot.ravel(), p.theta])
    gradient = np.concatenate([dx.ravel(), dx_dot.ravel(), dtheta])
    worst = 0.0
    for _ in range(DRAWS):
        v = p.normal(point.shape)
        exact = complex_step(L, point, v)
        worst = max(worst, relative(exact - gradient @ v, gradient))
    p.net.zero_grad()  # None means zero: the two halves add up to the whole
    dx_1, none_1 = p.net.tangent_backward(p.dy, None, p.cache, cache_dot)
    dx_2, dx_dot_2 = p.net.tangent_backward(None, dy_dot, p.cache, cache_dot)
    halves = [dx_1 + (0 if dx_2 is None else dx_2), dx_dot_2]
    if none_1 is not None and np.any(none_1):
        return np.inf
    halves = np.concatenate([h.ravel() for h in halves] + [p.net.grad])
    whole = np.concatenate([dx.ravel(), dx_dot.ravel(), dtheta])
    return max(worst, relative(halves - whole, whole))
