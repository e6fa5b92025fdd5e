"""The checker checks itself: it must see what is wrong, and let pass what is right.

Every class here called by a fault has that fault, and the checker has to say so in the
row where it belongs. The names of the faults are those of real mistakes.
"""

import contextlib
import io
import math
import os
import pathlib
import subprocess
import sys
from unittest import mock

import numpy as np
import pytest

import tinygan as tg
from tinygan.check import (
    Row,
    builtin_rows,
    check_layer,
    check_objective,
    check_optimizer,
    file_rows,
    finite_difference,
    print_table,
    relative,
)
from tinygan.cli import arguments as cli
from tinygan.layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Softplus,
    Tanh,
)
from tinygan.layers.correlation import Correlation


def failed(rows) -> set[str]:
    return {row.quantity for row in rows if not row.ok}


# Wrong layers


class NoTranspose(Dense):
    def adjoint(self, dy, cache):
        return dy @ self.W  # W is square: nothing complains


class WrongSign(Dense):
    def adjoint(self, dy, cache):
        return -super().adjoint(dy, cache)


class MeanOverBatch(Dense):
    def weight_grad(self, dy, cache):
        (x,) = cache
        self.dW += x.T @ dy / len(x)


class Assigns(Dense):
    def weight_grad(self, dy, cache):
        (x,) = cache
        self.dW[...] = x.T @ dy


class Rebinds(Dense):
    def weight_grad(self, dy, cache):
        (x,) = cache
        self.dW = x.T @ dy  # no longer a view into grad


class OneElement(Dense):
    def weight_grad(self, dy, cache):
        super().weight_grad(dy, cache)
        self.dW[2, 1] += 1e-8 * dy[0, 1]


class OneInput(Dense):
    def adjoint(self, dy, cache):
        dx = super().adjoint(dy, cache)
        dx[-1, 0] += 1e-8 * dy[0, 0]
        return dx


class IgnoresParamGrads(Dense):
    """As a layer for tinygan 0.1 is: its adjoint also adds to dW."""

    def adjoint(self, dy, cache, param_grads=True):
        if param_grads:
            self.weight_grad(dy, cache)
        return super().adjoint(dy, cache)


class OtherDxWhenFrozen(Dense):
    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        return dx if param_grads else 2 * dx


class NoBias(Dense):
    def forward(self, x, train=True):
        return self.linear(x)


class NoBiasGradient(Dense):
    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.weight_grad(dy, cache)
        return self.adjoint(dy, cache)


class BiasGradientOfFirstSample(Dense):
    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.db += dy[0]
            self.weight_grad(dy, cache)
        return self.adjoint(dy, cache)


class BiasInTangent(Dense):
    def tangent(self, x_dot, cache):
        y_dot, cache_dot = self.linear(x_dot)
        return y_dot + self.b, cache_dot


class BiasInReverse(Dense):
    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        return dx, None if dy_dot is None else self.backward(dy_dot, cache_dot)


class NoWeightsInReverse(Dense):
    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        return dx, self.adjoint(dy_dot, cache_dot)


class NoneIsNotZero(Dense):
    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = 0 * cache[0] + 1 if dy is None else self.backward(dy, cache)
        return dx, None if dy_dot is None else self.adjoint(dy_dot, cache_dot)


class RemembersX(Dense):
    """The cache is on self: right, until a second forward comes in between."""

    def linear(self, x):
        self.x = x
        return x @ self.W, ()

    def adjoint(self, dy, cache):
        return super().adjoint(dy, (self.x,))

    def weight_grad(self, dy, cache):
        super().weight_grad(dy, (self.x,))


class RemembersY(Tanh):
    """The same, in a layer whose dx needs what was kept."""

    def forward(self, x, train=True):
        self.y = self.f(x)
        return self.y, ()

    def backward(self, dy, cache, param_grads=True):
        return self.slope(self.y, dy)

    tangent = Layer.tangent


class RemembersXWithoutTangent(RemembersX):
    tangent = Layer.tangent


class WritesIntoX(LeakyReLU):
    def f(self, x):
        x[x < 0] *= self.a
        return x


class WritesIntoDy(LeakyReLU):
    def backward(self, dy, cache, param_grads=True):
        (y,) = cache
        dy[y <= 0] *= self.a
        return dy


class WritesIntoCache(Tanh):
    def backward(self, dy, cache, param_grads=True):
        (y,) = cache
        y *= y
        return (1 - y) * dy


class Promotes(Tanh):
    def f(self, x):
        return np.sqrt(np.float64(1.0)) * np.tanh(x)


class PromotesBackward(Tanh):
    def backward(self, dy, cache, param_grads=True):
        return np.sqrt(np.float64(1.0)) * super().backward(dy, cache)


class FlatDx(Reshape):
    def adjoint(self, dy, cache):
        return dy.reshape(len(dy), -1)


class ZeroLeak(Dense):
    def adjoint(self, dy, cache):
        return super().adjoint(dy, cache) + 1e-300


class MemoryOrder(Flatten):
    """Order "A" is C's, but Fortran's where the array is Fortran's."""

    def linear(self, x):
        return x.reshape(len(x), -1, order="A"), (x.shape,)


