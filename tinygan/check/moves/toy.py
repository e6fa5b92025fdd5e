"""A toy game: logits play by themselves, and it shows whether signs are right.

V and J may be upside down as a whole, with derivatives that are right. Then D learns to
believe fakes, or G learns to be found out, and no derivative shows it.
"""

import numpy as np

from .logits import column, usual
from .protocol import Players, flat, same

TILT = 0.2  # of real logits up, and of fake ones down, if D is undecided for ever


def toy_game(objective):
    """Free logits play: D climbs V from undecided, then G goes down J.

    D has to tell real from fake, either way up. G has to move the fake logits to where
    V puts real ones. beliefs has to show that D now believes the real ones more.
    """
    players = Players(objective)
    start = column(np.linspace(-0.5, 0.5, 8))
    s_real, s_fake = _climbed(players, start, start)
    apart = float(s_real.mean() - s_fake.mean())
    if abs(apart) < 1e-6:  # a V that is even in the gap has no slope at 0
        s_real, s_fake = _climbed(players, start + TILT, start - TILT)
        apart = float(s_real.mean() - s_fake.mean())
        if apart < 2 * TILT + 1e-6:
            yield "D tells real from fake when it climbs V: the logits stay alike"
            return
    push = -float(players.dJ(s_fake, s_real).sum())
    push = push or -float(players.dJ(start, start).sum())
    if push * apart <= 0:  # eq: toy-push
        higher = "higher" if apart > 0 else "lower"
        way = "up" if push > 0 else "down" if push < 0 else "nowhere"
        yield (
            f"G gains by what D rewards: climbing V makes real logits {higher} than "
            f"fake ones, and going down J moves fake logits {way}; V or J is upside "
            "down"
        )
    of_real, of_fake = map(float, players.call("beliefs", s_real, s_fake))
    if not of_real > of_fake:
        yield (
            f"D believes real samples more, after it climbed V: beliefs gives "
            f"D(x) = {of_real:.3g} and D(G(z)) = {of_fake:.3g}; they are exchanged, or "
            "V and J are upside down"
        )


def _climbed(players, s_real, s_fake):
    """The logits after D has climbed V for ten steps."""
    for _ in range(10):
        d_real, d_fake = players.dV(s_real, s_fake)
        size = max(np.abs(d_real).max(), np.abs(d_fake).max())
        if not size:
            break
        s_real, s_fake = s_real + 0.1 * d_real / size, s_fake + 0.1 * d_fake / size
    return s_real, s_fake


def remarks(objective) -> str:
    """What is worth knowing of a right objective: a value that grows with the batch."""
    s = usual((3, 3), np.random.default_rng(0))
    twice = tuple(np.repeat(a, 2, axis=0) for a in s)
    try:
        once, double = (flat(Players(objective).call("value", *a)) for a in (s, twice))
    except Exception:  # it may take batches of one size alone
        return ""
    if abs(once[0]) > 1e-9 and same(double, 2 * once):
        return "V is a sum over the batch, so its gradient grows with the batch"
    return ""
