"""Net: views into theta and grad, state, copies, and what it says when asked."""

import numpy as np
import pytest

import tinygan as tg
from tinygan import Net, values
from tinygan.check import check_layer, relative
from tinygan.errors import LayerError
from tinygan.layers import (
    Affine,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    Reshape,
    Scale,
    Sequential,
    Tanh,
)


def generator_tree():
    return Sequential(
        Dense(12),
        Sequential(BatchNorm(gamma_std=0.1), LeakyReLU()),
        Reshape(2, 2, 3),
        ConvTranspose2d(2, 4, 2, 1),
        Tanh(),
    )


def critic_tree():
    return Sequential(
        Conv2d(3, 3, 2, 1),
        LeakyReLU(),
        Dropout(0.3),
        Flatten(),
        Dense(2, bias=False),
    )


NETS = {"G": (generator_tree, (5,)), "D": (critic_tree, (5, 4, 2))}
nets = pytest.mark.parametrize("tree, in_shape", NETS.values(), ids=NETS)


def draw(shape, seed=0, dtype="float64"):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def gradients(net, x, dy, state, **kwargs):
    """y, dx and a copy of grad, from one and the same layer state."""
    net.load_state(state)
    y, cache = net.forward(x)
    net.zero_grad()
    dx = net.backward(dy, cache, **kwargs)
    return y, dx, net.grad.copy()


def copied(state):
    return {k: np.copy(v) for k, v in state.items()}


# theta, grad, and the views into them


def test_parameters_are_named_views_in_order():
    net = Net(generator_tree(), (5,))
    assert [(k, v.shape) for k, v in net.parameters().items()] == [
        ("0_Dense.W", (5, 12)),
        ("0_Dense.b", (12,)),
        ("1_Sequential.0_BatchNorm.gamma", (12,)),
        ("1_Sequential.0_BatchNorm.beta", (12,)),
        ("3_ConvTranspose2d.W", (4, 4, 2, 3)),
        ("3_ConvTranspose2d.b", (2,)),
    ]
    assert net.theta.shape == net.grad.shape == (60 + 12 + 12 + 12 + 96 + 2,)
    flat = np.concatenate([v.ravel() for v in net.parameters().values()])
    assert np.array_equal(flat, net.theta)  # no gap, no overlap


@nets
def test_views_see_theta_and_theta_sees_views(tree, in_shape):
    net = Net(tree(), in_shape)
    values, grads = net.parameters(), net.parameters(net.grad)
    layers = dict(net.layers())
    for i, name in enumerate(values):
        path, _, attribute = name.rpartition(".")
        layer = layers[path]
        for vector, view, named in (
            (net.theta, getattr(layer, attribute), values[name]),
            (net.grad, getattr(layer, f"d{attribute}"), grads[name]),
        ):
            assert np.shares_memory(view, vector) and np.shares_memory(named, view)
            view[...] = i + 1
            assert np.array_equal(named, view)
    sizes = [v.size for v in values.values()]
    expected = np.repeat(np.arange(len(sizes)) + 1, sizes)
    assert np.array_equal(net.theta, expected) and np.array_equal(net.grad, expected)
    net.theta[...] = 7
    assert all((v == 7).all() for v in values.values())


@nets
def test_zero_grad_and_accumulation(tree, in_shape):
    net = Net(tree(), in_shape, dtype="float64")
    assert not net.grad.any()
    x, dy = draw((3, *in_shape)), draw((3, *net.out_shape), 1)
    _, cache = net.forward(x)
    grad = net.grad
    net.backward(dy, cache)
    once = net.grad.copy()
    net.backward(dy, cache)
    assert relative(net.grad - 2 * once, once) <= 1e-15 and once.any()
    net.zero_grad()
    assert not net.grad.any() and net.grad is grad


