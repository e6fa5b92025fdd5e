"""The variational autoencoder. START HERE for models that ascend a likelihood.

A decoder gives p(x | z), with z ~ N(0, I). The likelihood p(x) = int p(x | z) p(z) dz
cannot be computed, but a bound below it can. For any q(z | x) (Kingma and Welling 2014,
eq. 3)

    log p(x) >= ELBO = E_q[log p(x | z)] - KL(q(z | x) || p(z))

An encoder gives q(z | x) = N(mu, sigma^2), independent numbers z_d. It returns mu and
log_var = log sigma^2 side by side, (N, 2 d). `vae_step` is one step of both networks up
the gradient of the ELBO. In the mean over q a sample is written

    z = mu + sigma eps      eps ~ N(0, I)

so that z is a function of mu and sigma, and the gradient passes through it.
"""

import math

from ..errors import ShapeError, whole
from ..group import ALONE
from ..ops import get_xp
from ..values import size
from .distributions import log_sum_exp


def vae_step(players, likelihood, x, eps, beta=1.0, group=ALONE):
    """theta += lr u(dL/dtheta) for the encoder E and the decoder D, with

        L = mean_n log p(x_n | z_n) - beta KL(q(z | x_n) || N(0, I))

    players is (E, D, opt_E, opt_D). Returns the two terms before the step, the mean of
    log p(x | z) and the mean of KL: 0-d arrays, in nats. For beta = 1 L is the ELBO of
    one eps for each sample; a larger beta keeps q nearer to p(z) (Higgins et al. 2017).

    x: (N, *E.in_shape)      eps: (N, d), drawn from N(0, 1)      `group`: of ranks that
    share a batch; each has its own rows, and N counts those of all.
    """
    E, D, opt_E, opt_D = players
    _, N = group.place(size(x))
    E.advance()
    D.advance()
    code, c_E = E.forward(x)
    mu, log_var = halves(code, eps)
    sigma = get_xp(x).exp(log_var / 2)
    z = mu + sigma * eps  # eq: reparameterise
    s, c_D = D.forward(z)
    E.zero_grad()
    D.zero_grad()
    ds = likelihood.grad(x, s) / N
    dz = D.backward(ds, c_D)  # through D into z: what z should be
    dKL_mu, dKL_log_var = kl_grads(mu, log_var)
    dmu = dz - beta * dKL_mu / N  # eq: elbo-dmu
    dlog_var = dz * eps * sigma / 2 - beta * dKL_log_var / N  # eq: elbo-dlogvar
    E.backward_weights(joined(dmu, dlog_var), c_E)
    opt_E.ascend(E.theta, E.grad)
    opt_D.ascend(D.theta, D.grad)
    log_p, KL = likelihood.log_p(x, s).sum(), kl(mu, log_var).sum()
    return tuple(total / N for total in group.all_reduce(log_p, KL))


def kl(mu, log_var):
    """KL(N(mu, sigma^2) || N(0, I)) of each sample, in nats: (N, d) twice -> (N,)

    = 1/2 sum_d mu^2 + sigma^2 - log sigma^2 - 1
    """
    xp = get_xp(mu)
    return (mu * mu + xp.exp(log_var) - log_var - 1).sum(axis=1) / 2  # eq: vae-kl


def kl_grads(mu, log_var):
    """(dKL/dmu, dKL/dlog_var), (N, d) each."""
    return mu, (get_xp(mu).exp(log_var) - 1) / 2  # eq: vae-kl-grad


def elbo(E, D, likelihood, x, eps):
    """The ELBO of each sample x (N, ...), in nats, with one eps (N, d): (N,)."""
    mu, log_var = halves(E.forward(x, train=False)[0], eps)
    z = mu + get_xp(x).exp(log_var / 2) * eps
    s, _ = D.forward(z, train=False)
    return likelihood.log_p(x, s) - kl(mu, log_var)  # eq: elbo


def importance_bound(E, D, likelihood, x, K: int, rng, chunk: int = 1000):
    """A bound below log p(x) of each sample, tighter than the ELBO: (N,), in nats

        log 1/K sum_k w_k      w_k = p(x | z_k) p(z_k) / q(z_k | x)      z_k ~ q(z | x)

    The mean of w is p(x) for any q, so the bound tends to log p(x) as K grows (Burda et
    al. 2016, eq. 8). `chunk`: how many z are decoded at once.

    x: (N, *E.in_shape)      rng: a np.random.Generator. InputError unless K >= 1.
    """
    K = whole("importance_bound", "K >= 1", K)
    xp, each = get_xp(x), max(1, chunk // K)
    bounds = []
    for i in range(0, len(x), each):
        some = x[i : i + each]
        code, _ = E.forward(some, train=False)
        mu, log_var = xp.split(code, 2, axis=1)
        n, d = mu.shape
        eps = xp.asarray(rng.standard_normal((n, K, d)), x.dtype)
        z = mu[:, None] + xp.exp(log_var / 2)[:, None] * eps
        s, _ = D.forward(z.reshape(n * K, d), train=False)
        log_w = likelihood.log_p(some.repeat(K, axis=0), s).reshape(n, K)
        log_w += ((eps * eps - z * z).sum(axis=2) + log_var.sum(axis=1)[:, None]) / 2
        bounds.append(log_sum_exp(log_w)[:, 0] - math.log(K))  # eq: importance
    return xp.concatenate(bounds)


def halves(code, eps):
    """(mu, log_var), (N, d) each, from the encoder's output (N, 2 d).

    ShapeError unless it has that shape for eps (N, d).
    """
    n, d = eps.shape
    if code.shape != (n, 2 * d):
        raise ShapeError(
            "the encoder of a VAE returns mu and log_var, (N, 2 d): expected "
            f"{(n, 2 * d)} for eps {(n, d)}, got {code.shape}"
        )
    return code[:, :d], code[:, d:]


def joined(mu, log_var):
    """(N, 2 d) from (N, d) twice."""
    return get_xp(mu).concatenate([mu, log_var], axis=1)
