"""PyTorch as an independent opinion, in float64: fifty turns of WaveGAN.

The networks are those of the sound recipes, with few channels. Both libraries begin
with the same weights and get the same data, noise and points of the penalty. The shifts
of a PhaseShuffle are keyed by the layer's seed and by how many batches D has seen. So
torch counts D's batches itself, and draws the shifts anew.
"""

import numpy as np
import pytest

import tinygan as tg
from tinygan.recipes.r3gan_faces import rules
from tinygan.recipes.wavegan_tones import discriminator, generator
from tinygan.rng import generator as keyed

torch = pytest.importorskip("torch")
F = torch.nn.functional
torch.set_num_threads(1)  # its threads would fight with those of NumPy's BLAS

C, T, Z = (6, 5, 4, 3), 512, 5  # channels, from the fewest samples; samples; noise
SHIFT = 2  # places of a phase, at most
TURNS, BATCH, RATE = 50, 4, 2e-3


def networks():
    """G and D, with biases that are not 0."""
    G = tg.Net(tg.Sequential(*generator(C, T)), (Z,), 1, "float64")
    D = tg.Sequential(*discriminator(C, SHIFT), tg.Dense(1))
    D = tg.Net(D, (T, 1), 2, "float64")
    rng = np.random.default_rng(3)
    for net in (G, D):
        net.theta += rng.normal(0, 0.02, net.theta.shape)
    return G, D


class Torchs:
    """A network of torch that begins with the weights of one of ours."""

    def __init__(self, net):
        leaves = {
            k: torch.tensor(v, requires_grad=True) for k, v in net.parameters().items()
        }
        self.parameters = [*leaves.values()]
        self.layers = list(
            zip(self.parameters[::2], self.parameters[1::2], strict=True)
        )
        state = net.state().items()
        self.seeds = [v for name, v in state if name.endswith("Shuffle.seed")]
        self.seen = 0  # batches

    def theta(self):
        return torch.cat([p.detach().ravel() for p in self.parameters]).numpy()


class G(Torchs):
    def __call__(self, z):
        """Sounds (N, 1, T)."""
        (W, b), *convs = self.layers
        h = (z @ W + b).unflatten(1, (-1, C[0])).movedim(2, 1)
        for W, b in convs:
            W = W[0].permute(2, 1, 0)
            h = F.leaky_relu(h, 0.2)
            h = F.conv_transpose1d(h, W, b, stride=4, padding=11, output_padding=1)
        return h.tanh()


class D(Torchs):
    def __call__(self, x):
        """Logits (N, 1) of sounds (N, 1, T)."""
        *convs, (W_last, b_last) = self.layers
        for i, (W, b) in enumerate(convs):
            x = F.conv1d(x, W[0].permute(2, 1, 0), b, stride=4, padding=11)
            x = F.leaky_relu(x, 0.2)
            if i < len(self.seeds):  # none behind the last convolution
                x = self.shuffled(x, self.seeds[i])
        self.seen += 1
        return x.movedim(1, 2).flatten(1) @ W_last + b_last

    def shuffled(self, x, seed):
        """Each sound is padded by its reflection, and a window of it is taken: the code
        of WaveGAN does so, with one shift for the whole batch.
        """
        shifts = keyed(seed, self.seen).integers(-SHIFT, SHIFT + 1, len(x))
        padded, starts = F.pad(x, (SHIFT, SHIFT), mode="reflect"), SHIFT - shifts
        windows = zip(padded, starts.tolist(), strict=True)
        return torch.stack([one[:, i : i + x.shape[2]] for one, i in windows])


def norms(s, x):
    """|grad_x| of the sum of logits s at each sound of x, (N,)."""
    (g,) = torch.autograd.grad(s.sum(), x, create_graph=True)
    return g.flatten(1).square().sum(1).sqrt()


class WganGp:
    """The paper's game: five steps of a critic, whose slope is to be 1."""

    objective, penalties, k, betas = tg.Wasserstein(), [tg.WGANGP(10)], 5, (0.5, 0.9)

    def of_D(self, D, x, x_fake, eps):
        """V and P."""
        V = D(x).mean() - D(x_fake).mean()
        x_hat = (eps * x + (1 - eps) * x_fake).requires_grad_()
        return V, 10 * (norms(D(x_hat), x_hat) - 1).square().mean()

    def of_G(self, D, x_fake, x):
        """J."""
        return -D(x_fake).mean()


class R3Gan:
    """The game of the recipes: pairs, and D pays for its slope at both samples."""

    objective, penalties = (
        rules(RATE, 0.5)[name] for name in ("objective", "penalties")
    )
    k, betas = 1, (0.0, 0.99)

    def of_D(self, D, x, x_fake, eps):
        x, x_fake = (a.clone().requires_grad_() for a in (x, x_fake))
        s, s_fake = D(x), D(x_fake)
        P = norms(s, x).square().mean() + norms(s_fake, x_fake).square().mean()
        return F.logsigmoid(s - s_fake).mean(), 0.25 * P

    def of_G(self, D, x_fake, x):
        s_fake = D(x_fake)
        return -F.logsigmoid(s_fake - D(x)).mean()


def torch_turn(game, players, x, z, eps):
    """V, J and P of a turn, where z has one batch more than x."""
    G, D, opt_G, opt_D = players
    for real, z_D, at in zip(x, z, eps, strict=False):
        with torch.no_grad():
            x_fake = G(z_D)
        V, P = game.of_D(D, real, x_fake, at)
        descend(opt_D, P - V)
    J = game.of_G(D, G(z[-1]), x[-1])
    descend(opt_G, J)
    return V.item(), J.item(), P.item()


def descend(opt, loss):
    opt.zero_grad()
    loss.backward()
    opt.step()


def relative(a, b) -> float:
    return np.linalg.norm(np.subtract(a, b)) / np.linalg.norm(b)


@pytest.mark.parametrize("game", [WganGp(), R3Gan()], ids=["wgan-gp", "r3gan"])
def test_fifty_turns(game):
    ours, k = networks(), game.k
    start = [net.theta.copy() for net in ours]
    theirs = G(ours[0]), D(ours[1])
    opts = [tg.Adam(RATE, *game.betas) for _ in ours]
    opts_t = [torch.optim.Adam(net.parameters, RATE, game.betas) for net in theirs]
    rng, errors = np.random.default_rng(7), []
    for turn in range(TURNS):
        x = rng.uniform(-1, 1, (k, BATCH, T, 1))
        z = rng.standard_normal((k + 1, BATCH, Z))
        eps = np.random.default_rng([7, turn]).random((k, BATCH, 1, 1))
        reals, latents = iter(x), iter(z)
        V, J, _, _, P = tg.play(
            (*ours, *opts),
            game.objective,
            lambda reals=reals: next(reals),
            lambda latents=latents: next(latents),
            k=k,
            penalties=game.penalties,
            rng=np.random.default_rng([7, turn]),
        )
        tensors = map(torch.tensor, (x.transpose(0, 1, 3, 2), z, eps))
        losses = torch_turn(game, (*theirs, *opts_t), *tensors)
        pairs = zip((V, J, P), losses, strict=True)
        errors += [relative(a, b) for a, b in pairs]
        pairs = zip(ours, theirs, strict=True)
        errors += [relative(net.theta, other.theta()) for net, other in pairs]
    assert max(errors) <= 1e-8
    for net, before in zip(ours, start, strict=True):
        assert relative(net.theta, before) > 0.05
    draws = [v for name, v in ours[1].state().items() if name.endswith("draws")]
    assert draws == 3 * [theirs[1].seen]
