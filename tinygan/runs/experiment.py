"""An experiment: two networks, the rules of their game, the data, and the numbers.

A recipe is a function that returns an experiment, and `tinygan train` plays it.
"""

import copy
import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np

from ..backend import Backend
from ..errors import InputError, ShapeError
from ..layers import Layer
from ..net import Net
from ..objectives import Diversity, Objective
from ..optim import Optimizer
from ..penalties import Penalty
from .conditions import Sentences, Unconditional
from .schedule import CriticSteps as CriticSteps
from .schedule import Schedule


@dataclasses.dataclass(frozen=True)
class Latent:
    """p(z): `dim` independent numbers, N(0, scale^2), or uniform on [-scale, scale].

    Raises ValueError for another kind, or dim < 1.
    """

    dim: int
    kind: str = "normal"
    scale: float = 1.0

    def __post_init__(self):
        if self.dim < 1 or self.kind not in ("normal", "uniform"):
            raise ValueError(
                "Latent expects dim >= 1, normal or uniform, "
                f"got {self.dim}, {self.kind!r}"
            )
        object.__setattr__(self, "scale", float(self.scale))  # no NumPy scalar

    @property
    def shape(self) -> tuple[int]:
        """The shape of one z: (dim,)."""
        return (self.dim,)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n latents as float32, (n, dim), on the host."""
        if self.kind == "normal":
            z = rng.standard_normal((n, self.dim), dtype=np.float32)
        else:
            z = 2 * rng.random((n, self.dim), dtype=np.float32) - 1
        return self.scale * z


@dataclasses.dataclass
class Experiment:
    """The experiment that a recipe returns: all that a run needs to know.

    `data` is a function, so that sampling from a trained run does not read the data. It
    returns an object with `shape` and `batches(batch, seed, backend)`, whose result
    maps i to the i-th batch. `shape` is the shape of one sample. `k` is the number of
    discriminator steps per generator step, or a function of the turn, such as
    CriticSteps. `steps` counts turns of k + 1 steps.

    With `decay` both learning rates fall linearly, to 0 after the last step. A function
    of the turn gives the factor of both rates instead. `penalties` is a list of what D
    pays, or a function from the turn to a list. If `ema` > 0, samples come from a
    moving average of G's weights. It keeps the share `ema` of itself each turn (less in
    the first turns: (1 + t)/(10 + t)), and uses G's running statistics and spectral u
    and v. With `shared` both players' steps use one G(z), which saves a forward pass.

    With a `condition`, G maps (z, y) to x and D takes (x, y). `data` gives pairs, and
    the G(z, y) of a step have the y of its real batch. If `between` > 0, this share of
    them takes half of its y from another sample's sentence (GAN-INT). With a
    `diversity`, or a function from the turn to a Diversity or None, the G(z, y) come in
    pairs with one y, and G pays for pairs that are alike. `unseen` gives data of
    combinations that training never shows, for `tinygan evaluate`. `decided` are the
    options that the recipe took from the data, such as a size. config.json keeps them,
    so that a trained generator makes samples without the data.

    Raises InputError for numbers out of range, and ShapeError (from `networks`) if G
    does not make what D takes.
    """

    G: Layer
    D: Layer
    shape: tuple[int, ...]
    data: Callable
    latent: Latent
    objective: Objective
    opt_G: Optimizer
    opt_D: Optimizer
    steps: int
    batch: int
    seed: int = 0
    k: int | Callable[[int], int] = 1
    decay: bool | Callable[[int], float] = False
    penalties: Sequence[Penalty] | Callable[[int], Sequence[Penalty]] = ()
    ema: float = 0.0
    shared: bool = False
    condition: Unconditional | None = None  # Classes or Sentences
    between: float = 0.0
    diversity: Diversity | Callable[[int], Diversity | None] | None = None
    unseen: Callable | None = None
    decided: dict = dataclasses.field(default_factory=dict)
    log_every: int = 20
    picture_every: int = 0  # 0: forty pictures over the run
    checkpoint_every: int = 0  # 0: ten over the run; a multiple of log_every

    def __post_init__(self):
        self.condition = self.condition or Unconditional()
        for schedule in (self.critic_steps, self.penalties_at, self.diversity_at):
            schedule(0)
        self._check_shares()
        least = {"steps": 1, "batch": 1, "log_every": 1}
        for name in (*least, "picture_every", "checkpoint_every"):
            value = getattr(self, name)
            if not _whole(least.get(name, 0))(value):
                raise InputError(f"{name}: expected {WHOLE}, got {value!r}")
        if not _whole(0)(self.seed):
            raise InputError(f"seed: expected 0 or a positive number, got {self.seed}")
        self.picture_every = self.picture_every or math.ceil(self.steps / 40)
        each = self.checkpoint_every or self.steps / 10
        self.checkpoint_every = self.log_every * math.ceil(each / self.log_every)

    def _check_shares(self) -> None:
        if not (isinstance(self.ema, int | float) and 0 <= self.ema < 1):
            raise InputError(f"ema: expected a share 0 <= ema < 1, got {self.ema!r}")
        if not (isinstance(self.decay, bool) or callable(self.decay)):
            raise InputError(
                f"decay: expected True, False or a function of the turn, "
                f"got {self.decay!r}"
            )
        if not isinstance(self.shared, bool):
            raise InputError(f"shared: expected True or False, got {self.shared!r}")
        if not 0 <= self.between <= 1:
            raise InputError(f"between: expected a share 0 to 1, got {self.between!r}")
        if self.between and not (
            isinstance(self.condition, Sentences) and self.condition.mixed >= 2
        ):
            raise InputError("between: expected Sentences with mixed >= 2")
        if self.diversity is not None and self.batch == 1:
            raise InputError("diversity: expected a batch of 2 or more, to have pairs")

    @property
    def critic_steps(self) -> Schedule:
        """k as a schedule."""
        kept = vars(self).get("_critic_steps")  # a schedule remembers its sums
        if kept is None or kept.setting is not self.k:
            kept = self._critic_steps = Schedule("k", self.k, _whole(1), WHOLE)
        return kept

    @property
    def rate(self) -> Schedule:
        """The factor of both learning rates, as a schedule."""
        factor = self.decay
        if isinstance(factor, bool):
            factor = (lambda turn: 1 - turn / self.steps) if factor else 1.0
        return Schedule("decay", factor, _is_rate, "a factor >= 0")

    @property
    def penalties_at(self) -> Schedule:
        """The penalties, as a schedule."""
        expected = "a list of them, such as [R1(10)]"
        return Schedule("penalties", self.penalties, _are_penalties, expected)

    @property
    def diversity_at(self) -> Schedule:
        """The diversity, as a schedule."""
        expected = "a Diversity or None"
        return Schedule("diversity", self.diversity, _is_diversity, expected)

    def game(self, backend: Backend):
        """A new game of this experiment, before its first turn."""
        from .turn import Turns

        return Turns(self, backend)

    def maker(self, backend: Backend) -> tuple[str, Net]:
        """The name of the player that makes samples, and its network at the start."""
        return "G", self.networks(backend)[0]

    def expects(self, data) -> None:
        """Raise InputError unless `data` have this experiment's shapes."""
        if tuple(data.shape) != tuple(self.shape):
            raise InputError(
                f"data: expected samples of shape {tuple(self.shape)}, "
                f"found {tuple(data.shape)}"
            )
        self.condition.expects(data)

    def networks(self, backend: Backend, dtype="float32") -> tuple[Net, Net]:
        """Copies of G and D as networks, initialised from the seed.

        With a condition G passes it on, (z, y) -> (x, y): the pair that D judges.
        """
        shapes = self.condition.shapes
        G = self.condition.around(copy.deepcopy(self.G))
        G = Net(G, shapes(self.latent.shape), 2 * self.seed, dtype, backend)
        D, x_shape = copy.deepcopy(self.D), shapes(tuple(self.shape))
        D = Net(D, x_shape, 2 * self.seed + 1, dtype, backend)
        if G.out_shape != D.in_shape:
            raise ShapeError(f"G makes samples {G.out_shape}, D takes {D.in_shape}")
        self.objective.expects(D.out_shape)
        return G, D


WHOLE = "a whole positive number"


def _whole(least: int) -> Callable:
    return lambda value: isinstance(value, int) and value >= least


def _is_rate(value) -> bool:
    return math.isfinite(value) and value >= 0


def _are_penalties(found) -> bool:
    is_list = isinstance(found, list | tuple)
    return is_list and all(isinstance(p, Penalty) for p in found)


def _is_diversity(found) -> bool:
    return found is None or isinstance(found, Diversity)
