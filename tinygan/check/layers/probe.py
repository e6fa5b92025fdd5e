"""A probe: a layer in a network of its own, in one case, with random weights.

All checks of a layer begin with a probe. It has the same network in float64, in complex
numbers and in the longest floating-point numbers, so that every oracle can ask it.
"""

import copy
import functools

import numpy as np

from ...layers.base import Layer
from ...net import Net
from ...ops import Array
from .cases import EXTREME, ORDERS, VALUES, Case

LONG = np.dtype(np.longdouble)  # on some machines no longer than float64


class Probe:
    """A layer in a float64 network, with weights, inputs and cotangents of a case.

    Every pass starts from the same layer state, so that a layer with dropout masks or
    running statistics is a plain function of (x, theta), x (N, *in_shape) and theta
    (n,). The layer itself is not touched: the network has a copy.
    """

    def __init__(self, layer: Layer, in_shape: tuple, case: Case):
        self.case, self.train = case, case.train
        self.in_shape = in_shape if case.in_shape is None else case.in_shape
        self.rng = np.random.default_rng(case.seed)
        self.pristine = layer  # never built here
        tree = copy.deepcopy(layer)
        self.net = Net(tree, self.in_shape, seed=case.seed, dtype="float64")
        self.net.theta += 0.3 * self.normal(self.net.theta.shape)  # no zero biases
        self.net.advance()
        shape = (case.N, *self.in_shape)
        self.x = np.array(VALUES[case.values](self.rng, shape))
        self.net.forward(self.normal(shape))  # running statistics move off 0, 1
        self.state = {k: np.copy(v) for k, v in self.net.state().items()}
        self.theta = self.net.theta.copy()
        self.y, self.cache = self.forward(self.net, self.x)
        self.dy = self.normal(self.y.shape)

    @functools.cached_property
    def complex_net(self) -> Net:
        """The network in complex numbers."""
        return self.net.clone("complex128")

    @functools.cached_property
    def long_net(self) -> Net:
        """The network in the longest floating-point numbers."""
        return self.net.clone(LONG)

    @property
    def extreme(self) -> bool:
        """True if a right formula may lose digits at these values."""
        return self.case.values in EXTREME

    def normal(self, shape):
        """Standard normal numbers of this shape."""
        return self.rng.standard_normal(shape)

    def ordered(self, a):
        """`a`, of any shape, in the order of memory of the case, and read-only."""
        a = ORDERS[self.case.order](a)
        a.flags.writeable = False
        return a

    def forward(self, net: Net, x):
        """(y, cache) of a network at x, started from the same layer state each time."""
        net.load_state(self.state)
        return net.forward(x, self.train)

    def at(self, x, theta):
        """(net, y, cache) at x with parameters theta, in the numbers of the two."""
        dtype = np.result_type(x, theta)
        net: Net = self.net
        if dtype.kind == "c":
            net = self.complex_net
        elif dtype == LONG != self.net.theta.dtype:
            net = self.long_net
        net.theta[...] = theta
        try:
            result = self.forward(net, x.astype(net.theta.dtype))
        finally:
            self.net.theta[...] = self.theta
        return net, *result

    def gradients(self, dy=None, **kwargs):
        """dx and a copy of dtheta by backward, for the cotangent dy."""
        self.net.zero_grad()
        dy = self.dy if dy is None else dy
        dx = self.net.backward(dy.copy(), self.cache, **kwargs)
        return dx, self.net.grad.copy()

    def loss(self, x, theta) -> Array:
        """L = <dy, f(x; theta)>: its gradient is what backward returns."""
        return (self.dy * self.at(x, theta)[1]).sum()  # eq: probe

    def of_x(self, x) -> Array:
        """L as a function of x (N, *in_shape) alone."""
        return self.loss(x, self.theta)

    def of_theta(self, theta) -> Array:
        """L as a function of theta (n,) alone."""
        return self.loss(self.x, theta)
