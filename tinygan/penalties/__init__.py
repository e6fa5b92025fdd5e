"""Penalties: what D pays for beside the game.

base.py holds the protocol, and gradient.py the second derivatives by hand.
"""

from .base import Drift, Penalty
from .gradient import DRAGAN, R1, R2, WGANGP, GradientPenalty, penalise
from .mismatch import Mismatch

__all__ = [
    "DRAGAN",
    "R1",
    "R2",
    "WGANGP",
    "Drift",
    "GradientPenalty",
    "Mismatch",
    "Penalty",
    "penalise",
]
