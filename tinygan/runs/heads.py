"""The end of a discriminator: is it a logit, or has a Sigmoid made it a probability?

An objective on logits applies sigma itself. A second Sigmoid at D's end, as in code for
Keras or PyTorch, leaves D(x) between 0.5 and 0.73, and the players learn nothing.
"""

import numpy as np

from ..errors import InputError
from ..layers import (
    AvgPool2d,
    Dropout,
    Each,
    Flatten,
    Identity,
    InstanceNoise,
    Layer,
    MeanPool,
    Reshape,
    Sequential,
    Sigmoid,
)
from ..layers.conditional.tuples import Several
from ..objectives import Objective

HARMLESS = (Reshape, Flatten, Identity, Dropout, InstanceNoise, MeanPool, AvgPool2d)


def require_logits(objective: Objective, D: Layer) -> None:
    """InputError if the objective takes any number as s, and D ends in a Sigmoid."""
    if not objective.unbounded:
        return
    for layer in last_layers(D):
        if squashes(layer):
            raise InputError(
                f"{objective!r} takes logits, any numbers, but D ends in {layer!r}, "
                f"which makes probabilities from 0 to 1; leave {layer!r} out: the "
                "objective applies sigma itself (LeastSquares() may keep it)"
            )
        if not isinstance(layer, HARMLESS):
            return


def last_layers(layer: Layer):
    """The layers without children at the end of a tree, the last one first. If a tree
    gives several outputs, the first output is the logit.
    """
    if isinstance(layer, Sequential):
        for child in reversed(layer.layers):
            yield from last_layers(child)
    elif isinstance(layer, Several):
        yield from last_layers(layer.layers[0])
    elif isinstance(layer, Each):
        yield from last_layers(layer.f)
    else:
        yield layer


def squashes(layer: Layer) -> bool:
    """Whether a layer is a Sigmoid, perhaps of a user's own: a rising function without
    parameters that takes each number to one between 0 and 1.
    """
    if isinstance(layer, Sigmoid):
        return True
    if layer.shapes or layer.children() or isinstance(layer, HARMLESS):
        return False
    s = np.linspace(-40.0, 40.0, 9)[:, None]
    try:
        y = np.asarray(layer.forward(s, train=False)[0])
    except Exception:  # it takes other inputs than a logit
        return False
    ends = y.shape == s.shape and abs(y[0, 0]) < 1e-6 and abs(y[-1, 0] - 1) < 1e-6
    return bool(ends and (np.diff(y[:, 0]) >= 0).all())
