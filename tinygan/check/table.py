"""What `tinygan check` looks at, and the table it prints."""

import inspect

from ..errors import InputError
from ..layers import (
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Flatten,
    InstanceNoise,
    InstanceNorm,
    Layer,
    LayerNorm,
    LeakyReLU,
    Maxout,
    MinibatchStd,
    Pack,
    PixelNorm,
    ReLU,
    Reshape,
    Residual,
    Scale,
    Sequential,
    Sigmoid,
    Softplus,
    SpectralNorm,
    Tanh,
    Upsample2d,
)
from ..objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)
from ..optim import SGD, Adam, ClipNorm, ClipValue, Momentum, Optimizer, RMSProp
from ..penalties import DRAGAN, R1, R2, WGANGP, Drift, Penalty
from ..userfile import failure, load_module
from .game import check_game, check_objective, check_optimizer
from .layer import LIMITS, Row, check_layer
from .penalty import check_penalty

NAME = 60  # characters of a name in the table
LAYER_COLUMNS = [*LIMITS]
SHAPES = (
    (6,),
    (5, 4, 3),
    (7, 2),
    (),
)  # what a layer without a stated shape is tried on


def builtin_layers() -> list[tuple[Layer, tuple]]:
    """Every layer of tinygan, in the shapes and settings where its code differs."""
    return [
        (Dense(4), (6,)),
        (Dense(4, bias=False), (5, 3)),
        (Conv2d(4, 3), (5, 6, 2)),
        (Conv2d(4, 4, stride=2, pad=1), (7, 6, 3)),
        (Conv2d(2, (1, 3), stride=(3, 2), pad=(0, 2), bias=False), (7, 5, 2)),
        (ConvTranspose2d(3, 4, stride=2, pad=1), (4, 3, 2)),
        (ConvTranspose2d(2, 3, stride=2, pad=1, output_pad=1), (3, 4, 3)),
        (ConvTranspose2d(2, (2, 5), stride=(3, 1), pad=(0, 2)), (3, 4, 2)),
        (BatchNorm(), (6,)),
        (BatchNorm(gamma_std=0.02), (3, 4, 2)),
        (LeakyReLU(0.2), (6,)),
        (ReLU(), (6,)),
        (Tanh(), (6,)),
        (Sigmoid(), (6,)),
        (Softplus(), (6,)),
        (Flatten(), (3, 4, 2)),
        (Reshape(4, 3, 2), (24,)),
        (Dropout(0.4), (6,)),
        (InstanceNoise(0.5), (6,)),
        (InstanceNoise(0.5, steps=3), (3, 4, 2)),
        (LayerNorm(), (6,)),
        (LayerNorm(eps=0.1), (3, 4, 2)),
        (InstanceNorm(), (3, 4, 2)),
        (InstanceNorm(eps=0.1), (5, 3)),
        (PixelNorm(), (6,)),
        (PixelNorm(eps=0.1), (3, 4, 2)),
        (SpectralNorm(Dense(4)), (6,)),
        (SpectralNorm(Dense(4, bias=False), 3), (5, 3)),
        (SpectralNorm(Conv2d(4, 3, 2, 1)), (5, 6, 2)),
        (SpectralNorm(ConvTranspose2d(3, 4, 2, 1)), (4, 3, 2)),
        (AvgPool2d(2), (4, 6, 3)),
        (Upsample2d(3), (2, 3, 2)),
        (Scale(2.0, -1.0), (6,)),
        (Maxout(3), (6,)),
        (Maxout(2), (3, 4, 4)),
        (MinibatchStd(4), (6,)),
        (MinibatchStd(2), (3, 4, 2)),
        (Pack(2), (6,)),
        (Pack(4), (3, 4, 2)),
        (Sequential(Dense(8), Tanh(), Dense(3), LeakyReLU()), (5,)),
        (
            Sequential(Conv2d(3, 3, 2, 1), Softplus(), Flatten(), Dense(1)),
            (5, 5, 2),
        ),
        (
            Residual(Sequential(Conv2d(2, 3, pad=1), LayerNorm(), Tanh()), scale=0.5),
            (4, 3, 2),
        ),
        (
            Residual(
                Sequential(SpectralNorm(Conv2d(3, 3, pad=1)), LeakyReLU(), AvgPool2d()),
                shortcut=Sequential(AvgPool2d(), Conv2d(3, 1)),
            ),
            (4, 4, 2),
        ),
    ]


