"""The games with a gradient penalty: a critic's step, and whole turns with it."""

import tinygan as tg

from .move import Game, Player


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


class Turn(Critic):
    """A turn of WGAN-GP: the critic's step, then G's.

    G step    G forward f_G, D forward f_D, D's activations and x_fake f_D,
              G's weights f_G, G's activations f_G - f1_G
    """

    says = (
        "a turn of WGAN-GP (lambda 10): D's step, and G's step with a new z and a new "
        "G forward; PyTorch with create_graph"
    )

    def penalties(self):
        """tinygan's penalties of D's step."""
        return [tg.WGANGP(self.weight)]

    def tinygan(self, p, x_real, z_D, z_G):
        play(p, tg.Wasserstein(), self.penalties(), x_real, z_D, z_G)

    def torch(self, p, x_real, z_D, z_G):
        p.D.requires_grad_(True)
        super().torch(p, x_real, z_D, z_G)
        p.D.requires_grad_(False)
        p.opt_G.zero_grad()
        (-p.D(p.G(z_G)).mean()).backward()
        p.opt_G.step()

    def flop(self, g, d):
        return super().flop(g, d) + 2 * sum(d) + 3 * sum(g) - g[0]


class Growing(Turn):
    """A turn of progressive growing: WGAN-GP with a drift in the critic's step.

        drift     1e-3 mean D(x)^2: another gradient of the logits, no product
        P         as in `Critic`, and the second derivative of MinibatchStd: from it
                  down to x, weights 2 (f_D - fT) less the first layer's activations

    fT is the forward of the layers behind MinibatchStd, D's last TOP products.
    """

    says = (
        "a turn of WGAN-GP (lambda 10) with drift (1e-3): D's step, and G's step with "
        "a new z and a new G forward; PyTorch with create_graph"
    )
    drift = 1e-3
    TOP = 3

    def penalties(self):
        return [*super().penalties(), tg.Drift(self.drift)]

    def torch_value(self, torch, D, x_real, x_fake, eps):
        s = D(x_real)
        V = s.mean() - D(x_fake).mean()
        P = self.torch_penalty(torch, D, x_real, x_fake, eps)
        return V, P + self.drift * s.square().mean()

    def flop(self, g, d):
        return super().flop(g, d) + 2 * sum(d[: -self.TOP]) - d[0]


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
