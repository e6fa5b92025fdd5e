"""Which training methods converge? Every objective with every regulariser of D.

A method is such a pair. The table has the eigenvalues that theory predicts for its
Dirac-GAN (dirac.py), the spectral radius of a turn (play.py), and what a long game by
the real steps did. It repeats the findings of Mescheder et al. 2018, table 1 and figure
3, and adds methods that they did not study.
"""

import dataclasses

import numpy as np

from ..objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)
from ..optim import ClipNorm, ClipWeights
from ..penalties import DRAGAN, R1, R2, WGANGP, Drift
from .dirac import DiracGAN, predicted_eigenvalues
from .play import Turn, multipliers, verdict

# D(x) = psi x has no bias, so it is 0 at the data. The usual labels (0, 1) of least
# squares ask for 1/2 there, labels on either side of 0 ask for 0. Both are here.
OBJECTIVES = {
    "minimax": Minimax(),
    "non-saturating": NonSaturating(),
    "Wasserstein": Wasserstein(),
    "hinge": Hinge(),
    "least squares -1, 1, 1": LeastSquares(-1.0, 1.0, 1.0),
    "least squares 0, 1, 1": LeastSquares(0.0, 1.0, 1.0),
    "relativistic average": RelativisticAverage(),
    "relativistic pairing": RelativisticPairing(),
}


def _clip_weights(optimizer):
    return ClipWeights(optimizer, 0.5)


def _clip_norm(optimizer):
    return ClipNorm(optimizer, 0.25)


REGULARISERS = {
    "none": {},
    "weight clipping": {"wrap_D": _clip_weights},
    "gradient clipping": {"wrap_D": _clip_norm, "wrap_G": _clip_norm},
    "spectral norm": {"spectral": True},
    "drift": {"penalty": Drift(0.1)},
    "WGAN-GP": {"penalty": WGANGP(0.25)},
    "WGAN-GP, strong": {"penalty": WGANGP(1.0)},
    "one-sided GP": {"penalty": WGANGP(1.0, one_sided=True)},
    "DRAGAN": {"penalty": DRAGAN(0.25)},
    "GP with k = 0": {"penalty": WGANGP(0.4, k=0.0)},
    "instance noise": {"noise": 1.2},
    "R1": {"penalty": R1(0.8)},
    "R2": {"penalty": R2(0.8)},
}

START = (1.0, 1.0)  # theta, psi
WORDS = (
    "converges: to (0, 0)   creeps in: nearer, slower than any exponential   "
    "stops: at rest elsewhere"
)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One method: what theory predicts of it, and what it did.

    eigenvalues: the field's at (0, 0), (2,); None if there is no Jacobian
    why: the reason for that, or ""
    rho: {alternating: predicted spectral radius of a turn}, empty without a Jacobian
    did: {alternating: the verdict on a long game}
    """

    objective: str
    regulariser: str
    eigenvalues: np.ndarray | None
    why: str
    rho: dict[bool, float]
    did: dict[bool, str]

    @property
    def convergent(self) -> bool:
        """Whether every mode of the field dies away: Re lambda < 0."""
        return self.eigenvalues is not None and bool(self.eigenvalues.real.max() < 0)


def method(objective: str, regulariser: str) -> DiracGAN:
    """The Dirac-GAN with these names from OBJECTIVES and REGULARISERS.

    Raises KeyError for an unknown name.
    """
    return DiracGAN(OBJECTIVES[objective], **REGULARISERS[regulariser])


def row(
    objective: str, regulariser: str, eta: float = 0.25, turns: int = 250
) -> Comparison:
    """One row of the table: theory, and two games of `turns` turns from (1, 1)."""
    game = method(objective, regulariser)
    values = None if game.obstacle else predicted_eigenvalues(game)
    rho, did = {}, {}
    for alternating in (False, True):
        if values is not None:
            mu = multipliers(values, eta, alternating)
            rho[alternating] = float(np.abs(mu).max())
        points = Turn(game, eta, alternating=alternating).trajectory(START, turns)
        did[alternating] = verdict(points, turns)
    return Comparison(objective, regulariser, values, game.obstacle, rho, did)


def convergence_table(
    objectives=OBJECTIVES,
    regularisers=REGULARISERS,
    eta: float = 0.25,
    turns: int = 250,
) -> list[Comparison]:
    """A row for every objective with every regulariser, by name, in this order."""
    return [row(o, r, eta, turns) for o in objectives for r in regularisers]


def lines(rows: list[Comparison]):
    """The table as lines of text: for each row the predictions, then what was seen."""
    yield WORDS
    yield ""
    columns = ("eigenvalues", "rho sim.", "rho alt.", "simultaneous", "alternating")
    yield _line("objective", "regulariser", *columns)
    for r in rows:
        rho = [f"{r.rho[a]:.4f}" if r.rho else "-" for a in (False, True)]
        seen = r.did[False], r.did[True]
        yield _line(r.objective, r.regulariser, spectrum(r.eigenvalues), *rho, *seen)


def _line(*cells: str) -> str:
    widths = (23, 18, 17, 9, 9, 13, 0)
    return " ".join(f"{c:<{w}}" for c, w in zip(cells, widths, strict=True)).rstrip()


def spectrum(values) -> str:
    """Two eigenvalues in a few characters: "-0.25 +- 0.43i", "0, -1" or "none"."""
    if values is None:
        return "none"
    a, b = (complex(round(v.real, 3), round(v.imag, 3)) for v in values)
    if a.imag == 0 and b.imag == 0:
        return f"{_short(max(a.real, b.real))}, {_short(min(a.real, b.real))}"
    real = f"{_short(b.real)} " if b.real else ""
    return f"{real}+-{' ' if real else ''}{_short(abs(b.imag))}i"


def _short(number: float) -> str:
    return f"{number + 0.0:.3g}"
