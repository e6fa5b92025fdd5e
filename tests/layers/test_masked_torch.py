"""MADE and PixelCNN written with PyTorch: the same numbers, passes and steps."""

import itertools

import numpy as np
import pytest
from test_torch import F, agree, check_passes, images, torch

import tinygan as tg
from tinygan import MADE, CausalConv2d, Gate, GatedBlock, MaskedDense, PixelCNN, Shift
from tinygan.check.adapters import Cut
from tinygan.likelihood import Bernoulli, Categorical, likelihood_step


def gate(x):
    a, b = x.chunk(2, dim=-1)
    return torch.tanh(a) * torch.sigmoid(b)


def conv(x, W, b=None, above=0, sides=0, left=0):
    """Images (N, H, W, C), with zeros above, on both sides, or on the left."""
    x = F.pad(x.permute(0, 3, 1, 2), (sides + left, sides, above, 0))
    return F.conv2d(x, W.permute(3, 2, 0, 1), b).permute(0, 2, 3, 1)


def block(v, h, parameters, up, residual=True):
    """One step of the two stacks; takes 7 parameters from an iterator."""
    V, b_V, H, b_H, U, P, b_P = (next(parameters) for _ in range(7))
    v = gate(conv(v, V, b_V, above=up, sides=up))
    new = conv(gate(conv(h, H, b_H, left=up) + conv(v, U)), P, b_P)
    return v, h + new if residual else new


def places(x):
    """The middles of the pixels (N, H, W, 2) in a square from -1 to 1."""
    N, H, W, _ = x.shape
    axes = (torch.arange(0.5, n, dtype=x.dtype) * 2 / n - 1 for n in (H, W))
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).expand(N, H, W, 2)


def pixelcnn(x, *parameters):
    """A PixelCNN of as many blocks as there are parameters for."""
    blocks, rest = (len(parameters) - 4) // 7, iter(parameters)
    x = torch.cat([x, places(x)], dim=-1)
    v = F.pad(x, (0, 0, 0, 0, 1, 0))[:, :-1]
    h = F.pad(x, (0, 0, 1, 0))[:, :, :-1]
    v, h = block(v, h, rest, up=3, residual=False)
    for _ in range(blocks - 1):
        v, h = block(v, h, rest, up=1)
    for _ in range(2):
        h = conv(torch.relu(h), next(rest), next(rest))
    return h


