"""PyTorch as an independent opinion of penalties: a gradient of a gradient by autograd
(create_graph=True), and whole games of critics, in float64.
"""

import numpy as np
import pytest

import tinygan as tg

torch = pytest.importorskip("torch")
from test_torch import ChannelsLast, agree, agree_nets, images, leaf, to_torch  # noqa: E402

F, nn, grad = torch.nn.functional, torch.nn, torch.autograd.grad


# Critics, each with the function that it is: f(x, *parameters)


def layer_norm(x, gamma, beta):
    return F.layer_norm(x, x.shape[1:]) * gamma + beta


def dense(act, norm):
    def f(x, W, b, *rest):
        *between, V, c = rest
        x = x @ W + b
        return torch_act[act](layer_norm(x, *between) if norm else x) @ V + c

    layers = [tg.Dense(7), *norm * [tg.LayerNorm()], acts[act](), tg.Dense(1)]
    return tg.Sequential(*layers), (4,), f


def conv(act, norm):
    def f(x, W, b, V, *rest):
        *between, U, c = rest
        x = torch_act[act](conv2d(x, W, b, 2, 1))
        x = conv2d(x, V, None, 1, 1)
        x = torch_act[act](layer_norm(x, *between) if norm else x)
        return x.flatten(1) @ U + c

    first = tg.Conv2d(3, 3, 2, 1), acts[act](), tg.Conv2d(4, 3, 1, 1, bias=False)
    last = acts[act](), tg.Flatten(), tg.Dense(1)
    return tg.Sequential(*first, *norm * [tg.LayerNorm()], *last), (5, 6, 2), f


def conv2d(x, W, b, stride, pad):
    f = images(lambda x: F.conv2d(x, W.permute(3, 2, 0, 1), b, stride, pad))
    return f(x)


acts = {"tanh": tg.Tanh, "leaky": lambda: tg.LeakyReLU(0.2)}
torch_act = {"tanh": torch.tanh, "leaky": lambda x: F.leaky_relu(x, 0.2)}


# Penalties as tutorials have them


def norms(f, x, parameters):
    """|grad_x f| of each sample, with a graph behind it."""
    x = x.detach().requires_grad_()
    (g,) = grad(f(x, *parameters).sum(), x, create_graph=True)
    return g.flatten(1).norm(2, dim=1)


def wgan_gp(f, real, fake, parameters, rng):
    eps = torch.tensor(rng.random((len(real),) + (1,) * (real.ndim - 1)))
    r = norms(f, torch.lerp(fake, real, eps), parameters)
    return 7 * ((r - 0.8) ** 2).mean()


def one_sided(f, real, fake, parameters, rng):
    eps = torch.tensor(rng.random((len(real),) + (1,) * (real.ndim - 1)))
    r = norms(f, torch.lerp(fake, real, eps), parameters)
    return 7 * (F.relu(r - 0.3) ** 2).mean()


def r1(f, real, fake, parameters, rng):
    return 1.5 * (norms(f, real, parameters) ** 2).mean()


def r2(f, real, fake, parameters, rng):
    return 1.5 * (norms(f, fake, parameters) ** 2).mean()


def dragan(f, real, fake, parameters, rng):
    alpha = torch.tensor(rng.random((len(real),) + (1,) * (real.ndim - 1)))
    near = real + 0.4 * real.std(correction=0) * torch.tensor(rng.random(real.shape))
    r = norms(f, real + alpha * (near - real), parameters)
    return 7 * ((r - 0.9) ** 2).mean()


def drift(f, real, fake, parameters, rng):
    return 0.1 * f(real, *parameters).square().mean()


PENALTIES = {
    "WGANGP": (tg.WGANGP(7.0, 0.8), wgan_gp),
    "one-sided": (tg.WGANGP(7.0, 0.3, one_sided=True), one_sided),
    "R1": (tg.R1(3.0), r1),
    "R2": (tg.R2(3.0), r2),
    "DRAGAN": (tg.DRAGAN(7.0, 0.9, 0.4), dragan),
    "Drift": (tg.Drift(0.1), drift),
}


