"""PyTorch as an independent opinion: fifty turns of WGAN-GP, across two growths.

Torch knows no growing network. Here each level and each fade is written down anew, with
the same numbers in its tensors, and torch's Adam gets the parameters of the level.
"""

import numpy as np
import pytest
from growing_nets import Z, nets

import tinygan as tg
from tinygan.growth import Growth, Level, Within, at_level

torch = pytest.importorskip("torch")
F = torch.nn.functional
torch.set_num_threads(1)  # its threads would fight with those of NumPy's BLAS

GROWTH = Growth([Level(48), Level(64, 64), Level(64, 64)])  # of 4: 12, 16 + 16, ...
TURNS, BATCH = 50, 4


def conv(x, p, name, pad=1):
    W, b = p[f"{name}_Conv2d.W"], p[f"{name}_Conv2d.b"]
    return F.conv2d(x, W.permute(3, 2, 0, 1), b, padding=pad)


def norm(x):
    return F.rms_norm(x.movedim(1, -1), x.shape[1:2], eps=1e-8).movedim(-1, 1)


def act(x):
    return F.softplus(x, threshold=40)


def rgb(h, p, level):
    W, b = p[f"rgb{level}.W"], p[f"rgb{level}.b"]
    return F.conv2d(h, W.permute(3, 2, 0, 1), b)


def up(x):
    return F.interpolate(x, scale_factor=2, mode="nearest")


def G(z, p, level, alpha):
    """Pictures (N, C, H, W); p: {name: tensor}."""
    h = norm(z) @ p["block0.1_Dense.W"] + p["block0.1_Dense.b"]
    h = norm(act(h.reshape(len(z), 2, 2, -1).permute(0, 3, 1, 2)))
    for i in range(1, level + 1):
        below, h = h, norm(act(conv(up(h), p, f"block{i}.1")))
    x = rgb(h, p, level)
    return x if alpha == 1 else (1 - alpha) * up(rgb(below, p, level - 1)) + alpha * x


def minibatch_std(h):
    std = ((h - h.mean(0)).square().mean(0) + 1e-8).sqrt().mean()  # one group of four
    return torch.cat([h, std.expand(len(h), 1, *h.shape[2:])], 1)


def ends(x, p, level):
    W, b = p[f"rgb{level}.0_Conv2d.W"], p[f"rgb{level}.0_Conv2d.b"]
    return act(F.conv2d(x, W.permute(3, 2, 0, 1), b))


def D(x, p, level, alpha):
    h = ends(x, p, level)
    for i in range(level, 0, -1):
        h = act(conv(act(conv(h, p, f"block{i}.0")), p, f"block{i}.2"))
        h = F.avg_pool2d(h, 2)
        if i == level and alpha < 1:
            h = (1 - alpha) * ends(F.avg_pool2d(x, 2), p, level - 1) + alpha * h
    h = act(conv(minibatch_std(h), p, "block0.1")).permute(0, 2, 3, 1).flatten(1)
    return h @ p["block0.4_Dense.W"] + p["block0.4_Dense.b"]


def used(net) -> list[str]:
    """The names of the parameters that the present level uses."""
    index = np.zeros(net.theta.size)
    for part in net.used:
        index[part] = 1
    return [name for name, a in net.parameters(index).items() if a.all()]


class Torchs:
    """The game of torch, which begins with the weights of the two networks."""

    def __init__(self, *networks):
        self.parameters = [
            {
                k: torch.tensor(v, requires_grad=True)
                for k, v in net.parameters().items()
            }
            for net in networks
        ]

    def begin(self, *networks):
        """Adam for what each network uses, without any memory."""
        self.opts = [
            torch.optim.Adam([p[k] for k in used(net)], 2e-3, (0.0, 0.99), eps=1e-8)
            for net, p in zip(networks, self.parameters, strict=True)
        ]

    def end_of_fade(self, *networks):
        """From now on the end of the level below is no part of theta."""
        for net, p, opt in zip(networks, self.parameters, self.opts, strict=True):
            ids = {id(p[k]) for k in used(net)}
            (group,) = opt.param_groups
            group["params"] = [q for q in group["params"] if id(q) in ids]

    def turn(self, x, z, z_G, eps, level, alpha):
        (p_G, p_D), (opt_G, opt_D) = self.parameters, self.opts
        x, eps = x.movedim(-1, 1), torch.tensor(eps)
        with torch.no_grad():
            x_fake = G(z, p_G, level, alpha)
        V = D(x, p_D, level, alpha).mean() - D(x_fake, p_D, level, alpha).mean()
        drift = D(x, p_D, level, alpha).square().mean()
        x_hat = (eps * x + (1 - eps) * x_fake).requires_grad_()
        s = D(x_hat, p_D, level, alpha).sum()
        (g,) = torch.autograd.grad(s, x_hat, create_graph=True)
        P = 10 * (g.flatten(1).norm(dim=1) - 1).square().mean() + 1e-3 * drift
        self.descend(opt_D, P - V)
        J = -D(G(z_G, p_G, level, alpha), p_D, level, alpha).mean()
        self.descend(opt_G, J)
        return V.item(), J.item()

    def descend(self, opt, loss):
        opt.zero_grad()
        loss.backward()
        opt.step()


def test_fifty_turns_across_two_growths():
    ours = nets()
    theirs = Torchs(*ours)
    opts = [Within(tg.Adam(2e-3, beta1=0.0, beta2=0.99), net) for net in ours]
    penalties = [tg.WGANGP(10), tg.Drift(1e-3)]
    for net, opt in zip(ours, opts, strict=True):
        opt.prepare(net.theta)
    rng, errors, places = np.random.default_rng(7), [], set()
    for turn in range(TURNS):
        level, alpha, batch, _, age = GROWTH.at(turn, BATCH)
        for net in ours:
            net.grow(level, alpha)
        if age == 0:
            theirs.begin(*ours)
            for opt in opts:
                opt.reset()
        if alpha == 1:
            theirs.end_of_fade(*ours)
        x = at_level(rng.uniform(-1, 1, (batch, 8, 8, 2)), ours[1].in_shape, alpha)
        z, z_G = rng.standard_normal((2, batch, Z))
        latents = iter([z, z_G])
        eps = np.random.default_rng([7, turn]).random((batch, 1, 1, 1))
        V, J, *_ = tg.play(
            (*ours, *opts),
            tg.Wasserstein(),
            lambda x=x: x,
            lambda latents=latents: next(latents),
            penalties=penalties,
            rng=np.random.default_rng([7, turn]),
        )
        tensors = (torch.tensor(v) for v in (x, z, z_G))
        V_t, J_t = theirs.turn(*tensors, eps, level, alpha)
        errors += [abs(V - V_t), abs(J - J_t)]
        for net, p in zip(ours, theirs.parameters, strict=True):
            theta = np.concatenate([q.detach().numpy().ravel() for q in p.values()])
            errors.append(np.linalg.norm(net.theta - theta) / np.linalg.norm(theta))
        places.add((level, alpha < 1))
    assert places == {(0, False), (1, True), (1, False), (2, True)}
    assert max(errors) <= 1e-8
