"""The game of generative adversarial training. START HERE.

Two networks play a game over one value (Goodfellow et al. 2014, eq. 1):

    min_G max_D V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))]

`d_step` is the discriminator's move: up the gradient of V. `g_step` is the generator's
move: down the gradient of J, through D into its own weights. J is the second term of V,
the only term that G can change. Or J is another objective in place of it, such as
-E_z[log D(G(z))]. `play` is one iteration of the paper's Algorithm 1.

D ends in a logit s, and D(x) = sigma(s). objectives/ holds V, J and every sign. layers/
holds the Jacobians. penalties/ holds the terms P that D pays for being steep. optim/
holds the rules that turn a gradient into a direction u.
"""

from .errors import InputError, function, shown, whole
from .fast import primitive
from .guard.moves import fit, scalar
from .values import plus


def d_step(D, opt_D, objective, x_real, x_fake, penalties=(), rng=None):
    """theta_D += lr u(d(V - P)/dtheta_D), where P is the sum of the penalties.

    Returns V, D(x), D(G(z)) and P before the step, 0-d arrays. D(x) and D(G(z)) are
    means, as `objective.beliefs` defines them. G is fixed here: x_fake is data.

    x_real, x_fake: (N, *D.in_shape)      rng: for penalties at random points

    The two batches may differ in N, unless the objective or a penalty pairs samples.
    """
    fit("d_step", objective, D, opt_D, penalties, rng)
    D.advance()  # one power iteration of spectral norms, before any forward pass
    s_real, c_real = D.forward(x_real)  # (N, 1)
    s_fake, c_fake = D.forward(x_fake)
    ds_real, ds_fake = objective.d_grads(s_real, s_fake)
    V = objective.value(s_real, s_fake)
    real, fake = (x_real, s_real, c_real), (x_fake, s_fake, c_fake)
    values = d_gradient(D, (ds_real, ds_fake), real, fake, penalties, rng)
    P = sum(values, start=0 * V)
    opt_D.ascend(D.theta, D.grad)
    return V, *objective.beliefs(s_real, s_fake), P


@primitive
def d_gradient(D, ds, real, fake, penalties, rng) -> list:
    """D.grad = d(V - P)/dtheta_D. Returns the value of each penalty.

    ds: (dV/ds_real, dV/ds_fake)      real, fake: (x, s, cache) of the two batches
    """
    (ds_real, ds_fake), (_, _, c_real), (_, _, c_fake) = ds, real, fake
    D.zero_grad()
    D.backward_weights(ds_real, c_real)  # each batch with its own cache
    D.backward_weights(ds_fake, c_fake)  # gradients add up
    return [
        scalar(penalty, "accumulate", penalty.accumulate(D, real, fake, rng))
        for penalty in penalties
    ]


def g_step(G, D, opt_G, objective, z, x_real=None):
    """theta_G -= lr u(dJ/dtheta_G). Returns J before the step, a 0-d array.

    D is fixed here: the gradient passes through D into x_fake, and the gradients of D's
    own parameters are not computed. A `paired` objective compares fake samples with
    real samples, and needs x_real (N, *D.in_shape).      z: (N, *G.in_shape)
    """
    fit("g_step", objective, D, opt_G, G=G)
    G.advance()
    x_fake, c_G = G.forward(z)
    s_fake, c_D = D.forward(x_fake)
    s_real = D.forward(x_real)[0] if objective.paired and x_real is not None else None
    ds_fake = objective.g_grad(s_fake, s_real)
    dx_fake = D.backward(ds_fake, c_D, param_grads=False)
    J = objective.g_value(s_fake, s_real)
    if objective.sees_samples:  # J may also depend on G(z) itself
        L, dx = objective.of_samples(x_fake, z)
        J, dx_fake = J + L, plus(dx_fake, dx)
    G.zero_grad()
    G.backward_weights(dx_fake, c_G)
    opt_G.descend(G.theta, G.grad)
    return J


def play(players, objective, real, latent, k=1, penalties=(), rng=None):
    """One iteration of Algorithm 1: k steps of the discriminator, one of the generator.

    players is (G, D, opt_G, opt_D). real() gives the next batch of data, latent() a new
    batch of z. Returns V, J, D(x), D(G(z)) and P, 0-d arrays, which stay on the device.
    InputError for k < 1, and for players of another kind.
    """
    if not (isinstance(players, tuple | list) and len(players) == 4):
        raise InputError(f"play expects (G, D, opt_G, opt_D), got {shown(players)}")
    G, D, opt_G, opt_D = players
    k = whole("play", "k >= 1", k)
    function("play", "real", real, "real=lambda: x")
    function("play", "latent", latent, "latent=lambda: z")
    for _ in range(k):
        x_real, z = real(), latent()
        x_fake, _ = G.forward(z)  # theta_G is fixed here: the cache is dropped
        values = d_step(D, opt_D, objective, x_real, x_fake, penalties, rng)
    V, D_x, D_Gz, P = values
    J = g_step(G, D, opt_G, objective, latent(), x_real)
    return V, J, D_x, D_Gz, P
