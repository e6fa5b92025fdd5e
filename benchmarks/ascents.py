"""The games of likelihood models: every network goes one step up the same value."""

from tinygan.likelihood import likelihood_step, vae_step

from .move import Game


class Ascent(Game):
    """A step of M up L = mean log p(x), where M(x) has the parameters of p.

    M's forward f, weights f, activations f - f1: there is no gradient of x.
    """

    says = "one network, one step up the mean log-likelihood"

    def tinygan(self, p, x):
        likelihood_step(p.M, p.opt_M, p.work.likelihood.tinygan, x, p.rank)

    def torch(self, p, x):
        p.opt_M.zero_grad()
        loss = p.work.likelihood.torch(p.library.torch.nn.functional, p.M(x), x)
        (loss / len(x)).backward()
        p.opt_M.step()

    def flop(self, m):
        return 3 * sum(m) - m[0]


class Elbo(Game):
    """A step of the encoder E and the decoder D up the ELBO, with one eps a sample.

    E    forward f_E, weights f_E, activations f_E - f1_E
    D    forward f_D, weights f_D, activations and z f_D
    """

    says = "encoder and decoder, one step up the ELBO"

    def tinygan(self, p, x, eps):
        players = p.E, p.D, p.opt_E, p.opt_D
        vae_step(players, p.work.likelihood.tinygan, x, eps, group=p.rank)

    def torch(self, p, x, eps):
        p.opt_E.zero_grad()
        p.opt_D.zero_grad()
        mu, log_var = p.E(x).chunk(2, dim=1)
        s = p.D(mu + (log_var / 2).exp() * eps)
        loss = p.work.likelihood.torch(p.library.torch.nn.functional, s, x)
        kl = (mu.square() + log_var.exp() - log_var - 1).sum() / 2
        ((loss + kl) / len(x)).backward()
        p.opt_E.step()
        p.opt_D.step()

    def flop(self, e, d):
        return 3 * sum(e) - e[0] + 3 * sum(d)
