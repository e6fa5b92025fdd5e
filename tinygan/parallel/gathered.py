"""A game in parts: what each member of a group has in place of a net, an optimizer, an
objective, so that together they play the game of the whole batch.

The moves (gan.py) and the layers are what they are. A member's network has the same
theta and a gradient of its own; its optimizer adds up all gradients and steps its share
of theta; its objective sees the logits of all, and gives back those of its own.
"""

import numpy as np

from ..objectives import Diversity, Objective
from ..optim import Optimizer, Wrapper
from ..values import rows, size, together
from .mailbox import shared


def divided(net, opt: Optimizer, members: list) -> list[tuple]:
    """Each member's part of a player: [(its network, its optimizer), ...].

    theta, grad and the moments move to memory that processes share; after a step they
    are those of the whole batch. ShapeError, naming the layer, if one of them needs the
    batch in one piece.
    """
    net.bind(shared(net.theta), shared(net.grad))
    opt.prepare(net.theta)
    opt.bind(shared)
    others = (shared(np.zeros_like(net.grad)) for _ in members[1:])
    grads = [net.grad, *others]
    return [
        (net.part(member, grad), Joint(opt, grads, member))
        for member, grad in zip(members, grads, strict=True)
    ]


class Joint(Wrapper):
    """The inner optimizer's step for the sum of the gradients of all members.

    grads: every member's, each (n,) like theta; the first is given their sum. Each
    member adds and steps an equal part of theta; if the inner optimizer is not
    `divisible`, the first steps all of it.
    """

    def __init__(self, inner: Optimizer, grads: list, member):
        super().__init__(inner)
        self.grads, self.group = grads, member
        n, rank, parts = len(grads[0]), member.rank, member.size
        self.own = slice(n * rank // parts, n * (rank + 1) // parts)
        self.mine = inner
        if inner.divisible:
            self.mine = inner.part(self.own, member)

    def _step(self, theta, g, signed_lr):
        total, own = self.grads[0], self.own
        self.group.wait()  # for all gradients
        for grad in self.grads[1:]:
            total[own] += grad[own]  # eq: shard-gradient
        if self.inner.divisible:
            self.mine.t = self.inner.t
            self.mine._step(theta[own], total[own], signed_lr)
            self.inner.t = self.mine.t
        else:
            self.group.wait()  # for the whole sum
            if self.group.rank == 0:
                self.inner._step(theta, total, signed_lr)
        self.group.wait()  # for all of theta


class Together:
    """Two values (N, ...) of the whole batch, of each member's parts (n, ...)."""

    def __init__(self, member):
        self.member, self.last = member, (None, None)

    def __call__(self, a, b) -> list:
        """a and b (n, ...) as (N, ...), the N samples of all; b may be None.

        Asked for the same two again, it need not wait for the others.
        """
        if a is not self.last[0] or b is not self.last[1]:
            every = self.member.gather((a, b))
            self.whole = [together(parts) for parts in zip(*every, strict=True)]
            before = sum(size(first) for first, _ in every[: self.member.rank])
            self.own = slice(before, before + size(a))
            self.last = a, b
        return self.whole

    def rows(self, value):
        """This member's rows of a value of the whole batch."""
        return rows(value, self.own)


class WholeObjective(Objective):
    """An objective, given the logits of all members; the gradients are of its own."""

    def __init__(self, objective: Objective, member):
        self.objective, self.whole = objective, Together(member)
        self.paired = objective.paired

    def value(self, s_real, s_fake):
        s_fake, s_real = self.whole(s_fake, s_real)
        return self.objective.value(s_real, s_fake)

    def d_grads(self, s_real, s_fake):
        s_fake, s_real = self.whole(s_fake, s_real)
        return self.whole.rows(self.objective.d_grads(s_real, s_fake))

    def g_value(self, s_fake, s_real=None):
        return self.objective.g_value(*self.whole(s_fake, s_real))

    def g_grad(self, s_fake, s_real=None):
        return self.whole.rows(self.objective.g_grad(*self.whole(s_fake, s_real)))

    def beliefs(self, s_real, s_fake):
        s_fake, s_real = self.whole(s_fake, s_real)
        return self.objective.beliefs(s_real, s_fake)


class WholeDiversity:
    """A diversity, given all members' samples; the gradient is of its own.

    A pair may be two members'.
    """

    def __init__(self, diversity: Diversity, member):
        self.diversity, self.whole = diversity, Together(member)

    def value(self, x, z):
        """L, of all x and z; this member's are (n, ...) each."""
        return self.diversity.value(*self.whole(x, z))

    def grad(self, x, z):
        """dL/dx, (n, ...) like this member's x."""
        return self.whole.rows(self.diversity.grad(*self.whole(x, z)))