def test_gradients_of_two_branches_add():
    """Two batches through one network, both in flight, equal the batch of both."""
    net = Net(Sequential(Dense(4), Tanh(), Dense(1)), (3,), dtype="float64")
    x, dy = draw((6, 3)), draw((6, 1), 1)
    (_, c_1), (_, c_2) = net.forward(x[:2]), net.forward(x[2:])
    net.backward(dy[:2], c_1)
    net.backward(dy[2:], c_2)
    apart = net.grad.copy()
    net.zero_grad()
    net.backward(dy, net.forward(x)[1])
    assert relative(apart - net.grad, net.grad) <= 1e-14


def test_a_layer_used_twice_gets_both_gradients():
    """theta holds it once; its gradient is the sum over its two places."""
    shared = Dense(3)
    net = Net(Sequential(shared, Tanh(), shared), (3,), seed=1, dtype="float64")
    assert net.theta.shape == (12,)
    assert [path for path, _ in net.layers()] == ["", "0_Dense", "1_Tanh"]
    apart = Net(Sequential(Dense(3), Tanh(), Dense(3)), (3,), dtype="float64")
    apart.theta[...] = np.tile(net.theta, 2)
    x, dy = draw((4, 3)), draw((4, 3), 1)
    for n in (net, apart):
        n.backward(dy, n.forward(x)[1])
    first, second = np.split(apart.grad, 2)
    assert relative(net.grad - first - second, net.grad) <= 1e-15
    assert all(np.abs(g).max() > 0.01 for g in (first, second))
    rows = check_layer(Sequential(shared, Tanh(), shared), (3,))
    assert all(row.ok for row in rows), rows
    copy = net.clone()
    assert copy.tree.layers[0] is copy.tree.layers[2] is not shared


# Structure (QUALITY.md, 7), for whole networks


@nets
def test_zero_cotangent_gives_exact_zero(tree, in_shape):
    net = Net(tree(), in_shape, dtype="float64")
    _, cache = net.forward(draw((3, *in_shape)))
    dx = net.backward(np.zeros((3, *net.out_shape)), cache)
    assert not dx.any() and not net.grad.any()


@nets
def test_backward_twice_is_bit_equal(tree, in_shape):
    net = Net(tree(), in_shape, dtype="float64")
    x, dy = draw((3, *in_shape)), draw((3, *net.out_shape), 1)
    _, cache = net.forward(x)
    net.forward(draw(x.shape, 2))  # another batch passes in between
    dx_1, grad_1 = net.backward(dy, cache), net.grad.copy()
    net.zero_grad()
    dx_2 = net.backward(dy, cache)
    assert np.array_equal(dx_1, dx_2) and np.array_equal(grad_1, net.grad)


@nets
@pytest.mark.parametrize("train", [True, False])
def test_inputs_are_only_read(tree, in_shape, train):
    net = Net(tree(), in_shape, dtype="float64")
    x, dy = draw((3, *in_shape)), draw((3, *net.out_shape), 1)
    theta = net.theta.copy()
    x.flags.writeable = dy.flags.writeable = False
    _, cache = net.forward(x, train)
    net.backward(dy, cache)
    if not train or "BatchNorm" not in repr(net.tree):
        x_dot = draw(x.shape, 2)
        x_dot.flags.writeable = False
        _, cache_dot = net.tangent(x_dot, cache)
        net.tangent_backward(dy, dy, cache, cache_dot)
    assert np.array_equal(net.theta, theta)


@nets
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("train", [True, False])
def test_dtype_shape_and_type_follow_the_data(tree, in_shape, dtype, train):
    net = Net(tree(), in_shape, dtype=dtype)
    x, dy = draw((3, *in_shape), dtype=dtype), draw((3, *net.out_shape), 1, dtype)
    y, cache = net.forward(x, train)
    dx = net.backward(dy, cache)
    assert (y.shape, dx.shape) == (dy.shape, x.shape)
    arrays = [y, dx, net.theta, net.grad]
    if not train:
        y_dot, cache_dot = net.tangent(x, cache)
        arrays += [y_dot, *net.tangent_backward(dy, dy, cache, cache_dot)]
    assert {(a.dtype, type(a)) for a in arrays} == {(np.dtype(dtype), np.ndarray)}
    floats = [v for v in net.state().values() if not isinstance(v, int)]
    assert all(v.dtype == dtype for v in floats)


