"""The equalised learning rate: the size of the first weights is no part of them."""

import math

from ..errors import number
from .base import Layer
from .parametrised import Parametrised

HE = math.sqrt(2)  # the gain for ReLU: the output begins with the variance of he()


class EqualRate(Parametrised):
    """The wrapped layer with W_used = c W in place of W, and W ~ N(0, 1) at first

        W_used = c W      dW = c dW_used      c = gain / sqrt(fan_in)

    c is a constant. fan_in is the number of inputs that an output sums over, as for
    `he`, so the first W_used has the variance gain^2 / fan_in of He's initialisation.
    The last layer of a network, behind which stands no ReLU, takes gain=1. A bias stays
    as it is. The `init` of the layer has no say in W.

    Why: Adam moves every parameter by about lr in a step, whatever the scale of its
    gradient. With He's W of the size c, that is the share lr/c of the weight: wide
    layers move faster than narrow ones, and no lr suits all. Here every W has the
    size 1, so every layer moves by the share lr.

    Raises InputError unless the layer has a parameter W, no state, and no layers inside
    it, and unless gain > 0. Source: Karras et al. 2018, sec. 4.1.
    """

    def __init__(self, layer: Layer, gain: float = HE):
        self.gain = number(self, "gain > 0", gain)
        super().__init__(layer)

    def build(self, in_shape):
        out_shape = super().build(in_shape)
        W = self.shapes["W"]
        fan_in, *_ = self.fans or (math.prod(W) / W[self.out_axis],)
        self.factor = self.gain / math.sqrt(fan_in)
        return out_shape

    def init(self, rng):
        super().init(rng)
        self.W[...] = rng.standard_normal(self.W.shape)

    def used(self):
        """(W_used,), of the shape of W."""
        return (self.factor * self.W,)  # eq: equal-rate

    def add_gradient(self, dW_used, cache):
        dW_used *= self.factor  # eq: equal-rate-dW
        self.dW += dW_used

    def __repr__(self):
        gain = "" if self.gain == HE else f", gain={self.gain:g}"
        return f"EqualRate({self.layer!r}{gain})"