@pytest.mark.parametrize("norm", [0, 1], ids=["plain", "LayerNorm"])
@pytest.mark.parametrize("act", acts)
@pytest.mark.parametrize("critic", [dense, conv])
@pytest.mark.parametrize("name", PENALTIES)
def test_penalties(name, critic, act, norm):
    penalty, by_torch = PENALTIES[name]
    tree, shape, f = critic(act, norm)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        D = tg.Net(tree, shape, seed, "float64")
        D.theta[...] += rng.normal(0, 0.3, D.theta.size)
        x = rng.normal(size=(2, 6, *shape))
        passes = [(x, *D.forward(x)) for x in x]
        P = penalty.accumulate(D, *passes, np.random.default_rng(seed))

        parameters = [leaf(p) for p in D.parameters().values()]
        real, fake = torch.tensor(x)
        P_t = by_torch(f, real, fake, parameters, np.random.default_rng(seed))
        d_t = grad(P_t, parameters, materialize_grads=True)
        grad_t = torch.cat([d.ravel() for d in d_t])
        assert P_t > 0 and grad_t.norm() > 0
        agree({"P": (P, P_t), "dP/dtheta": (-D.grad, grad_t)}, 1e-10)


# Whole games


def same_weights(net, module):
    module.double()
    with torch.no_grad():
        pairs = zip(net.parameters().values(), module.parameters(), strict=True)
        for ours, theirs in pairs:
            theirs.copy_(to_torch(ours))


def channels_first(x):
    return torch.tensor(np.moveaxis(x, -1, 1))


