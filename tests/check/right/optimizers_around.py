"""Rules around an inner optimizer."""

import numpy as np

from tinygan import Adam, Momentum
from tinygan.optim import Wrapper


class CentredGradient(Wrapper):
    """g <- g - mean(g), then the inner step"""

    def __init__(self, inner):
        super().__init__(inner)
        self.divisible = False

    def step(self, theta, g, signed_lr):
        self.prepare(theta)
        self.inner.step(theta, g - g.mean(), signed_lr)


class SignClip(Wrapper):
    """g <- sign(g) min(|g|, 1), then the inner step"""

    def step(self, theta, g, signed_lr):
        self.inner.step(theta, np.sign(g) * np.minimum(np.abs(g), 1), signed_lr)


class TrustRegion(Wrapper):
    """the inner step, cut to length 0.1 |theta| + 0.01"""

    def __init__(self, inner):
        super().__init__(inner)
        self.divisible = False

    def step(self, theta, g, signed_lr):
        before = theta.copy()
        self.inner.step(theta, g, signed_lr)
        move = theta - before
        size = float(np.linalg.norm(move))
        limit = 0.1 * float(np.linalg.norm(before)) + 0.01
        if size > limit:
            theta[...] = before + move * (limit / size)


class ProjectToBall(Wrapper):
    """the inner step, then theta <- theta min(1, 3/|theta|)"""

    def __init__(self, inner):
        super().__init__(inner)
        self.divisible = False

    def step(self, theta, g, signed_lr):
        self.inner.step(theta, g, signed_lr)
        theta *= min(1.0, 3 / max(float(np.linalg.norm(theta)), 1e-12))


CHECKS = [
    CentredGradient(Adam(1e-3)),
    SignClip(Momentum(1e-2)),
    TrustRegion(Momentum(0.5)),
    ProjectToBall(Adam(1e-2)),
]
