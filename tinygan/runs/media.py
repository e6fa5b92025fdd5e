"""The medium of an experiment: its samples are pictures, sounds or text."""

from .hearing import Hearing
from .medium import Medium
from .trainable import Trainable
from .writing import Writing


def medium_of(experiment: Trainable) -> Medium:
    """The medium in which this experiment's samples are shown and written."""
    if experiment.sound is not None:
        return Hearing(experiment)
    if experiment.text is not None:
        return Writing(experiment)
    return Medium(experiment)
