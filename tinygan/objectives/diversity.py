"""Diversity: G pays for making the same sample from different z.

Nothing in J asks G to use z. If a long sentence tells G what to make, G can make one
picture for each sentence. D hardly minds, because it sees one picture at a time.
"""

from ..errors import instance, number
from ..ops import get_xp
from ..values import in_place_of_first, leaves
from .base import Objective


class Diversity:
    """L = -lambda mean min(r, tau)      r = mean |x - x'| / mean |z - z'|

    Samples n and n + N/2 of a batch are a pair: they have different z and the same
    condition (`paired`). r is the distance of the two samples, divided by the distance
    of their latents. G gains nothing by r > tau. With M numbers in an x, P = N/2 pairs,

        dL/dx = -lambda/P sign(x - x') / (M mean |z - z'|) where r < tau, else 0
        dL/dx' = -dL/dx

    G descends J + L. If r = 0 the sign is 0: two equal samples are not driven apart.
    InputError unless weight > 0 and limit > 0 (lambda and tau). Source: Yang et al.
    2019, sec. 3, with |x - x'| over pixels; Mao et al. 2019 descend a 1/r instead.
    """

    def __init__(self, weight: float, limit: float):
        self.weight = number(self, "a weight > 0", weight)
        self.limit = number(self, "a limit > 0", limit)

    def value(self, x, z):
        """L, a 0-d array, of samples x (N, ...) made from z (N, ...)."""
        r, _, _ = self._pairs(x, z)
        xp = get_xp(r)
        limited = xp.where(r < self.limit, r, self.limit)
        return -self.weight * limited.mean()  # eq: diversity-L

    def grad(self, x, z):
        """dL/dx, of the shape of x; None for the condition of a pair (x, y)."""
        xp = get_xp(leaves(x)[0])
        r, apart, latents = self._pairs(x, z)
        P, M = apart.shape
        steep = xp.where(r < self.limit, -self.weight / (P * M * latents), 0)
        dx = steep[:, None] * xp.sign(apart)  # eq: diversity-dx
        first = leaves(x)[0]
        dx = xp.concatenate([dx, -dx]).reshape(first[: 2 * P].shape)
        odd = xp.zeros_like(first[2 * P :])  # the last sample may have no partner
        return in_place_of_first(x, xp.concatenate([dx, odd]))

    def paired(self, y):
        """The conditions y (N, ...) with the second half replaced by the first."""
        P = len(y) // 2
        return get_xp(y).concatenate([y[:P], y[:P], y[2 * P :]])

    def _pairs(self, x, z):
        """r (P,), x - x' (P, M), and mean |z - z'| (P,)."""
        (x, *_), (z, *_) = leaves(x), leaves(z)
        P = len(x) // 2
        apart, latents = ((a[:P] - a[P : 2 * P]).reshape(P, -1) for a in (x, z))
        latents = _size(latents)
        latents = get_xp(z).where(latents > 0, latents, 1)  # r of equal z is 0
        return _size(apart) / latents, apart, latents  # eq: diversity

    def __repr__(self) -> str:
        return f"Diversity({self.weight:g}, {self.limit:g})"


def _size(a):
    """mean |a|, (P, M) -> (P,); `where` keeps it analytic, for the complex step."""
    return get_xp(a).where(a > 0, a, -a).mean(axis=1)


class WithDiversity(Objective):
    """An objective with the term L of a `Diversity`: G descends J + L."""

    sees_samples = True

    def __init__(self, objective: Objective, diversity: Diversity):
        self.objective = instance(self, "objective", objective, Objective)
        self.diversity = instance(self, "diversity", diversity, Diversity)
        self.paired, self.unbounded = objective.paired, objective.unbounded

    def expects(self, out_shape):
        self.objective.expects(out_shape)

    def value(self, s_real, s_fake):
        return self.objective.value(s_real, s_fake)

    def d_grads(self, s_real, s_fake):
        return self.objective.d_grads(s_real, s_fake)

    def g_value(self, s_fake, s_real=None):
        return self.objective.g_value(s_fake, s_real)

    def g_grad(self, s_fake, s_real=None):
        return self.objective.g_grad(s_fake, s_real)

    def of_samples(self, x_fake, z):
        return self.diversity.value(x_fake, z), self.diversity.grad(x_fake, z)

    def beliefs(self, s_real, s_fake):
        return self.objective.beliefs(s_real, s_fake)

    def __repr__(self) -> str:
        return f"WithDiversity({self.objective!r}, {self.diversity!r})"
