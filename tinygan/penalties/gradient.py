"""Penalties: what keeps D smooth, a second derivative by hand.

D ascends V - P. A gradient penalty is a function of how steep D is at some points,

    g = grad_x D(x)      P = mean phi(|g|)

with the norm taken over everything that belongs to one logit. Its gradient with respect
to theta is a gradient of a gradient. It needs no second backpropagation by machine:
let v = dP/dg, held constant; then

    grad_theta P = grad_theta <v, g> = grad_theta sum D_dot(x; v)

because <v, grad_x D> is the directional derivative of D along v, which is what the
tangent pass computes. So `penalise` makes four moves:

    1. g by a backward pass of D            3. v forward through the tangent of D
    2. v = dP/dg from phi'                  4. the tangent pass, reversed, into grad

D ascends -P, so the third move takes -v.

BatchNorm in training makes every logit depend on the whole batch: D has no slope at a
sample, and TangentError says so. LayerNorm, InstanceNorm and SpectralNorm are fine.
Pack and MinibatchStd are made to see several samples: with them, g is the gradient of
the sum of the logits.
"""

import numpy as np

from ..errors import InputError, ShapeError, flag, instance, number
from ..fast import primitive
from ..group import ALONE, Group
from ..ops import get_xp
from ..values import leaves, mapped
from .base import Penalty


@primitive
def penalise(D, s, cache, phi, group: Group = ALONE):
    """D.grad -= dP/dtheta for P = mean phi(|g|), g = grad_x D; return P.

    s, cache: what D.forward gave at the points. phi maps the norms r (N,) to phi(r) and
    phi'(r)/r, each (N,): v = phi'(r)/r g / N, and v = 0 where r = 0. A condition has no
    gradient, so the norm leaves it out. The mean is over the points of all ranks.
    """
    ones = get_xp(s).ones_like(s)
    g = D.backward(ones, cache, param_grads=False)  # dD(x_n)/dx_n  # eq: penalty-g
    P, minus_v = value_and_direction(g, s.size, phi, group)
    _, cache_dot = D.tangent(minus_v, cache)  # eq: penalty-tangent
    D.tangent_backward(None, ones, cache, cache_dot)  # eq: penalty-gradient
    return P


def value_and_direction(g, n: int, phi, group: Group):
    """(P, -v) from g = grad_x D, (n, ...) or a tuple, at the n points of this rank."""
    rows = [a.reshape(n, -1) for a in leaves(g)]  # all that belongs to one logit
    r = get_xp(rows[0]).sqrt(sum((a * a).sum(axis=1) for a in rows))  # eq: penalty-norm
    value, slope = phi(r)
    total, N = group.all_reduce(value.sum(), n)

    def scaled(a):
        return (a.reshape(n, -1) * (-slope / N)[:, None]).reshape(a.shape)

    return total / N, mapped(scaled, g)  # eq: penalty-v


class GradientPenalty(Penalty):
    """P = mean phi(|grad_x D|) at some points: D must have a gradient for each."""

    def phi(self, r):
        """phi(r) and phi'(r)/r of the norms r, each (N,)."""
        raise TypeError(f"{type(self).__name__} does not define phi")


class SquaredNorm(GradientPenalty):
    """P = gamma/2 mean |grad_x D|^2      v = gamma g / N"""

    divisible = True

    def __init__(self, gamma: float = 10.0):
        self.gamma = number(self, "gamma >= 0", gamma)

    def phi(self, r):
        """(phi(r), phi'(r)/r) for phi = gamma/2 r^2."""
        return self.gamma / 2 * r * r, self.gamma + 0 * r  # eq: squared-norm

    def at(self, D, x, s, cache):
        """The penalty at the points x (N, ...), whose forward pass left `cache`."""
        return penalise(D, s, cache, self.phi, self.group)


