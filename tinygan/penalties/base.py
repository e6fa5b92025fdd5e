"""The protocol of a penalty: D ascends V - P, so it pays for P."""

import copy

from ..errors import BackendError, number
from ..group import ALONE, Group


class Penalty:
    """Something that D pays for: D ascends V - sum of penalties."""

    divisible = False  # True if splitting the batch between processes changes nothing:
    # P is a mean over samples, divided by their number in the whole batch
    group: Group = ALONE  # the ranks that share the batch

    def part(self, rank: Group) -> "Penalty":
        """This penalty for one rank's part of the batch. P is that of the whole batch.

        BackendError if there are several ranks and the penalty is not `divisible`.
        """
        if rank is self.group:
            return self
        if not self.divisible:
            raise BackendError(
                f"{self!r} does not say that it is divisible, so several processes "
                "cannot share its batches; use --cores 1"
            )
        new = copy.copy(self)
        new.group = rank
        return new

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
            if k != "group"
        )
        return f"{type(self).__name__}({', '.join(settings)})"


class Drift(Penalty):
    """P = eps mean s_real^2      dP/ds_real = 2 eps s_real / N

    A constant added to a Wasserstein critic changes nothing, so its scores may drift.
    The penalty keeps them near 0. It is not a gradient penalty: it needs no slope of D.
    Source: Karras et al. 2018, app. A.1.
    """

    divisible = True

    def __init__(self, eps: float = 1e-3):
        self.eps = number(self, "eps >= 0", eps)

    def accumulate(self, D, real, fake, rng=None):
        _, s, cache = real
        P, dP = self.of(s)
        D.backward_weights(-dP, cache)
        return P

    def of(self, s):
        """(P, dP/ds) for the logits s (N, 1) of this rank's real samples."""
        N, square = self.group.all_reduce(s.size, (s * s).sum())
        dP = s * (2 * self.eps / N)  # eq: drift-gradient
        return self.eps * (square / N), dP  # eq: drift
