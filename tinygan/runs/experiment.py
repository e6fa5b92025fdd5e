"""An experiment: two networks, the rules of their game, the data, and the numbers.

A recipe is a function that returns an experiment, and `tinygan train` plays it.
"""

import copy
import dataclasses
from collections.abc import Callable, Sequence

from ..backend import Backend
from ..data.alphabet import Alphabet
from ..errors import (
    InputError,
    ShapeError,
    flag,
    instance,
    number,
    shown,
    whole,
)
from ..growth import GrowingNet, Growth, larger
from ..layers import Growing, Layer
from ..net import Net
from ..objectives import Diversity, Objective
from ..optim import Optimizer
from ..penalties import Penalty
from ..sound import Heard
from .conditions import Sentences, Unconditional
from .heads import require_logits
from .latent import Latent as Latent
from .schedule import CriticSteps as CriticSteps
from .schedule import Schedule
from .trainable import Trainable, setting


@dataclasses.dataclass
class Experiment(Trainable):
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
    the first turns: (1 + t)/(10 + t), and in those of a level), and uses G's running
    statistics and spectral u and v. With `shared` both players' steps use one G(z),
    which saves a forward pass.

    With a `condition`, G maps (z, y) to x and D takes (x, y). `data` gives pairs, and
    the G(z, y) of a step have the y of its real batch. If `between` > 0, this share of
    them takes half of its y from another sample's sentence (GAN-INT). With a
    `diversity`, or a function from the turn to a Diversity or None, the G(z, y) come in
    pairs with one y, and G pays for pairs that are alike. `unseen` gives data of
    combinations that training never shows, for `tinygan evaluate`. `decided` are the
    options that the recipe took from the data, such as a size. config.json keeps them,
    so that a trained generator makes samples without the data.

    If the samples are sounds, `sound` is the way from them to waveforms, and it knows
    the rate. Pictures show spectrograms then, and the folder has a page to listen. If
    they are lines of text, one row (V,) for each character, `text` is the alphabet.

    With a `growth` G and D are growing networks with as many levels, and both grow as
    it says. `batch` is the batch of its last level, and `shape` that of its samples.

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
    growth: Growth | None = None
    sound: Heard | None = None  # Waveforms or Magnitudes
    text: Alphabet | None = None
    decided: dict = dataclasses.field(default_factory=dict)
    log_every: int = 20
    picture_every: int = 0  # 0: forty pictures over the run
    checkpoint_every: int = 0  # 0: ten over the run; a multiple of log_every

    def __post_init__(self):
        self._check_parts()
        for schedule in (self.critic_steps, self.penalties_at, self.diversity_at):
            schedule(0)
        self._check_shares()
        self._check_growth()
        self.check_run()

    def _check_parts(self) -> None:
        """Every part is an object of its kind, or a sentence says what to write."""
        instance(self, "G", self.G, Layer, "G=Sequential(Dense(3), ReLU(), ...)")
        instance(self, "D", self.D, Layer, "D=Sequential(Dense(3), ReLU(), ...)")
        instance(self, "latent", self.latent, Latent, "latent=Latent(16)")
        objective = "objective=NonSaturating()"
        instance(self, "objective", self.objective, Objective, objective)
        instance(self, "opt_G", self.opt_G, Optimizer, "opt_G=Adam(1e-3)")
        instance(self, "opt_D", self.opt_D, Optimizer, "opt_D=Adam(1e-3)")
        self.check_samples()
        if self.unseen is not None:
            self.check_data("unseen", self.unseen)
        condition = Unconditional() if self.condition is None else self.condition
        self.condition = instance(
            self, "condition", condition, Unconditional, "Classes(10)"
        )

    def _check_shares(self) -> None:
        self.shared = flag(self, "shared", self.shared)
        share = "a share 0 <= between <= 1"
        self.between = setting(number, "between", share, self.between)
        if self.between and not (
            isinstance(self.condition, Sentences) and self.condition.mixed >= 2
        ):
            raise InputError("between: expected Sentences with mixed >= 2")
        if self.diversity is not None and self.batch == 1:
            raise InputError("diversity: expected a batch of 2 or more, to have pairs")

    def _check_growth(self) -> None:
        for name in ("G", "D"):
            tree, levels = getattr(self, name), None
            if self.growth is not None:
                instance(self, "growth", self.growth, Growth, "growth=Growth([...])")
                levels = len(self.growth.levels)
            found = tree.levels if isinstance(tree, Growing) else None
            if found != levels:
                raise InputError(
                    f"growth: expected a Growth with a level for each level of {name}, "
                    f"got {shown(self.growth)} for {shown(tree)}"
                )
        if self.growth is not None and self.condition.kind != "no condition":
            raise InputError(
                "growth: expected no condition, got one for networks that grow"
            )

    @property
    def critic_steps(self) -> Schedule:
        """k as a schedule."""
        kept = vars(self).get("_critic_steps")  # a schedule remembers its sums
        if kept is None or kept.setting is not self.k:
            kept = self._critic_steps = Schedule("k", self.k, _is_k, WHOLE)
        return kept

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
        from .growing import GrowingTurns
        from .turn import Turns

        return (GrowingTurns if self.growth else Turns)(self, backend)

    def maker(self, backend: Backend) -> tuple[str, Net]:
        """The name of the player that makes samples, and its network at the start."""
        return "G", self.networks(backend)[0]

    def samples(self, made):
        """The samples (n, *shape) in what G made. Those of a lower level of a growing
        G are enlarged by whole pixels.
        """
        x = self.condition.x_of(made)
        return x if self.growth is None else larger(x, self.shape[0] // x.shape[1])

    def networks(self, backend: Backend, dtype="float32") -> tuple[Net, Net]:
        """Copies of G and D as networks, initialised from the seed.

        With a condition G passes it on, (z, y) -> (x, y): the pair that D judges.
        """
        shapes, network = self.condition.shapes, GrowingNet if self.growth else Net
        G = self.condition.around(copy.deepcopy(self.G))
        G = network(G, shapes(self.latent.shape), 2 * self.seed, dtype, backend)
        D, x_shape = copy.deepcopy(self.D), shapes(tuple(self.shape))
        D = network(D, x_shape, 2 * self.seed + 1, dtype, backend)
        if G.out_shape != D.in_shape:
            raise ShapeError(f"G makes samples {G.out_shape}, D takes {D.in_shape}")
        self.objective.expects(D.out_shape)
        require_logits(self.objective, D.tree)
        return G, D


WHOLE = "a whole positive number"


def _holds(check, wanted: str, value) -> bool:
    try:
        check("", wanted, value)
    except InputError:
        return False
    return True


def _is_k(value) -> bool:
    return _holds(whole, "k >= 1", value)


def _are_penalties(found) -> bool:
    is_list = isinstance(found, list | tuple)
    return is_list and all(isinstance(p, Penalty) for p in found)


def _is_diversity(found) -> bool:
    return found is None or isinstance(found, Diversity)
