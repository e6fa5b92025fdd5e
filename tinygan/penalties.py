"""Penalties: what keeps D smooth, a second derivative by hand.

D ascends V - P. A gradient penalty is a function of how steep D is at some points,

    g = grad_x D(x)      P = mean phi(|g|)

with the norm taken over everything that belongs to one logit. Its gradient with respect
to theta is a gradient of a gradient. It needs no second backpropagation by machine:
let v = dP/dg, held constant; then

    grad_theta P = grad_theta <v, g> = grad_theta sum D_dot(x; v)

because <v, grad_x D> is the directional derivative of D along v, which is what the
tangent pass computes. So four moves (`penalise`):

    1. g by a backward pass of D            3. v forward through the tangent of D
    2. v = dP/dg from phi'                  4. the tangent pass, reversed, into grad

BatchNorm in training makes every logit depend on the whole batch: D has no slope at a
sample, and TangentError says so. LayerNorm, InstanceNorm and SpectralNorm are fine. Of
layers made to see several samples, Pack and MinibatchStd, g is the gradient of the sum
of the logits.
"""

import math

import numpy as np

from .backend import get_xp, sigmoid, softplus
from .errors import InputError
from .values import in_place_of_first, leaves, mapped


class Penalty:
    """Something that D pays for: D ascends V - sum of penalties."""

    def accumulate(self, D, real, fake, rng=None):
        """D.grad -= dP/dtheta; return P, a 0-d array.

        real, fake: (x, s, cache) of the two batches, as d_step has them.
        rng: a NumPy Generator, for penalties at random points.
        """
        raise TypeError(f"{type(self).__name__} does not define accumulate")

    def __repr__(self) -> str:
        settings = (
            f"{k}={v:g}" if isinstance(v, int | float) else f"{k}={v!r}"
            for k, v in vars(self).items()
        )
        return f"{type(self).__name__}({', '.join(settings)})"


def penalise(D, s, cache, phi):
    """D.grad -= dP/dtheta for P = mean phi(|g|), g = grad_x D; return P.

    s, cache: what D.forward gave at the points. phi maps the norms r (N,) to phi(r) and
    phi'(r)/r, each (N,): v = phi'(r)/r g, and where r = 0 v is put to 0. A
    condition has no gradient, and so no part in the norm.
    """
    xp = get_xp(s)
    ones = xp.ones_like(s)
    g = D.backward(ones, cache, param_grads=False)  # (N, ...): dD(x_n)/dx_n
    rows = [a.reshape(s.size, -1) for a in leaves(g)]  # all that belongs to one logit
    r = xp.sqrt(sum((a * a).sum(axis=1) for a in rows))  # eq: penalty-norm
    value, slope = phi(r)

    def scaled(a):
        return (a.reshape(s.size, -1) * (slope / s.size)[:, None]).reshape(a.shape)

    v = mapped(scaled, g)  # eq: penalty-v
    _, cache_dot = D.tangent(v, cache)  # eq: penalty-tangent
    D.tangent_backward(None, -ones, cache, cache_dot)  # eq: penalty-gradient
    return value.mean()


class GradientPenalty(Penalty):
    """P = mean phi(|grad_x D|) at some points: D must have a gradient for each."""

    def phi(self, r):
        """phi(r) and phi'(r)/r of the norms r, each (N,)."""
        raise TypeError(f"{type(self).__name__} does not define phi")


class SquaredNorm(GradientPenalty):
    """P = gamma/2 mean |grad_x D|^2      v = gamma g / N"""

    def __init__(self, gamma: float = 10.0):
        self.gamma = _weight(self, "gamma", gamma)

    def phi(self, r):
        """(phi(r), phi'(r)/r) for phi = gamma/2 r^2."""
        return self.gamma / 2 * r * r, self.gamma + 0 * r  # eq: squared-norm

    def at(self, D, x, s, cache):
        """The penalty at the points x (N, ...), whose forward pass left `cache`."""
        return penalise(D, s, cache, self.phi)