class Half(Tanh):
    """float16 inside, but only where nobody looks in float64."""

    def f(self, x):
        y = np.tanh(x)
        return y.astype("float16").astype(x.dtype) if x.dtype == np.float32 else y


class HalfWeights(Dense):
    def weight_grad(self, dy, cache):
        (x,) = cache
        coarse = dy.astype("float16") if dy.dtype == np.float32 else dy
        self.dW += x.T @ coarse.astype(dy.dtype)


class PromotesTangent(Tanh):
    def tangent(self, x_dot, cache):
        y_dot, cache_dot = super().tangent(x_dot, cache)
        return np.sqrt(np.float64(1.0)) * y_dot, cache_dot


class WritesIntoXDot(Tanh):
    def tangent(self, x_dot, cache):
        (y,) = cache
        given = x_dot.copy()
        x_dot *= 1 - y * y
        return x_dot, (given,)


class WritesIntoDyInReverse(Dense):
    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        result = super().tangent_backward(dy, dy_dot, cache, cache_dot)
        if dy is not None:
            dy *= 0.5
        return result


class CountsInEvaluation(BatchNorm):
    def forward(self, x, train=True):
        if not train:
            self.state["mean"] += 0.1 * (x.mean(axis=0) - self.state["mean"])
        return super().forward(x, train)


class FortranDx(Reshape):
    def adjoint(self, dy, cache):
        (x_shape,) = cache
        return dy.reshape(x_shape, order="F")


class NoCurvature(Tanh):
    def curvature(self, y, v):
        return None


class CurvatureSign(Sigmoid):
    def curvature(self, y, v):
        return -super().curvature(y, v)


class SlopeOfX(Softplus):
    def slope(self, y, v):
        return tg.sigmoid(y) * v  # y where x belongs


class WrongBranch(LeakyReLU):
    def slope(self, y, v):
        return np.where(y > 0, self.a * v, v)


class ForgottenLeak(LeakyReLU):
    def slope(self, y, v):
        return np.where(y > 0, v, 0 * v)


class LinearTangent(Tanh):
    def tangent(self, x_dot, cache):
        return x_dot, (x_dot,)


class NoMeanTerm(BatchNorm):
    def backward(self, dy, cache, param_grads=True):
        _, inv_std, train = cache
        dx = super().backward(dy, cache, param_grads)
        return dx + self.gamma * inv_std * dy.mean(axis=0) if train else dx


class NoVarianceTerm(BatchNorm):
    def backward(self, dy, cache, param_grads=True):
        x_hat, inv_std, train = cache
        dx = super().backward(dy, cache, param_grads)
        lost = x_hat * (dy * x_hat).mean(axis=0)
        return dx + self.gamma * inv_std * lost if train else dx


class SumForMean(BatchNorm):
    def backward(self, dy, cache, param_grads=True):
        x_hat, inv_std, train = cache
        if not train:
            return super().backward(dy, cache, param_grads)
        super().backward(dy, cache, param_grads)
        dx = dy - dy.sum(axis=0) - x_hat * (dy * x_hat).sum(axis=0)
        return self.gamma * inv_std * dx


class BatchFormulaInEvaluation(BatchNorm):
    def backward(self, dy, cache, param_grads=True):
        x_hat, inv_std, _ = cache
        return super().backward(dy, (x_hat, inv_std, True), param_grads)


class NoGamma(BatchNorm):
    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache, param_grads) / self.gamma


