"""Search for a case that fails, and make it as small as it can be.

Where Hypothesis is installed, it draws the cases and shrinks the one that fails.
Without it, a failing case of the fixed set is made smaller step by step.
"""

import dataclasses

from .cases import Case
from .trial import Failure, NotTakenError, Trials

STEPS = 60  # cases that shrinking may try


def fails(trials: Trials, case: Case, quantity=None) -> Failure | None:
    """The failure of a case in a quantity, or in any; None if it is right there."""
    try:
        failures = trials(case)
    except NotTakenError:
        return None
    for failure in failures:
        if (
            quantity in (None, failure.quantity)
            and failure.error >= 1e3 * failure.limit
        ):
            return failure
    return None


def smaller(trials: Trials, failure: Failure) -> Failure:
    """The failure in a smaller case, if one fails in the same quantity."""
    left, best, found = STEPS, failure, True
    while found and left > 0:
        found = False
        for case in _simpler(best.case, trials.in_shape):
            left -= 1
            other = fails(trials, case, failure.quantity)
            if other is not None:
                best, found = other, True
                break
            if left <= 0:
                break
    return best


def _simpler(case: Case, in_shape):
    """Cases that are simpler in one respect, the simplest first."""
    plain = Case()
    for name in ("values", "order", "dtype", "train", "in_shape", "seed"):
        if getattr(case, name) != getattr(plain, name):
            yield dataclasses.replace(case, **{name: getattr(plain, name)})
    for N in range(1, min(case.N, 9)):
        yield dataclasses.replace(case, N=N)
    shape = in_shape if case.in_shape is None else case.in_shape
    for i, size in enumerate(shape):
        for less in dict.fromkeys((1, 2, size // 2, size - 1)):
            if 0 < less < size:
                yield dataclasses.replace(
                    case, in_shape=(*shape[:i], less, *shape[i + 1 :])
                )


def hunted(trials: Trials, many: int, seed: int) -> dict[str, Failure]:
    """{quantity: failure} of the smallest failing case among `many` random ones.

    {} if Hypothesis finds none, is not installed, or draws for a test already.
    """
    try:
        from hypothesis import HealthCheck, Phase, Verbosity, errors, find, settings
        from hypothesis import currently_in_test_context as drawing
    except ImportError:
        return {}
    if drawing():
        return {}
    from ..strategies import cases

    how = settings(
        max_examples=many,
        database=None,
        deadline=None,
        derandomize=True,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )

    def wrong(case: Case) -> bool:
        return fails(trials, case) is not None

    try:
        case = find(cases(trials.in_shape, seed), wrong, settings=how)
    except errors.NoSuchExample:
        return {}
    failure = fails(trials, case)
    return {} if failure is None else {failure.quantity: failure}
