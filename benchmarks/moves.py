"""The games that a work can play: one timed step, for tinygan and for PyTorch.

A new game is a subclass of `Game` (move.py) with an entry in `GAMES`. Those of GANs are
here and in penalised.py, and those of likelihood models in ascents.py. Most training
loops of GANs play the first:

    shared   one G forward for both steps: D moves on x_fake, then G on the same x_fake
    fresh    Algorithm 1 of Goodfellow et al. 2014: a new z and G forward for G's step
    critic   D's step alone, Wasserstein with the gradient penalty of WGAN-GP
    wgan-gp  that step, then G's with a new z: a turn of WGAN-GP
    growing  the same with a drift penalty: a turn of progressive growing
    pairs    a turn of R3GAN: logits in pairs, R1 and R2, then G's step
    ascent   one step of a network up its log-likelihood
    elbo     one step of a VAE's encoder and decoder up the ELBO
"""

import tinygan as tg
from tinygan.runs.turn import OneForward

from .ascents import Ascent, Elbo
from .move import Game, Player
from .penalised import Critic, Growing, Pairs, Turn, play

NON_SATURATING = tg.NonSaturating()


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


GAMES = {
    "shared": Shared(),
    "fresh": Fresh(),
    "critic": Critic(),
    "wgan-gp": Turn(),
    "growing": Growing(),
    "pairs": Pairs(),
    "ascent": Ascent(),
    "elbo": Elbo(),
}
ASKED = ("shared", "fresh")  # the choices of --game; some works have their own game
