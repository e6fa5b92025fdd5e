"""Optimizers: rules that turn a gradient into a step, and clipping around a rule."""

from .adam import Adam
from .base import Optimizer
from .clipping import ClipNorm, ClipValue, ClipWeights
from .rules import SGD, Momentum, RMSProp
from .wrapper import Wrapper

__all__ = [
    "SGD",
    "Adam",
    "ClipNorm",
    "ClipValue",
    "ClipWeights",
    "Momentum",
    "Optimizer",
    "RMSProp",
    "Wrapper",
]