def builtin_objectives() -> list[Objective]:
    """Every objective of tinygan, with and without smoothed labels."""
    return [
        Minimax(),
        Minimax(real_label=0.9),
        NonSaturating(),
        Wasserstein(),
        LeastSquares(),
        Hinge(),
        RelativisticAverage(),
        RelativisticAverage(real_label=0.9),
        RelativisticPairing(),
    ]


def builtin_penalties() -> list[Penalty]:
    """Every penalty of tinygan."""
    return [WGANGP(), WGANGP(one_sided=True, k=0.1), R1(), R2(), DRAGAN(), Drift(0.1)]


def builtin_optimizers() -> list[Optimizer]:
    """Every optimizer of tinygan whose definition is known."""
    return [
        SGD(0.1),
        Momentum(0.1, 0.5, final=0.9, ramp=4),
        RMSProp(0.01),
        Adam(0.01, 0.5),
        ClipValue(Adam(0.01, 0.5), 0.1),
        ClipNorm(Momentum(0.1), 1.0),
    ]


def builtin_rows(seed: int = 0) -> list[Row]:
    """Check everything that tinygan brings."""
    rows = []
    for layer, shape in builtin_layers():
        rows += check_layer(layer, shape, seed=seed)
    for objective in builtin_objectives():
        rows += check_objective(objective, seed=seed)
    for objective in builtin_objectives():
        rows += check_game(objective, seed=seed)
    for penalty in builtin_penalties():
        rows += check_penalty(penalty, seed=seed)
    for optimizer in builtin_optimizers():
        rows += check_optimizer(optimizer, seed=seed)
    return rows


def file_rows(path, seed: int = 0, analytic: bool = True) -> list[Row]:
    """Check what the user's Python file brings.

    The file may say what to check, `CHECKS = [(layer, in_shape), objective, optimizer,
    ...]`. Without it, every Layer, Objective, Optimizer and Penalty class that it
    defines is made without arguments, and layers are tried on a few shapes.

    Raises InputError when there is nothing to check or it cannot be built.
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
            else:
                rows += check_optimizer(thing, seed=seed)
        except InputError:
            raise
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
            f"{path}: expected a Layer, Objective, Optimizer or Penalty class, or a "
            "list CHECKS = [(layer, in_shape), ...], found none"
        )
    for item in stated:
        is_pair = isinstance(item, tuple) and len(item) == 2
        thing, shape = item if is_pair else (item, None)
        if not isinstance(thing, Layer | Objective | Optimizer | Penalty):
            raise InputError(
                f"{path}: expected layers, objectives, optimizers and penalties in "
                f"CHECKS, found {thing!r}"
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
        and issubclass(cls, Layer | Objective | Optimizer | Penalty)
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
        except Exception as e:  # whatever a user's build does to refuse a shape
            why = e
        else:
            return shape
    raise InputError(
        f"{path}: {layer!r} fits none of the input shapes {SHAPES} ({why}); state one "
        "with CHECKS = [(layer, in_shape)]"
    )


def print_table(rows: list[Row]) -> bool:
    """Print a line for each thing checked, its errors in columns; True if all is well.

    Things that are checked for the same quantities share a header.
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
            print(
                f"\n{'worst error of':<{NAME}}", *(f"{c:>{_wide(c)}}" for c in columns)
            )
        cells = (_cell(errors.get(c)) for c in columns)
        line = (f"{v:>{_wide(c)}}" for c, v in zip(columns, cells, strict=True))
        print(f"{name[:NAME]:<{NAME}}", *line)
    for row in failures:
        why = f" ({row.note})" if row.note else ""
        print(f"\nFAILS  {row.name}: {row.quantity}: error {row.error:.3g}, ", end="")
        print(f"at most {row.limit:g} allowed{why}", end="")
    print("\n" if failures else "")
    print(f"{len(things)} things, {len(rows)} checks, {len(failures)} failures")
    return not failures


def _wide(column: str) -> int:
    return max(8, len(column))


def _cell(row: Row | None) -> str:
    """An error in the table: "-" where there is none, "!" where it is too large."""
    if row is None:
        return "-"
    return f"{row.error:.0e}" if row.ok else f"{row.error:.0e}!"
