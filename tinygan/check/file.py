"""Check what a user's own file defines: layers, objectives ..., or a whole recipe."""

import inspect
import pathlib

from ..errors import InputError
from ..layers import Layer
from ..optim import Optimizer
from ..userfile import failure, load_module, placed
from .asserts import gradient_rows
from .kinds import KINDS, rows_of
from .paste import self_contained
from .recipes.recipe import recipe_rows
from .report import Row

SHAPES = (
    (6,),
    (5, 4, 3),
    (7, 2),
    (),
)  # tried in this order on a layer whose input shape is not stated


def file_rows(
    path,
    seed: int = 0,
    analytic: bool = True,
    effort: str = "normal",
    data=None,
    say=None,
) -> list[Row]:
    """Check what the user's Python file defines, or a recipe of tinygan by its name.

    A file with a function recipe(...) is a recipe: all of it is checked, with the data
    at the path `data` if it takes such an option. Any file may list what to check:
    `CHECKS = [(layer, in_shape), objective, optimizer, (f, grad, x), ...]`. There, grad
    is the gradient of a NumPy function f, near x. Without a recipe and without this
    list, every Layer, Objective, Optimizer, Penalty and Diversity class in the file is
    made without arguments, and layers are tried on a few shapes.

    A row that fails has a line that repeats its case. `say` is told what is checked.
    Raises InputError if there is nothing to check or something cannot be built.
    """
    options = {"seed": seed, "analytic": analytic, "effort": effort}
    module, rows = None, []
    is_recipe = _is_name(path)
    if not is_recipe:
        module = load_module(path)
        is_recipe = callable(getattr(module, "recipe", None))
        if data is not None and not is_recipe:
            raise InputError(f"{path}: has no recipe, so it takes no --data")
        if not is_recipe or hasattr(module, "CHECKS"):
            for code, thing, shape in _things(module, path):
                if say is not None:
                    say(code)
                rows += _checked(path, code, thing, shape, options)
    if is_recipe:
        rows += recipe_rows(path, data=data, say=say, module=module, **options)
    for row in rows:
        row.line = self_contained(row.line, module, path) if row.line else ""
    return rows


def _is_name(path) -> bool:
    """Whether this is rather the name of a recipe than a file."""
    text = str(path)
    is_word = isinstance(path, str) and "/" not in text and "." not in text
    return is_word and not pathlib.Path(text).exists()


def _checked(path, code: str, thing, shape, options: dict) -> list[Row]:
    try:
        if isinstance(thing, tuple):
            f, grad, x = thing
            rows = gradient_rows(f, grad, x, options["seed"], options["effort"])
            for row in rows:
                row.line = "" if row.ok else f"assert_gradient(*{code})"
            return rows
        return rows_of(thing, shape, code=code, **options)
    except InputError as e:
        raise placed(path, e) from e
    except Exception as e:  # in the passes that the user wrote
        raise failure(path, e) from e


def _things(module, path):
    """(code, thing, in_shape or None) of what to check in a user's module; the code
    makes the thing.
    """
    stated, codes = getattr(module, "CHECKS", None), None
    if stated is None:
        classes = _classes(module)
        codes = [_code(cls) for cls in classes]
        stated = [_make(cls, path) for cls in classes]
    if not isinstance(stated, list | tuple) or not stated:
        raise InputError(
            f"{path}: expected a Layer, Objective, Optimizer, Penalty or Diversity "
            "class, or a recipe(...), or a list CHECKS = [(layer, in_shape), ...], "
            "found none"
        )
    for i, item in enumerate(stated):
        if _is_gradient(item):
            yield f"CHECKS[{i}]", item, None
            continue
        is_pair = isinstance(item, tuple) and len(item) == 2
        thing, shape = item if is_pair else (item, None)
        code = codes[i] if codes else f"CHECKS[{i}]" + ("[0]" if is_pair else "")
        if not isinstance(thing, KINDS):
            raise InputError(
                f"{path}: expected layers, objectives, optimizers, penalties, "
                f"diversities and (f, grad, x) in CHECKS, found {thing!r}"
            )
        if shape is not None and not isinstance(shape, tuple):
            raise InputError(
                f"{path}: expected (layer, in_shape) in CHECKS, in_shape a tuple, "
                f"found {shape!r}"
            )
        if isinstance(thing, Layer) and shape is None:
            shape = _fitting_shape(thing, path)
        yield code, thing, shape


def _is_gradient(item) -> bool:
    """Whether an item of CHECKS is (f, grad, x): a function, its gradient, a point."""
    return (
        isinstance(item, tuple)
        and len(item) == 3
        and all(map(callable, item[:2]))
        and not callable(item[2])
    )


def _classes(module) -> list[type]:
    """The classes defined in the module itself that keep one of the protocols."""
    return [
        cls
        for cls in vars(module).values()
        if inspect.isclass(cls)
        and cls.__module__ == module.__name__
        and issubclass(cls, KINDS)
    ]


def _code(cls: type) -> str:
    """How an object of the class is made: an optimizer takes a rate."""
    return f"{cls.__name__}({'0.01' if issubclass(cls, Optimizer) else ''})"


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
