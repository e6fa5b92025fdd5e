"""Autoregressive models: a density that is a product of conditionals.

The numbers of a sample have an order, and p(x) = prod_d p(x_d | x_1 ... x_{d-1}). One
network gives all factors at once: its output s_d depends on the numbers before d only,
because masks cut the other paths, or because it reads from the first to the last. So
log p(x) is exact, and `likelihood_step` ascends it. A sample needs one pass for each
number: `ancestral` draws x_1, then x_2 given x_1, and so on.
"""

from ..fast import primitive
from ..group import ALONE
from ..ops import get_xp
from ..values import size


def likelihood_step(net, opt, likelihood, x, group=ALONE):
    """theta += lr u(dL/dtheta), L = mean_n log p(x_n). Returns L before the step.

    L is a 0-d array, in nats.      x: (N, *net.in_shape)      `group`: of ranks that
    share a batch; each has its own rows, and N counts those of all.
    """
    _, N = group.place(size(x))
    net.advance()
    s, cache = net.forward(x)
    net.zero_grad()
    net.backward_weights(likelihood.grad(x, s) / N, cache)
    opt.ascend(net.theta, net.grad)
    (total,) = group.all_reduce(likelihood.log_p(x, s).sum())
    return total / N  # eq: log-likelihood


def log_likelihood(net, likelihood, x):
    """log p(x) of each sample x (N, ...), exactly, in nats: (N,)."""
    s, _ = net.forward(x, train=False)
    return likelihood.log_p(x, s)


@primitive
def ancestral(net, likelihood, u):
    """Samples x (N, *net.in_shape), place by place: x_d ~ p(x_d | x_1 ... x_{d-1}).

    u is (N, places), uniform on [0, 1). Each number decides one x_d, so a sample is a
    function of its u. The order is that of the numbers in memory. Whatever stands
    behind place d does not matter to s_d, so the network is asked about a sample whose
    end is still empty.
    """
    N, places = len(u), u[0].size if len(u) else 0
    x = get_xp(u).zeros((N, *net.in_shape), net.theta.dtype)
    for d in range(places):
        s, _ = net.forward(x, train=False)
        drawn = likelihood.sample(s, u).reshape(N, places, -1)
        x.reshape(N, places, -1)[:, d] = drawn[:, d]  # eq: ancestral
    return x
