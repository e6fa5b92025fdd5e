"""Algorithm 1 of Goodfellow et al. 2014, line by line, with the numbers of a live game.

The numbers are those of the last turn: its draws are drawn again by their keys, and the
gradients are those that the last steps left in D.grad and G.grad.
"""

from typing import NamedTuple

import numpy as np

from ..runs.turn import Draws
from .game import LiveGame
from .settings import NONE, OBJECTIVES


class Line(NamedTuple):
    """A line: how far it is indented, its words, its present shapes and numbers, and
    whether the next move begins with it.
    """

    depth: int
    words: str
    numbers: str
    next: bool


def lines(game: LiveGame) -> list[Line]:
    """The eight lines, with the numbers of the last turn, or of the turn begun."""
    s, e = game.settings, game.experiment
    choice = OBJECTIVES[s.objective]
    pays = "" if s.penalty == NONE else f" ({s.penalty})"
    D, G = game.turns.players["D"], game.turns.players["G"]
    m, k, t = e.batch, game.k, game.step
    last = Last(game)
    at_D = game.moves < k
    return [
        Line(0, "for each turn do", f"{t:,} turns played", False),
        Line(1, "for k steps do", f"k = {k}, {game.moves} of them made now", False),
        Line(2, f"sample m latents z from {_latent(e)}", last.z_D, at_D),
        Line(2, "sample m examples x from p_data", last.x, False),
        Line(
            2,
            f"ascend θ_D along the gradient of V = {choice.V}{pays}",
            f"V = {last['V']}, |dV/dθ_D| = {_size(D.net.grad, t or game.moves)}, "
            f"{D.net.theta.size:,} numbers in θ_D, {_rule(D.opt)}",
            False,
        ),
        Line(
            1,
            "end for",
            f"D's mean answer: {last['D_x']} to x, {last['D_Gz']} to G(z)",
            False,
        ),
        Line(1, f"sample m new latents z, m = {m}", last.z_G, not at_D),
        Line(
            1,
            f"descend θ_G along the gradient of J = {choice.J}",
            f"J = {last['J']}, |dJ/dθ_G| = {_size(G.net.grad, t)}, "
            f"{G.net.theta.size:,} numbers in θ_G, {_rule(G.opt)}",
            False,
        ),
    ]


class Last:
    """The draws and values of a game's last moves, as text.

    z_D, x: what D's last step saw      z_G: the latents of G's last step
    """

    def __init__(self, game: LiveGame):
        self.rows = game.history
        self.z_D = self.x = self.z_G = "not drawn yet"
        if game.step > 0:
            draws = Draws(game.turns, game.step - 1)
            for _ in range(draws.k):
                x, z = draws.real(), draws.latent()
            self.z_D, self.x, self.z_G = _drawn(z), _drawn(x), _drawn(draws.latent())
        if game.begun is not None and game.begun.moves > 0:
            draws = game.begun.draws
            self.z_D, self.x = _drawn(draws.z), _drawn(draws.x)

    def __getitem__(self, name: str) -> str:
        column = ("V", "J", "D_x", "D_Gz").index(name) + 1
        values = (row[column] for row in reversed(self.rows[-1000:]))
        return next((f"{v:.4f}" for v in values if not np.isnan(v)), "not known yet")


def _drawn(a) -> str:
    numbers = ", ".join(f"{v:.2f}" for v in a[0][:3])
    more = ", ..." if len(a[0]) > 3 else ""
    return f"{tuple(a.shape)}, the first is ({numbers}{more})"


def _latent(e) -> str:
    scale = f"{e.latent.scale:g}"
    if e.latent.kind == "normal":
        return f"N(0, {scale}² I)"
    return f"the uniform law on [−{scale}, {scale}]"


def _size(grad, moved) -> str:
    return f"{float(np.sqrt((grad * grad).sum())):.2e}" if moved else "not known yet"


def _rule(opt) -> str:
    return f"{type(opt).__name__}, rate {opt.lr:g}"