class R1(SquaredNorm):
    """P = gamma/2 mean |grad_x D(x)|^2 on real data

    It vanishes where p_G = p_data and D is flat, so the game can come to rest there,
    as it cannot with a slope of 1. The real batch's cache is used again: its forward
    pass is free. Source: Mescheder et al. 2018, eq. 9.
    """

    def accumulate(self, D, real, fake, rng=None):
        return self.at(D, *real)  # eq: r1


class R2(SquaredNorm):
    """P = gamma/2 mean |grad_x D(G(z))|^2 on generated data

    Source: Mescheder et al. 2018, eq. 10.
    """

    def accumulate(self, D, real, fake, rng=None):
        return self.at(D, *fake)  # eq: r2


class UnitNorm(GradientPenalty):
    """P = lambda mean (|g| - k)^2      v = 2 lambda (1 - k/|g|) g / N

    With `one_sided`, only slopes above k are punished: max(0, |g| - k) in place of
    |g| - k. Raises InputError where d_step has no rng to draw the points with.
    """

    def __init__(self, weight: float, k: float, one_sided: bool):
        self.weight = _weight(self, "weight", weight)
        self.k, self.one_sided = _weight(self, "k", k), bool(one_sided)

    def phi(self, r):
        """(phi(r), phi'(r)/r) for phi = lambda (r - k)^2; 0 for the second at r = 0."""
        where = get_xp(r).where
        excess = r - self.k
        if self.one_sided:
            excess = where(excess > 0, excess, 0)
        positive = r > 0
        slope = where(positive, excess, 0) / where(positive, r, 1)
        return self.weight * excess * excess, 2 * self.weight * slope  # eq: unit-norm

    def points(self, x_real, x_fake, rng):
        """Where the penalty is taken: (N, ...), like x_real."""
        raise TypeError(f"{type(self).__name__} does not define points")

    def accumulate(self, D, real, fake, rng=None):
        if rng is None:
            raise InputError(f"{self!r} draws its points at random: d_step needs rng=")
        x_real, x_fake = real[0], fake[0]
        if isinstance(x_real, tuple):  # (x, y): the condition stays, as it is the same
            x_hat = (self.points(x_real[0], x_fake[0], rng), *x_real[1:])
        else:
            x_hat = self.points(x_real, x_fake, rng)
        s, cache = D.forward(x_hat)
        return penalise(D, s, cache, self.phi)


class WGANGP(UnitNorm):
    """P = lambda mean (|grad_x D(x_hat)| - 1)^2

        x_hat = eps x + (1 - eps) G(z), eps uniform on [0, 1), one for *each example*

    A critic of slope 1 between the data and the samples is what the dual of the
    Wasserstein distance asks for. Source: Gulrajani et al. 2017, eq. 3 and Algorithm 1;
    one_sided: their section 4 and Petzka et al. 2018.
    """

    def __init__(self, weight: float = 10.0, k: float = 1.0, one_sided: bool = False):
        super().__init__(weight, k, one_sided)

    def points(self, x_real, x_fake, rng):
        """x_hat, (N, ...)."""
        eps = _uniform(x_real, per_example(x_real), rng)
        return eps * x_real + (1 - eps) * x_fake  # eq: wgan-gp-points


class DRAGAN(UnitNorm):
    """P = lambda mean (|grad_x D(x_hat)| - k)^2 around the real data

        x_hat = x + alpha c std(x) u      u uniform on [0, 1) for each number,
                                          alpha uniform on [0, 1) for each example

    std(x) is that of the whole batch. G's samples play no part: D is to be smooth where
    the data are. Source: Kodali et al. 2017; the points are those of their code
    (lambda 10, c 1/2), the paper's perturbation is Gaussian.
    """

    def __init__(self, weight: float = 10.0, k: float = 1.0, c: float = 0.5):
        super().__init__(weight, k, one_sided=False)
        self.c = _weight(self, "c", c)

    def points(self, x_real, x_fake, rng):
        """x_hat, (N, ...)."""
        alpha = _uniform(x_real, per_example(x_real), rng)
        u = _uniform(x_real, x_real.shape, rng)
        return x_real + alpha * (self.c * x_real.std()) * u  # eq: dragan-points