ORDERS = {
    "Fortran": np.asfortranarray,
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": lambda a: np.ascontiguousarray(a[::-1])[::-1],
    "a transposed view": lambda a: np.ascontiguousarray(a.T).T,
}


@nets
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_memory_order_does_not_matter(tree, in_shape, order):
    net = Net(tree(), in_shape, dtype="float64")
    state = copied(net.state())
    x, dy = draw((3, *in_shape)), draw((3, *net.out_shape), 1)
    expected = gradients(net, x, dy, state)
    odd = gradients(net, order(x), order(dy), state)
    for a, b in zip(odd, expected, strict=True):
        assert relative(a - b, b) <= 1e-14


@nets
def test_size_1(tree, in_shape):
    """A batch of one, in evaluation and (where it may) in training."""
    net = Net(tree(), in_shape, dtype="float64")
    x, dy = draw((1, *in_shape)), draw((1, *net.out_shape), 1)
    y, cache = net.forward(x, train=False)
    assert net.backward(dy, cache).shape == x.shape
    many, _ = net.forward(np.concatenate([x, draw((4, *in_shape), 3)]), train=False)
    assert relative(many[:1] - y, y) <= 1e-14  # evaluation sees no neighbours
    if "BatchNorm" not in repr(net.tree):
        y, cache = net.forward(x)
        assert net.backward(dy, cache).shape == x.shape


@nets
def test_frozen_parameters_change_only_the_gradient(tree, in_shape):
    net = Net(tree(), in_shape, dtype="float64")
    state = copied(net.state())
    x, dy = draw((3, *in_shape)), draw((3, *net.out_shape), 1)
    _, dx, grad = gradients(net, x, dy, state)
    _, frozen_dx, frozen = gradients(net, x, dy, state, param_grads=False)
    assert relative(frozen_dx - dx, dx) <= 1e-14
    assert grad.any() and not frozen.any()


@nets
def test_whole_networks_are_certified(tree, in_shape):
    rows = check_layer(tree(), in_shape, batch=4)
    assert all(row.ok for row in rows), rows


# Weights from a seed


@nets
def test_one_seed_one_network(tree, in_shape):
    double = Net(tree(), in_shape, seed=3, dtype="float64")
    single = Net(tree(), in_shape, seed=3)
    assert single.theta.dtype == np.float32  # the default
    assert np.array_equal(single.theta, double.theta.astype("float32"))
    again = Net(tree(), in_shape, seed=3, dtype="float64")
    assert np.array_equal(again.theta, double.theta)
    other = Net(tree(), in_shape, seed=4, dtype="float64")
    drawn = double.theta != other.theta  # biases and the like start at a constant
    assert drawn.mean() > 0.7


# State


def test_state_round_trip():
    tree = Sequential(Dense(4), BatchNorm(), Dropout(0.5), Dense(1))
    net = Net(tree, (3,), dtype="float64")
    names = ["1_BatchNorm.mean", "1_BatchNorm.var", "2_Dropout.seed", "2_Dropout.draws"]
    assert list(net.state()) == names
    x = draw((5, 3))
    for _ in range(3):
        net.forward(x)
    saved = copied(net.state())
    expected = [net.forward(x)[0] for _ in range(2)]
    net.load_state(saved)
    for y in expected:
        assert np.array_equal(net.forward(x)[0], y)
    assert net.state()["2_Dropout.draws"] == saved["2_Dropout.draws"] + 2
    assert saved["2_Dropout.draws"] == 3  # copies: the network did not reach into them


