"""Objectives: what the two players want, one file for each family.

base.py holds the protocol.
"""

from .auxiliary import Auxiliary, AuxiliaryClassifier, AuxiliaryWords, MatchingAware
from .base import Objective
from .critics import Critic, Hinge, LeastSquares, Wasserstein
from .diversity import Diversity, WithDiversity
from .logistic import Logistic, Minimax, NonSaturating
from .relativistic import RelativisticAverage, RelativisticPairing

__all__ = [
    "Auxiliary",
    "AuxiliaryClassifier",
    "AuxiliaryWords",
    "Critic",
    "Diversity",
    "Hinge",
    "LeastSquares",
    "Logistic",
    "MatchingAware",
    "Minimax",
    "NonSaturating",
    "Objective",
    "RelativisticAverage",
    "RelativisticPairing",
    "Wasserstein",
    "WithDiversity",
]
