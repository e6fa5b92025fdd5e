"""The errors that tinygan raises, each with one clear sentence, and what raises them
for a bad argument.

`InputError` and its subclasses are for input from outside: a file, an option, a shape.
They are ValueErrors, so a library user may catch them as such. The command line prints
the sentence and exits with status 2. `NonFiniteError` is for a training run that has
diverged.

A sentence often quotes a file or its name, and both may come from a stranger. So it is
one line, of at most 500 characters, and nothing in it commands a terminal.
"""

import math
import operator
import re
import reprlib
import types
from numbers import Real

import numpy as np

LONGEST = 500  # characters of a sentence

# Control characters, marks that turn the direction of text, invisible characters, and
# halves of a character. Hindi, Persian and emoji need the joiners U+200C and U+200D.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    """The text with spaces for line ends and tabs, and with the escape of every other
    control character, such as \\x1b. It is safe to print.
    """
    return _UNSEEN.sub(_escape, re.sub(r"[\t\n\v\f\r]+", " ", text))


def one_line(text: str, longest: int = LONGEST) -> str:
    """The printable text without double spaces at its line ends, and not too long.

    A line of more than `longest` characters loses the middle of its place, which ends
    at the first ": ", and the middle of the rest.
    """
    lines = (line.strip(" ") for line in re.split(r"[\t\n\v\f\r]+", text))
    text = printable(" ".join(filter(None, lines)))
    if len(text) <= longest:
        return text
    place, colon, rest = text.partition(": ")
    place = _shortened(place, longest // 2 if colon else longest)
    return place + _shortened(colon + rest, longest - len(place))


def _escape(found: re.Match) -> str:
    """The escape of one character. An undecodable byte FF in a name is U+DCFF."""
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _shortened(text: str, longest: int) -> str:
    """The text, or its beginning, "...", and its end."""
    if len(text) <= longest:
        return text
    head = (longest - 3) // 3
    return f"{text[:head]}...{text[len(text) - (longest - 3 - head) :]}"


class InputError(ValueError):
    """Something given to tinygan is not what it must be: one line (`one_line`)."""

    def __init__(self, sentence: str = ""):
        super().__init__(one_line(str(sentence)))


class ShapeError(InputError):
    """An array or a network does not have the expected shape."""


class DataError(InputError):
    """A data file is missing, truncated, of another kind, or of another shape."""


class CheckpointError(InputError):
    """A checkpoint is missing, damaged, or belongs to another architecture."""


class BackendError(InputError):
    """The requested backend cannot be used on this machine."""


class TangentError(InputError):
    """A layer was asked for a tangent that it does not have."""


class LayerError(InputError):
    """A layer does not keep the protocol of layers."""


class NonFiniteError(ArithmeticError):
    """A value in training became NaN or infinite."""


# Checks of arguments. `wanted` says what an argument has to be, in words that end in a
# comparison: "lr > 0", "a probability 0 <= p < 1". `owner` is the object that takes the
# argument, or its name.

_COMPARISON = re.compile(r"(?:(\S+) (<=?) )?(\w+)(?: ([<>]=?) (\S+))?$")
_LARGEST = 2**40  # no count or size is larger, but a seed may be
_HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def number(owner, wanted: str, value) -> float:
    """value as a plain float. InputError unless it is a finite number, within the
    limits that `wanted` states. A NumPy number is a number, and True is none.
    """
    scalar = getattr(value, "shape", None) == () and value.dtype.kind in "iuf"
    if not (scalar or (isinstance(value, Real) and not isinstance(value, bool))):
        kind = "" if wanted.startswith("a ") else "a number "
        raise InputError(f"{name_of(owner)} expects {kind}{wanted}, got {shown(value)}")
    try:
        found = float(value)
    except OverflowError:  # an int of hundreds of digits
        found = math.inf
    if not (math.isfinite(found) and _within(wanted, found)):
        kind = "" if " " in wanted else "a finite number "
        raise InputError(f"{name_of(owner)} expects {kind}{wanted}, got {shown(value)}")
    return found


def whole(owner, wanted: str, value) -> int:
    """value as a plain int. InputError unless it is a whole number, within the limits
    that `wanted` states. A NumPy integer is a whole number, and 2.0 and True are none.
    """
    try:
        n = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        n = None
    if (
        n is None
        or (abs(n) > _LARGEST and "seed" not in wanted)
        or not _within(wanted, n)
    ):
        kind = "" if wanted.startswith("a ") else "a whole number "
        raise InputError(f"{name_of(owner)} expects {kind}{wanted}, got {shown(value)}")
    return n


def flag(owner, name: str, value) -> bool:
    """value as a plain bool. InputError unless it is True or False."""
    if not isinstance(value, bool | np.bool_):
        who = name_of(owner)
        raise InputError(f"{who} expects {name} True or False, got {shown(value)}")
    return bool(value)


def floating(owner, dtype, kinds: str = "f") -> np.dtype:
    """dtype as an np.dtype. InputError unless it is floating; complex with "fc"."""
    try:
        found = np.dtype(dtype)
    except (TypeError, ValueError):
        found = None
    if dtype is None or found is None or found.kind not in kinds:
        raise InputError(
            f"{name_of(owner)} expects a dtype such as 'float32', got {shown(dtype)}"
        )
    return found


def one_of(owner, name: str, value, choices):
    """value itself. InputError unless it is one of the choices, which are strings."""
    if not (isinstance(value, str) and value in choices):
        known = " or ".join(map(repr, choices))
        who = name_of(owner)
        raise InputError(f"{who} expects {name} {known}, got {shown(value)}")
    return value


def instance(owner, name: str, value, kind: type, write: str = ""):
    """value itself. InputError unless it is an object of the class `kind`.

    For a class in place of an object, the sentence shows the call that is missing, and
    for anything else the right line `write`.
    """
    if isinstance(value, kind):
        return value
    if isinstance(value, type) and issubclass(value, kind):
        write = f"{value.__name__}()"
    hint = f"; write {write}" if write else ""
    who, what = name_of(owner), kind.__name__
    article = "an" if what[0] in "AEIO" else "a"
    raise InputError(
        f"{who} expects {article} {what} as {name}, got {shown(value)}{hint}"
    )


def function(owner, name: str, value, write: str):
    """value itself. InputError unless it can be called; `write` is a right line."""
    if isinstance(value, type) or not callable(value):
        raise InputError(
            f"{name_of(owner)} expects a function as {name}, got {shown(value)}; "
            f"write {write}"
        )
    return value


def numbers(name: str, value) -> np.ndarray:
    """value as a float64 array of any shape. InputError unless it holds real numbers;
    they may be NaN.
    """
    try:
        with np.errstate(all="ignore"):
            array = np.asarray(value)
            if array.dtype.kind in "biuf":
                return array.astype(np.float64, copy=False)
    except (TypeError, ValueError):  # rows of different lengths, for instance
        pass
    raise InputError(f"{name}: expected an array of real numbers, got {shown(value)}")


def same_form(name: str, old, new) -> None:
    """ShapeError unless `new` can take the place of `old`: an array of the same shape,
    or a whole number >= 0 for a whole number.
    """
    if isinstance(old, int):
        whole(name, "a whole number n >= 0", np.asarray(new)[()])
    elif getattr(new, "shape", None) != old.shape or new.dtype.kind not in "iufc":
        raise ShapeError(f"{name}: expected an array {old.shape}, got {shown(new)}")


def name_of(owner) -> str:
    """How a sentence calls the owner of an argument."""
    if isinstance(owner, str):
        return owner
    return getattr(owner, "__name__", type(owner).__name__)


def shown(value) -> str:
    """A value as a sentence shows it: an array by its shape, and nothing long."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, types.ModuleType):
        return f"the module {value.__name__}"
    if getattr(value, "shape", ()) and hasattr(value, "dtype"):
        return f"an array of {value.dtype}, shape {tuple(value.shape)}"
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
        return f"the function {value.__name__}"
    try:
        text = " ".join(reprlib.repr(value).split())
    except Exception:  # a repr that a user wrote
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def _within(wanted: str, value) -> bool:
    """Whether the comparison at the end of `wanted` holds for the value."""
    found = _COMPARISON.search(wanted)
    low, below, _, above, high = found.groups("") if found else 5 * ("",)
    at_least = not low or _HOLDS[below](float(low), value)
    return at_least and (not high or _HOLDS[above](value, float(high)))
