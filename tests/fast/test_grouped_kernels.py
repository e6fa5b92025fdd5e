"""The CUDA kernels of convolutions in groups, on the emulator or on the GPU."""

import numpy as np
import pytest
import test_kernels
from hypothesis import given
from hypothesis import strategies as st
from test_gate_kernels import launches
from test_kernels import DTYPES, agree, doubled, draw, dtypes, geometries, kernels

from tinygan.fast.cuda.grouped import Groups
from tinygan.layers.correlation import Correlation, GroupedCorrelation

device = test_kernels.device


def maps(device, geometry, G, C_out, dtype):
    """Columns and dx are equal to the last bit but for the product; the other maps up
    to the rounding of their sums.
    """
    (N, H, W, C), kernel, stride, pad = geometry
    how = (H, W, G * C), stride, pad
    weights = draw(1, *kernel, C, G * C_out, dtype=dtype)
    plain = GroupedCorrelation(*doubled(weights), *how)
    ours = kernels.correlation(device.asarray(weights), *how)
    assert type(ours) is Groups
    x, dy = (
        draw(i, N, *shape, dtype=dtype)
        for i, shape in ((2, plain.x_shape), (3, plain.y_shape))
    )
    our_x, our_dy = device.asarray(x), device.asarray(dy)
    np.testing.assert_array_equal(device.to_host(ours.cols(our_x)), plain.cols(x))
    x, dy = doubled(x, dy)
    largest = 1 + max(np.abs(a).max(initial=0) for a in (weights, x, dy)) ** 2
    size = largest * (1 + np.prod(kernel) * max(C, C_out))
    agree(device, ours.forward(our_x), plain.forward(x), size)
    agree(device, ours.adjoint(our_dy), plain.adjoint(dy), size)
    size = largest * (1 + dy.size)
    agree(device, ours.weight_grad(our_x, our_dy), plain.weight_grad(x, dy), size)


@given(
    geometry=geometries(),
    G=st.integers(2, 3),
    C_out=st.integers(1, 3),
    dtype=st.sampled_from(DTYPES),
)
def test_groups(device, geometry, G, C_out, dtype):
    maps(device, geometry, G, C_out, dtype)


WIDE = {
    "depthwise": ((2, 5, 4, 1), (3, 3), (1, 1), (1, 1), 40, 1),
    "sounds": ((2, 1, 60, 3), (1, 25), (1, 4), (0, 11), 2, 2),
    "many samples": ((150, 3, 3, 1), (2, 2), (1, 1), (0, 0), 2, 3),
    "no sample": ((0, 4, 4, 2), (3, 3), (1, 1), (1, 1), 2, 1),
}


@dtypes
@pytest.mark.parametrize("case", WIDE.values(), ids=WIDE)
def test_large_groups(device, case, dtype):
    *geometry, G, C_out = case
    maps(device, geometry, G, C_out, dtype)


def test_launches_of_groups(device):
    """One for the columns; the others are products and the copies that they need."""
    if device.name != "fake":
        pytest.skip("launches are counted on the stand-in")
    W, x = device.asarray(draw(1, 3, 3, 2, 6)), device.asarray(draw(2, 4, 8, 8, 4))
    how = (8, 8, 4), (1, 1), (1, 1)
    ours, plain = kernels.correlation(W, *how), GroupedCorrelation(W, *how)
    dy = ours.forward(x)
    assert launches(lambda: ours.cols(x)) == 1
    for name, arrays, few, many in (
        ("forward", (x,), 4, 5),
        ("adjoint", (dy,), 4, 5),
        ("weight_grad", (x, dy), 3, 6),
    ):
        assert launches(lambda n=name, a=arrays: getattr(ours, n)(*a)) == few
        assert launches(lambda n=name, a=arrays: getattr(plain, n)(*a)) == many


def test_groups_leave_the_rest_to_the_plain_functions(device):
    """One group has im2col's own kernel; complex numbers have none."""
    W, x = device.asarray(draw(1, 3, 3, 2, 6)), device.asarray(draw(2, 4, 5, 5, 4))
    assert type(kernels.correlation(W, (5, 5, 2), (1, 1), (1, 1))) is Correlation
    how = (5, 5, 4), (1, 1), (1, 1)
    ours, plain = (f(1j * W, *how) for f in (kernels.correlation, GroupedCorrelation))
    x = 1j * x
    y = plain.forward(x)
    for a, b in (
        (ours.forward(x), y),
        (ours.adjoint(y), plain.adjoint(y)),
        (ours.weight_grad(x, y), plain.weight_grad(x, y)),
    ):
        np.testing.assert_allclose(*map(device.to_host, (a, b)), rtol=0, atol=1e-11)
