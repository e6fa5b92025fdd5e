"""The games that a work can play: one timed step, for tinygan and for PyTorch.

Both sides do the same mathematics in float32: the same forward passes, D's weights
without a gradient in G's step, Adam. `flop` counts the matrix products that the
mathematics needs, for tinygan and PyTorch alike. Most training loops play the first:

    shared   one G forward for both steps: D moves on x_fake, then G on the same x_fake
    fresh    Algorithm 1 of Goodfellow et al. 2014: a new z and G forward for G's step
    critic   D's step alone, Wasserstein with the gradient penalty of WGAN-GP
    growing  that step with a drift penalty, then G's: a turn of progressive growing
    pairs    a turn of R3GAN: logits in pairs, R1 and R2, then G's step
"""

import dataclasses

import tinygan as tg
from tinygan.group import ALONE
from tinygan.parallel.gathered import Gathered
from tinygan.runs.turn import OneForward

NON_SATURATING = tg.NonSaturating()


@dataclasses.dataclass
class Player:
    """Both networks and their optimizers, in one library."""

    library: object  # library.Library
    G: object
    D: object
    opt_G: object
    opt_D: object
    rng: object = None  # for penalties at random points
    rank: object = ALONE  # this process's rank in the group that plays together

    def judge(self, objective):
        """The objective, made to see the whole batch."""
        return objective if self.rank is ALONE else Gathered(objective, self.rank)


class Game:
    """One step of a game: a step of D and one of G, unless a subclass says otherwise.

    x_real: (N, *sample)      z_D, z_G: (N, *latent), noise for either step
    """

    says: str

    def tinygan(self, p: Player, x_real, z_D, z_G) -> None:
        """The step, with tinygan."""
        raise TypeError(f"{type(self).__name__} does not define tinygan(...)")

    def torch(self, p: Player, x_real, z_D, z_G) -> None:
        """The step, with PyTorch in eager mode."""
        raise TypeError(f"{type(self).__name__} does not define torch(...)")

    def flop(self, g: list[int], d: list[int]) -> int:
        """Useful FLOP per sample, from the FLOP of each layer's forward in G and D."""
        raise TypeError(f"{type(self).__name__} does not define flop(g, d)")


class Shared(Game):
    """One G forward serves both steps.

        D step    G forward f_G, D forward 2 f_D, D's weights 2 f_D,
                  D's activations 2 (f_D - f1_D)
        G step    D forward f_D, D's activations and x_fake f_D,
                  G's weights f_G, G's activations f_G - f1_G

    f is the cost of a network's forward and f1 that of its first layer. There is no
    gradient of x in D's step, none of D's weights in G's step, and none of z.
    """

    says = (
        "non-saturating; one G forward for both steps; D's weights get no gradient in "
        "G's step"
    )

    def tinygan(self, p, x_real, z_D, z_G):
        players = (OneForward(p.G), p.D, p.opt_G, p.opt_D)
        objective = p.judge(NON_SATURATING)
        tg.play(players, objective, lambda: x_real, lambda: z_D)

    def torch(self, p, x_real, z_D, z_G):
        p.D.requires_grad_(True)
        x_fake = p.G(z_D)
        torch_d_step(p, x_real, x_fake.detach())
        torch_g_step(p, x_fake)

    def flop(self, g, d):
        d_step = sum(g) + 6 * sum(d) - 2 * d[0]
        return d_step + 2 * sum(d) + 2 * sum(g) - g[0]


class Fresh(Shared):
    """Shared, with another G forward f_G in G's step."""

    says = (
        "non-saturating; D's step has a G forward without gradients, G's step a fresh "
        "one; D's weights get no gradient in G's step"
    )

    def tinygan(self, p, x_real, z_D, z_G):
        play(p, NON_SATURATING, (), x_real, z_D, z_G)

    def torch(self, p, x_real, z_D, z_G):
        p.D.requires_grad_(True)
        with p.library.torch.no_grad():
            x_fake = p.G(z_D)
        torch_d_step(p, x_real, x_fake)
        torch_g_step(p, p.G(z_G))

    def flop(self, g, d):
        return super().flop(g, d) + sum(g)


