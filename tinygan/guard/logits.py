"""The logits of an objective: what is no array of numbers is refused in words."""

import functools

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
            given = [*logits, *named.values()]
            for s in [*leaves(tuple(given)), *(s for s in given[:1] if s is None)]:
                if getattr(getattr(s, "dtype", None), "kind", "") not in tuple("iufc"):
                    raise InputError(
                        f"{type(self).__name__}.{method.__name__} expects logits as "
                        f"arrays (N, 1) of numbers, got {shown(s)}"
                    ) from e
            raise

    return call
