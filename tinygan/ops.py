"""Plain operations that every other file uses: sigma, softplus, means and sums.

The array decides where they run: `xp = get_xp(x)` is NumPy for an array on the CPU and
CuPy for one on the GPU.
"""

import sys
import types
from typing import Any

import numpy as np

from .errors import InputError, shown
from .fast import primitive

Array = Any  # an array of NumPy or of CuPy: they have no type in common


def get_xp(x) -> types.ModuleType:
    """The library that made the array x, of any shape: numpy or cupy.

    InputError for anything but an array.
    """
    if isinstance(x, (np.ndarray, np.generic)):
        return np
    library: Any = sys.modules.get(type(x).__module__.partition(".")[0])
    if not hasattr(library, "ndarray"):
        raise InputError(
            f"expected an array of NumPy or CuPy, got {shown(x)}; write np.asarray(...)"
        )
    return library


def sigmoid(s):
    """sigma(s) = 1 / (1 + e^-s), elementwise; no overflow for any s.

    With e = exp(-|s|) <= 1, sigma(s) is 1/(1+e) for s > 0 and e/(1+e) otherwise. -|s|
    is written min(s, -s), so that the formula stays analytic for the complex step.
    """
    xp = get_xp(s)
    e = xp.exp(xp.minimum(s, -s))
    return xp.exp(xp.minimum(s, 0)) / (1 + e)  # eq: sigmoid


def softplus(s):
    """softplus(s) = log(1 + e^s) = max(s, 0) + log(1 + e^-|s|), elementwise.

    log D = -softplus(-s) and log(1 - D) = -softplus(s) for D = sigma(s). So the
    logistic loss needs no probability, which could round to 0 or 1.
    """
    xp = get_xp(s)
    e = xp.exp(xp.minimum(s, -s))
    return xp.maximum(s, 0) + xp.log1p(e)  # eq: softplus


def mean(a):
    """The mean of all numbers of a, of any shape: a 0-d array.

    InputError unless a is an array with numbers in it.
    """
    if not getattr(a, "size", 0):
        raise InputError(f"a mean expects an array with numbers, got {shown(a)}")
    return a.sum() / a.size


def require_integers(i, n: int) -> None:
    """Raises InputError unless the integers i, of any shape, are 0 to n - 1. Arrays on
    a GPU are not checked, because a check would make the host wait.
    """
    if get_xp(i) is np and i.size and not 0 <= i.min() <= i.max() < n:
        raise InputError(
            f"expected integers from 0 to {n - 1}, got {i.min()} to {i.max()}"
        )


@primitive
def column_sum(a):
    """The sum over all axes but the last, (N, ..., C) -> (C,).

    The batch is summed first, then the positions, so the chains of roundings are short.
    Over 65,536 rows the float32 error is an eighth of the error of one long chain.
    """
    per_position = a.sum(axis=0)  # (..., C)
    return per_position.reshape(-1, a.shape[-1]).sum(axis=0)  # eq: column-sum