class Critic(Game):
    """V = mean D(x) - mean D(G(z)) less P = 10 mean (|grad_x D(x_hat)| - 1)^2; D alone.

        V    G forward f_G, D forward 2 f_D, weights 2 f_D, activations 2 (f_D - f1_D)
        P    D forward f - fL, g = grad_x D f, tangent f - fL, weights f

    fL is the last layer's forward: D(x_hat) and its tangent are not needed, only masks.
    The weights' gradients reuse the activations' gradients from the way to g. PyTorch
    does more: it sends the zeros of the LeakyReLU's second derivative through D again.
    """

    says = (
        "Wasserstein with WGAN-GP (lambda 10), D's step alone; a G forward without "
        "gradients; PyTorch with create_graph"
    )
    weight = 10.0

    def tinygan(self, p, x_real, z_D, z_G):
        penalties = (tg.WGANGP(self.weight).part(p.rank),)
        objective = p.judge(tg.Wasserstein())
        x_fake, _ = p.G.forward(z_D)
        tg.d_step(p.D, p.opt_D, objective, x_real, x_fake, penalties, p.rng)

    def torch(self, p, x_real, z_D, z_G):
        torch = p.library.torch
        with torch.no_grad():
            x_fake = p.G(z_D)
        p.opt_D.zero_grad()
        eps = torch.rand((len(x_real), 1, 1, 1), device=x_real.device)
        V, P = self.torch_value(torch, p.D, x_real, x_fake, eps)
        (P - V).backward()
        p.opt_D.step()

    def torch_value(self, torch, D, x_real, x_fake, eps):
        """V and P; eps (N, 1, 1, 1) places x_hat between x_real and x_fake."""
        V = D(x_real).mean() - D(x_fake).mean()
        return V, self.torch_penalty(torch, D, x_real, x_fake, eps)

    def torch_penalty(self, torch, D, x_real, x_fake, eps):
        """The gradient penalty, with a graph of its own."""
        x_hat = (eps * x_real + (1 - eps) * x_fake).requires_grad_(True)
        (g,) = torch.autograd.grad(D(x_hat).sum(), x_hat, create_graph=True)
        r = torch.linalg.vector_norm(g, dim=(1, 2, 3))
        return self.weight * ((r - 1) ** 2).mean()

    def flop(self, g, d):
        V = sum(g) + 6 * sum(d) - 2 * d[0]
        return V + 4 * sum(d) - 2 * d[-1]


class Growing(Critic):
    """A turn of progressive growing: the critic's step with a drift, then G's step.

        drift     1e-3 mean D(x)^2: another gradient of the logits, no product
        P         as in `Critic`, and the second derivative of MinibatchStd: from it
                  down to x, weights 2 (f_D - fT) less the first layer's activations
        G step    G forward f_G, D forward f_D, D's activations and x_fake f_D,
                  G's weights f_G, G's activations f_G - f1_G

    fT is the forward of the layers behind MinibatchStd, D's last TOP products.
    """

    says = (
        "a turn of WGAN-GP (lambda 10) with drift (1e-3): D's step, and G's step with "
        "a new z and a new G forward; PyTorch with create_graph"
    )
    drift = 1e-3
    TOP = 3

    def tinygan(self, p, x_real, z_D, z_G):
        penalties = tg.WGANGP(self.weight), tg.Drift(self.drift)
        play(p, tg.Wasserstein(), penalties, x_real, z_D, z_G)

    def torch(self, p, x_real, z_D, z_G):
        p.D.requires_grad_(True)
        super().torch(p, x_real, z_D, z_G)
        p.D.requires_grad_(False)
        p.opt_G.zero_grad()
        (-p.D(p.G(z_G)).mean()).backward()
        p.opt_G.step()

    def torch_value(self, torch, D, x_real, x_fake, eps):
        s = D(x_real)
        V = s.mean() - D(x_fake).mean()
        P = self.torch_penalty(torch, D, x_real, x_fake, eps)
        return V, P + self.drift * s.square().mean()

    def flop(self, g, d):
        d_step = super().flop(g, d) + 2 * sum(d[: -self.TOP]) - d[0]
        return d_step + 2 * sum(d) + 3 * sum(g) - g[0]