def test_load_state_copies():
    net = Net(BatchNorm(), (3,), dtype="float64")
    mine = {".mean": np.ones(3), ".var": np.full(3, 2.0)}
    net.load_state(mine)
    net.forward(draw((4, 3)))
    assert mine[".mean"].tolist() == [1, 1, 1] and mine[".var"].tolist() == [2, 2, 2]
    other = Net(BatchNorm(), (3,))
    other.load_state(net.state())  # into another dtype
    assert other.state()[".mean"].dtype == np.float32
    assert np.abs(other.state()[".mean"] - net.state()[".mean"]).max() <= 1e-7


def test_state_is_by_reference():
    """A checkpoint sees the running statistics as they are now."""
    net = Net(BatchNorm(), (3,), dtype="float64")
    state = net.state()
    before = copied(state)
    net.forward(draw((4, 3)))
    assert not np.array_equal(state[".mean"], before[".mean"])


# Copies


@nets
def test_clone_is_equal_and_independent(tree, in_shape):
    net = Net(tree(), in_shape, dtype="float64")
    net.forward(draw((3, *in_shape)))  # state that is not the first
    state = copied(net.state())
    twin = net.clone()
    x, dy = draw((3, *in_shape), 1), draw((3, *net.out_shape), 2)
    for a, b in zip(
        gradients(net, x, dy, state), gradients(twin, x, dy, state), strict=True
    ):
        assert np.array_equal(a, b)
    net.load_state(state)
    twin.theta += 1
    twin.grad += 1
    twin.forward(x)
    assert copied(net.state()).keys() == state.keys()
    assert all(np.array_equal(net.state()[k], v) for k, v in state.items())
    original = net.parameters()
    for name, view in twin.parameters().items():
        assert not np.shares_memory(view, original[name])
        assert np.array_equal(view, original[name] + 1)
    pairs = zip(net.layers(), twin.layers(), strict=True)
    assert all(a is not b for (_, a), (_, b) in pairs)


@nets
def test_clone_may_change_its_dtype(tree, in_shape):
    net = Net(tree(), in_shape, seed=2)
    net.forward(draw((3, *in_shape), dtype="float32"))
    double = net.clone("float64")
    assert double.theta.dtype == double.grad.dtype == np.float64
    assert np.array_equal(double.theta, net.theta)  # float32 fits exactly
    assert np.array_equal(double.clone("float32").theta, net.theta)
    assert net.theta.dtype == np.float32  # the original is left alone
    assert all(np.array_equal(double.state()[k], v) for k, v in net.state().items())
    x = draw((3, *in_shape), dtype="float32")
    y, y_64 = net.forward(x, False)[0], double.forward(x.astype("f8"), False)[0]
    assert np.abs(y - y_64).max() <= 1e-5 * np.abs(y_64).max()
    z = net.clone("complex128")
    assert np.array_equal(z.theta, net.theta) and z.theta.dtype == np.complex128


# Errors


@pytest.mark.parametrize("shape", [(3,), (3, 4), (3, 5, 1), (0, 6), (5,), ()])
def test_inputs_of_another_shape(shape):
    net = Net(Dense(2), (5,))
    with pytest.raises(tg.ShapeError) as error:
        net.forward(np.zeros(shape, "float32"))
    assert "expects inputs (N, 5)" in str(error.value)
    assert f"got {shape}" in str(error.value)


