"""Check a user's own file, and print the table of `tinygan check`."""

import inspect
from collections.abc import Callable

from ..errors import InputError
from ..layers import Layer
from ..objectives import Diversity, Objective
from ..optim import Optimizer
from ..penalties import Penalty
from ..userfile import failure, load_module, placed
from .diversity import check_diversity
from .layer import LIMITS, check_layer
from .objective import check_objective
from .optimizer import check_optimizer
from .penalty import check_penalty
from .report import Row

KINDS = Layer | Objective | Optimizer | Penalty | Diversity
NAME = 60  # characters of a name in the table
LAYER_COLUMNS = [*LIMITS]
SHAPES = (
    (6,),
    (5, 4, 3),
    (7, 2),
    (),
)  # tried in this order on a layer whose input shape is not stated


def file_rows(path, seed: int = 0, analytic: bool = True) -> list[Row]:
    """Check what the user's Python file defines.

    The file may list what to check: `CHECKS = [(layer, in_shape), objective, optimizer,
    ...]`. Without this list, every Layer, Objective, Optimizer, Penalty and Diversity
    class in it is made without arguments, and layers are tried on a few shapes.

    Raises InputError if there is nothing to check or something cannot be built.
    """
    module = load_module(path)
    rows = []
    for thing, shape in _things(module, path):
        try:
            if isinstance(thing, Layer):
                rows += check_layer(thing, shape, seed=seed, analytic=analytic)
            elif isinstance(thing, Objective):
                rows += check_objective(thing, seed=seed, analytic=analytic)
            elif isinstance(thing, Penalty):
                rows += check_penalty(thing, seed=seed, analytic=analytic)
            elif isinstance(thing, Diversity):
                rows += check_diversity(thing, seed=seed, analytic=analytic)
            else:
                rows += check_optimizer(thing, seed=seed)
        except InputError as e:
            raise placed(path, e) from e
        except Exception as e:  # in the passes that the user wrote
            raise failure(path, e) from e
    return rows


def _things(module, path):
    """The (thing, in_shape or None) pairs to check in a user's module."""
    stated = getattr(module, "CHECKS", None)
    if stated is None:
        stated = [_make(cls, path) for cls in _classes(module)]
    if not isinstance(stated, list | tuple) or not stated:
        raise InputError(
            f"{path}: expected a Layer, Objective, Optimizer, Penalty or Diversity "
            "class, or a list CHECKS = [(layer, in_shape), ...], found none"
        )
    for item in stated:
        is_pair = isinstance(item, tuple) and len(item) == 2
        thing, shape = item if is_pair else (item, None)
        if not isinstance(thing, KINDS):
            raise InputError(
                f"{path}: expected layers, objectives, optimizers, penalties and "
                f"diversities in CHECKS, found {thing!r}"
            )
        if shape is not None and not isinstance(shape, tuple):
            raise InputError(
                f"{path}: expected (layer, in_shape) in CHECKS, in_shape a tuple, "
                f"found {shape!r}"
            )
        if isinstance(thing, Layer) and shape is None:
            shape = _fitting_shape(thing, path)
        yield thing, shape


def _classes(module) -> list[type]:
    """The classes defined in the module itself that keep one of the protocols."""
    return [
        cls
        for cls in vars(module).values()
        if inspect.isclass(cls)
        and cls.__module__ == module.__name__
        and issubclass(cls, KINDS)
    ]


def _make(cls: type, path):
    try:
        return cls(0.01) if issubclass(cls, Optimizer) else cls()
    except TypeError as e:
        raise InputError(
            f"{path}: {cls.__name__} needs arguments ({e}); say how to make it with "
            f"CHECKS = [({cls.__name__}(...), in_shape)]"
        ) from e
    except Exception as e:  # from the user's own constructor
        raise failure(path, e) from e


def _fitting_shape(layer: Layer, path) -> tuple:
    """The first of a few shapes that the layer can be built on."""
    for shape in SHAPES:
        try:
            layer.build(shape)
        except Exception as e:  # a user's build may refuse a shape in any way
            why = e
        else:
            return shape
    raise InputError(
        f"{path}: {layer!r} fits none of the input shapes {SHAPES} ({why}); state one "
        "with CHECKS = [(layer, in_shape)]"
    )


def print_table(rows: list[Row], say: Callable = print) -> bool:
    """Print one line of errors for each thing checked; return True if none fails.

    Things that are checked for the same quantities share a header. `say` prints a line.
    """
    things: dict[str, list[Row]] = {}
    for row in rows:
        things.setdefault(row.name, []).append(row)
    failures = [row for row in rows if not row.ok]
    columns: list[str] = []
    for name, checks in things.items():
        errors = {row.quantity: row for row in checks}
        if not set(errors) <= set(columns):
            columns = LAYER_COLUMNS if set(errors) <= set(LAYER_COLUMNS) else [*errors]
            heads = (f"{c:>{_wide(c)}}" for c in columns)
            say("")
            say(" ".join([f"{'worst error of':<{NAME}}", *heads]))
        cells = (_cell(errors.get(c)) for c in columns)
        line = (f"{v:>{_wide(c)}}" for c, v in zip(columns, cells, strict=True))
        say(" ".join([f"{name[:NAME]:<{NAME}}", *line]))
    say("")
    for row in failures:
        why = f" ({row.note})" if row.note else ""
        say(
            f"FAILS  {row.name}: {row.quantity}: error {row.error:.3g}, "
            f"at most {row.limit:g} allowed{why}"
        )
        if row.line:
            say(f"       {row.line}")
    if failures:
        say("")
    say(f"{len(things)} things, {len(rows)} checks, {len(failures)} failures")
    return not failures


def _wide(column: str) -> int:
    return max(8, len(column))


def _cell(row: Row | None) -> str:
    """An error as the table shows it: "-" if there is none, with "!" if it fails."""
    if row is None:
        return "-"
    return f"{row.error:.0e}" if row.ok else f"{row.error:.0e}!"
