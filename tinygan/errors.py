"""The errors that tinygan raises, each with one clear sentence.

`InputError` and its subclasses are for input from outside: a file, an option, a shape.
They are ValueErrors, so a library user may catch them as such. The command line prints
the sentence and exits with status 2. `NonFiniteError` is for a training run that has
diverged.

A sentence often quotes a file or its name, and both may come from a stranger. So it is
one line, of at most 500 characters, and nothing in it commands a terminal.
"""

import re

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


class NonFiniteError(ArithmeticError):
    """A value in training became NaN or infinite."""
