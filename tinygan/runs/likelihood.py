"""The experiments of likelihood models: `Variational` and `Autoregressive`.

A recipe returns one of them, as it returns an Experiment for a GAN. Their games are in
ascent.py.
"""

import copy
import dataclasses
from collections.abc import Callable

from ..backend import Backend
from ..errors import InputError, ShapeError, instance, number
from ..layers import Layer
from ..likelihood import (
    Likelihood,
    ancestral,
)
from ..net import Net
from ..optim import Optimizer
from ..values import spelt
from .conditions import Unconditional
from .game import Player
from .latent import Latent, Uniform
from .trainable import Trainable, setting


@dataclasses.dataclass
class Variational(Trainable):
    """The experiment of a variational autoencoder (likelihood/vae.py).

    The encoder maps x to mu and log_var, (2 d,), and the decoder maps z (d,) to the
    parameters of `likelihood`. `latent` is p(z), Latent(d). Both networks have a copy
    of the optimizer `opt`. `held_out` is a function that returns data which no step
    sees: the log tells how likely they are. Samples are the means of p(x | z). The
    other settings are those of `Experiment`.

    Raises InputError for numbers out of range, and ShapeError (from `networks`) if the
    networks do not fit together.
    """

    encoder: Layer
    decoder: Layer
    likelihood: Likelihood
    shape: tuple[int, ...]
    data: Callable
    latent: Latent
    opt: Optimizer
    steps: int
    batch: int
    beta: float = 1.0
    seed: int = 0
    held_out: Callable | None = None
    decay: bool | Callable[[int], float] = False
    ema: float = 0.0
    decided: dict = dataclasses.field(default_factory=dict)
    log_every: int = 20
    picture_every: int = 0
    checkpoint_every: int = 0

    def __post_init__(self):
        self.condition = Unconditional()
        instance(self, "encoder", self.encoder, Layer, "encoder=Sequential(...)")
        instance(self, "decoder", self.decoder, Layer, "decoder=Sequential(...)")
        instance(self, "latent", self.latent, Latent, "latent=Latent(16)")
        if (self.latent.kind, self.latent.scale) != ("normal", 1.0):
            raise InputError(
                f"latent: the KL expects z ~ N(0, I), Latent(d), got {self.latent!r}"
            )
        self.beta = setting(number, "beta", "a number >= 0", self.beta)
        _check_common(self)

    def networks(self, backend: Backend, dtype="float32") -> tuple[Net, Net]:
        """Copies of the encoder and the decoder, initialised from the seed."""
        (d,), shape = self.latent.shape, tuple(self.shape)
        E = Net(copy.deepcopy(self.encoder), shape, 2 * self.seed, dtype, backend)
        D = Net(copy.deepcopy(self.decoder), (d,), 2 * self.seed + 1, dtype, backend)
        for name, net, wanted in (
            ("encoder", E, (2 * d,)),
            ("decoder", D, tuple(self.likelihood.parameters(shape))),
        ):
            if net.out_shape != wanted:
                raise ShapeError(
                    f"the {name} returns {spelt(net.out_shape)}, expected "
                    f"{spelt(wanted)}"
                )
        return E, D

    def players(self, backend: Backend) -> dict[str, Player]:
        """The encoder E and the decoder D, with their optimizers."""
        nets = self.networks(backend)
        return {
            name: Player(net, copy.deepcopy(self.opt))
            for name, net in zip("ED", nets, strict=True)
        }

    def game(self, backend):
        from .ascent import VariationalTurns

        return VariationalTurns(self, backend)

    def maker(self, backend):
        return "D", self.networks(backend)[1]

    def samples(self, made):
        return self.likelihood.mean(made)


@dataclasses.dataclass
class Autoregressive(Trainable):
    """The experiment of an autoregressive model (likelihood/autoregressive.py).

    `net` maps x to the parameters of `likelihood`, and those of a place depend only on
    the places before it. A sample is drawn place by place, from numbers uniform on
    [0, 1). `held_out` is a function that returns data which no step sees: the log tells
    how likely they are. The other settings are those of `Experiment`.

    Raises InputError for numbers out of range, and ShapeError (from `maker`) if the
    network does not return parameters for x.
    """

    net: Layer
    likelihood: Likelihood
    shape: tuple[int, ...]
    data: Callable
    opt: Optimizer
    steps: int
    batch: int
    seed: int = 0
    held_out: Callable | None = None
    decay: bool | Callable[[int], float] = False
    ema: float = 0.0
    decided: dict = dataclasses.field(default_factory=dict)
    log_every: int = 20
    picture_every: int = 0
    checkpoint_every: int = 0

    def __post_init__(self):
        self.condition = Unconditional()
        instance(self, "net", self.net, Layer, "net=Sequential(...)")
        _check_common(self)
        self.latent = Uniform(self.likelihood.numbers(tuple(self.shape)))

    def maker(self, backend, dtype="float32"):
        shape = tuple(self.shape)
        net = Net(copy.deepcopy(self.net), shape, 2 * self.seed, dtype, backend)
        wanted = tuple(self.likelihood.parameters(shape))
        if net.out_shape != wanted:
            raise ShapeError(
                f"the network returns {spelt(net.out_shape)} for x {spelt(shape)}, "
                f"expected {spelt(wanted)}"
            )
        return "M", net

    def players(self, backend: Backend) -> dict[str, Player]:
        """The model M, with its optimizer."""
        name, net = self.maker(backend)
        return {name: Player(net, copy.deepcopy(self.opt))}

    def game(self, backend):
        from .ascent import AutoregressiveTurns

        return AutoregressiveTurns(self, backend)

    def made(self, net, inputs):
        return ancestral(net, self.likelihood, inputs)


def _check_common(experiment) -> None:
    """The checks that both experiments share."""
    e, opt = experiment, "opt=Adam(1e-3)"
    instance(e, "likelihood", e.likelihood, Likelihood, "likelihood=Bernoulli()")
    instance(e, "opt", e.opt, Optimizer, opt)
    e.check_samples()
    if e.held_out is not None:
        e.check_data("held_out", e.held_out)
    e.check_run()