class Pairs(Game):
    """A turn of R3GAN: V = mean log sigma(D(x) - D(G(z))), less R1 and R2; then G's.

        D step    G forward f_G; of both batches D forward f_D, g = grad_x D f_D,
                  tangent f_D - fL_D, weights f_D
        G step    G forward f_G, D forward 2 f_D, D's activations and x_fake f_D,
                  G's weights f_G, G's activations f_G - f1_G

    V needs no products of its own: its gradients of a sample's activations are those on
    the way to g, times a number, and its weights join those of R1 and R2.
    """

    says = (
        "a turn of R3GAN (pairs, R1 and R2, gamma 1): D's step, and G's step with a "
        "new z and a new G forward; PyTorch with create_graph"
    )
    gamma = 1.0

    def tinygan(self, p, x_real, z_D, z_G):
        penalties = tg.R1(self.gamma), tg.R2(self.gamma)
        play(p, tg.RelativisticPairing(), penalties, x_real, z_D, z_G)

    def torch(self, p, x_real, z_D, z_G):
        torch = p.library.torch
        softplus = torch.nn.functional.softplus
        p.D.requires_grad_(True)
        with torch.no_grad():
            x_fake = p.G(z_D)
        p.opt_D.zero_grad()
        xs = [x.detach().requires_grad_(True) for x in (x_real, x_fake)]
        s_real, s_fake = map(p.D, xs)
        sums = s_real.sum(), s_fake.sum()
        both = torch.autograd.grad(sums, xs, create_graph=True)
        squares = sum(g.square().sum() for g in both)
        loss = softplus(s_fake - s_real).mean()
        (loss + self.gamma / 2 * squares / len(x_real)).backward(
            inputs=[*p.D.parameters()]
        )
        p.opt_D.step()
        p.D.requires_grad_(False)
        p.opt_G.zero_grad()
        s_fake = p.D(p.G(z_G))
        softplus(p.D(x_real) - s_fake).mean().backward()
        p.opt_G.step()

    def flop(self, g, d):
        d_step = sum(g) + 2 * (4 * sum(d) - d[-1])
        return d_step + 3 * sum(d) + 3 * sum(g) - g[0]


GAMES = {
    "shared": Shared(),
    "fresh": Fresh(),
    "critic": Critic(),
    "growing": Growing(),
    "pairs": Pairs(),
}
ASKED = ("shared", "fresh")  # the choices of --game; some works have their own game


def play(p: Player, objective, penalties, x_real, z_D, z_G) -> None:
    """tinygan's turn, with a new G forward for G's step."""
    noise = iter((z_D, z_G))
    tg.play(
        (p.G, p.D, p.opt_G, p.opt_D),
        p.judge(objective),
        lambda: x_real,
        lambda: next(noise),
        penalties=[penalty.part(p.rank) for penalty in penalties],
        rng=p.rng,
    )


def torch_d_step(p: Player, x_real, x_fake) -> None:
    """D ascends V = mean log D(x) + mean log(1 - D(x_fake))."""
    softplus = p.library.torch.nn.functional.softplus
    p.opt_D.zero_grad()
    loss = softplus(-p.D(x_real)).mean() + softplus(p.D(x_fake)).mean()
    loss.backward()
    p.opt_D.step()


def torch_g_step(p: Player, x_fake) -> None:
    """G descends -mean log D(x_fake), D's weights frozen."""
    softplus = p.library.torch.nn.functional.softplus
    p.D.requires_grad_(False)
    p.opt_G.zero_grad()
    softplus(-p.D(x_fake)).mean().backward()
    p.opt_G.step()
