"""A game on several ranks: together they play the game of the whole batch.

A rank is one of several processes, and it works on its part of every batch. The moves
(gan.py) and the layers are the same as for one process. A rank's network has the same
theta and a gradient of its own. Its optimizer adds up all gradients and steps its share
of theta. Its objective gathers all logits and returns the gradients of its own samples.
"""

import numpy as np

from ..group import Group
from ..net import Net
from ..objectives import Objective
from ..optim import Optimizer, Wrapper
from ..values import rows, size, together
from .mailbox import shared


def divided(net: Net, opt: Optimizer, ranks: list) -> list[tuple]:
    """A player for each rank: [(its network, its optimizer), ...].

    If there are several, theta, grad and the moments move to memory that processes
    share. After a step they have the values for the whole batch. ShapeError, naming the
    layer, if a layer needs the batch in one piece.
    """
    opt.prepare(net.theta)
    if len(ranks) > 1:
        net.bind(shared(net.theta), shared(net.grad))
        opt.bind(shared)
    others = (shared(np.zeros_like(net.grad)) for _ in ranks[1:])
    grads = [net.grad, *others]
    return [
        (net.part(rank, grad), SharedStep(opt, grads, rank))
        for rank, grad in zip(ranks, grads, strict=True)
    ]


class SharedStep(Wrapper):
    """The inner optimizer's step for the sum of the gradients of all ranks.

    grads: the gradient of every rank of this machine, each (n,) like theta; the first
    becomes their sum, and then the sum over all machines. Each rank of a machine adds
    and steps an equal part of theta. If the inner optimizer is not `divisible`, the
    first rank steps all of theta.
    """

    def __init__(self, inner: Optimizer, grads: list, rank):
        super().__init__(inner)
        self.grads, self.group = grads, rank
        n, local = len(grads[0]), rank.local
        first, last = (n * i // local.size for i in (local.rank, local.rank + 1))
        self.own = slice(first, last)
        self.mine = inner.part(self.own, local) if inner.divisible else inner

    def step(self, theta, g, signed_lr):
        total, own, local = self.grads[0], self.own, self.group.local
        local.barrier()  # wait for all gradients
        for grad in self.grads[1:]:
            total[own] += grad[own]  # eq: shard-gradient
        self.group.add_machines(total)
        if self.inner.divisible:
            self.mine.t = self.inner.t
            self.mine.step(theta[own], total[own], signed_lr)
            self.inner.t = self.mine.t
        else:
            local.barrier()  # wait for the whole sum
            if local.rank == 0:
                self.inner.step(theta, total, signed_lr)
        local.barrier()  # wait for all of theta


class Whole:
    """Joins the parts (n, ...) of all ranks to values (N, ...) of the whole batch."""

    def __init__(self, rank: Group):
        self.rank, self.last = rank, (None, None)

    def __call__(self, a, b) -> list:
        """a and b (n, ...) of all ranks as (N, ...); b may be None.

        A second call with the same a and b returns the same result, without waiting.
        """
        if a is not self.last[0] or b is not self.last[1]:
            every = self.rank.all_gather((a, b))
            self.whole = [together(parts) for parts in zip(*every, strict=True)]
            before = sum(size(first) for first, _ in every[: self.rank.rank])
            self.own = slice(before, before + size(a))
            self.last = a, b
        return self.whole

    def rows(self, value):
        """This rank's rows of a value of the whole batch."""
        return rows(value, self.own)


class Gathered(Objective, checks_logits=False):
    """An objective that gathers the logits of all ranks, and returns the gradients of
    this rank's samples. So the two samples of a pair may be on two ranks.

    The objective inside checks the logits.
    """

    def __init__(self, objective: Objective, rank: Group):
        self.objective, self.logits, self.samples = objective, Whole(rank), Whole(rank)
        self.paired = objective.paired

    def expects(self, out_shape):
        self.objective.expects(out_shape)

    def value(self, s_real, s_fake):
        s_fake, s_real = self.logits(s_fake, s_real)
        return self.objective.value(s_real, s_fake)

    def d_grads(self, s_real, s_fake):
        s_fake, s_real = self.logits(s_fake, s_real)
        return self.logits.rows(self.objective.d_grads(s_real, s_fake))

    def g_value(self, s_fake, s_real=None):
        return self.objective.g_value(*self.logits(s_fake, s_real))

    def g_grad(self, s_fake, s_real=None):
        return self.logits.rows(self.objective.g_grad(*self.logits(s_fake, s_real)))

    def of_samples(self, x_fake, z):
        if not self.objective.sees_samples:
            return None
        L, dx = self.objective.of_samples(*self.samples(x_fake, z))
        return L, self.samples.rows(dx)

    @property
    def sees_samples(self) -> bool:
        """True if the objective sees samples."""
        return self.objective.sees_samples

    def beliefs(self, s_real, s_fake):
        s_fake, s_real = self.logits(s_fake, s_real)
        return self.objective.beliefs(s_real, s_fake)
