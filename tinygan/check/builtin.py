"""Check everything that tinygan brings, in all settings where its code differs."""

from ..likelihood import Bernoulli, Categorical, Gaussian, Likelihood
from ..objectives import (
    AuxiliaryClassifier,
    AuxiliaryWords,
    Diversity,
    Hinge,
    LeastSquares,
    MatchingAware,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)
from ..optim import SGD, Adam, ClipNorm, ClipValue, Momentum, Optimizer, RMSProp
from ..penalties import DRAGAN, R1, R2, WGANGP, Drift, Penalty
from .adapters import OneLogit
from .builtin_layers import builtin_layers
from .layers.layer import check_layer
from .moves.diversity import check_diversity
from .moves.game import check_game
from .moves.likelihood import check_likelihood
from .moves.objective import check_objective
from .moves.optimizer import check_optimizer
from .moves.penalty import check_penalty
from .report import Row
from .twins import mismatch_rows, twin_rows


def builtin_objectives() -> list[Objective]:
    """Every objective of tinygan, with and without smoothed labels."""
    return [
        Minimax(),
        Minimax(real_label=0.9),
        NonSaturating(),
        Wasserstein(),
        LeastSquares(),
        Hinge(),
        RelativisticAverage(),
        RelativisticAverage(real_label=0.9),
        RelativisticPairing(),
        MatchingAware(),
        OneLogit(AuxiliaryClassifier(weight=0.5)),
        OneLogit(AuxiliaryWords(weight=0.5), (2, 2)),
    ]


def builtin_penalties() -> list[Penalty]:
    """Every penalty of tinygan."""
    return [WGANGP(), WGANGP(one_sided=True, k=0.1), R1(), R2(), DRAGAN(), Drift(0.1)]


def builtin_optimizers() -> list[Optimizer]:
    """Every optimizer of tinygan whose definition is known."""
    return [
        SGD(0.1),
        Momentum(0.1, 0.5, final=0.9, ramp=4),
        RMSProp(0.01),
        Adam(0.01, 0.5),
        ClipValue(Adam(0.01, 0.5), 0.1),
        ClipNorm(Momentum(0.1), 1.0),
    ]


def builtin_likelihoods() -> list[Likelihood]:
    """Every distribution of tinygan."""
    return [Bernoulli(), Gaussian(0.5), Categorical()]


def builtin_rows(
    seed: int = 0, analytic: bool = True, effort: str = "quick", say=None
) -> list[Row]:
    """Check everything that tinygan brings: layers, objectives, whole moves, penalties,
    optimizers, and the twins of fast/.

    analytic and effort are those of `check_layer`; say(name) is told what is checked.
    """
    rows: list[Row] = []
    how = {"seed": seed, "effort": effort}

    def check(kind, *thing, **more) -> None:
        if say is not None:
            say(repr(thing[0]))
        rows.extend(kind(*thing, **more))

    for layer, shape in builtin_layers():
        check(check_layer, layer, shape, analytic=analytic, **how)
    for objective in builtin_objectives():
        check(check_objective, objective, analytic=analytic, **how)
    for objective in builtin_objectives():
        check(check_game, objective, seed=seed)
    for penalty in builtin_penalties():
        check(check_penalty, penalty, analytic=analytic, **how)
    check(check_diversity, Diversity(20, limit=0.07), analytic=analytic, **how)
    for likelihood in builtin_likelihoods():
        check(check_likelihood, likelihood, analytic=analytic, **how)
    for optimizer in builtin_optimizers():
        check(check_optimizer, optimizer, **how)
    rows += mismatch_rows(seed) + twin_rows(seed)
    return rows
