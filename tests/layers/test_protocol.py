"""What every layer shares: the defaults of its passes, and passes that few ask for."""

import inspect

import numpy as np
import pytest

import tinygan as tg
from tinygan.layers import Embedding, Layer
from tinygan.values import Integers

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
    """All that tinygan brings, except the layers in which samples meet, or that take it
    from what they wrap. Without the mark a game is right, too, but played whole.
    """
    things = [getattr(tg, name) for name in tg.__all__]
    kinds = [k for k in things if inspect.isclass(k)]
    whole = {
        k.__name__
        for k in kinds
        if issubclass(k, (Layer, tg.Penalty, tg.Optimizer)) and not k.divisible
    }
    bases = {"Layer", "Affine", "Penalty", "Optimizer"}
    wrappers = {"SpectralNorm", "ClipValue", "ClipNorm", "ClipWeights"}
    assert whole - bases == {"MinibatchStd", *wrappers}
    assert tg.SpectralNorm(tg.Dense(2)).divisible
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