class R1(SquaredNorm):
    """P = gamma/2 mean |grad_x D(x)|^2 on real data

    P vanishes where p_G = p_data and D is flat, so the game can come to rest there. A
    penalty that asks for a slope of 1 prevents this rest. The real batch's cache is
    used again, so no forward pass is needed. Source: Mescheder et al. 2018, eq. 9.
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
    |g| - k. Raises InputError if d_step has no rng to draw the points with.
    """

    def __init__(self, weight: float, k: float, one_sided: bool):
        self.weight = number(self, "weight >= 0", weight)
        self.k = number(self, "k >= 0", k)
        self.one_sided = flag(self, "one_sided", one_sided)

    def phi(self, r):
        """(phi(r), phi'(r)/r) for phi = lambda (r - k)^2; the second is 0 at r = 0."""
        where = get_xp(r).where
        excess = r - self.k
        if self.one_sided:
            excess = where(excess > 0, excess, 0)
        positive = r > 0
        slope = where(positive, excess, 0) / where(positive, r, 1)
        return self.weight * excess * excess, 2 * self.weight * slope  # eq: unit-norm

    def points(self, x_real, x_fake, rng):
        """The points at which the penalty is taken, (N, ...) like x_real."""
        raise TypeError(f"{type(self).__name__} does not define points")

    def uniform(self, like, shape, rng):
        """Uniform numbers on [0, 1) for this rank's samples, of a shape (n, ...).

        Every rank draws the numbers of the whole batch, on the host, and takes its
        rows. The result is an array of like's library.
        """
        own, N = self.group.place(len(like))
        drawn = rng.random((N, *shape[1:]))[own]
        return get_xp(like).asarray(drawn.astype(like.real.dtype))

    def accumulate(self, D, real, fake, rng=None):
        if rng is None:
            raise InputError(f"{self!r} draws its points at random: d_step needs rng=")
        instance(self, "rng", rng, np.random.Generator, "np.random.default_rng(0)")
        x_real, x_fake = real[0], fake[0]
        if isinstance(x_real, tuple):  # (x, y): both batches have the same condition
            x_hat = (self.points(x_real[0], x_fake[0], rng), *x_real[1:])
        else:
            x_hat = self.points(x_real, x_fake, rng)
        s, cache = D.forward(x_hat)
        return penalise(D, s, cache, self.phi, self.group)


class WGANGP(UnitNorm):
    """P = lambda mean (|grad_x D(x_hat)| - 1)^2

        x_hat = eps x + (1 - eps) G(z), eps uniform on [0, 1), one for *each example*

    The dual of the Wasserstein distance asks for a critic of slope 1 between the data
    and the samples. Source: Gulrajani et al. 2017, eq. 3 and Algorithm 1;
    one_sided: their section 4 and Petzka et al. 2018.
    """

    divisible = True

    def __init__(self, weight: float = 10.0, k: float = 1.0, one_sided: bool = False):
        super().__init__(weight, k, one_sided)

    def points(self, x_real, x_fake, rng):
        """x_hat, (N, ...). ShapeError unless both batches have the same number N."""
        if x_real.shape != x_fake.shape:
            raise ShapeError(
                "WGANGP takes points between real and fake samples, so it expects as "
                f"many of both, got {x_real.shape} and {x_fake.shape}"
            )
        eps = self.uniform(x_real, per_example(x_real), rng)
        return eps * x_real + (1 - eps) * x_fake  # eq: wgan-gp-points


class DRAGAN(UnitNorm):
    """P = lambda mean (|grad_x D(x_hat)| - k)^2 around the real data

        x_hat = x + alpha c std(x) u      u uniform on [0, 1) for each number,
                                          alpha uniform on [0, 1) for each example

    std(x) is over all numbers of the whole batch. G's samples are not used: D is to be
    smooth where the data are. Source: Kodali et al. 2017. The points follow their code
    (lambda 10, c 1/2); the perturbation in the paper is Gaussian.
    """

    divisible = True

    def __init__(self, weight: float = 10.0, k: float = 1.0, c: float = 0.5):
        super().__init__(weight, k, one_sided=False)
        self.c = number(self, "c >= 0", c)

    def points(self, x_real, x_fake, rng):
        """x_hat, (N, ...)."""
        alpha = self.uniform(x_real, per_example(x_real), rng)
        u = self.uniform(x_real, x_real.shape, rng)
        M, total = self.group.all_reduce(x_real.size, x_real.sum())
        apart = x_real - total / M
        (square,) = self.group.all_reduce((apart * apart).sum())
        std = get_xp(square).sqrt(square / M)
        return x_real + alpha * (self.c * std) * u  # eq: dragan-points


def per_example(x) -> tuple[int, ...]:
    """The shape of one number for each example of x: (N, 1, ..., 1)."""
    return (len(x),) + (1,) * (x.ndim - 1)