class Drift(Penalty):
    """P = eps mean s_real^2      dP/ds_real = 2 eps s_real / N

    A Wasserstein critic is free up to a constant; this keeps it from drifting away from
    0. Not a gradient penalty: one more backward. Source: Karras et al. 2018, app. A.1.
    """

    def __init__(self, eps: float = 1e-3):
        self.eps = _weight(self, "eps", eps)

    def accumulate(self, D, real, fake, rng=None):
        _, s, cache = real
        D.backward_weights(s * (-2 * self.eps / s.size), cache)  # eq: drift-gradient
        return self.eps * (s * s).mean()  # eq: drift


class Mismatch(Penalty):
    """P = w mean softplus(s_wrong), the logits of real samples under others' conditions

        D.grad -= dP/dtheta      dP/ds_wrong = w sigma(s_wrong) / N

    (x, y'), a real picture with a sentence that is not its own, is as wrong as a fake
    one with its own, and D is to say so: without such pairs it need not read y at all.
    y' is the batch's y, moved on by a random number of places; where it happens to be
    the sample's own, the pair does not count. For the share `near` of the samples it is
    that y of the batch which has the most words in common with their own: a wrong
    sentence that differs in a word or two teaches D to read them all. Source: Reed et
    al. 2016, Algorithm 1, the term log(1 - s_w) / 2; `near` is ours.

    Raises InputError for unconditional samples, ValueError unless 0 <= near <= 1.
    """

    def __init__(self, weight: float = 0.5, near: float = 0.0):
        self.weight, self.near = _weight(self, "weight", weight), float(near)
        if not 0 <= self.near <= 1:
            raise ValueError(f"Mismatch expects a share near 0 to 1, got {near}")

    def accumulate(self, D, real, fake, rng=None):
        pair = real[0]
        if not isinstance(pair, tuple):
            raise InputError("Mismatch expects samples with a condition, (x, y)")
        if rng is None:
            raise InputError("Mismatch draws the wrong pairs: d_step needs rng=")
        x, y = pair
        xp, N = get_xp(y), len(y)
        order = (np.arange(N) + rng.integers(1, N)) % N if N > 1 else np.zeros(1, int)
        order = xp.asarray(order)
        n = round(self.near * N)
        if n:
            order = xp.concatenate([nearest(y)[:n], order[n:]])
        wrong = y[order]
        out, cache = D.forward((x, wrong))
        s_wrong = leaves(out)[0]  # of two heads the first: the other is not about y
        differs = (wrong != y).reshape(N, -1).any(axis=1)
        weights = self.weight / N * differs.astype(s_wrong.dtype)[:, None]
        ds_wrong = -weights * sigmoid(s_wrong)  # eq: mismatch-gradient
        D.backward_weights(in_place_of_first(out, ds_wrong), cache)
        return (weights * softplus(s_wrong)).sum()  # eq: mismatch


def nearest(y):
    """For each of the sentences y (N, ..., T) the row of the one, other than itself,
    that has the most of its words: (N,) indices.
    """
    xp, words = get_xp(y), y.reshape(len(y), -1)
    # [t', n, t, m]: is word t of n also word t' of m?
    common = (words[:, :, None] == words.T[:, None, None]).any(axis=0)
    score = (common & (words > 0)[:, :, None]).sum(axis=1)  # (N, N); 0 is padding
    same = (words[:, None] == words[None]).all(axis=2)
    return xp.where(same, -1, score).argmax(axis=1)


def per_example(x) -> tuple[int, ...]:
    """The shape of one number for each example of x: (N, 1, ..., 1)."""
    return (len(x),) + (1,) * (x.ndim - 1)


def _uniform(like, shape, rng):
    """Numbers uniform on [0, 1) of `shape`, drawn on the host, of like's library."""
    return get_xp(like).asarray(rng.random(shape).astype(like.real.dtype))


def _weight(penalty: Penalty, name: str, value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        kind = type(penalty).__name__
        raise ValueError(f"{kind} expects {name} >= 0, got {value}")
    return float(value)
