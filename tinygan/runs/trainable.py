"""What a run asks of an experiment, whatever family of models it trains.

The experiment of a GAN is in experiment.py, and those of likelihood models are in
likelihood.py. Each is a dataclass of its networks and rules.
"""

import math
from collections.abc import Callable

import numpy as np

from ..backend import Backend
from ..data.alphabet import Alphabet
from ..errors import InputError, instance, number, shown, whole
from ..growth import Growth
from ..net import Net
from ..sound import Heard
from ..values import as_shape
from .conditions import Unconditional
from .latent import Latent
from .schedule import Schedule


class Trainable:
    """An experiment that a run can play.

    `shape` is the shape of one sample. `data` is a function, so that sampling from a
    trained run does not read the data. `latent` is the distribution of the inputs from
    which the *maker* makes samples, one of the players. `decay` and `ema` are as in
    Experiment.
    """

    shape: tuple[int, ...]
    data: Callable
    latent: Latent
    steps: int
    batch: int
    seed: int
    decay: bool | Callable[[int], float]
    ema: float
    decided: dict
    log_every: int
    picture_every: int
    checkpoint_every: int
    condition: Unconditional | None = Unconditional()
    growth: Growth | None = None
    sound: Heard | None = None
    text: Alphabet | None = None
    unseen: Callable | None = None

    def game(self, backend: Backend):
        """A new game of this experiment, before its first turn."""
        raise TypeError(f"{type(self).__name__} does not define game(backend)")

    def maker(self, backend: Backend) -> tuple[str, Net]:
        """The name of the player that makes samples, and its network at the start."""
        raise TypeError(f"{type(self).__name__} does not define maker(backend)")

    def made(self, net: Net, inputs):
        """The samples (n, *shape) that the maker `net` makes of n inputs."""
        made, _ = net.forward(inputs, train=False)
        return self.samples(made)

    def samples(self, made):
        """The samples (n, *shape) in what the maker's forward pass made."""
        return made

    @property
    def rate(self) -> Schedule:
        """The factor of the learning rates, as a schedule."""
        factor = self.decay
        if isinstance(factor, bool | np.bool_):
            factor = (lambda turn: 1 - turn / self.steps) if factor else 1.0
        return Schedule("decay", factor, _is_rate, "a factor >= 0")

    def expects(self, data) -> None:
        """Raise InputError unless `data` have this experiment's shapes."""
        for name in ("shape", "batches"):
            if not hasattr(data, name):
                raise InputError(
                    "data: expected a function that returns data with a shape and "
                    f"batches(batch, seed, backend), it returned {shown(data)}"
                )
        if tuple(data.shape) != tuple(self.shape):
            raise InputError(
                f"data: expected samples of shape {tuple(self.shape)}, "
                f"found {tuple(data.shape)}"
            )
        self.condition.expects(data)

    # What the settings must be.

    def check_samples(self) -> None:
        """Check the settings of the samples: their shape, the data, the sound and the
        text. InputError for a wrong one.
        """
        listed = isinstance(self.shape, list)
        shape = as_shape(tuple(self.shape) if listed else self.shape)
        if shape is None:
            raise InputError(
                f"{type(self).__name__} expects a shape such as (28, 28, 1), "
                f"got {shown(self.shape)}"
            )
        self.shape = shape
        self.check_data("data", self.data)
        if self.sound is not None:
            instance(self, "sound", self.sound, Heard, "sound=Waveforms(8000)")
        if self.text is not None:
            instance(self, "text", self.text, Alphabet, "text=lines.alphabet")
            if self.shape[1:] != (len(self.text),):
                raise InputError(
                    f"text: expected samples (T, {len(self.text)}), a number for each "
                    f"symbol, got the shape {self.shape}"
                )

    def check_data(self, name: str, data) -> None:
        """InputError unless `data`, the setting of this name, is a function."""
        if not callable(data):
            raise InputError(
                f"{type(self).__name__} expects {name} to be a function that returns "
                "the data, so that samples can be drawn without them; got "
                f"{shown(data)}, write {name}=load_digits or {name}=lambda: ..."
            )

    def check_run(self) -> None:
        """Check the numbers of a run, and fill in those that follow from others.
        InputError for a number out of range.
        """
        self.ema = setting(number, "ema", "a share 0 <= ema < 1", self.ema)
        if isinstance(self.decay, type) or not (
            isinstance(self.decay, bool | np.bool_) or callable(self.decay)
        ):
            raise InputError(
                f"decay: expected True, False or a function of the turn, "
                f"got {shown(self.decay)}"
            )
        least = {"steps": 1, "batch": 1, "log_every": 1}
        for name in (*least, "picture_every", "checkpoint_every", "seed"):
            wanted = f"a whole number >= {least.get(name, 0)}"
            setattr(self, name, setting(whole, name, wanted, getattr(self, name)))
        self.picture_every = self.picture_every or math.ceil(self.steps / 40)
        each = self.checkpoint_every or self.steps / 10
        self.checkpoint_every = self.log_every * math.ceil(each / self.log_every)


def setting(check, name: str, wanted: str, value):
    """value as the check gives it; InputError, naming the setting as an option does."""
    try:
        return check(name, wanted, value)
    except InputError:
        raise InputError(f"{name}: expected {wanted}, got {shown(value)}") from None


def _is_rate(value) -> bool:
    try:
        number("", "rate >= 0", value)
    except InputError:
        return False
    return True
