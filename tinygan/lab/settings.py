"""The choices on the page, and the experiment that they make.

Every objective of the package that needs no condition is here, every penalty, and the
other ways to tame D. A choice that the package refuses is refused by its own sentence.
"""

import dataclasses
import itertools
import re
from collections.abc import Callable
from typing import NamedTuple

from ..errors import InputError, number, one_of, whole
from ..layers import (
    Dense,
    LeakyReLU,
    ReLU,
    Sequential,
    Sigmoid,
    SpectralNorm,
    Tanh,
)
from ..objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)
from ..optim import SGD, Adam, ClipNorm, ClipWeights, Momentum, RMSProp
from ..penalties import DRAGAN, R1, R2, WGANGP, Drift, Penalty
from ..runs.experiment import Experiment, Latent
from .densities import chosen

FOREVER = 10**9  # turns: the page ends the game


class Choice(NamedTuple):
    """An objective as the page offers it, with V and J as Algorithm 1 shows them."""

    make: Callable[[], Objective]
    V: str
    J: str


LOG_V = "mean log D(x) + mean log(1 − D(G(z)))"
SQUARES_V = "−½ mean (s(x) − {b})² − ½ mean (s(G(z)) − {a})²"
OBJECTIVES = {
    "non-saturating": Choice(NonSaturating, LOG_V, "−mean log D(G(z))"),
    "minimax": Choice(Minimax, LOG_V, "mean log(1 − D(G(z)))"),
    "Wasserstein": Choice(Wasserstein, "mean s(x) − mean s(G(z))", "−mean s(G(z))"),
    "hinge": Choice(
        Hinge,
        "−mean max(0, 1 − s(x)) − mean max(0, 1 + s(G(z)))",
        "−mean s(G(z))",
    ),
    "least squares 0, 1, 1": Choice(
        lambda: LeastSquares(0.0, 1.0, 1.0),
        SQUARES_V.format(b="1", a="0"),
        "½ mean (s(G(z)) − 1)²",
    ),
    "least squares −1, 1, 0": Choice(
        lambda: LeastSquares(-1.0, 1.0, 0.0),
        SQUARES_V.format(b="1", a="(−1)"),
        "½ mean s(G(z))²",
    ),
    "relativistic average": Choice(
        RelativisticAverage,
        "mean log σ(r) + mean log(1 − σ(f)), r = s(x) − mean s(G(z)), "
        "f = s(G(z)) − mean s(x)",
        "−mean log(1 − σ(r)) − mean log σ(f)",
    ),
    "relativistic pairing": Choice(
        RelativisticPairing,
        "mean log σ(s(x) − s(G(z)))",
        "−mean log σ(s(G(z)) − s(x))",
    ),
    "non-saturating, real label 0.9": Choice(
        lambda: NonSaturating(0.9),
        "mean (0.9 log D(x) + 0.1 log(1 − D(x))) + mean log(1 − D(G(z)))",
        "−mean log D(G(z))",
    ),
}
PENALTIES: dict[str, Callable[[float], Penalty]] = {
    "WGAN-GP": WGANGP,
    "WGAN-GP, one-sided": lambda weight: WGANGP(weight, one_sided=True),
    "R1": R1,
    "R2": R2,
    "DRAGAN": DRAGAN,
    "drift": Drift,
}
NONE, SPECTRAL = "none", "spectral norm"
WRAPPERS = {"weight clipping": ClipWeights, "gradient clipping": ClipNorm}
TAMING = (NONE, *PENALTIES, SPECTRAL, *WRAPPERS)  # the ways to keep D from being steep
ACTIVATIONS = {
    "tanh": Tanh,
    "leaky ReLU": LeakyReLU,
    "ReLU": ReLU,
    "sigmoid": Sigmoid,
}
OPTIMIZERS = {
    "Adam": lambda lr: Adam(lr, beta1=0.5),
    "SGD": SGD,
    "momentum": lambda lr: Momentum(lr, mu=0.9),
    "RMSProp": RMSProp,
}
LIVE = ("lr_G", "lr_D", "k")  # what may change while the game is played
MOST = {"batch": 8192, "k": 100, "dim": 128}
WIDEST, DEEPEST = 1024, 8  # hidden layers
WORK = 4e9  # multiplications of a turn's forward passes: about a second for the turn


