"""The errors that tinygan raises, each with one clear sentence.

`InputError` and its subclasses are for input from outside: a file, an option, a shape.
They are ValueErrors, so a library user may catch them as such. The command line prints
the sentence and exits with status 2. `NonFiniteError` is for a training run that has
diverged.
"""


class InputError(ValueError):
    """Something given to tinygan is not what it must be."""


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
