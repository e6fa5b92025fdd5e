"""The logits of an objective: what is no array of numbers is refused in words."""

import functools

import numpy as np

from ..errors import InputError, shown
from ..values import leaves


def explained(method):
    """The method, with InputError for an error that comes from logits which are no
    arrays of numbers. Other errors stay as they are.
    """

    @functools.wraps(method)
    def call(self, *logits, **named):
        try:
            return method(self, *logits, **named)
        except (ArithmeticError, AttributeError, TypeError, IndexError) as e:
            optional = method.__name__ in ("g_value", "g_grad") and not self.paired
            for i, s in enumerate((*logits, *named.values())):
                if s is None and i == 1 and optional:
                    continue
                kinds = [getattr(a, "dtype", np.dtype("O")).kind for a in leaves(s)]
                if not kinds or set(kinds) - set("iufc"):
                    raise InputError(
                        f"{type(self).__name__}.{method.__name__} expects logits as "
                        f"arrays (N, 1) of numbers, got {shown(s)}"
                    ) from e
            raise

    return call
