"""Everything that tinygan brings, in the settings where its code differs, checked."""

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
from .game import check_game, check_objective, check_optimizer
from .layer import Row, check_layer
from .penalty import check_penalty


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
