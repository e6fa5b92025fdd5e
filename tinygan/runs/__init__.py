"""Runs: a recipe returns an experiment, a run plays it, a folder keeps the results.

A recipe needs only the names that this file exports.
"""

from .conditions import Classes, Sentences
from .experiment import Experiment, Latent
from .schedule import CriticSteps

__all__ = ["Classes", "CriticSteps", "Experiment", "Latent", "Sentences"]
