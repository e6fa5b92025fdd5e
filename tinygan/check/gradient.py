"""The gradient of any NumPy function, compared with the oracles at several points.

The points are x, numbers near x, numbers of its size, and small numbers. A function may
refuse points other than x: it raises, or it is not finite there. Such points are left
out. At each point the gradient is compared along random directions and along single
entries.
"""

import inspect
import warnings

import numpy as np

from ..errors import InputError, ShapeError, function, numbers, shown, whole
from .layers.passes import AGREE, NOT_ANALYTIC, Verdict, judged
from .oracles import complex_step, long_difference, relative
from .report import Row, an_effort

DIRECTIONS = {"plain": 4, "quick": 4, "normal": 16, "thorough": 200}
LIMIT = 1e-11  # relative to the gradient's norm, if f is analytic
SAME = 1e-12  # of the values of two calls of f
FLOOR = 1e-2  # of |y| / |x|: a gradient below it is made of rounding
ENTRIES = 400  # of a gradient that are compared one by one, to explain a failure
SHORT = 12  # entries of an x that a line to paste shows


def gradient_rows(f, grad, x, seed=0, effort="normal", name=None) -> list[Row]:
    """The row of `assert_gradient`, for a table.

    f maps x, of any shape, to a number or to an array y. grad(x), or grad(x, dy) with
    dy of y's shape, returns an array of x's shape.

    Raises InputError for an f or a grad that is no function, for an x that is no array
    of finite numbers, and for an f without a finite value at x, and ShapeError if the
    gradient has another shape than x.
    """
    function("assert_gradient", "f", f, "lambda x: (x * x).sum()")
    function("assert_gradient", "grad", grad, "lambda x: 2 * x")
    x = numbers("assert_gradient, x", x)
    if not x.size or not np.isfinite(x).all():
        raise InputError(f"assert_gradient expects finite numbers as x, got {shown(x)}")
    seed = whole("assert_gradient", "seed >= 0", seed)
    effort = an_effort("assert_gradient", effort)
    asked = [
        _Asked(f, grad, point, where, seed, effort)
        for where, point in _points(x, seed, effort).items()
    ]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of f at a complex number, for instance
        asked = [one for one in asked if one.is_taken()]
        verdicts = [one.verdict() for one in asked]
        worst = max(range(len(asked)), key=lambda i: _excess(verdicts[i]))
        failing = [i for i, v in enumerate(verdicts) if not v.error <= v.limit]
        worst = failing[0] if failing else worst  # at x, rather than elsewhere
        verdict, note, line = verdicts[worst], "", ""
        if all(v.crossed == DIRECTIONS[effort] for v in verdicts):
            verdict = _broken("f has no slope: no two differences agree")
        if not verdict.error <= verdict.limit:
            note, line = asked[worst].told(verdict), asked[worst].line(x)
    name = name or _code(grad, "grad")
    return [Row(name, "gradient", verdict.error, verdict.limit, note, line)]


def _excess(verdict: Verdict) -> float:
    return verdict.error / verdict.limit


def _points(x, seed: int, effort: str) -> dict:
    """{words: a point of x's shape}; x is the first."""
    rng = np.random.default_rng((seed, 1))
    size = float(np.abs(x).max()) or 1.0
    points = {
        "x": x,
        "numbers of x's size": size * rng.standard_normal(x.shape),
        "numbers near x": x * (1 + 0.1 * rng.standard_normal(x.shape)),
        "small numbers": 1e-3 * size * rng.standard_normal(x.shape),
    }
    return dict([*points.items()][:2]) if effort == "plain" else points


