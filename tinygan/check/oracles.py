"""Independent ways to a derivative, none of which knows the formula under test.

For a scalar function L and a direction v, the first three give <grad L(x), v>:

    complex step         Im L(x + i h v) / h with h = 1e-200: nothing is subtracted,
                         so it is right to rounding, or wrong (Squire and Trapp 1998)
    finite differences   (L(x + h v) - L(x - h v)) / 2h: about 1e-9 at best, and the
                         first to ask for code that is not analytic
    long differences     the same in long double: about 1e-13, and so exact enough to
                         tell whether the complex step or the formula is wrong
    one-sided slopes     (f(x + h v) - f(x)) / h and (f(x) - f(x - h v)) / h, between
                         which a derivative has to lie where f has a kink
    adjoint identity     <dy, J x_dot> = <J^T dy, x_dot>: it ties tangent to backward

Directions and cotangents are random: an all-ones cotangent hides wrong formulas.
"""

import math

import numpy as np

from ..errors import function, numbers

TINY = 1e-200  # the complex step: its square underflows to an exact zero
STEP = (
    1e-5  # the finite step: truncation h^2 and cancellation eps/h are both near 1e-10
)
SHORT = 0.03  # the shorter step, as a share of STEP: cancellation is still below 1e-8


def _point(name: str, x):
    """An array of numbers, which may be complex; InputError for anything else."""
    return x if getattr(x, "dtype", None) == np.complex128 else numbers(name, x)


def complex_step(L, x, v) -> float:
    """<grad L(x), v> = Im L(x + i h v) / h, for L analytic in a complex128 array.

    x and v: of the same shape, which may be any
    """
    function("complex_step", "L", L, "lambda x: (x * x).sum()")
    x, v = _point("x", x), _point("v", v)
    return float(np.imag(L(x + 1j * TINY * v)) / TINY)  # eq: complex-step


def finite_difference(L, x, v):
    """<grad L(x), v> by central differences, or None where the step crosses a kink.

    Steps of two sizes are taken. If L is smooth, the two estimates agree to O(h^2), and
    the second difference of the double step is four times the other, to O(h^4). Next to
    a kink one of the two is wrong, wherever the kink lies between the points. Then a
    shorter step is tried, which rarely crosses it. x and v have the same shape.
    """

    function("finite_difference", "L", L, "lambda x: (x * x).sum()")
    x, v = _point("x", x), _point("v", v)

    def value(x):
        return float(np.real(L(x)))

    here = value(x)
    longest = max(1.0, float(np.abs(v).max(initial=0.0)))
    for h in (STEP / longest, SHORT * STEP / longest):
        above, below = value(x + h * v), value(x - h * v)
        above_2, below_2 = value(x + 2 * h * v), value(x - 2 * h * v)
        near = (above - below) / (2 * h)  # eq: central-difference
        far = (above_2 - below_2) / (4 * h)
        bend = (above_2 + below_2 - 4 * (above + below) + 6 * here) / h  # eq: bend
        scale = abs(near) + float(np.linalg.norm(v)) * 1e-3
        rounding = 1e-14 * max(abs(here), abs(above_2), abs(below_2)) / h
        if max(abs(near - far), abs(bend)) <= 1e-6 * scale + rounding:
            return (4 * near - far) / 3  # Richardson: O(h^2) cancels  # eq: richardson
    return None


def relative(error, reference) -> float:
    """|error| / |reference| in the Euclidean norm; |error| where the reference is 0.

    NaN counts as infinite, so that it fails.
    """
    size = float(np.linalg.norm(np.ravel(reference)))
    value = float(np.linalg.norm(np.ravel(error))) / (size or 1.0)  # eq: relative-error
    return value if math.isfinite(value) else math.inf


def long_difference(L, x, v) -> tuple[float | None, float]:
    """(<grad L(x), v>, its precision), by differences in the longest numbers there are.

    The precision is 1e-8 if L computes in them, and 1e-6 if it falls back to float64.
    The value is None where all steps cross a kink. x and v have the same shape.
    """
    x, v = np.asarray(x, np.longdouble), np.asarray(v, np.longdouble)
    try:
        here = L(x)
        long = np.finfo(np.asarray(here).real.dtype).eps < 1e-18
    except Exception:  # such as code that calls LAPACK
        long = False
    if not long:
        return finite_difference(L, x.astype(float), v.astype(float)), 1e-6
    longest = max(1.0, float(np.abs(v).max(initial=0.0)))
    for h in (STEP / longest, SHORT * STEP / longest, SHORT**2 * STEP / longest):
        near, bend = _secant(L, x, v, h, here)
        far, far_bend = _secant(L, x, v, 2 * h, here)
        jump = 2 * bend - far_bend  # at x itself: h L'' cancels  # eq: jump
        scale = abs(near) + np.linalg.norm(v.astype(float)) * 1e-3
        if abs(near - far) <= 1e-9 * scale and abs(jump) <= 1e-9 * scale:
            return float((4 * near - far) / 3), 1e-8
    return None, 1e-8


def _secant(L, x, v, h, here):
    """((L(x + h v) - L(x - h v)) / 2h, (L(x + h v) - 2 L(x) + L(x - h v)) / h)"""
    above, below = L(x + h * v), L(x - h * v)
    return (above - below) / (2 * h), (above - 2 * here + below) / h


def one_sided(f, x, v):
    """(right, left): the derivatives of f(x + t v) in t at 0 from either side.

    f may return an array of any shape. NaN where there is no derivative from a side,
    as at a jump. x and v have the same shape.
    """
    sides = []
    for sign in (1, -1):
        slopes = []
        for h in (1e-6, 5e-7, 2.5e-7):
            slopes.append(sign * (f(x + sign * h * v) - f(x)) / h)  # eq: one-sided
        best, other = 2 * slopes[1] - slopes[0], 2 * slopes[2] - slopes[1]
        settled = np.abs(best - other) <= 1e-5 * (1 + np.abs(other))
        sides.append(np.where(settled, other, np.nan))
    return tuple(sides)
