"""What every layer shares: the defaults of its passes, and passes that few ask for."""

import inspect

import numpy as np
import pytest

import tinygan as tg
from tinygan.check.builtin import builtin_layers
from tinygan.layers import Embedding, Layer
from tinygan.values import Integers, is_tuple

LAYERS = [
    thing
    for thing in (getattr(tg, name) for name in tg.__all__)
    if inspect.isclass(thing) and issubclass(thing, Layer)
]


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_a_layer_trains_and_learns_unless_it_is_told_not_to(kind):
    """A caller may leave `train` and `param_grads` out, whichever layer it has."""
    for method, name in (("forward", "train"), ("backward", "param_grads")):
        passes = inspect.signature(getattr(kind, method)).parameters
        assert passes[name].default is True


def test_which_parts_of_a_game_may_be_divided_between_processes():
    """All that tinygan brings, but the wrappers take it from what they wrap. Without
    the mark a game is right, too, but played whole.
    """
    things = [getattr(tg, name) for name in tg.__all__]
    kinds = [k for k in things if inspect.isclass(k)]
    whole = {
        k.__name__
        for k in kinds
        if issubclass(k, (Layer, tg.Penalty, tg.Optimizer)) and not k.divisible
    }
    bases = {"Layer", "Affine", "Penalty", "Optimizer"}
    wrappers = {"SpectralNorm", "EqualRate", "ClipValue", "ClipNorm", "ClipWeights"}
    assert whole - bases == wrappers
    assert tg.SpectralNorm(tg.Dense(2)).divisible
    assert tg.EqualRate(tg.Dense(2)).divisible
    assert tg.ClipNorm(tg.Adam(), 1.0).divisible


def test_an_embedding_asked_for_its_tangents():
    """Containers do not ask, because integers have none. A user's own may ask."""
    net = tg.Net(Embedding(3), Integers((2,), 4), dtype="float64")
    i, dy = np.array([[0, 3], [3, 3]]), np.ones((2, 2, 3))
    _, cache = net.forward(i)
    layer = net.tree
    assert layer.tangent(None, cache) == (None, ())
    assert layer.tangent_backward(None, dy, cache, ()) == (None, None)
    assert not net.grad.any()
    assert layer.tangent_backward(dy, None, cache, ()) == (None, None)
    assert layer.dW.tolist() == [[1] * 3, [0] * 3, [0] * 3, [3] * 3]


@pytest.mark.parametrize(("layer", "in_shape"), builtin_layers(), ids=repr)
def test_a_tangent_of_zero_is_zero(layer, in_shape):
    """And so is what goes back for it. No random x_dot would show a 0 / 0."""
    if is_tuple(in_shape) or isinstance(in_shape, Integers):
        return
    net = tg.Net(layer, in_shape, seed=1, dtype="float64")
    x = np.random.default_rng(0).standard_normal((4, *in_shape))
    y, cache = net.forward(x, train=False)
    try:
        y_dot, cache_dot = net.tangent(0 * x, cache)
    except tg.TangentError:
        return
    assert not y_dot.any()
    _, dx_dot = net.tangent_backward(None, 0 * y, cache, cache_dot)
    assert not dx_dot.any() and not net.grad.any()
