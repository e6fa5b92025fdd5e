"""The game of generative adversarial training. START HERE.

Two networks play a game over one value (Goodfellow et al. 2014, eq. 1):

    min_G max_D V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))]

`d_step` is the discriminator's move, up the gradient of V. `g_step` is the generator's,
down the gradient of J, through D into its own weights; J is the second term of V, the
only one G can move, or what is put in its place, such as -E_z[log D(G(z))]. `play` is
one iteration of the paper's Algorithm 1.

D ends in a logit s, D(x) = sigma(s). objectives.py holds V, J and every sign, layers/
the Jacobians, penalties.py what D pays for being steep, optim.py the direction u that a
gradient becomes.
"""

from .values import plus


def d_step(G, D, opt_D, objective, x_real, z, penalties=(), rng=None, fake=None):
    """theta_D += lr u(d(V - P)/dtheta_D), P the sum of the penalties.

    Returns V, D(x), D(G(z)) and P before the step: 0-d arrays. The two in the middle
    are means, as `objective.beliefs` has them. rng: for penalties at random points.
    fake: G.forward(z), where the caller has it.

    x_real: (N, *D.in_shape)      z: (N, *G.in_shape)
    """
    D.advance()  # spectral norms: one power iteration, then D is one function
    x_fake, _ = fake or G.forward(z)  # theta_G is fixed here: the cache is dropped
    s_real, c_real = D.forward(x_real)  # (N, 1)
    s_fake, c_fake = D.forward(x_fake)
    ds_real, ds_fake = objective.d_grads(s_real, s_fake)
    D.zero_grad()
    D.backward_weights(ds_real, c_real)  # each branch with its own cache
    D.backward_weights(ds_fake, c_fake)  # gradients add up
    V = objective.value(s_real, s_fake)
    P = 0 * V
    real, fake = (x_real, s_real, c_real), (x_fake, s_fake, c_fake)
    for penalty in penalties:
        P = P + penalty.accumulate(D, real, fake, rng)
    opt_D.ascend(D.theta, D.grad)
    return V, *objective.beliefs(s_real, s_fake), P


def g_step(G, D, opt_G, objective, z, x_real=None, fake=None, diversity=None):
    """theta_G -= lr u(dJ/dtheta_G). Returns J before the step.

    theta_D is fixed here: the gradient passes through D into x_fake, and D's own
    parameters' gradients are never computed. An objective that is `paired` compares
    with real samples and needs x_real (N, *D.in_shape).      z: (N, *G.in_shape)
    fake: G.forward(z), where the caller has it. diversity: what J has in addition
    (diversity.py), about G(z) itself.
    """
    G.advance()
    x_fake, c_G = fake or G.forward(z)
    s_fake, c_D = D.forward(x_fake)
    s_real = D.forward(x_real)[0] if objective.paired and x_real is not None else None
    ds_fake = objective.g_grad(s_fake, s_real)
    dx_fake = D.backward(ds_fake, c_D, param_grads=False)
    J = objective.g_value(s_fake, s_real)
    if diversity is not None:
        dx_fake = plus(dx_fake, diversity.grad(x_fake, z))
        J = J + diversity.value(x_fake, z)
    G.zero_grad()
    G.backward_weights(dx_fake, c_G)
    opt_G.descend(G.theta, G.grad)
    return J


def play(
    G,
    D,
    opt_G,
    opt_D,
    objective,
    real,
    latent,
    k=1,
    penalties=(),
    rng=None,
    shared=False,
    diversity=None,
):
    """One iteration of Algorithm 1: k steps of the discriminator, one of the generator.

    real() gives the next batch of data, latent() a new batch of z. With `shared` the
    generator's step is about the last discriminator step's G(z), not about a new one:
    theta_G is still what it was, so one forward pass serves both. diversity: what J has
    in addition, for g_step. Returns V, J, D(x), D(G(z)) and P, 0-d arrays, left on the
    device. ValueError for k < 1.
    """
    if k < 1:
        raise ValueError(f"play expects k >= 1 discriminator steps, got {k}")
    for _ in range(k):
        x_real, z = real(), latent()
        fake = G.forward(z) if shared else None
        values = d_step(G, D, opt_D, objective, x_real, z, penalties, rng, fake)
    V, D_x, D_Gz, P = values
    z = z if shared else latent()
    J = g_step(G, D, opt_G, objective, z, x_real, fake, diversity)
    return V, J, D_x, D_Gz, P