def wgan():
    """A critic with LayerNorm, which for images torch calls GroupNorm(1, C)."""
    G = tg.Sequential(
        tg.Reshape(1, 1, 5),
        tg.ConvTranspose2d(6, 4, bias=False),
        tg.BatchNorm(),
        tg.ReLU(),
        tg.ConvTranspose2d(2, 4, 2, 1),
        tg.Tanh(),
    )
    D = tg.Sequential(
        tg.Conv2d(4, 4, 2, 1),
        tg.LeakyReLU(0.2),
        tg.Conv2d(6, 3, 2, 1),
        tg.LayerNorm(),
        tg.Tanh(),
        tg.Flatten(),
        tg.Dense(1),
    )
    G_t = nn.Sequential(
        nn.Unflatten(1, (5, 1, 1)),
        nn.ConvTranspose2d(5, 6, 4, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.ConvTranspose2d(6, 2, 4, 2, 1),
        nn.Tanh(),
    )
    D_t = nn.Sequential(
        nn.Conv2d(2, 4, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4, 6, 3, 2, 1),
        nn.GroupNorm(1, 6),
        nn.Tanh(),
        ChannelsLast(),
        nn.Flatten(),
        nn.Linear(24, 1),
    )
    return G, D, G_t, D_t


def wgan_gp_turn(G, D, opt_G, opt_D, reals, zs, rng):
    """One turn as in the code of tutorials; V and P of the last critic step, and J."""
    *zs_D, z_G = zs
    for real, z in zip(reals, zs_D, strict=True):
        fake = G(z).detach()
        loss = D(fake).mean() - D(real).mean()
        eps = torch.tensor(rng.random((len(real), 1, 1, 1)))
        x_hat = (eps * real + (1 - eps) * fake).requires_grad_()
        (g,) = grad(D(x_hat).sum(), x_hat, create_graph=True)
        P = 10 * ((g.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
        P = P + 1e-3 * (D(real) ** 2).mean()
        opt_D.zero_grad()
        (loss + P).backward()
        opt_D.step()
    J = -D(G(z_G)).mean()
    opt_G.zero_grad()
    J.backward()
    opt_G.step()
    return torch.stack([-loss, J, P])


def test_50_turns_of_wgan_gp():
    """Two critic steps a turn, Adam with betas .5 and .9, and the drift of ProGAN."""
    rng = np.random.default_rng(0)
    G, D, G_t, D_t = wgan()
    G, D = tg.Net(G, (5,), 1, "float64"), tg.Net(D, (8, 8, 2), 2, "float64")
    for net, module in ((G, G_t), (D, D_t)):
        same_weights(net, module)
    start = G.theta.copy(), D.theta.copy()
    opts = [tg.Adam(2e-3, 0.5, 0.9) for _ in "GD"]
    opts_t = [torch.optim.Adam(m.parameters(), 2e-3, (0.5, 0.9)) for m in (G_t, D_t)]
    penalties = (tg.WGANGP(10.0), tg.Drift(1e-3))
    for turn in range(50):
        reals, zs = rng.uniform(-1, 1, (2, 8, 8, 8, 2)), rng.normal(size=(3, 8, 5))
        real, latent = iter(reals).__next__, iter(zs).__next__
        points, points_t = np.random.default_rng(turn), np.random.default_rng(turn)
        game = (G, D, *opts), tg.Wasserstein(), real, latent, 2
        V, J, _, _, P = tg.play(*game, penalties, points)
        reals_t, zs_t = [channels_first(x) for x in reals], torch.tensor(zs)
        seen_t = wgan_gp_turn(G_t, D_t, *opts_t, reals_t, zs_t, points_t)
        agree({"V, J, P": ([V, J, P], seen_t)}, 1e-8)
    for net, module, theta in zip((G, D), (G_t, D_t), start, strict=True):
        agree_nets(net, module, 1e-8)
        assert np.linalg.norm(net.theta - theta) > 0.05 * np.linalg.norm(theta)


class Spectral(nn.Module):
    """A linear module with W / sigma for W: Algorithm 1 of Miyato et al., written out.

    u and v are constants, moved by `advance` alone; sigma = u^T W v depends on W.
    """

    def __init__(self, module, u):
        super().__init__()
        self.module, self.u = module.double(), torch.tensor(u)

    def advance(self):
        with torch.no_grad():
            W = self.module.weight.flatten(1)
            self.v = F.normalize(W.T @ self.u, dim=0)
            self.u = F.normalize(W @ self.v, dim=0)

    def forward(self, x):
        W = self.module.weight
        sigma = torch.einsum("i,ij,j->", self.u, W.flatten(1), self.v)
        new = {"weight": W / sigma, "bias": self.module.bias}
        return torch.func.functional_call(self.module, new, x)


def test_30_steps_of_spectral_norms_and_hinge():
    rng = np.random.default_rng(1)
    G, _, G_t, _ = wgan()
    G = tg.Net(G, (5,), 1, "float64")
    tree = tg.Sequential(
        tg.SpectralNorm(tg.Conv2d(4, 4, 2, 1)),
        tg.LeakyReLU(0.1),
        tg.SpectralNorm(tg.Conv2d(6, 3, 2, 1, bias=False)),
        tg.LeakyReLU(0.1),
        tg.Flatten(),
        tg.SpectralNorm(tg.Dense(1)),
    )
    D = tg.Net(tree, (8, 8, 2), 2, "float64")
    u = [layer.state["u"] for layer in tree.layers if layer.state]
    D_t = nn.Sequential(
        Spectral(nn.Conv2d(2, 4, 4, 2, 1), u[0]),
        nn.LeakyReLU(0.1),
        Spectral(nn.Conv2d(4, 6, 3, 2, 1, bias=False), u[1]),
        nn.LeakyReLU(0.1),
        ChannelsLast(),
        nn.Flatten(),
        Spectral(nn.Linear(24, 1), u[2]),
    )
    for net, module in ((G, G_t), (D, D_t)):
        same_weights(net, module)
    start = D.theta.copy()
    opts = [tg.Adam(5e-3, 0.0, 0.9) for _ in "GD"]
    opts_t = [torch.optim.Adam(m.parameters(), 5e-3, (0.0, 0.9)) for m in (G_t, D_t)]
    for _ in range(30):
        x, (z_D, z_G) = rng.uniform(-1, 1, (8, 8, 8, 2)), rng.normal(size=(2, 8, 5))
        V, *_ = tg.d_step(D, opts[1], tg.Hinge(), x, G.forward(z_D)[0])
        J = tg.g_step(G, D, opts[0], tg.Hinge(), z_G)

        for module in D_t:
            if isinstance(module, Spectral):
                module.advance()
        x, z_D, z_G = channels_first(x), torch.tensor(z_D), torch.tensor(z_G)
        fake = G_t(z_D).detach()
        loss = F.relu(1 - D_t(x)).mean() + F.relu(1 + D_t(fake)).mean()
        opts_t[1].zero_grad()
        loss.backward()
        opts_t[1].step()
        J_t = -D_t(G_t(z_G)).mean()
        opts_t[0].zero_grad()
        J_t.backward()
        opts_t[0].step()
        agree({"V": (V, -loss), "J": (J, J_t)}, 1e-8)
    agree_nets(G, G_t, 1e-8)
    ours = [to_torch(p).numpy() for p in D.parameters().values()]
    ours += [layer.state["u"] for layer in tree.layers if layer.state]
    theirs = [*D_t.parameters(), *(m.u for m in D_t if isinstance(m, Spectral))]
    agree({str(i): ab for i, ab in enumerate(zip(ours, theirs, strict=True))}, 1e-8)
    assert np.linalg.norm(D.theta - start) > 0.05 * np.linalg.norm(start)
