"""The recipes: one file, one experiment.

A recipe is a module with a function `recipe(...)` that returns an `Experiment`. The
first line of its docstring says what it makes. The function's parameters are the
options that `tinygan train` may override: steps, batch, seed, lr, data. With
**reading it also takes the options READING, which it passes on to `load_images`. Every
recipe has the options OF_ALL, which `build` sees to. A user's own file works in the
same way.
"""

import contextlib
import dataclasses
import difflib
import importlib
import inspect
import pathlib
import pkgutil
from types import ModuleType

from ..data import (
    Images,
    Labelled,
    Lines,
    Sounds,
    StackedDigits,
    binarised,
    load_digits,
    load_images,
    read_lines,
    read_sounds,
)
from ..data.files.lines import LENGTH, holds_text
from ..data.files.sounds import RATE, SIZE, holds_sounds
from ..errors import InputError, NonFiniteError, shown
from ..layers.augment import augmented
from ..rng import SPLIT, generator
from ..runs import Experiment
from ..runs.trainable import Trainable
from ..userfile import (
    Source,
    failure,
    is_users,
    load_module,
    placed,
    read_source,
    source_of,
)

DEFAULT = "dcgan-digits"
MOST_IN_A_ROW = 10_000  # values of an option, for instance names of classes
READING = ("size", "array", "range")  # how the pictures at --data are to be read
SETTLED = ("classes", "characters")  # options that the data decide
OF_ALL = ("augment",)  # options of every recipe that has none of this name itself


def names() -> list[str]:
    """The names of the recipes that tinygan brings."""
    modules = pkgutil.iter_modules([str(pathlib.Path(__file__).parent)])
    return [m.name.replace("_", "-") for m in modules]


def find(name: str) -> ModuleType:
    """The recipe called `name`, or the user's Python file at that path.

    The file is run. Raises InputError, with the nearest names, if there is none.
    """
    if not name.strip():
        raise InputError(f"recipe {name!r}: expected a name; see tinygan recipes")
    if name in names():
        return importlib.import_module(f".{name.replace('-', '_')}", __name__)
    if not (name.endswith(".py") or "/" in name):
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else "see tinygan recipes"
        raise InputError(f"recipe {name!r} is unknown; {hint}")
    return _checked(load_module(name))


def load(source: Source) -> ModuleType:
    """The recipe of a source, which is run. InputError if it holds none."""
    return _checked(source.load())


def _checked(module: ModuleType) -> ModuleType:
    if not callable(getattr(module, "recipe", None)):
        path = module.__file__
        raise InputError(f"{path}: expected a function recipe(...), found none")
    return module


def source(module: ModuleType) -> Source | None:
    """The text of a recipe, with the files beside it that it imports; None if it cannot
    be found out.
    """
    try:
        own = source_of(module)
        return own.gather() if own else read_source(module.__file__).gather(__name__)
    except Exception:  # whatever a user's file may hold: no run ends for that
        return None


def mnist(data, **reading) -> Images:
    """The images at the path `data`, 28x28x1. Raises InputError if there are none."""
    if data is None:
        raise InputError(
            "this recipe needs --data FOLDER with MNIST's train-images-idx3-ubyte.gz "
            "and train-labels-idx1-ubyte.gz (on the web under "
            "ossci-datasets.s3.amazonaws.com/mnist); Fashion-MNIST's files do as well, "
            "and --size 28 makes pictures of any size fit"
        )
    return load_images(data, (28, 28, 1), channels=1, **reading)


def binary_digits(held_out: bool = False) -> Images:
    """The embedded digits in black and white; a fifth of them is held out."""
    return _apart(binarised(load_digits()), 0.2)[held_out]


def binary_mnist(data, held_out: bool = False) -> Images:
    """The images at the path `data`, 28x28x1, in black and white (`binarised`). Held
    out are those of the test set, t10k-images, or a tenth if there is none.

    Raises InputError if there are no images.
    """
    images = mnist(data)
    found = sorted(pathlib.Path(data).glob("t10k-images*"))
    if not found:
        return binarised(_apart(images, 0.1)[held_out])
    return binarised(mnist(str(found[0])) if held_out else images)


def _apart(images: Images, share: float) -> tuple[Images, Images]:
    """(the others, this share of the images), always the same."""
    order = generator(0, SPLIT).permutation(len(images))
    n = round(share * len(images))
    return images.part(order[n:]), images.part(order[:n])


def stacked(data, border: int = 0, **reading) -> StackedDigits:
    """Three digits at a time of the path `data`, as the colours of a picture 28x28x3.
    A black border of 2 makes it 32x32x3.

    Raises InputError if there are none, or if they have no labels.
    """
    return StackedDigits(mnist(data, **reading).bordered(border))


def class_names(data, **reading) -> list[str]:
    """The names of the classes at the path `data`; the ten digits if it has none.

    A generator that was trained by an earlier version makes samples without its data.
    Training complains about missing data or labels when it reads them.
    """
    try:
        return list(Labelled(mnist(data, **reading)).images.names)
    except InputError:
        return list("0123456789")


def read_pictures(data, **reading) -> Images:
    """The pictures at the path `data`, or `data` itself if they are read already.

    Raises InputError if there are none.
    """
    if data is None:
        raise InputError(
            "this recipe needs --data PATH: a folder or a zip of pictures, .npy, .npz "
            "or IDX files; tinygan data PATH tells what it holds"
        )
    return data if isinstance(data, Images) else load_images(data, **reading)