class NotANumber(BatchNorm):
    """Only in evaluation, only in one entry."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        if not cache[2]:
            dx[0, 0] = np.nan
        return dx


class RedrawnMask(Dropout):
    def adjoint(self, dy, cache):
        return dy if cache[0] is None else self.forward(dy)[0]


class UnscaledMask(Dropout):
    def adjoint(self, dy, cache):
        return dy if cache[0] is None else dy * (cache[0] > 0)


class GlobalNoise(Dropout):
    """Its noise is nowhere in its state, so no pass can be repeated."""

    noise = np.random.default_rng(0)

    def forward(self, x, train=True):
        mask = (self.noise.random(x.shape) > self.p).astype(x.dtype)
        return x * mask, (mask,)


def scatter(cols, x_shape, kernel, stride, pad, add=True, shift=0):
    """col2im, with overlaps overwritten, or every window `shift` pixels off."""
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, pad
    N, H, W, C = x_shape
    x = np.zeros((N, H + 2 * ph + shift, W + 2 * pw + shift, C), cols.dtype)
    OH, OW = (H + 2 * ph - kh) // sh + 1, (W + 2 * pw - kw) // sw + 1
    cols = cols.reshape(N, OH, OW, kh, kw, C)
    for i in range(OH):
        for j in range(OW):
            window = x[:, i * sh + shift :, j * sw + shift :][:, :kh, :kw]
            window[...] = cols[:, i, j] + (window if add else 0)
    return x[:, ph : ph + H, pw : pw + W]


class Overwrites(Conv2d):
    def adjoint(self, dy, cache):
        x_shape = cache[0].shape
        cols = dy.reshape(-1, self.C_out) @ self.W.reshape(-1, self.C_out).T
        return scatter(cols, x_shape, self.kernel, self.stride, self.pad, add=False)


class OffByOne(Conv2d):
    def adjoint(self, dy, cache):
        x_shape = cache[0].shape
        cols = dy.reshape(-1, self.C_out) @ self.W.reshape(-1, self.C_out).T
        return scatter(cols, x_shape, self.kernel, self.stride, self.pad, shift=1)


class FlippedKernel(Conv2d):
    def adjoint(self, dy, cache):
        W = self.W[::-1, ::-1].copy()
        A = Correlation(W, cache[0].shape[1:], self.stride, self.pad)
        return A.adjoint(dy)


class TransposedWeights(ConvTranspose2d):
    """dW permuted: the channels are as many on both sides, so that the shape fits."""

    def weight_grad(self, dy, cache):
        before = self.dW.copy()
        super().weight_grad(dy, cache)
        self.dW[...] = before + (self.dW - before).swapaxes(2, 3)


class CachesMixedUp(Sequential):
    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache[::-1], param_grads)


WRONG_LAYERS = [
    (NoTranspose(4), (4,), {"dx", "adjoint", "finite"}),
    (WrongSign(3), (4,), {"dx"}),
    (MeanOverBatch(3), (4,), {"dtheta", "finite"}),
    (Assigns(3), (4,), {"contract"}),
    (Rebinds(3), (4,), {"contract"}),
    (OneElement(3), (4,), {"dtheta"}),
    (OneInput(3), (4,), {"dx"}),
    (IgnoresParamGrads(3), (4,), {"contract"}),
    (OtherDxWhenFrozen(3), (4,), {"contract"}),
    (NoBias(3), (4,), {"dtheta"}),
    (NoBiasGradient(3), (4,), {"dtheta"}),
    (BiasGradientOfFirstSample(3), (4,), {"dtheta"}),
    (BiasInTangent(3), (4,), {"tangent", "adjoint"}),
    (BiasInReverse(3), (4,), {"reverse"}),
    (NoWeightsInReverse(3), (4,), {"reverse"}),
    (NoneIsNotZero(3), (4,), {"reverse"}),
    (RemembersX(3), (4,), {"reverse"}),
    (RemembersXWithoutTangent(3), (4,), {"contract"}),
    (RemembersY(), (4,), {"contract"}),
    (WritesIntoX(), (4,), {"contract"}),
    (WritesIntoDy(), (4,), {"contract"}),
    (WritesIntoCache(), (4,), {"contract"}),
    (Promotes(), (4,), {"contract"}),
    (PromotesBackward(), (4,), {"contract"}),
    (PromotesTangent(), (4,), {"contract"}),
    (Half(), (4,), {"contract"}),
    (HalfWeights(3), (4,), {"contract"}),
    (ZeroLeak(3), (4,), {"contract"}),
    (MemoryOrder(), (3, 4, 2), {"contract"}),
    (WritesIntoXDot(), (4,), {"contract"}),
    (WritesIntoDyInReverse(3), (4,), {"reverse"}),
    (CountsInEvaluation(), (4,), {"dx"}),
    (FlatDx(6), (2, 3), {"contract"}),
    (FortranDx(6), (2, 3), {"dx"}),
    (NoCurvature(), (4,), {"reverse"}),
    (CurvatureSign(), (4,), {"reverse"}),
    (SlopeOfX(), (4,), {"dx"}),
    (WrongBranch(), (4,), {"dx"}),
    (ForgottenLeak(), (4,), {"dx"}),
    (LinearTangent(), (4,), {"tangent", "adjoint"}),
    (NoMeanTerm(), (4,), {"dx"}),
    (NoVarianceTerm(), (4,), {"dx"}),
    (SumForMean(), (4,), {"dx"}),
    (BatchFormulaInEvaluation(), (4,), {"dx"}),
    (NoGamma(), (4,), {"dx"}),
    (NotANumber(), (4,), {"dx"}),
    (RedrawnMask(), (4,), {"dx", "contract"}),
    (UnscaledMask(), (4,), {"dx"}),
    (GlobalNoise(), (4,), {"dx", "contract"}),
    (Overwrites(2, 3), (5, 5, 2), {"dx"}),
    (OffByOne(2, 3), (5, 5, 2), {"dx"}),
    (FlippedKernel(2, 3), (5, 5, 2), {"dx"}),
    (TransposedWeights(2, 3), (4, 4, 2), {"dtheta"}),
    (CachesMixedUp(Tanh(), Sigmoid()), (4,), {"dx"}),
]


@pytest.mark.parametrize(
    "layer, in_shape, quantities", WRONG_LAYERS, ids=lambda v: type(v).__name__
)
def test_wrong_layers_are_caught(layer, in_shape, quantities):
    """By one case. test_check_layers.py has what more cases find."""
    for seed in range(3):
        rows = check_layer(layer, in_shape, seed=seed, effort="plain")
        assert quantities <= failed(rows), rows


@pytest.mark.slow  # quickly: test_wrong_layers_are_caught
@pytest.mark.parametrize("seed", range(3))
def test_wrong_layers_are_caught_by_more_cases(seed):
    for layer, in_shape, quantities in WRONG_LAYERS:
        rows = check_layer(layer, in_shape, seed=seed, effort="quick")
        assert quantities <= failed(rows), rows


def test_a_fault_in_one_entry_is_no_larger_than_it_is():
    """The error of a row is relative to the gradient: it says how wrong."""

    def error(layer, quantity):
        rows = check_layer(layer, (4,), effort="quick")
        return next(row.error for row in rows if row.quantity == quantity)

    assert 1e-11 < error(OneElement(3), "dtheta") < 1e-6
    assert 0.1 < error(WrongSign(3), "dx") < 10


@pytest.mark.parametrize("factor", [1 + 1e-10, 1 - 1e-10, 1.5])
def test_the_size_of_a_fault_that_is_caught(factor):
    """One part in 10^10 is seen by the complex step, and by nothing else."""

    class Factor(Tanh):
        def slope(self, y, v):
            return factor * super().slope(y, v)

    quantities = failed(check_layer(Factor(), (4,), effort="quick"))
    assert {"dx", "tangent"} <= quantities
    assert ("finite" in quantities) == (factor == 1.5)


# Right layers, as a user writes them


class Swish(Layer):
    """y = x sigma(x)"""

    def forward(self, x, train=True):
        sigma = tg.sigmoid(x)
        return x * sigma, (x, sigma)

    def backward(self, dy, cache, param_grads=True):
        x, sigma = cache
        return (sigma + x * sigma * (1 - sigma)) * dy


class OwnDense(Layer):
    """y = x W + b, without any help."""

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[0], 3), "b": (3,)}
        return (3,)

    def init(self, rng):
        self.W[...] = rng.normal(0, 0.1, self.W.shape)

    def forward(self, x, train=True):
        return x @ self.W + self.b, (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        if param_grads:
            self.dW += x.T @ dy
            self.db += dy.sum(axis=0)
        return dy @ self.W.T


class Square(Layer):
    """y = x^2, with all four passes."""

    def forward(self, x, train=True):
        return x * x, (x,)

    def backward(self, dy, cache, param_grads=True):
        return 2 * cache[0] * dy

    def tangent(self, x_dot, cache):
        return 2 * cache[0] * x_dot, (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (x,), (x_dot,) = cache, cache_dot
        dx = 0 * x if dy is None else 2 * x * dy
        if dy_dot is None:
            return dx, None
        return dx + 2 * x_dot * dy_dot, 2 * x * dy_dot


class LayerNorm(Layer):
    """Each sample to mean 0 and variance 1."""

    def forward(self, x, train=True):
        centred = x - x.mean(axis=-1, keepdims=True)
        inv_std = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-5)
        return centred * inv_std, (centred * inv_std, inv_std)

    def backward(self, dy, cache, param_grads=True):
        y, inv_std = cache
        mean = dy.mean(axis=-1, keepdims=True)
        return inv_std * (dy - mean - y * (dy * y).mean(axis=-1, keepdims=True))


class Unit(Layer):
    """x / |x|, with a norm that complex numbers do not know."""

    def forward(self, x, train=True):
        size = np.linalg.norm(x, axis=-1, keepdims=True)
        return x / size, (x / size, size)

    def backward(self, dy, cache, param_grads=True):
        y, size = cache
        return (dy - y * (dy * y).sum(axis=-1, keepdims=True)) / size


class WrongUnit(Unit):
    def backward(self, dy, cache, param_grads=True):
        return dy / cache[1]


@pytest.mark.parametrize(
    "layer, in_shape",
    [
        (Swish(), (4,)),
        (Swish(), (3, 2)),
        (OwnDense(), (4,)),
        (Square(), (4,)),
        (LayerNorm(), (6,)),
        (Sequential(OwnDense(), Swish(), Dense(2)), (4,)),
    ],
)
def test_right_layers_pass(layer, in_shape):
    for seed, effort in ((0, "normal"), (1, "quick"), (2, "quick")):
        rows = check_layer(layer, in_shape, seed=seed, effort=effort)
        assert not failed(rows), rows
        assert {"dx", "finite", "contract"} <= {row.quantity for row in rows}


def test_a_layer_that_is_not_analytic():
    for seed in range(3):
        how = {"seed": seed, "analytic": False, "effort": "quick"}
        rows = check_layer(Unit(), (4,), **how)
        assert {row.quantity for row in rows} == {"finite", "contract"}
        assert not failed(rows), rows
        rows = check_layer(WrongUnit(), (4,), **how)
        assert {"finite"} <= failed(rows) <= {"finite", "dx"}
        assert not any("in training only" in row.note for row in rows)
    rows = check_layer(Unit(), (4,))  # it need not be said
    assert not failed(rows)
    assert any("not analytic" in row.note for row in rows)
    assert "finite" in failed(check_layer(WrongUnit(), (4,), effort="quick"))


class AlmostInTraining(Unit):
    """2 x in training, a bit wrong; x / |x| in evaluation, which is not analytic."""

    def forward(self, x, train=True):
        return (2 * x, None) if train else super().forward(x)

    def backward(self, dy, cache, param_grads=True):
        return (2 + 1e-9) * dy if cache is None else super().backward(dy, cache)


def test_a_mode_that_is_not_analytic_lends_the_other_none_of_its_limit():
    rows = {
        row.quantity: row
        for row in check_layer(AlmostInTraining(), (4,), effort="plain")
    }
    assert not rows["dx"].ok and rows["dx"].limit == 1e-11


def test_a_fresh_seed_draws_anew():
    one, again, other = (
        check_layer(Tanh(), (4,), seed=seed, effort="quick") for seed in (1, 1, 2)
    )
    assert [r.error for r in one] == [r.error for r in again]
    assert [r.error for r in one] != [r.error for r in other]


@pytest.fixture(scope="module")
def everything():
    """What `tinygan check` says of all that tinygan brings: (status, out, err, rows).

    It takes some seconds, so the tests share it.
    """
    rows, out, err = [], io.StringIO(), io.StringIO()

    def kept(*args, **kwargs):
        rows.extend(builtin_rows(*args, **kwargs))
        return rows

    with (
        mock.patch("tinygan.check.builtin_rows", kept),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        status = cli.main(["check"])
    return status, out.getvalue(), err.getvalue(), rows


def test_everything_of_tinygan_passes(everything):
    """test_twins.py holds the same of the plain code."""
    status, out, err, rows = everything
    assert all(row.ok for row in rows), [row for row in rows if not row.ok]
    assert len(rows) > 600
    assert (status, err) == (0, "")
    assert out.endswith(f"{len(rows)} checks, 0 failures\n")


@pytest.mark.slow
@pytest.mark.parametrize("effort", ["quick", "normal"])
@pytest.mark.parametrize("seed", [1, 2])
def test_everything_of_tinygan_passes_with_other_numbers(seed, effort):
    rows = builtin_rows(seed, effort=effort)
    assert all(row.ok for row in rows), [row for row in rows if not row.ok]


def test_everything_of_tinygan_is_in_the_table(everything):
    classes = {v for v in vars(tg).values() if isinstance(v, type)}
    kinds = (tg.Layer, tg.Objective, tg.Optimizer, tg.Penalty)
    concrete = {c.__name__ for c in classes if issubclass(c, kinds)}
    concrete -= {
        "Layer",
        "Affine",
        "Activation",
        "Growing",
        "Objective",
        "Critic",
        "Optimizer",
    }
    concrete -= {"Penalty", "ClipWeights"}  # the latter is no odd rule: test_optim.py
    _, table, _, rows = everything
    names = " ".join(row.name for row in rows)
    assert not {name for name in concrete if name not in names}
    for name in ("Dense", "ConvTranspose2d", "BatchNorm", "Minimax()", "Adam"):
        assert f"\n{name}" in table


# Wrong objectives


class OppositeValue(tg.Minimax):
    def value(self, s_real, s_fake):
        return -super().value(s_real, s_fake)


class OppositeGradient(tg.Minimax):
    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return -ds_real, -ds_fake


class OppositeFake(tg.Minimax):
    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return ds_real, -ds_fake


class OppositeGenerator(tg.NonSaturating):
    def g_grad(self, s_fake, s_real=None):
        return -super().g_grad(s_fake)


class NoMean(tg.Minimax):
    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return ds_real * s_real.size, ds_fake * s_fake.size


class NoMeanInG(tg.NonSaturating):
    def g_grad(self, s_fake, s_real=None):
        return super().g_grad(s_fake) * s_fake.size


class MeanOfBoth(tg.Minimax):
    """1/2N: the mean over the real and the fake ones together."""

    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return ds_real / 2, ds_fake / 2


class Swapped(tg.Minimax):
    def d_grads(self, s_real, s_fake):
        return super().d_grads(s_fake, s_real)


class SaturatingGradient(tg.NonSaturating):
    def g_grad(self, s_fake, s_real=None):
        return tg.Minimax().g_grad(s_fake)


class SaturatingValue(tg.NonSaturating):
    def g_value(self, s_fake, s_real=None):
        return tg.Minimax().g_value(s_fake)


class Probabilities(tg.Minimax):
    """log D of a probability that rounds to 0, and to 1."""

    def value(self, s_real, s_fake):
        with np.errstate(all="ignore"):
            D_real, D_fake = 1 / (1 + np.exp(-s_real)), 1 / (1 + np.exp(-s_fake))
            return np.log(D_real).mean() + np.log(1 - D_fake).mean()


class Epsilon(tg.Minimax):
    """Finite, but no longer the logarithm whose derivative is written down."""

    def value(self, s_real, s_fake):
        D_real, D_fake = tg.sigmoid(s_real), tg.sigmoid(s_fake)
        return np.log(D_real + 1e-8).mean() + np.log(1 - D_fake + 1e-8).mean()


class OneLogit(tg.Minimax):
    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        ds_real[0] += 1e-8
        return ds_real, ds_fake


class WritesIntoLogits(tg.Minimax):
    def g_grad(self, s_fake, s_real=None):
        dJ = super().g_grad(s_fake)
        s_fake *= 0
        return dJ


class PromotesLogits(tg.Minimax):
    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return np.float64(1.0) * ds_real, ds_fake


class FlatGradient(tg.Minimax):
    def d_grads(self, s_real, s_fake):
        return [d.ravel() for d in super().d_grads(s_real, s_fake)]


@pytest.mark.parametrize(
    "objective, quantities",
    [
        (OppositeValue(), {"dV/ds", "dV/ds finite"}),
        (OppositeGradient(), {"dV/ds", "dV/ds finite"}),
        (OppositeFake(), {"dV/ds", "dV/ds finite"}),
        (OppositeGenerator(), {"dJ/ds", "dJ/ds finite"}),
        (NoMean(), {"dV/ds", "dV/ds finite"}),
        (NoMeanInG(), {"dJ/ds", "dJ/ds finite"}),
        (MeanOfBoth(), {"dV/ds", "dV/ds finite"}),
        (Swapped(), {"dV/ds", "dV/ds finite"}),
        (SaturatingGradient(), {"dJ/ds", "dJ/ds finite"}),
        (SaturatingValue(), {"dJ/ds", "dJ/ds finite"}),
        (Probabilities(), {"contract"}),
        (Epsilon(), {"dV/ds"}),
        (OneLogit(), {"dV/ds"}),
        (WritesIntoLogits(), {"contract"}),
        (PromotesLogits(), {"contract"}),
        (FlatGradient(), {"contract"}),
    ],
    ids=lambda v: type(v).__name__,
)
def test_wrong_objectives_are_caught(objective, quantities):
    for seed in range(3):
        rows = check_objective(objective, seed=seed, effort="quick")
        assert quantities <= failed(rows), rows


class Hinge(tg.Objective):
    """A right objective of a user's, with kinks."""

    def value(self, s_real, s_fake):
        real = np.where(s_real < 1, s_real - 1, 0 * s_real).mean()
        return real + np.where(s_fake > -1, -1 - s_fake, 0 * s_fake).mean()

    def d_grads(self, s_real, s_fake):
        real = np.where(s_real < 1, 1.0, 0.0).astype(s_real.dtype) / s_real.size
        fake = np.where(s_fake > -1, 1.0, 0.0).astype(s_fake.dtype) / s_fake.size
        return real, -fake

    def g_value(self, s_fake, s_real=None):
        return -s_fake.mean()

    def g_grad(self, s_fake, s_real=None):
        return 0 * s_fake - 1 / s_fake.size


