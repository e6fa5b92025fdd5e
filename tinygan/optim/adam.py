"""Adam: a mean gradient, divided by its usual size."""

from ..errors import number
from ..ops import Array, get_xp
from .base import Optimizer, moving_average


class Adam(Optimizer):
    """m <- beta1 m + (1 - beta1) g            v <- beta2 v + (1 - beta2) g^2

    m_hat = m / (1 - beta1^t)      v_hat = v / (1 - beta2^t)

    u = m_hat / (sqrt(v_hat) + eps)

    m and v start at zero, and m_hat and v_hat undo that bias. |u| is usually about 1
    or less, so lr is the size of a step. The first gradient after many zeros gives
    (1 - beta1) / sqrt(1 - beta2), and the next can give more. Source: Kingma and Ba
    2015, Algorithm 1 and sec. 2.1.
    """

    divisible = True
    moments = ("m", "v")
    m: Array
    v: Array

    def __init__(
        self,
        lr: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ):
        super().__init__(lr)
        self.beta1 = number(self, "0 <= beta1 < 1", beta1)
        self.beta2 = number(self, "0 <= beta2 < 1", beta2)
        self.eps = number(self, "eps >= 0", eps)

    def direction(self, g, out):
        moving_average(self.m, g, self.beta1)
        moving_average(self.v, g * g, self.beta2)
        m_hat = self.m / (1 - self.beta1**self.t)  # eq: adam-bias
        v_hat = self.v / (1 - self.beta2**self.t)
        out[...] = m_hat / (get_xp(g).sqrt(v_hat) + self.eps)  # eq: adam
        return 1.0
