"""Saturation: how hard each objective pulls a generated sample, wherever D puts it.

G learns from dJ/ds_fake, one number for each sample. When D is sure that a sample is
fake, s -> -inf, D(G(z)) -> 0, and the original objective gives G almost nothing:

    minimax           -sigma(s) = -D             gone where G is worst
    non-saturating    -(1 - sigma(s)) = D - 1    strongest there, gone where G is best
    Wasserstein       -1                         everywhere the same
    hinge             -1                         everywhere the same
    least squares     s - c                      ever stronger, and it changes sign:
                                                 a sample too real is drawn back

The first two are *not* the same gradient, nor multiples by a constant: they agree at
s = 0 alone, and their sum is -1 everywhere. Source: Goodfellow et al. 2014, section 3;
Goodfellow 2016, section 3.2; Mao et al. 2017, section 3.2.
"""

import numpy as np

from ..objectives import Objective
from ..ops import sigmoid


def generator_gradient(objective: Objective, s, s_real: float = 0.0) -> np.ndarray:
    """dJ/ds_fake for a batch of one generated sample, at each logit of s (n,); (n,)

    s_real is the real sample's logit, which matters to relativistic objectives only.
    """
    s = np.asarray(s, np.float64)
    real = np.full((1, 1), float(s_real))
    gradients = [objective.g_grad(v, real) for v in s.reshape(-1, 1, 1)]
    return np.array(gradients).reshape(s.shape)


def generator_loss(objective: Objective, s, s_real: float = 0.0) -> np.ndarray:
    """J for a batch of one generated sample, at each logit of s (n,); (n,)

    It is in nats for the log losses.
    """
    s = np.asarray(s, np.float64)
    real = np.full((1, 1), float(s_real))
    values = [objective.g_value(v, real) for v in s.reshape(-1, 1, 1)]
    return np.array(values).reshape(s.shape)


def logit(D) -> np.ndarray:
    """s = log D - log(1 - D), the inverse of sigma. ValueError unless 0 < D < 1."""
    D = np.asarray(D, np.float64)
    if not ((D > 0) & (D < 1)).all():
        raise ValueError("expected beliefs 0 < D < 1")
    return np.log(D) - np.log1p(-D)


def pull(objective: Objective, D, s_real: float = 0.0) -> np.ndarray:
    """|dJ/ds_fake| as a function of the belief D(G(z)) = sigma(s); the shape of D."""
    return np.abs(generator_gradient(objective, logit(D), s_real))


def rows(objectives: dict[str, Objective], beliefs=(0.001, 0.1, 0.5, 0.9, 0.999)):
    """A table as lines of text: dJ/ds_fake at beliefs (n,), for each objective."""
    s = logit(beliefs)
    yield f"{'D(G(z))':<24}" + "".join(f"{b:>10.3f}" for b in sigmoid(s))
    for name, objective in objectives.items():
        gradient = generator_gradient(objective, s)
        yield f"{name:<24}" + "".join(f"{g:>10.3f}" for g in gradient)
