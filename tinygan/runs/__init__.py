"""Runs: a recipe returns an experiment, a run plays it, a folder keeps the results.

A recipe needs only the names that this file exports.
"""

from .conditions import Classes, Sentences
from .experiment import Experiment, Latent
from .likelihood import Autoregressive, Variational
from .schedule import CriticSteps

__all__ = [
    "Autoregressive",
    "Classes",
    "CriticSteps",
    "Experiment",
    "Latent",
    "Sentences",
    "Variational",
]