@pytest.mark.parametrize("objective", [tg.Minimax(), tg.NonSaturating(), Hinge()])
def test_right_objectives_pass(objective):
    for seed in range(10):
        effort = "quick" if seed else "normal"
        rows = check_objective(objective, seed=seed, effort=effort)
        assert not failed(rows), rows


# Wrong optimizers


def averaged_momentum(self, g, out):
    self.m[...] = self.mu * self.m + (1 - self.mu) * g
    out[...] = self.m
    return 1.0


def nesterov(self, g, out):
    self.m[...] = self.mu * self.m + g
    out[...] = g + self.mu * self.m
    return 1.0


def rmsprop_eps_inside(self, g, out):
    self.v[...] = self.rho * self.v + (1 - self.rho) * g * g
    out[...] = g / np.sqrt(self.v + 1e-4)
    return 1.0


def rmsprop_swapped(self, g, out):
    self.v[...] = (1 - self.rho) * self.v + self.rho * g * g
    out[...] = g / (np.sqrt(self.v) + self.eps)
    return 1.0


def adam(m_power, v_power, sqrt=True):
    """Adam with the t of its bias corrections replaced."""

    def direction(self, g, out):
        self.m[...] = self.beta1 * self.m + (1 - self.beta1) * g
        self.v[...] = self.beta2 * self.v + (1 - self.beta2) * g * g
        m_hat = self.m / (1 - self.beta1 ** m_power(self.t))
        v_hat = self.v / (1 - self.beta2 ** v_power(self.t))
        out[...] = m_hat / ((np.sqrt(v_hat) if sqrt else v_hat) + self.eps)
        return 1.0

    return direction


