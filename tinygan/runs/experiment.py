"""An experiment: two networks, the game they play, the data, and the numbers.

A recipe is a function that returns one; `train` plays it. Nothing here computes.
"""

import copy
import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np

from ..backend import Backend
from ..errors import InputError, ShapeError
from ..layers import Branch, Layer, Pick
from ..net import Net
from ..objectives import Diversity, Objective
from ..optim import Optimizer
from ..penalties import Penalty
from .conditions import Classes, Sentences


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
        """Of one z, (dim,)."""
        return (self.dim,)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n latents as float32, (n, dim), on the host."""
        if self.kind == "normal":
            z = rng.standard_normal((n, self.dim), dtype=np.float32)
        else:
            z = 2 * rng.random((n, self.dim), dtype=np.float32) - 1
        return self.scale * z


@dataclasses.dataclass(frozen=True)
class CriticSteps:
    """k discriminator steps a turn, but `boost` in the first turns and now and then.

    The boosted turns are those before `first`, and every `every`-th (0: none). The
    numbers are those of the first WGAN's code, whose critic is to be near its optimum
    before G trusts it (Arjovsky et al. 2017). ValueError for numbers out of range.
    """

    k: int = 5
    boost: int = 100
    first: int = 25
    every: int = 500

    def __post_init__(self):
        numbers = (self.k, self.boost, self.first, self.every)
        if not all(isinstance(n, int) for n in numbers):
            raise ValueError(f"CriticSteps expects whole numbers, got {self}")
        if min(self.k, self.boost) < 1 or min(self.first, self.every) < 0:
            raise ValueError(f"CriticSteps expects k, boost >= 1, others >= 0: {self}")

    def __call__(self, turn: int) -> int:
        """How many discriminator steps turn 0, 1, 2 ... has."""
        return self.before(turn + 1) - self.before(turn)

    def before(self, turn: int) -> int:
        """How many discriminator steps all the turns before `turn` have."""
        boosted = min(turn, self.first)
        if self.every and turn > self.first:
            boosted += -(-turn // self.every) + (-self.first // self.every)
        return self.k * turn + (self.boost - self.k) * boosted


@dataclasses.dataclass
class Experiment:
    """What a recipe returns.

    `data` is a function, so that sampling from a trained run does not read the data; it
    returns an object with `shape` and `batches(batch, seed, backend)`, whose result
    maps i to the i-th batch. `shape` is one sample's. `k` is the number of
    discriminator steps per generator step, or a CriticSteps, and `steps` counts turns
    of k + 1 steps.

    With `decay` both learning rates fall linearly, to 0 after the last step; it may
    also be a function of the turn, the factor of both rates. `penalties` are what D
    pays, or a function from the turn to them, where their weight changes. With `ema` >
    0 samples come from a moving average of G's weights, which keeps that share of
    itself each turn (less in the first ones: (1 + t)/(10 + t)); running statistics and
    spectral u and v are G's own. With `shared` both players' steps are about the same
    G(z), which saves a forward pass.

    With a `condition`, G maps (z, y) to x and D takes (x, y): `data` gives pairs, and
    the G(z, y) of a step have the y of its real batch. With `between` > 0, that share
    of them has half of its own sentence and half of another's (GAN-INT). With a
    `diversity`, or a function from the turn to one or None, the G(z, y) come in pairs
    of one y, and G pays for pairs that are alike. `unseen` is data of combinations
    that training never shows, for `tinygan evaluate`.

    Raises InputError for numbers out of range, ShapeError (from `networks`) when G does
    not make what D takes.
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
    k: int | CriticSteps = 1
    decay: bool | Callable[[int], float] = False
    penalties: Sequence[Penalty] | Callable[[int], Sequence[Penalty]] = ()
    ema: float = 0.0
    shared: bool = False
    condition: Classes | Sentences | None = None
    between: float = 0.0
    diversity: Diversity | Callable[[int], Diversity | None] | None = None
    unseen: Callable | None = None
    log_every: int = 20
    picture_every: int = 0  # 0: forty pictures over the run
    checkpoint_every: int = 0  # 0: ten over the run; a multiple of log_every

    def __post_init__(self):
        least = {"steps": 1, "batch": 1, "log_every": 1}
        if not isinstance(self.k, CriticSteps):
            least["k"] = 1
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
            raise InputError(
                "between: expected Sentences with mixed >= 2 to be between"
            )
        self.penalties_at(0)
        self.diversity_at(0)
        if self.diversity is not None and self.batch == 1:
            raise InputError("diversity: expected a batch of 2 or more, to have pairs")
        for name in (*least, "picture_every", "checkpoint_every"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least.get(name, 0):
                raise InputError(
                    f"{name}: expected a whole positive number, got {value!r}"
                )
        if not isinstance(self.seed, int) or self.seed < 0:
            raise InputError(f"seed: expected 0 or a positive number, got {self.seed}")
        self.picture_every = self.picture_every or math.ceil(self.steps / 40)
        each = self.checkpoint_every or self.steps / 10
        self.checkpoint_every = self.log_every * math.ceil(each / self.log_every)

    @property
    def critic_steps(self) -> CriticSteps:
        """k as a schedule."""
        if isinstance(self.k, CriticSteps):
            return self.k
        return CriticSteps(self.k, boost=self.k, first=0, every=0)

    def rate(self, turn: int) -> float:
        """The factor of both learning rates at a turn."""
        if callable(self.decay):
            factor = self.decay(turn)
            if not (math.isfinite(factor) and factor >= 0):
                raise InputError(f"decay: expected a factor >= 0, got {factor!r}")
            return factor
        return 1 - turn / self.steps if self.decay else 1.0

    def penalties_at(self, turn: int) -> Sequence[Penalty]:
        """The penalties of a turn."""
        found = self.penalties(turn) if callable(self.penalties) else self.penalties
        is_list = isinstance(found, list | tuple)
        if not (is_list and all(isinstance(p, Penalty) for p in found)):
            raise InputError(
                f"penalties: expected a list of them, such as [R1(10)], got {found!r}"
            )
        return found

    def diversity_at(self, turn: int) -> Diversity | None:
        """What J has in addition at a turn."""
        found = self.diversity(turn) if callable(self.diversity) else self.diversity
        if not (found is None or isinstance(found, Diversity)):
            raise InputError(f"diversity: expected a Diversity or None, got {found!r}")
        return found

    def expects(self, data) -> None:
        """Raises InputError unless `data` are of this experiment's shapes."""
        if tuple(data.shape) != tuple(self.shape):
            raise InputError(
                f"data: expected samples of shape {tuple(self.shape)}, "
                f"found {tuple(data.shape)}"
            )
        found = getattr(data, "condition_shape", None)
        if (found is None) != (self.condition is None):
            has = "no condition" if found is None else f"a condition {found}"
            raise InputError(
                f"data: expected samples with condition {self.condition!r}, found {has}"
            )
        if found is not None:
            wanted = self.condition.shape
            if found.n != wanted.n or found[1:] != wanted[1:]:
                raise InputError(f"data: expected conditions {wanted}, found {found}")

    def networks(self, backend: Backend, dtype="float32") -> tuple[Net, Net]:
        """Copies of G and D as networks, initialised from the seed.

        With a condition G passes it on, (z, y) -> (x, y): the pair that D judges.
        """
        G, D = copy.deepcopy(self.G), copy.deepcopy(self.D)
        z_shape, x_shape = self.latent.shape, tuple(self.shape)
        if self.condition:
            G = Branch(G, Pick(1))
            z_shape, x_shape = ((s, self.condition.shape) for s in (z_shape, x_shape))
        G = Net(G, z_shape, 2 * self.seed, dtype, backend)
        D = Net(D, x_shape, 2 * self.seed + 1, dtype, backend)
        if G.out_shape != D.in_shape:
            raise ShapeError(f"G makes samples {G.out_shape}, D takes {D.in_shape}")
        self.objective.expects(D.out_shape)
        return G, D