@dataclasses.dataclass(frozen=True)
class Settings:
    """All that one can choose, as the page has it: names, numbers, and sizes as text.

    hidden_G, hidden_D: the sizes of the hidden layers, such as "64, 64"; "" for none
    penalty, weight: a name of TAMING, and the penalty's weight or the clipping's limit
    dim, kind, scale: of the latents z
    """

    data: str = "ring of 8"
    objective: str = "non-saturating"
    penalty: str = NONE
    weight: float = 1.0
    hidden_G: str = "64, 64"
    hidden_D: str = "64, 64"
    activation: str = "tanh"
    dim: int = 2
    kind: str = "normal"
    scale: float = 2.0
    optimizer: str = "Adam"
    lr_G: float = 2e-3
    lr_D: float = 2e-3
    k: int = 1
    batch: int = 128
    seed: int = 0

    def experiment(self, strokes=()) -> Experiment:
        """The experiment of these choices; the strokes are those of drawn data.

        Raises InputError for a choice that cannot be.
        """
        self.check()
        density = chosen(self.data, strokes)
        penalties = []
        if self.penalty in PENALTIES:
            penalties.append(PENALTIES[self.penalty](self.weight))
        opt_D = OPTIMIZERS[self.optimizer](self.lr_D)
        if self.penalty in WRAPPERS:
            opt_D = WRAPPERS[self.penalty](opt_D, self.weight)
        return Experiment(
            G=self.network(self.hidden_G, 2),
            D=self.network(self.hidden_D, 1, self.penalty == SPECTRAL),
            shape=(2,),
            data=lambda: density,
            latent=Latent(self.dim, self.kind, self.scale),
            objective=OBJECTIVES[self.objective].make(),
            opt_G=OPTIMIZERS[self.optimizer](self.lr_G),
            opt_D=opt_D,
            steps=FOREVER,
            batch=self.batch,
            seed=self.seed,
            k=self.k,
            penalties=penalties,
            log_every=1,
        )

    def network(self, hidden: str, n_out: int, spectral: bool = False) -> Sequential:
        """Dense layers of the hidden sizes with the activation, then one of n_out."""
        layers: list = []
        for n in (*sizes(hidden), n_out):
            layer = Dense(n)
            layers += [SpectralNorm(layer) if spectral else layer]
            layers += [ACTIVATIONS[self.activation]()]
        return Sequential(*layers[:-1])

    def check(self) -> None:
        """Raise InputError for an unknown name, for a number out of range, and for a
        turn of so much work that the page would stand still.
        """
        for name, choices in CHOICES.items():
            one_of("the lab", name, getattr(self, name), choices)
        for name, most in MOST.items():
            whole("the lab", f"1 <= {name} <= {most}", getattr(self, name))
        for lr in (self.lr_G, self.lr_D):
            number("the lab", "a learning rate > 0", lr)
        G = [self.dim, *sizes(self.hidden_G), 2]
        D = [2, *sizes(self.hidden_D), 1]
        each = sum(a * b for net in (G, D) for a, b in itertools.pairwise(net))
        work = each * self.batch * (self.k + 1)
        if work > WORK:
            raise InputError(
                f"the lab: expected a turn of at most {WORK:.0e} multiplications, to "
                f"be quick enough to look at, got {work:.1e}; smaller layers, a "
                "smaller batch or a smaller k may do"
            )

    def retuned(self, experiment: Experiment) -> None:
        """Give a running experiment the rates and the k of these settings.

        Raises InputError for one that is out of range; then nothing has changed.
        """
        self.check()
        experiment.opt_G.lr, experiment.opt_D.lr = self.lr_G, self.lr_D
        experiment.k = self.k


CHOICES = {
    "objective": tuple(OBJECTIVES),
    "penalty": TAMING,
    "activation": tuple(ACTIVATIONS),
    "optimizer": tuple(OPTIMIZERS),
}


def sizes(text: str) -> list[int]:
    """The sizes of hidden layers in a text such as "64, 64"; none in "".

    Raises InputError for another text, for a size out of range, and for too many.
    """
    if not text.strip():
        return []
    words = text.split(",")
    if not all(re.fullmatch(r" *[0-9]{1,9} *", word) for word in words):
        raise InputError(
            f"hidden layers: expected sizes such as 64, 64, got {text.strip()[:40]!r}"
        )
    if len(words) > DEEPEST:
        raise InputError(f"hidden layers: expected at most {DEEPEST}, got {len(words)}")
    wanted = f"1 <= size <= {WIDEST}"
    return [whole("hidden layers", wanted, int(word)) for word in words]
