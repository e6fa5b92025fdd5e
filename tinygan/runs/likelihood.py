"""The experiments of likelihood models: `Variational` and `Autoregressive`.

A recipe returns one of them, as it returns an Experiment for a GAN. Their games are in
ascent.py.
"""

import copy
import dataclasses
from collections.abc import Callable

from ..backend import Backend
from ..data.alphabet import Alphabet
from ..errors import InputError, ShapeError, instance, number
from ..layers import Layer
from ..likelihood import (
    Likelihood,
    ancestral,
    elbo,
    importance_bound,
    log_likelihood,
)
from ..net import Net
from ..ops import get_xp
from ..optim import Optimizer
from ..values import spelt
from .conditions import Unconditional
from .game import Player
from .latent import Latent, Uniform
from .trainable import Trainable, setting


class Likely(Trainable):
    """An experiment whose players go up a likelihood, which can be measured."""

    likelihood: Likelihood
    opt: Optimizer
    held_out: Callable | None

    def players(self, backend: Backend) -> dict[str, Player]:
        """The networks at the start, by their names, each with its optimizer."""
        raise TypeError(f"{type(self).__name__} does not define players(backend)")

    def log_likelihood(self, nets: dict[str, Net], x, rng, K: int = 1):
        """log p(x) of each of x (N, *shape), in nats: (N,). If it is not known exactly,
        a bound below it, the mean over K draws with `rng` for each sample.
        """
        raise TypeError(f"{type(self).__name__} does not define log_likelihood")

    def check_parts(self) -> None:
        """Check the settings that all such experiments have."""
        self.condition = Unconditional()
        instance(self, "likelihood", self.likelihood, Likelihood, "Bernoulli()")
        instance(self, "opt", self.opt, Optimizer, "opt=Adam(1e-3)")
        self.check_samples()
        if self.held_out is not None:
            self.check_data("held_out", self.held_out)
        self.check_run()


@dataclasses.dataclass
class Variational(Likely):
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
    text: Alphabet | None = None
    decided: dict = dataclasses.field(default_factory=dict)
    log_every: int = 20
    picture_every: int = 0
    checkpoint_every: int = 0

    def __post_init__(self):
        instance(self, "encoder", self.encoder, Layer, "encoder=Sequential(...)")
        instance(self, "decoder", self.decoder, Layer, "decoder=Sequential(...)")
        instance(self, "latent", self.latent, Latent, "latent=Latent(16)")
        if (self.latent.kind, self.latent.scale) != ("normal", 1.0):
            raise InputError(
                f"latent: the KL expects z ~ N(0, I), Latent(d), got {self.latent!r}"
            )
        self.beta = setting(number, "beta", "a number >= 0", self.beta)
        self.check_parts()

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

    def players(self, backend):
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

    def log_likelihood(self, nets, x, rng, K=1):
        E, D = nets["E"], nets["D"]
        if K > 1:
            return importance_bound(E, D, self.likelihood, x, K, rng)
        eps = get_xp(x).asarray(self.latent.draw(len(x), rng))
        return elbo(E, D, self.likelihood, x, eps)


@dataclasses.dataclass
class Autoregressive(Likely):
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
    text: Alphabet | None = None
    decided: dict = dataclasses.field(default_factory=dict)
    log_every: int = 20
    picture_every: int = 0
    checkpoint_every: int = 0

    def __post_init__(self):
        instance(self, "net", self.net, Layer, "net=Sequential(...)")
        self.check_parts()
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

    def players(self, backend):
        name, net = self.maker(backend)
        return {name: Player(net, copy.deepcopy(self.opt))}

    def game(self, backend):
        from .ascent import AutoregressiveTurns

        return AutoregressiveTurns(self, backend)

    def made(self, net, inputs):
        return ancestral(net, self.likelihood, inputs)

    def log_likelihood(self, nets, x, rng, K=1):
        return log_likelihood(nets["M"], self.likelihood, x)
