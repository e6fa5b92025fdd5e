"""Check a distribution p(x | s), and the step of a model that ascends a likelihood.

The gradient of log p in s is compared with the oracles, and so is the gradient along
which a step moves its networks. The oracles see the value alone: log p(x), or a bound,
computed without a backward pass.
"""

import warnings

import numpy as np

from ...errors import flag, instance, whole
from ...likelihood import Likelihood
from ...net import Net
from ...optim import SGD
from ..dead import dead_overrides
from ..layers.layer import DRAWS
from ..report import Row, an_effort
from .game import FAR, Start, judged
from .ratio import call

SHAPES = ((4,), (2, 3), (2, 2, 5))  # of one sample
MANY = 20_000  # samples, for their mean


def check_likelihood(
    likelihood: Likelihood, seed=0, analytic=True, effort="normal"
) -> list[Row]:
    """Check d log p/ds, and the contract: one value for each sample, which depends on
    its own s; gradients of the shape and the type of s; arguments that are only read;
    samples whose mean is `mean`.

    analytic=False leaves the complex step out, as in check_layer.
    """
    instance("check_likelihood", "likelihood", likelihood, Likelihood, "Bernoulli()")
    exact = flag("check_likelihood", "analytic", analytic)
    effort = an_effort("check_likelihood", effort, "quick")
    seed = whole("check_likelihood", "seed >= 0", seed)
    name, rng = repr(likelihood), np.random.default_rng(seed)
    line = call("check_likelihood", likelihood, seed=seed)
    draws = {"quick": 2, "normal": 4}.get(effort, 16)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        broken = [*dead_overrides(likelihood), *_contract(likelihood, rng)]
        rows: list[Row] = []
        for shape in SHAPES if not broken else ():
            x, s = _drawn(likelihood, shape, 5, rng)
            found = _gradient(likelihood, x, s, rng, name, draws, exact)
            rows = _worst(rows, found)
    for row in rows:
        row.line = line
    rules = "; ".join(broken)
    return [*rows, Row(name, "contract", float(len(broken)), 0.0, rules, line)]


def _gradient(likelihood, x, s, rng, name, draws, exact) -> list[Row]:
    weights = rng.standard_normal(len(x))
    column = weights.reshape(-1, *[1] * (s.ndim - 1))

    def L(s):
        return (weights * likelihood.log_p(x, s)).sum()

    ds = column * likelihood.grad(x, s)
    return judged(name, "dlogp/ds", L, s, ds, rng, draws, exact)


def _worst(rows: list[Row], others: list[Row]) -> list[Row]:
    """For each quantity the row with the larger error."""
    found = {row.quantity: row for row in rows}
    for row in others:
        if row.quantity not in found or row.error > found[row.quantity].error:
            found[row.quantity] = row
    return list(found.values())


def _drawn(likelihood, shape, n: int, rng):
    """n samples x of this shape, and parameters s, from which they are not drawn."""
    first, s = rng.standard_normal((2, n, *likelihood.parameters(shape)))
    if type(likelihood).sample is Likelihood.sample:
        return likelihood.mean(first), s
    return likelihood.sample(first, rng.random((n, likelihood.numbers(shape)))), s


def _contract(likelihood, rng):
    """The rules that are broken, in words."""
    x, s = _drawn(likelihood, SHAPES[1], 5, rng)
    kept = x.copy(), s.copy()
    log_p, ds = likelihood.log_p(x, s), likelihood.grad(x, s)
    if np.shape(log_p) != (5,):
        yield f"log_p gives a number for each sample, (5,), not {np.shape(log_p)}"
        return
    if np.shape(ds) != s.shape:
        yield f"grad has the shape of s, {s.shape}, not {np.shape(ds)}"
        return
    if not (np.array_equal(x, kept[0]) and np.array_equal(s, kept[1])):
        yield "x and s are only read"
    other = s.copy()
    other[0] += 1
    if not np.array_equal(likelihood.log_p(x, other)[1:], log_p[1:]):
        yield "log p of a sample depends on its own s alone"
    narrow = x.astype(np.float32), s.astype(np.float32)
    for what in ("log_p", "grad"):
        found = getattr(likelihood, what)(*narrow).dtype
        if found != np.float32:
            yield f"{what} of float32 is float32, not {found}"
    yield from _means(likelihood, rng)


def _means(likelihood, rng):
    """Samples lie around their mean, within five standard errors."""
    if type(likelihood).sample is Likelihood.sample:
        return
    shape = SHAPES[1]
    s = rng.standard_normal((1, *likelihood.parameters(shape))).repeat(MANY, axis=0)
    x = likelihood.sample(s, rng.random((MANY, likelihood.numbers(shape))))
    error = 5 * x.std(axis=0) / np.sqrt(MANY) + 1e-9
    if not (np.abs(x.mean(axis=0) - likelihood.mean(s[:1])[0]) <= error).all():
        yield "the mean of many samples is mean(s)"


def ascent_rows(experiment, x, name: str, rng, draws=DRAWS, exact=True) -> list[Row]:
    """Check a step of a likelihood model on a batch x (N, *shape): each network moves
    along the gradient of log p(x), or of the bound, in the mean over the batch.

    `experiment` is a Variational or an Autoregressive, its data are not read. A beta
    that is not 1 is set to 1 first: then the value is the bound that is measured.
    """
    from ...backend import NUMPY
    from ...rng import LATENT, generator
    from ...runs.game import Player

    nets = {n: p.net.clone("float64") for n, p in experiment.players(NUMPY).items()}
    for net in nets.values():  # off their start, or biases of 0 would hide much
        net.theta += 0.02 * rng.standard_normal(net.theta.size)
    starts = {name: Start(net) for name, net in nets.items()}
    game = experiment.game(NUMPY)
    drawn = game.noise(0)
    drawn = None if drawn is None else drawn[: len(x)]
    game.step({n: Player(net, SGD(FAR)) for n, net in nets.items()}, x, drawn)
    rows = []
    for own, start in starts.items():
        gradient = (nets[own].theta - start.theta) / FAR

        def value(theta, own=own):
            twins: dict[str, Net] = {
                n: s.net(theta if n == own else s.theta, advanced=True, complex=theta)
                for n, s in starts.items()
            }
            noise = generator(experiment.seed, LATENT, 0)
            wide = x + 0j if np.iscomplexobj(theta) else x
            return experiment.log_likelihood(twins, wide, noise).mean()

        title = f"the step of {own}, {name}"
        rows += judged(
            title, "gradient", value, start.theta, gradient, rng, draws, exact
        )
    return rows