@pytest.mark.parametrize(
    "tree, in_shape, expected",
    [
        (Conv2d(3, 3), (5,), "Conv2d(3, 3, stride=1, pad=0) expects images (H, W, C)"),
        (Conv2d(3, 5), (4, 4, 1), "images as large as its kernel, got (4, 4, 1)"),
        (ConvTranspose2d(3, 3), (5, 5), "expects images (H, W, C), got (5, 5)"),
        (ConvTranspose2d(3, 2, 1, 1), (1, 1, 2), "larger than its padding, got (1, 1"),
        (Reshape(2, 3), (5,), "Reshape(2, 3) expects 6 numbers per sample, got (5,)"),
        (Dense(3), (), "Dense(3) expects inputs (..., n_in), got ()"),
        (BatchNorm(), (), "BatchNorm() expects inputs (..., C), got ()"),
        (
            Sequential(Dense(5), Sequential(Tanh(), Reshape(2, 2))),
            (3,),
            "Reshape(2, 2) expects 4 numbers per sample, got (5,), which has 5",
        ),
    ],
)
def test_layers_that_do_not_fit(tree, in_shape, expected):
    with pytest.raises(tg.ShapeError) as error:
        Net(tree, in_shape)
    assert expected in str(error.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Conv2d(1, 0),
        lambda: Conv2d(1, 3, stride=0),
        lambda: Conv2d(1, 3, pad=-1),
        lambda: Conv2d(1, (3, 3, 3)),
        lambda: ConvTranspose2d(1, 3, pad=(0, -1)),
    ],
)
def test_geometry_is_checked(make):
    number = r"(kernel|stride) >= 1|pad >= 0"
    with pytest.raises(tg.InputError, match=f"expects a whole number ({number}), got"):
        make()


@pytest.mark.parametrize("op", [-1, 2, (0, 2)])
def test_output_padding_is_checked(op):
    expected = "0 <= output_pad < stride|whole number output_pad >= 0, got -1"
    with pytest.raises(tg.InputError, match=expected):
        ConvTranspose2d(1, 3, stride=2, output_pad=op)


def test_shape_errors_are_value_errors():
    assert issubclass(tg.ShapeError, tg.InputError)
    assert issubclass(tg.InputError, ValueError)


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_an_unfinished_layer_says_so(method):
    class Mine(Layer):
        pass

    with pytest.raises(TypeError, match=rf"Mine\(\) does not define {method}"):
        getattr(Mine(), method)(np.zeros(2), ())


def test_a_layer_without_tangent_says_so():
    class Mine(Layer):
        pass

    with pytest.raises(tg.TangentError, match=r"Mine\(\) has no tangent pass"):
        Mine().tangent(np.zeros(2), ())
    with pytest.raises(tg.TangentError, match=r"Mine\(\) has no tangent_backward"):
        Mine().tangent_backward(None, None, (), ())
    net = Net(BatchNorm(), (3,), dtype="float64")
    _, cache = net.forward(draw((4, 3)))
    with pytest.raises(tg.TangentError, match="BatchNorm in training"):
        net.tangent(draw((4, 3)), cache)


# What it says


def test_describe():
    net = Net(generator_tree(), (5,))
    before = copied(net.state())
    lines = net.describe().splitlines()
    text = [" ".join(line.split()) for line in lines]
    assert text[0] == "input (5,) 0"
    assert text[1] == "0 Dense(12) (12,) 72"
    assert "BatchNorm() (12,) 24" in text[2]
    assert "LeakyReLU(0.2) (12,) 0" in text[3]
    assert text[4] == "2 Reshape(2, 2, 3) (2, 2, 3) 0"
    assert text[5] == "3 ConvTranspose2d(2, 4, stride=2, pad=1) (4, 4, 2) 98"
    assert text[6] == "4 Tanh() (4, 4, 2) 0"
    assert text[7] == "total 194" and len(text) == 8
    assert all(np.array_equal(net.state()[k], v) for k, v in before.items())
    assert "1,049,600" in Net(Dense(1024), (1024,)).describe()


def test_observe_sees_every_pass_in_order():
    net = Net(Sequential(Dense(2), Sequential(Tanh(), Dense(3))), (4,), dtype="float64")
    seen = []
    x = draw((5, 4))
    with net.observe(lambda path, which, a: seen.append((path, which, a))):
        y, cache = net.forward(x)
        dx = net.backward(draw(y.shape), cache)
    paths = ["0_Dense", "1_Sequential.0_Tanh", "1_Sequential.1_Dense"]
    expected = [(p, "forward") for p in paths] + [(p, "backward") for p in paths[::-1]]
    assert [(path, which) for path, which, _ in seen] == expected
    assert seen[2][2] is y and seen[5][2] is dx
    net.forward(x)
    assert len(seen) == 6  # outside of the context nobody looks
    assert not any("forward" in vars(layer) for _, layer in net.layers())


