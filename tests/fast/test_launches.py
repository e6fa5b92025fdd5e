"""How many launches a plain function takes on a GPU, and how many its CUDA twin takes.

Launches are counted on the stand-in, with a twin's kernels on the emulator. The table
of chapter 20 has these numbers.
"""

import pathlib
import re

import numpy as np
import test_kernels
from test_kernels import PLAIN, adam_of, draw, kernels, running

from tinygan import fast
from tinygan.check.device import xp
from tinygan.group import ALONE
from tinygan.optim.fed import step_numbers

BOOK = pathlib.Path(__file__).parents[2] / "docs" / "book" / "20-fast.md"
SEQUENCE = (3, 10, 4), (4, 12), (4, 12)  # x, of ten steps, W and U of a GRU


def calls() -> dict:
    """{name: the arguments of a primitive}. There are enough rows for sums in parts."""
    arrays = [draw(i, 300, 3, 3, 4) for i in range(2)]
    x, y = map(xp.asarray, arrays)
    c = x[0, 0, 0] ** 2  # (4,)
    sequence, W, U = (xp.asarray(draw(i, *s)) for i, s in enumerate(SEQUENCE))
    gru = PLAIN["gru_forward"](sequence, W, U, U[0], U[0, :4])
    all_but_batch, windows = (1, 2, 3), ((2, 2), (1, 1), (0, 0))
    x_hat, inv_std = PLAIN["normalised"](x, all_but_batch, 0.1)
    cols = PLAIN["im2col"](x, *windows)
    numbers = xp.asarray(step_numbers(adam_of(c), 1.0, 1, c.dtype))
    return {
        "batchnorm_dx": (x, y, c, c, c, c, 9),
        "channel_sums": (x, y),
        "col2im": (cols, x.shape, *windows),
        "column_sum": (x,),
        "fed_step": (c, c.copy(), adam_of(c), numbers),
        "gate_dx": (x, y, y),
        "gates": (x,),
        "gru_backward": (sequence, *gru, U),
        "gru_forward": (sequence, W, U, U[0], U[0, :4]),
        "gru_step": (W, W[:, :4].copy(), U, c),
        "im2col": (x, *windows),
        "jacobian": (y, x_hat, inv_std, all_but_batch),
        "leaky_relu": (x, 0.2),
        "leaky_relu_slope": (x, y, 0.2),
        "moments": (x, ALONE, running(xp, 4), 0.1),
        "normalise": (x, c, c, c, c, 0.1),
        "normalised": (x, all_but_batch, 0.1),
        "softmax": (x,),
        "softmax_jacobian": (x, y),
        "standardise": (x, c, c, 0.1),
        "take_step": (c, c.copy(), adam_of(c), 0.1),
        "tanh_slope": (x, y),
    }


def launches(f, arguments) -> int:
    with xp.counting() as counts:
        f(*arguments)
    assert counts.host_reads == 0
    return counts.launches


def test_launches_are_those_of_the_book(monkeypatch):
    """Every twin but that of `correlation`, which makes a map and launches nothing."""
    test_kernels.library(np.dtype("float64"))  # or skip: there is no C++ compiler
    monkeypatch.setattr(xp, "RawKernel", test_kernels.CpuKernel, raising=False)
    found = {}
    for name, arguments in calls().items():
        with fast.plain():
            plain = launches(PLAIN[name], arguments)
        found[name] = plain, launches(getattr(kernels, name), arguments)
    rows = re.findall(r"\| `(\w+)` \| (\d+) \| (\d+) \|", BOOK.read_text("utf-8"))
    assert found == {name: (int(plain), int(twin)) for name, plain, twin in rows}
    assert {*found, "correlation"} == {*vars(kernels)}