def sounds(data, size: int, rate: int, labels: str | None = None) -> Sounds:
    """The sounds at the path `data`, `size` samples each, or `data` itself if they are
    read already. `labels` is the template of `read_sounds`.

    Raises InputError if `data` is None.
    """
    if isinstance(data, Sounds):
        return data
    if data is None:
        raise InputError(
            "this recipe needs --data PATH: a folder or a zip of sounds (WAV files), "
            "with class folders or names like 7_jackson_32.wav; tinygan data PATH "
            "tells what it holds"
        )
    return read_sounds(data, size, rate, labels)


def lines(data, length: int) -> Lines:
    """The lines of the text file at the path `data`, at most `length` characters each,
    or `data` itself if they are read already. InputError if it is None.
    """
    if isinstance(data, Lines):
        return data
    if data is None:
        raise InputError("this recipe needs --data FILE: a text file in UTF-8")
    return read_lines(data, length)


def read(given: dict) -> Images | Sounds | Lines:
    """The pictures, the sounds or the text at the path given["data"], with the other
    options given. Raises InputError for options that the data do not have.
    """
    if holds_text(given["data"]):
        for option in given.keys() - {"data", "size"}:
            raise InputError(f"--{option}: text has no such option, only --size")
        return lines(given["data"], given.get("size", LENGTH))
    if not holds_sounds(given["data"]):
        if "labels" in given:
            raise InputError(
                "--labels: expected sounds, whose names tell their classes"
            )
        return read_pictures(**given)
    return sounds(given["data"], given.get("size", SIZE), RATE, given.get("labels"))


def suiting(data: Images | Sounds | Lines) -> str:
    """The recipe that suits the data: with classes, if they have two or more."""
    if isinstance(data, Lines):
        return "text-lines"
    if isinstance(data, Sounds):
        return "cwavegan-digits" if data.classes >= 2 else "wavegan-digits"
    return "class-pictures" if data.classes >= 2 else "pictures"


def summary(module: ModuleType) -> str:
    """The first line of a recipe's docstring."""
    return (module.__doc__ or "").strip().partition("\n")[0]


def defaults(module: ModuleType) -> dict:
    """The options that the recipe takes, with their default values."""
    parameters = dict(inspect.signature(module.recipe).parameters)
    more = dict.fromkeys(READING) if parameters.pop("reading", None) else {}
    return {name: p.default for name, p in parameters.items()} | more


def settled(module: ModuleType, given: dict) -> dict:
    """The options with which the recipe is called: those that are given, and the
    default values of the others as far as JSON can hold them.
    """
    plain = {k: v for k, v in defaults(module).items() if _kind(v)}
    return plain | given


def stored(module: ModuleType, options: dict, where) -> dict:
    """The options that the config.json at the path `where` holds. Raises InputError for
    a value of another kind than the recipe's default value.
    """
    known, found = defaults(module), {}
    for name, value in options.items():
        kind, wanted = _kind(value), _kind(known.get(name))
        if not kind or wanted not in (kind, "null", ""):
            wanted = wanted or "a number or a text"
            raise InputError(
                f"{where}: option {name!r:.40}: expected {wanted}, found {value!r:.60}"
            )
        found[name] = tuple(value) if isinstance(known.get(name), tuple) else value
    return found


def _kind(value) -> str:
    """What JSON calls a value, as far as an option may have it; "" otherwise."""
    if isinstance(value, list | tuple):
        return "a row" if len(value) <= MOST_IN_A_ROW and all(map(_kind, value)) else ""
    kinds = {bool: "true or false", int | float: "a number", str: "a text"}
    found = (kind for types, kind in kinds.items() if isinstance(value, types))
    return "null" if value is None else next(found, "")


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


def build(module: ModuleType, options: dict) -> Trainable:
    """recipe(**options), with `Augment` before D if options["augment"] names its kinds.

    Raises InputError if it fails or does not take an option.
    """
    own = defaults(module)
    taken = own | dict.fromkeys(OF_ALL)
    accepted = [name for name in taken if name not in SETTLED]
    for option in options:
        if option not in taken:
            raise InputError(
                f"this recipe does not take --{option}; it takes "
                f"{', '.join('--' + a for a in accepted)}"
            )
    given = {name: value for name, value in options.items() if name in own}
    with blamed(module):
        experiment = module.recipe(**given)
    if not isinstance(experiment, Trainable):
        kind = type(experiment).__name__
        raise InputError(f"recipe(...) must return an Experiment, it returned {kind}")
    kinds = None if "augment" in own else options.get("augment")
    return experiment if kinds is None else _augmented(experiment, kinds)


def _augmented(experiment: Trainable, kinds) -> Experiment:
    """The experiment whose D sees changed pictures only. InputError unless it is a
    GAN's, its samples are pictures, and `kinds` a list of kinds of `Augment`.
    """
    shape = experiment.shape
    if not isinstance(experiment, Experiment):
        raise InputError(
            "--augment: expected a recipe of a GAN, whose D sees changed pictures"
        )
    if len(shape) != 3:
        raise InputError(
            f"--augment: expected a recipe for pictures (H, W, C), its samples are "
            f"{shape}"
        )
    if not (isinstance(kinds, list | tuple) and kinds):
        raise InputError(f"--augment: expected a list of kinds, got {shown(kinds)}")
    D = augmented(experiment.D, experiment.condition.shapes(shape), *kinds)
    return dataclasses.replace(experiment, D=D)