def averaged_after(self, g, out):
    out[...] = self.m  # the moment before g has come in
    self.m[...] = self.mu * self.m + g
    return 1.0


def doubled(self, g, out):
    out[...] = g
    return 2.0


@pytest.mark.parametrize(
    "kind, direction",
    [
        (tg.SGD, doubled),
        (tg.Momentum, averaged_momentum),
        (tg.Momentum, nesterov),
        (tg.Momentum, averaged_after),
        (tg.RMSProp, rmsprop_eps_inside),
        (tg.RMSProp, rmsprop_swapped),
        (tg.Adam, adam(lambda t: 1, lambda t: 1)),
        (tg.Adam, adam(lambda t: math.inf, lambda t: math.inf)),
        (tg.Adam, adam(lambda t: t, lambda t: math.inf)),
        (tg.Adam, adam(lambda t: t + 1, lambda t: t + 1)),
        (tg.Adam, adam(lambda t: t, lambda t: t, sqrt=False)),
    ],
)
def test_wrong_formulas_are_caught(monkeypatch, kind, direction):
    """Planted in the class itself, whose definition the checker knows."""
    monkeypatch.setattr(kind, "direction", direction)
    for seed in range(2):
        rows = check_optimizer(kind(0.1), seed=seed, effort="quick")
        assert failed(rows) == {"definition"}


