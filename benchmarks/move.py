"""A game, and who plays it: the protocol of one timed step.

moves.py lists the games. Both libraries do the same mathematics in float32: the same
forward passes, no gradient that nothing needs, Adam. `flop` counts the matrix products
that the mathematics needs, for tinygan and PyTorch alike.
"""

from tinygan.group import ALONE
from tinygan.parallel.gathered import Gathered


class Player:
    """A work's networks and their optimizers, in one library.

    The network "G" of the work is `G`, and its optimizer is `opt_G`.

    library: a library.Library      work: a work.Work
    pairs: (network, optimizer) for each of `work.names`
    rng: for penalties at random points
    rank: this process's rank in the group that plays together
    """

    def __init__(self, library, work, pairs, rng=None, rank=ALONE):
        self.library, self.work, self.rng, self.rank = library, work, rng, rank
        for name, (net, opt) in zip(work.names, pairs, strict=True):
            setattr(self, name, net)
            setattr(self, f"opt_{name}", opt)

    def pairs(self) -> list[tuple]:
        """(network, optimizer) for each of `work.names`."""
        names = self.work.names
        return [(getattr(self, name), getattr(self, f"opt_{name}")) for name in names]

    def judge(self, objective):
        """The objective, made to see the whole batch."""
        return objective if self.rank is ALONE else Gathered(objective, self.rank)


class Game:
    """One step of a game: a step of D and one of G, unless a subclass says otherwise.

    `batch` is what the work's `draw` returns. For a GAN it is x_real (N, *sample), and
    z_D and z_G (N, *latent), noise for either step.
    """

    says: str

    def tinygan(self, p: Player, *batch) -> None:
        """The step, with tinygan."""
        raise TypeError(f"{type(self).__name__} does not define tinygan(...)")

    def torch(self, p: Player, *batch) -> None:
        """The step, with PyTorch in eager mode."""
        raise TypeError(f"{type(self).__name__} does not define torch(...)")

    def flop(self, *nets: list[int]) -> int:
        """Useful FLOP per sample, from `cost.layer_flop` of each network's forward."""
        raise TypeError(f"{type(self).__name__} does not define flop(...)")