def made(in_shape, hidden, direct):
    """MADE with the masks of the paper, built entry by entry."""
    V = in_shape[-1] if len(in_shape) > 1 else 1
    D = int(np.prod(in_shape)) // V
    m = [[1 + i // V for i in range(D * V)]]
    m += [[1 + k * (D - 1) // n for k in range(n)] for n in hidden]

    def mask(inputs, outputs, holds):
        return torch.tensor([[float(holds(i, o)) for o in outputs] for i in inputs])

    masks = [mask(a, b, lambda i, o: i <= o) for a, b in itertools.pairwise(m)]
    last = mask(m[-1], m[0], lambda i, o: i < o)
    across = mask(m[0], m[0], lambda i, o: i < o)

    def f(x, *parameters):
        rest, x = iter(parameters), x.flatten(1)
        h = x
        for M in masks:
            h = torch.relu(h @ (M * next(rest)) + next(rest))
        s = h @ (last * next(rest)) + next(rest)
        if direct:
            s = s + x @ (across * next(rest))
        return s.reshape(-1, *in_shape)

    return f


@pytest.mark.parametrize("bias", [True, False])
def test_masked_dense(bias):
    M = (np.random.default_rng(0).random((5, 4)) < 0.5).astype(float)

    def f(x, W, b=None):
        return F.linear(x, (torch.tensor(M) * W).T, b)

    check_passes(MaskedDense(M, bias=bias), (5,), f)
    check_passes(MaskedDense(M, bias=bias), (3, 5), f)


@pytest.mark.parametrize("bias", [True, False])
def test_causal_conv(bias):
    check_passes(
        CausalConv2d(4, (3, 5), before=(2, 2), bias=bias),
        (6, 5, 3),
        lambda x, W, b=None: conv(x, W, b, above=2, sides=2),
    )
    check_passes(
        CausalConv2d(4, (1, 3), before=(0, 2), bias=bias),
        (6, 5, 3),
        lambda x, W, b=None: conv(x, W, b, left=2),
    )
    if bias:  # windows that do not end at the own row
        f = images(lambda x, W, b: F.conv2d(x, W.permute(3, 2, 0, 1), b, padding=1))
        check_passes(CausalConv2d(4, 3, before=1), (6, 5, 3), f)


def test_gate_and_shift():
    check_passes(Gate(), (3, 4, 6), gate)
    shifted = lambda x: F.pad(x, (0, 0, 2, 0, 1, 0))[:, :-1, :-2]  # noqa: E731
    check_passes(Shift(1, 2), (3, 4, 2), shifted)


@pytest.mark.parametrize("residual", [True, False])
def test_gated_block(residual):
    def f(x, *parameters):
        pair = block(*x.chunk(2, dim=-1), iter(parameters), 2, residual)
        return torch.cat(pair, dim=-1)

    layers = Cut(3), GatedBlock(3, 5, residual=residual), tg.Concat()
    check_passes(tg.Sequential(*layers), (6, 5, 6), f)


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("in_shape", [(7,), (3, 4, 1), (4, 3)])
def test_made(in_shape, direct):
    f = made(in_shape, [9, 8], direct)
    check_passes(MADE([9, 8], direct=direct), in_shape, f)


@pytest.mark.parametrize("in_shape", [(6, 5, 1), (4, 5, 3)])
def test_pixelcnn(in_shape):
    check_passes(PixelCNN(4, 3), in_shape, pixelcnn)


STEPS = {
    "MADE": (lambda: MADE([20, 16]), (4, 4, 1), made((4, 4, 1), [20, 16], True)),
    "PixelCNN": (lambda: PixelCNN(5, 3), (5, 6, 1), pixelcnn),
    "MADE of symbols": (lambda: MADE([20]), (5, 3), made((5, 3), [20], True)),
}


def fifty_steps(name) -> None:
    """Adam's steps on batches of 8. Rounding grows from step to step. AssertionError
    where the two libraries differ.
    """
    make, in_shape, f = STEPS[name]
    net, opt = tg.Net(make(), in_shape, seed=1, dtype="float64"), tg.Adam(0.01)
    theirs = [torch.tensor(p, requires_grad=True) for p in net.parameters().values()]
    adam, rng = torch.optim.Adam(theirs, 0.01, maximize=True), np.random.default_rng(0)
    for _ in range(50):
        if name == "MADE of symbols":
            x = np.eye(in_shape[1])[rng.integers(0, in_shape[1], (8, in_shape[0]))]
            likelihood, log_p = Categorical(), lambda s, x: x * s.log_softmax(-1)
        else:
            x = rng.choice([-1.0, 1.0], (8, *in_shape), p=(0.7, 0.3))
            likelihood, log_p = Bernoulli(), lambda s, x: F.logsigmoid(x * s)
        ours = likelihood_step(net, opt, likelihood, x)
        adam.zero_grad()
        L = log_p(f(torch.tensor(x), *theirs), torch.tensor(x)).sum() / 8
        L.backward()
        adam.step()
        assert abs(ours - L.item()) <= 1e-8 * abs(L.item())
    pairs = zip(net.parameters().items(), theirs, strict=True)
    agree({key: (p, t) for (key, p), t in pairs}, 1e-8)


@pytest.mark.parametrize("name", STEPS)
def test_fifty_steps_up_the_likelihood(name):
    fifty_steps(name)


@pytest.mark.parametrize("name", STEPS)
def test_a_planted_fault_is_seen_in_fifty_steps(name, monkeypatch):
    """A gradient without its mask, which moves weights that no output uses; and two
    stacks that begin at the own pixel, so that L is no likelihood.
    """
    if name == "PixelCNN":
        monkeypatch.setattr(Shift, "linear", lambda self, x: (x, ()))
    else:
        unmasked = tg.Dense.weight_grad
        monkeypatch.setattr(
            MaskedDense,
            "weight_grad",
            lambda self, dy, cache: unmasked(self, dy, (cache[0],)),
        )
    with pytest.raises(AssertionError):
        fifty_steps(name)