class Forgetful(tg.Momentum):
    """Its moment is not in its state."""

    moments = ()

    def direction(self, g, out):
        self.m = getattr(self, "m", 0) * self.mu + g
        out[...] = self.m
        return 1.0


class Uncounted(tg.Adam):
    """Its count of steps is its own, and lost."""

    def direction(self, g, out):
        self.n = getattr(self, "n", 0) + 1
        out[...] = g / self.n
        return 1.0


class BothWaysUp(tg.SGD):
    def descend(self, theta, g):
        self.ascend(theta, g)


class ShorterDown(tg.SGD):
    def descend(self, theta, g):
        self.step(theta, g, -0.9 * self.lr)


class Even(tg.SGD):
    """u(-g) = u(g)"""

    def direction(self, g, out):
        out[...] = np.abs(g)
        return 1.0


class Still(tg.SGD):
    """theta never moves, which is mirrored and resumed without a fault."""

    def direction(self, g, out):
        out[...] = 0
        return 1.0


class Elsewhere(tg.SGD):
    """theta is a new array, so the network's stays."""

    def step(self, theta, g, signed_lr):
        theta = theta + signed_lr * g


class ClipsTheGradient(tg.SGD):
    """In place, in an array that is not its own."""

    def direction(self, g, out):
        np.clip(g, -1, 1, out=g)
        out[...] = g
        return 1.0


