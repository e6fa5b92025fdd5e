"""The recipes: one file, one experiment.

A recipe is a module with a function `recipe(...)` that returns an `Experiment`. The
first line of its docstring says what it makes. The function's parameters are the
options that `tinygan train` may override: steps, batch, seed, lr, data. A user's own
file works in the same way.
"""

import contextlib
import difflib
import importlib
import inspect
import pathlib
import pkgutil
from types import ModuleType

from ..data import Images, load_images
from ..errors import InputError, NonFiniteError
from ..runs import Experiment
from ..userfile import failure, is_users, load_module, placed

DEFAULT = "dcgan-digits"


def names() -> list[str]:
    """The names of the recipes that tinygan brings."""
    modules = pkgutil.iter_modules([str(pathlib.Path(__file__).parent)])
    return [m.name.replace("_", "-") for m in modules]


def find(name: str) -> ModuleType:
    """The recipe called `name`, or the user's Python file at that path.

    Raises InputError, with the nearest names, if there is none.
    """
    if name in names():
        return importlib.import_module(f".{name.replace('-', '_')}", __name__)
    if not (name.endswith(".py") or "/" in name):
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else "see tinygan recipes"
        raise InputError(f"recipe {name!r} is unknown; {hint}")
    module = load_module(name)
    if not callable(getattr(module, "recipe", None)):
        raise InputError(f"{name}: expected a function recipe(...), found none")
    return module


def mnist(path) -> Images:
    """The images at `path`, 28x28x1. Raises InputError if there are none."""
    if path is None:
        raise InputError(
            "this recipe needs --data FOLDER with MNIST's train-images-idx3-ubyte.gz "
            "and train-labels-idx1-ubyte.gz (on the web under "
            "ossci-datasets.s3.amazonaws.com/mnist); Fashion-MNIST's files do as well"
        )
    return load_images(path, shape=(28, 28, 1))


def summary(module: ModuleType) -> str:
    """The first line of a recipe's docstring."""
    return (module.__doc__ or "").strip().partition("\n")[0]


def defaults(module: ModuleType) -> dict:
    """The options that the recipe takes, with their default values."""
    parameters = inspect.signature(module.recipe).parameters
    return {name: parameter.default for name, parameter in parameters.items()}


@contextlib.contextmanager
def blamed(module: ModuleType, *passing: type[Exception]):
    """Within this context an error becomes an InputError that names the recipe's line.

    Errors of the kinds in `passing` stay as they are.
    """
    try:
        yield
    except InputError as e:
        raise (placed(module.__file__, e) if is_users(module) else e) from e
    except (NonFiniteError, MemoryError, *passing):
        raise
    except Exception as e:
        raise failure(module.__file__, e) from e


def build(module: ModuleType, options: dict) -> Experiment:
    """recipe(**options). Raises InputError if it fails or does not take an option."""
    accepted = inspect.signature(module.recipe).parameters
    for option in options:
        if option not in accepted:
            raise InputError(
                f"this recipe does not take --{option}; it takes "
                f"{', '.join('--' + a for a in accepted)}"
            )
    with blamed(module):
        experiment = module.recipe(**options)
    if not isinstance(experiment, Experiment):
        kind = type(experiment).__name__
        raise InputError(f"recipe(...) must return an Experiment, it returned {kind}")
    return experiment
