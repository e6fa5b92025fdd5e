"""A run: what a recipe asks for, the game in progress, its folder on the disk.

A recipe needs only what can be imported from here.
"""

from .conditions import Classes, Sentences
from .experiment import Experiment, Latent
from .schedule import CriticSteps

__all__ = ["Classes", "CriticSteps", "Experiment", "Latent", "Sentences"]