@pytest.mark.parametrize(
    "optimizer, quantity",
    [
        (Forgetful(0.1), "resume"),
        (Uncounted(0.1), "resume"),
        (BothWaysUp(0.1), "mirror"),
        (ShorterDown(0.1), "mirror"),
        (Even(0.1), "mirror"),
        (Still(0.1), "contract"),
        (Elsewhere(0.1), "contract"),
        (ClipsTheGradient(0.1), "contract"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_wrong_optimizers_are_caught(optimizer, quantity):
    for seed in range(3):
        rows = check_optimizer(optimizer, seed=seed, effort="quick")
        assert quantity in failed(rows), rows


class Nesterov(tg.Momentum):
    """A right optimizer of a user's."""

    direction = nesterov


def test_right_optimizers_pass():
    for optimizer in (Nesterov(0.1), tg.Adam(0.1), tg.SGD(1.0)):
        for seed in range(5):
            effort = "quick" if seed else "normal"
            rows = check_optimizer(optimizer, seed=seed, effort=effort)
            assert not failed(rows), rows
    assert optimizer.t == 0  # it played with copies


# The oracles


def test_relative_fails_on_nan():
    assert relative(np.array([3.0, 4.0]), np.array([0.0, 10.0])) == 0.5
    assert relative(2.0, 0.0) == 2.0
    for bad in (np.nan, np.inf):
        assert relative(bad, 1.0) == math.inf
        assert not Row("", "", relative(bad, 1.0), 1e9).ok
    assert not Row("", "", math.nan, 1.0).ok


def test_finite_differences():
    x, v = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    assert finite_difference(lambda x: (x**3).sum(), x, v) == pytest.approx(
        -3, rel=1e-9
    )
    assert finite_difference(lambda x: np.abs(x - 1).sum(), x, v) is None


# Files of users, and the command line

HEAD = """import numpy as np
import tinygan as tg
"""
RIGHT = """
class Cube(tg.Layer):
    def forward(self, x, train=True):
        return x**3, (x,)

    def backward(self, dy, cache, param_grads=True):
        return 3 * cache[0] ** 2 * dy
"""
WRONG = RIGHT.replace("3 * cache", "2 * cache")
SIZED = """
class Sized(tg.Dense):
    def __init__(self, n):
        super().__init__(n)
"""
IMAGES = """
class Mine(tg.Conv2d):
    def __init__(self):
        super().__init__(2, 3)
"""
ROUGH = """
class Rough(tg.Layer):
    def forward(self, x, train=True):
        return np.abs(x), (x,)

    def backward(self, dy, cache, param_grads=True):
        return np.sign(cache[0]) * dy
"""
PLAYERS = """
class Mine(tg.NonSaturating):
    pass

class Slow(tg.SGD):
    pass
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "mine.py"
        path.write_text(HEAD + text)
        return path

    return write


def test_file_with_a_right_layer(write):
    rows = file_rows(write(RIGHT))
    assert {row.name for row in rows} == {"Cube() on (6,)"}  # not those it imported
    assert {row.quantity for row in rows} == {"dx", "finite", "contract"}
    assert not failed(rows)


def test_file_with_a_wrong_layer(write):
    assert failed(file_rows(write(WRONG))) == {"dx", "finite"}


def test_file_with_an_objective_and_an_optimizer(write):
    rows = file_rows(write(PLAYERS))
    assert {row.name for row in rows} == {"Mine()", "Slow"} and not failed(rows)


def test_file_that_says_what_to_check(write):
    checks = (
        "CHECKS = [(Sized(3), (4,)), (Sized(2), (5, 2)), tg.Tanh(), tg.Minimax(), "
        "tg.Adam(0.1)]"
    )
    rows = file_rows(write(SIZED + checks))
    names = list(dict.fromkeys(row.name for row in rows))
    assert names[2:] == ["Tanh() on (6,)", "Minimax()", "Adam"] and not failed(rows)
    assert [name.partition("(")[2] for name in names[:2]] == [
        "3) on (4,)",
        "2) on (5, 2)",
    ]


def test_file_with_a_layer_that_fits_images_only(write):
    rows = file_rows(write(IMAGES))
    assert all(row.name.endswith(" on (5, 4, 3)") for row in rows) and not failed(rows)


def test_file_that_is_not_analytic(write):
    path = write(ROUGH)
    assert not failed(file_rows(path))
    assert not failed(file_rows(path, analytic=False))
    assert failed(file_rows(write(ROUGH.replace("np.sign", "np.cos"))))


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("def f(:", "line 3: SyntaxError: invalid syntax"),
        ("\n\nx = 1 / 0", "line 5: ZeroDivisionError: division by zero"),
        ("import no_such_module_here", "line 3: ModuleNotFoundError: No module named"),
        ("", "expected a Layer, Objective, Optimizer, Penalty or Diversity class, or"),
        ("CHECKS = []", "or a list CHECKS = [(layer, in_shape), ...], found none"),
        (SIZED, "Sized needs arguments"),
        ("CHECKS = [tg.Dense]", "diversities and (f, grad, x) in CHECKS"),
        ("CHECKS = [(tg.Conv2d(1, 3), (4,))]", "expects images (H, W, C), got (4,)"),
        ("CHECKS = [tg.Reshape(7, 7)]", "Reshape(7, 7) fits none of the input shapes"),
        ("CHECKS = 5", "CHECKS"),
        ("CHECKS = [(tg.Tanh(), 4)]", "CHECKS"),
        ("CHECKS = [(tg.Tanh(), (4,), 1)]", "CHECKS"),
        ("class Mine(tg.Layer): pass", "Mine() does not define forward"),
        (RIGHT.replace("x**3", "x @ x"), "line 6: ValueError: matmul"),
    ],
)
def test_files_that_cannot_be_checked(write, text, sentence):
    path = write(text)
    with pytest.raises(tg.InputError) as error:
        file_rows(path)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(tg.InputError, match="expected a Python file, found none"):
        file_rows(tmp_path / "none.py")
    with pytest.raises(tg.InputError, match="found none"):
        file_rows(tmp_path)
    (tmp_path / "mine.txt").write_text(RIGHT)
    with pytest.raises(tg.InputError, match=r"whose name ends in \.py"):
        file_rows(tmp_path / "mine.txt")


def test_the_line_of_a_fault_in_a_relative_path(write, monkeypatch):
    monkeypatch.chdir(write("x = 1 / 0").parent)
    with pytest.raises(tg.InputError, match=r"mine\.py, line 3: ZeroDivisionError"):
        file_rows("mine.py")


def test_check_on_the_command_line(write, capsys):
    assert cli.main(["check", str(write(RIGHT))]) == 0
    out = capsys.readouterr().out
    assert "Cube() on (6,)" in out and "FAILS" not in out
    assert "1 things, 3 checks, 0 failures" in out

    assert cli.main(["check", str(write(WRONG)), "--seed", "7"]) == 1
    out = capsys.readouterr().out
    assert "FAILS  Cube() on (6,): dx: error " in out and "at most 1e-11 allowed" in out
    assert "1 things, 3 checks, 2 failures" in out

    assert cli.main(["check", str(write(ROUGH)), "--finite"]) == 0
    assert cli.main(["check", str(write("def f(:"))]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("tinygan: ") and "line 3" in captured.err
    assert captured.err.count("\n") == 1


def test_table_says_which_rule_was_broken(capsys):
    right = check_layer(Tanh(), (4,), effort="quick")
    rows = check_layer(WritesIntoDy(), (4,), effort="quick") + right
    assert not print_table(rows)
    out = capsys.readouterr().out
    assert "forward and backward leave x and dy alone" in out
    assert out.count("!") == 1  # the cell that is too large
    assert f"2 things, {len(rows)} checks, 1 failures" in out
    assert print_table(right)


@pytest.mark.parametrize(
    "text, status", [(RIGHT, 0), (WRONG, 1), (None, 2)], ids=["right", "wrong", "none"]
)
def test_exit_status(write, tmp_path, text, status):
    """As a user calls it: python -m tinygan check FILE."""
    path = tmp_path / "absent.py" if text is None else write(text)
    done = subprocess.run(
        [sys.executable, "-m", "tinygan", "check", str(path)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(pathlib.Path(tg.__file__).parents[1])},
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    if status == 2:
        assert done.stderr.endswith("expected a Python file, found none\n")
    else:
        assert f"{0 if status == 0 else 2} failures" in done.stdout


def test_a_logit_close_to_a_kink_is_no_fault():
    """A logit of this draw lies 2e-6 from the hinge's kink: a usual step crosses it."""
    assert all(row.ok for row in check_objective(tg.Hinge(), 6, 444))