def test_observe_ends_with_an_error():
    net = Net(Sequential(Dense(2), Tanh()), (4,))

    def see(path, which, result):
        raise KeyError(path)

    with pytest.raises(KeyError), net.observe(see):
        net.forward(np.zeros((1, 4), "float32"))
    net.forward(np.zeros((1, 4), "float32"))


def test_observe_may_be_nested():
    """To describe a network while it is watched."""
    net = Net(Sequential(Dense(2), Tanh()), (4,))
    seen = []
    with net.observe(lambda path, which, a: seen.append(path)):
        net.describe()
        seen.clear()
        net.forward(np.zeros((1, 4), "float32"))
    assert seen == ["0_Dense", "1_Tanh"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_watch_names_the_first_layer_that_yields_nan(bad):
    tree = Sequential(Dense(3), Tanh(), Sequential(Dense(3), Tanh()), Dense(1))
    net = Net(tree, (4,), dtype="float64")
    x = draw((5, 4))
    with net.watch("D"):
        net.backward(draw((5, 1)), net.forward(x)[1])  # nothing to see
    net.parameters()["2_Sequential.0_Dense.b"][1] = bad
    sentence = "D, layer 2_Sequential.0_Dense, in forward"
    with pytest.raises(tg.NonFiniteError, match=sentence), net.watch("D"):
        net.forward(x)


def test_watch_sees_backward():
    tree = Sequential(Dense(3), Tanh(), Dense(1))
    net = Net(tree, (4,), dtype="float64")
    _, cache = net.forward(draw((5, 4)))
    net.parameters()["0_Dense.W"][0, 0] = np.nan  # after the forward
    with (
        pytest.raises(tg.NonFiniteError, match="G, layer 0_Dense, in backward"),
        net.watch("G"),
    ):
        net.backward(draw((5, 1)), cache)


@nets
def test_backward_weights_is_backward_without_dx(tree, in_shape):
    """Also where the first layers learn nothing, and where none does."""
    for front in ((), (Tanh(),), (Sequential(Tanh()), Sequential(Scale(2.0)))):
        net = Net(Sequential(*front, tree()), in_shape, dtype="float64")
        y, cache = net.forward(draw((6, *in_shape)))
        dy = draw(y.shape, 1)
        net.backward(dy, cache)
        expected = net.grad.copy()
        net.backward_weights(dy, cache)  # gradients add up
        assert relative(net.grad - 2 * expected, expected) <= 1e-14
    net = Net(Sequential(Tanh(), Flatten()), in_shape)
    net.backward_weights(*net.forward(draw((2, *in_shape))))


def test_a_first_layer_is_not_asked_for_dx():
    net = Net(Sequential(Flatten(), Dense(3), Tanh(), Dense(1)), (2, 2))
    y, cache = net.forward(draw((4, 2, 2), dtype="float32"))
    seen = []
    with net.observe(lambda path, which, result: seen.append((path, which))):
        net.backward_weights(y, cache)
    assert seen == [("3_Dense", "backward"), ("2_Tanh", "backward")]


def test_a_bias_may_start_elsewhere():
    start = np.arange(3.0)
    net = Net(Dense(3, bias=start), (2,), dtype="float64")
    assert np.array_equal(net.parameters()[".b"], start)
    y, _ = net.forward(np.zeros((1, 2)))
    assert np.array_equal(y[0], start)
    assert not Net(Dense(3), (2,)).parameters()[".b"].any()
    assert ".b" not in Net(Dense(3, bias=False), (2,)).parameters()


class Doubled(Dense):
    """W counts twice in dW, by a weight_grad of its own."""

    def weight_grad(self, dy, cache):
        super().weight_grad(dy, cache)
        super().weight_grad(dy, cache)


class Backward(Dense):
    """The same, by a backward of its own, beside which backward_weights is Dense's."""

    def backward(self, dy, cache, param_grads=True):
        super().backward(dy, cache, param_grads)
        return super().backward(dy, cache, param_grads)


def test_a_subclass_goes_by_its_own_weight_grad():
    """Also where it is the first layer, which saves dx."""
    net = Net(Doubled(3), (2,), dtype="float64")
    y, cache = net.forward(draw((4, 2)))
    net.backward(y, cache)
    expected = net.grad.copy()
    net.zero_grad()
    net.backward_weights(y, cache)
    assert relative(net.grad - expected, expected) <= 1e-14


def test_a_layer_for_version_0_1_is_told_what_it_lacks():
    """There, adjoint added to dW; a weight_grad was not needed."""

    class Old(Affine):
        def build(self, in_shape):
            self.shapes = {"W": (in_shape[-1], 2)}
            return (2,)

        def linear(self, x):
            return x @ self.W, (x,)

        def adjoint(self, dy, cache, param_grads=True):
            self.dW += cache[0].T @ dy
            return dy @ self.W.T

    net = Net(Old(), (3,))
    y, cache = net.forward(np.ones((4, 3), "float32"))
    for backward in (net.backward, net.backward_weights):
        with pytest.raises(TypeError, match=r"Old\(\) does not define weight_grad"):
            backward(y, cache)


@pytest.mark.parametrize("wrong", [[1.0, 2.0], tg.Minimax(), None, ("a", 3)], ids=repr)
def test_an_input_that_is_no_array_is_refused(wrong):
    """So is the objective that an old d_step(G, D, ...) would pass in its place."""
    net = Net(Dense(2), (3,))
    with pytest.raises(tg.ShapeError, match=r"expects inputs \(N, 3\), got "):
        net.forward(wrong)


def test_the_checker_finds_a_backward_beside_its_parents_backward_weights():
    (row,) = (r for r in check_layer(Backward(3), (2,)) if r.quantity == "contract")
    assert not row.ok and "backward_weights gives backward's dtheta" in row.note


def test_products():
    """Each parameter counts as often as a sample uses it: a convolution's windows."""
    conv, back = tg.Conv2d(4, 4, 2, 1), tg.ConvTranspose2d(3, 4, 2, 1)
    tree = tg.Sequential(conv, tg.SpectralNorm(back), tg.Flatten(), tg.Dense(5))
    net = tg.Net(tree, (8, 6, 2), seed=0)
    parts = [16 * 2 * 4 + 4, 16 * 4 * 3 + 3]  # W and b of the convolutions
    assert net.products == 4 * 3 * (parts[0] + parts[1]) + 8 * 6 * 3 * 5 + 5


def test_more_than_2_to_the_40_parameters_are_a_mistake():
    """A hundred times as many as fit into the memory of a large machine."""
    size = (2**20 + 1) * 2**20
    with pytest.raises(tg.InputError, match=f"fewer parameters, got {size}"):
        tg.Net(Dense(2**20 + 1, bias=False), (2**20,))


def test_the_numbers_of_a_value_are_what_is_no_integer():
    """As a rehearsal of a penalty takes them for a tangent."""
    x, words = np.ones((3, 2)), np.arange(3)
    found = values.numbers((x, (words, x)))
    assert found[0] is x and found[1][0] is None and found[1][1] is x
    assert values.numbers(words) is None and values.numbers(x) is x


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_one_number_that_is_not_finite_is_enough(bad):
    """A layer's init leaves one such number among many."""

    class Careless(Dense):
        def init(self, rng):
            super().init(rng)
            self.W[2, 1] = bad

    with pytest.raises(LayerError, match=r"1_Careless\.W starts with NaN or inf"):
        Net(Sequential(Dense(4), Careless(3)), (2,))
