"""Penalties that people put on a discriminator: D.grad -= dP/dtheta."""

import numpy as np

from tinygan import Penalty
from tinygan.penalties.gradient import SquaredNorm


class L2(Penalty):
    """P = lam/2 |theta|^2"""

    def __init__(self, lam=1e-2):
        self.lam = lam

    def accumulate(self, D, real, fake, rng=None):
        D.grad -= self.lam * D.theta
        return self.lam / 2 * np.dot(D.theta, D.theta)


class L1(Penalty):
    """P = lam sum |theta|"""

    lam = 1e-2

    def accumulate(self, D, real, fake, rng=None):
        D.grad -= self.lam * np.sign(D.theta)
        return self.lam * np.abs(D.theta).sum()


class Orthogonality(Penalty):
    """P = lam sum_W |W^T W - I|_F^2 over all matrices W"""

    def __init__(self, lam=0.1):
        self.lam = lam

    def accumulate(self, D, real, fake, rng=None):
        P = 0 * D.theta.sum()
        grads = D.parameters(D.grad)
        for name, W in D.parameters().items():
            if W.ndim != 2:
                continue
            E = W.T @ W - np.eye(W.shape[1], dtype=W.dtype)
            P = P + self.lam * (E * E).sum()
            view = grads[name]
            view -= 4 * self.lam * W @ E
        return P


class WeightBall(Penalty):
    """P = sum_W max(0, |W| - 1)^2, |W| the Frobenius norm of each array"""

    def accumulate(self, D, real, fake, rng=None):
        P = 0 * D.theta.sum()
        grads = D.parameters(D.grad)
        for name, W in D.parameters().items():
            n = np.linalg.norm(W)
            if n > 1:
                grads[name][...] -= 2 * (n - 1) * W / n
                P = P + (n - 1) ** 2
        return P


class LogitDrift(Penalty):
    """P = eps (mean s_real^2 + mean s_fake^2)"""

    def __init__(self, eps=0.1):
        self.eps = eps

    def accumulate(self, D, real, fake, rng=None):
        P = 0
        for _, s, cache in (real, fake):
            D.backward_weights(-2 * self.eps * s / s.size, cache)
            P = P + self.eps * (s**2).mean()
        return P


class LogitVariance(Penalty):
    """P = var(s_real), by np.var"""

    def accumulate(self, D, real, fake, rng=None):
        _x, s, cache = real
        D.backward_weights(-2 * (s - s.mean()) / s.size, cache)
        return np.var(s)


class LogitMargin(Penalty):
    """P = mean max(0, |s| - 0.1)^2 over both batches"""

    def accumulate(self, D, real, fake, rng=None):
        total = 0
        for _, s, cache in (real, fake):
            over = np.maximum(np.abs(s) - 0.1, 0)
            D.backward_weights(-over * np.sign(s) / s.size, cache)
            total = total + 0.5 * np.mean(over**2)
        return total


class GapOfMeans(Penalty):
    """P = (mean s_real - mean s_fake)^2: D may not tell the batches too far apart"""

    def accumulate(self, D, real, fake, rng=None):
        (_, r, cr), (_, f, cf) = real, fake
        gap = r.mean() - f.mean()
        D.backward_weights(-2 * gap * np.ones_like(r) / r.size, cr)
        D.backward_weights(2 * gap * np.ones_like(f) / f.size, cf)
        return gap**2


class Consistency(Penalty):
    """P = lam mean (D(x) - D(x + 0.1 n))^2 on real samples (Zhang et al. 2020)"""

    def __init__(self, lam=1.0):
        self.lam = lam

    def accumulate(self, D, real, fake, rng=None):
        x, s, cache = real
        noise = rng.standard_normal(x.shape).astype(x.dtype)
        s2, cache2 = D.forward(x + 0.1 * noise)
        d = s - s2
        g = 2 * self.lam * d / d.size
        D.backward_weights(-g, cache)
        D.backward_weights(g, cache2)
        return self.lam * np.mean(d**2)


class LipschitzQuotient(Penalty):
    """P = mean (|s_real - s_fake|/|x_real - x_fake| - 1)^2 over pairs of a batch"""

    def accumulate(self, D, real, fake, rng=None):
        (x, r, cr), (y, f, cf) = real, fake
        dist = np.linalg.norm((x - y).reshape(len(x), -1), axis=1, keepdims=True) + 1e-6
        q = np.abs(r - f) / dist
        g = 2 * (q - 1) * np.sign(r - f) / dist / q.size
        D.backward_weights(-g, cr)
        D.backward_weights(g, cf)
        return ((q - 1) ** 2).mean()


class InterpolatedR(Penalty):
    """P = gamma/2 mean |grad D(x_hat)|^2, x_hat between real and fake samples"""

    def __init__(self, gamma=10.0):
        self.gamma = gamma

    def accumulate(self, D, real, fake, rng=None):
        x, y = real[0], fake[0]
        a = rng.random((len(x),) + (1,) * (x.ndim - 1)).astype(x.dtype)
        s, cache = D.forward(a * x + (1 - a) * y)
        ones = np.ones_like(s)
        g = D.backward(ones, cache, param_grads=False)
        _, cache_dot = D.tangent(-self.gamma / len(x) * g, cache)
        D.tangent_backward(None, ones, cache, cache_dot)
        return self.gamma / 2 * (g**2).sum() / len(x)


class OneSidedLP(Penalty):
    """P = lam mean max(0, |grad D(x)| - 0.1)^2 at noisy real samples (WGAN-LP)"""

    def __init__(self, lam=10.0, bound=0.1):
        self.lam, self.bound = lam, bound

    def accumulate(self, D, real, fake, rng=None):
        x = real[0]
        x = x + 0.05 * rng.standard_normal(x.shape).astype(x.dtype)
        s, cache = D.forward(x)
        g = D.backward(np.ones_like(s), cache, param_grads=False)
        norm = np.sqrt(
            np.sum(g**2, axis=tuple(range(1, g.ndim)), keepdims=True) + 1e-12
        )
        over = np.maximum(norm - self.bound, 0)
        v = 2 * self.lam * over * g / norm / len(x)
        _, cache_dot = D.tangent(v, cache)
        D.tangent_backward(None, -np.ones_like(s), cache, cache_dot)
        return self.lam * np.mean(over**2)


class R1AndR2(SquaredNorm):
    """P = gamma/2 (mean |grad D(x)|^2 + mean |grad D(G(z))|^2)"""

    def accumulate(self, D, real, fake, rng=None):
        return self.at(D, *real) + self.at(D, *fake)


class LeCam(Penalty):
    """P = lam (mean (s_real + 0.2)^2 + mean (s_fake - 0.3)^2), anchors held fixed"""

    def __init__(self, lam=0.3):
        self.lam = lam

    def accumulate(self, D, real, fake, rng=None):
        P = 0.0
        for (_, s, cache), anchor in ((real, -0.2), (fake, 0.3)):
            e = s - anchor
            D.backward(-2 * self.lam * e / e.size, cache)
            P += self.lam * np.square(e).mean()
        return P


CHECKS = [
    L2(),
    L1(),
    Orthogonality(),
    WeightBall(),
    LogitDrift(),
    LogitVariance(),
    LogitMargin(),
    GapOfMeans(),
    Consistency(),
    LipschitzQuotient(),
    InterpolatedR(),
    OneSidedLP(),
    R1AndR2(1.0),
    LeCam(),
]
