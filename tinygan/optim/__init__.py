"""Optimizers: rules that turn a gradient into a step, and clipping around a rule."""

from .clipping import ClipNorm, ClipValue, ClipWeights
from .rules import SGD, Adam, Momentum, Optimizer, RMSProp, Wrapper

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
