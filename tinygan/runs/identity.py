"""The facts by which a run is known again: its recipe, its data, its number.

config.json records them when a run begins. `tinygan train --resume`, `sample` and
`evaluate` compare them with what they find. A fact that cannot be found out is None,
and is not compared.
"""

import ast
import hashlib
import secrets
import warnings

import numpy as np

from ..backend import NUMPY
from ..data.examples import Examples
from ..values import mapped

WHOLE = 1 << 26  # bytes: an array up to this size is hashed as a whole
SAMPLE = 1 << 24  # bytes that are hashed of a larger array
NEAR = 1e-4  # relative: how far sums of real numbers differ from machine to machine
SUMMED = 100_000  # of these numbers, sums are taken
ROWS = 64  # samples of data that are not in memory


def new_id() -> str:
    """A random number for a run, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


# The recipe


def meaning(text: bytes) -> str | None:
    """What a Python text says, without comments, layout and docstrings; None if it is
    not Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(getattr(node, "body", None), list) and _begins_with_text(
                node
            ):
                del node.body[0]
        return ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _begins_with_text(node) -> bool:
    first = node.body[0] if node.body else None
    value = getattr(first, "value", None)
    is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return isinstance(first, ast.Expr) and is_text


def same_meaning(one: dict[str, bytes], other: dict[str, bytes]) -> bool:
    """True if two sets of files differ in comments, layout and docstrings at most."""
    if one.keys() != other.keys():
        return False
    pairs = ((one[name], other[name]) for name in one if one[name] != other[name])
    return all(meaning(a) == meaning(b) is not None for a, b in pairs)


def first_difference(one: bytes, other: bytes) -> int:
    """The number of the first line in which two texts differ."""
    lines = zip(one.splitlines(), other.splitlines(), strict=False)
    same = 0
    for a, b in lines:
        if a != b:
            break
        same += 1
    return same + 1


# The data


def fingerprint(data) -> dict | None:
    """What is known of the data: shape, number of samples, and a hash of each array.

    Images and sounds in memory are hashed whole up to 64 MiB; of more, rows at equal
    distances are. Of other data the first batch is taken. None if that fails.
    """
    try:
        facts: dict = {"shape": [int(n) for n in data.shape]}
        if hasattr(data, "__len__"):
            facts["count"] = len(data)
        inner = getattr(data, "images", data)
        if isinstance(inner, Examples):
            facts |= {"low": float(inner.low), "high": float(inner.high)}
            name = "pixels" if hasattr(inner, "pixels") else "values"
            arrays = {name: inner.values, "labels": inner.labels}
            arrays["conditions"] = getattr(data, "conditions", None)
        else:
            found: list = []
            mapped(found.append, data.batches(ROWS, 0, NUMPY)(0))
            arrays = {f"batch {n}": array for n, array in enumerate(found)}
        facts |= {k: _array(a) for k, a in arrays.items() if a is not None}
    except Exception:  # data of a user's own may fail in any way
        return None
    return facts


def _array(a) -> dict:
    a = np.asarray(a)
    facts: dict = {"shape": list(a.shape), "dtype": a.dtype.str[1:]}
    if a.nbytes > WHOLE:
        rows = max(2, SAMPLE * len(a) // a.nbytes)
        a = a[np.linspace(0, len(a) - 1, rows).astype(int)]
    a = np.ascontiguousarray(a, a.dtype.newbyteorder("<"))
    facts["sha256"] = hashlib.sha256(a.reshape(-1).view(np.uint8)).hexdigest()
    if a.dtype.kind == "f":
        x = a.reshape(-1)
        step = max(1, len(x) // SUMMED) | 1  # odd: it meets every column
        facts["sums"] = _sums(x[::step].astype(np.float64))
    return facts


def _sums(x: np.ndarray) -> list[float]:
    """The mean square, and sums with the weights cos(k n) that tell the order."""
    n = np.arange(len(x))
    weighted = (float(np.cos(k * n) @ x) for k in (0.1, 1.0, 2.5))
    return [float(np.sqrt(x @ x)), *weighted]


def differs(recorded, found) -> str:
    """The first thing in which two fingerprints differ, as "count 60000, now 10000"; ""
    if they are of the same data, or one is not known.
    """
    if not isinstance(recorded, dict) or not isinstance(found, dict):
        return ""
    for name in (name for name in recorded if name in found):
        was, now = recorded[name], found[name]
        if isinstance(now, dict):
            if not isinstance(was, dict):
                continue
            if was.get("sha256") == now.get("sha256") or _near(was, now):
                continue
            inner = [k for k in ("shape", "dtype") if was.get(k) != now.get(k)]
            if not inner:
                return f"other {name}"
            was, now = was.get(inner[0]), now.get(inner[0])
        if was != now:
            return f"{name} {was}, now {now}"
    return ""


def _near(was: dict, now: dict) -> bool:
    """True for real numbers that differ by rounding alone."""
    if any(was.get(k) != now.get(k) for k in ("shape", "dtype")):
        return False
    try:
        a, b = (np.array(f["sums"], np.float64) for f in (was, now))
        return a.shape == b.shape and bool(np.abs(a - b).max() <= NEAR * a[0])
    except (KeyError, ValueError, TypeError, IndexError):
        return False