class _Asked:
    """f and grad at one point x, with a cotangent and directions that are the same for
    every point of one shape.
    """

    def __init__(self, f, grad, x, where: str, seed: int, effort: str):
        self.f, self.grad, self.x, self.where = f, grad, x.copy(), where
        self.seed, self.effort, self.draws = seed, effort, DIRECTIONS[effort]
        self.rng = np.random.default_rng(seed)

    def is_taken(self) -> bool:
        """Whether f has a value at this point. InputError if it has none at x itself,
        or if the value is no array of numbers.
        """
        given = self.x.copy()
        try:
            y = self.f(given)
        except Exception:  # a function may refuse numbers in any way
            if self.where == "x":
                raise
            return False
        if getattr(y, "dtype", None) in (np.float32, np.float16):
            kind = f"{y.dtype}, whose rounding hides slopes"
            raise InputError(f"assert_gradient expects f in float64, got {kind}")
        self.y = numbers("assert_gradient, f(x)", y).copy()
        self.wrote = not np.array_equal(given, self.x)
        if np.isfinite(self.y).all():
            return True
        if self.where == "x":
            wanted = "an x at which f is finite"
            raise InputError(f"assert_gradient expects {wanted}, got f(x) = {shown(y)}")
        return False

    def verdict(self) -> Verdict:
        """The worst of all directions, or a rule that f or grad breaks."""
        scalar = self.y.ndim == 0
        self.dy = np.ones(()) if scalar else self.rng.standard_normal(self.y.shape)
        x, dy = self.x.copy(), self.dy.copy()
        if relative(self.f(self.x.copy()) - self.y, self.y) > SAME:
            return _broken("f gives another value each time")
        found = _called(self.grad, (x,) if scalar else (x, dy))
        self.found = numbers("assert_gradient, the gradient", found)
        if self.found.shape != self.x.shape:
            raise ShapeError(
                f"assert_gradient expects a gradient of x's shape {self.x.shape}, got "
                f"the shape {self.found.shape}"
            )
        if self.wrote or not np.array_equal(x, self.x):
            return _broken(f"{'f' if self.wrote else 'grad'} writes into x")
        if not np.array_equal(dy, self.dy):
            return _broken("grad writes into dy")
        if not np.isfinite(self.found).all():
            k = int(np.argmin(np.isfinite(self.found)))
            entry = f"the gradient{self._index(k)} is {self.found.ravel()[k]:g}"
            return _broken(f"{entry}, though f is finite")
        return self._along_directions()

    def _along_directions(self) -> Verdict:
        worst, size = Verdict(limit=LIMIT), self._size()
        entries = self.rng.permutation(self.x.size)[: self.draws // 2]
        for k in range(self.draws):
            v = self.rng.standard_normal(self.x.shape)
            if k < len(entries):  # single entries, too
                v = _unit(self.x, int(entries[k]))
            slope = float((self.found * v).sum())
            verdict = judged(self.L, self.x, v, slope, size, LIMIT)
            worst.worst(verdict)
            if verdict.error <= LIMIT and not verdict.crossed:
                worst.worst(self._finite(v, slope, size))
        return worst

    def _size(self) -> float:
        """What an error is divided by: the gradient's norm, or FLOOR |y| / |x|."""
        y, x, dy = (float(np.linalg.norm(a)) for a in (self.y, self.x, self.dy))
        least = FLOOR * dy * y / (x or 1.0)
        return max(float(np.linalg.norm(self.found)), least) or dy

    def _finite(self, v, slope: float, size: float) -> Verdict:
        """Differences along v, of x's shape. A complex step that agrees is not enough:
        it takes var for a constant, and so does who forgets its derivative.
        """
        close, _ = long_difference(self.L, self.x, v)
        size = max(size, 1e-4 * abs(float(self.L(self.x))))
        if close is None or abs(close - slope) <= AGREE * size:
            return Verdict(limit=LIMIT)
        return Verdict(relative(close - slope, size), AGREE, NOT_ANALYTIC)

    def L(self, x):
        """<dy, f(x)>"""
        return (self.dy * self.f(x)).sum()

    def told(self, verdict: Verdict) -> str:
        """The failure in words: the entry that differs most, and the place."""
        judged_by = verdict.note == NOT_ANALYTIC
        said = [] if judged_by else [verdict.note]
        said += [] if np.isinf(verdict.error) else self._entries()
        said += [f"at {self.where}"]
        said += ["f is not analytic, so differences judge it"] if judged_by else []
        return "; ".join(filter(None, said))

    def _entries(self) -> list[str]:
        if self.x.size > ENTRIES:
            return []
        units = (_unit(self.x, k) for k in range(self.x.size))
        right = np.array([_slope(self.L, self.x, v) for v in units])
        found = self.found.ravel() + 0.0  # no -0
        off = np.where(np.isnan(right), 0.0, np.abs(found - right))
        off = np.where(np.isnan(off), np.inf, off)
        k = int(np.argmax(off))
        if not off[k]:
            return []
        digits = 8 if f"{found[k]:.8g}" != f"{right[k]:.8g}" else 16
        is_, should = f"{found[k]:.{digits}g}", f"{right[k]:.{digits}g}"
        said = f"the gradient{self._index(k)} is {is_}, it should be {should}"
        return [said, *_share(found, right)]

    def _index(self, k: int) -> str:
        at = ", ".join(str(int(i)) for i in np.unravel_index(k, self.x.shape))
        return f"[{at}]" if at else ""

    def line(self, x) -> str:
        """The call that fails again: at this point, if x is short."""
        f, grad = _code(self.f, "f"), _code(self.grad, "grad")
        point = self.x.tolist() if x.size <= SHORT else "x"
        how = f", seed={self.seed}" if self.seed else ""
        how += f", effort={self.effort!r}" if self.effort != "normal" else ""
        return f"assert_gradient({f}, {grad}, {point}{how})"


def _code(function, other: str) -> str:
    """The name of a function in code; `other` if it has none."""
    name = getattr(function, "__name__", "")
    if getattr(np, name or "<lambda>", None) is function:
        return f"np.{name}"
    known = inspect.isfunction(function) and name.isidentifier()
    return name if known else other


def _called(grad, arguments):
    """grad(*arguments). InputError if it takes another number of them."""
    try:
        inspect.signature(grad).bind(*arguments)
    except TypeError:
        said = "grad(x)" if len(arguments) == 1 else "grad(x, dy)"
        what = "a number" if len(arguments) == 1 else "an array"
        raise InputError(
            f"assert_gradient expects {said}, since f returns {what}; got a grad with "
            "other arguments"
        ) from None
    except ValueError:  # a function in C may not tell its arguments
        pass
    return grad(*arguments)


def _broken(sentence: str) -> Verdict:
    return Verdict(np.inf, LIMIT, sentence)


def _unit(x, k: int):
    """The direction of entry k, of x's shape."""
    v = np.zeros(x.shape)
    v.ravel()[k] = 1.0
    return v


def _slope(L, x, v) -> float:
    """The derivative of L at x along v, of x's shape; NaN where no oracle knows it."""
    try:
        exact = complex_step(L, x, v)
    except Exception:  # whatever a user's code raises for a complex number
        exact = np.nan
    close, _ = long_difference(L, x, v)
    if close is None:
        return np.nan
    return exact if abs(exact - close) <= 1e-6 * max(1.0, abs(close)) else close


def _share(found, right) -> list[str]:
    """How many entries differ, or which one factor all of them have."""
    known = ~np.isnan(right)
    found, right = found[known], right[known]
    scale = np.abs(right).max(initial=0.0)
    wrong = int((~(np.abs(found - right) <= 1e-6 * scale)).sum())
    if 0 < wrong < found.size:
        return [f"{wrong} of {found.size} entries differ"]
    size = float(right @ right)
    factor = float(found @ right) / size if size else 0.0
    if size and wrong and np.abs(found - factor * right).max() <= 1e-6 * scale:
        return [f"all entries are {factor:.4g} times what they should be"]
    return []
