"""The tones of strides: what stands out of the mean power, and by how much."""

import math

import numpy as np
import pytest

from tinygan import (
    Conv1d,
    ConvTranspose1d,
    InputError,
    Net,
    Sequential,
    Upsample1d,
)
from tinygan.sound import stride_tones

T = 1024


def noise(N=400, seed=0):
    return np.random.default_rng(seed).standard_normal((N, T))


def tone(period, amplitude=1.0):
    return amplitude * np.cos(2 * math.pi * np.arange(T) / period + 0.7)


def test_noise_has_no_tones():
    levels = stride_tones(noise(), [4, 16, 64])
    assert len(levels) == 3 and max(map(abs, levels)) < 0.5


@pytest.mark.parametrize("period", [4, 16, 64])
@pytest.mark.parametrize("amplitude", [0.3, 1.0])
def test_a_tone_is_as_loud_as_on_paper(period, amplitude):
    """One of the n tones of its period stands out of white noise of variance 1."""
    periods = [4, 16, 64]
    levels = stride_tones(noise(2000) + tone(period, amplitude), periods)
    n = len([m for m in range(1, period // 2 + 1) if period == 4 or m % 4])
    w = np.sin(np.pi * (np.arange(T) + 0.5) / T) ** 2
    power = (amplitude * w.sum() / 2) ** 2 / (w**2).sum()
    wanted = 10 * math.log10(1 + power / n)
    for s, level in zip(periods, levels, strict=True):
        assert level == pytest.approx(wanted if s == period else 0, abs=0.5)


def test_overtones_count_and_silence_has_none():
    periodic = np.tile(np.random.default_rng(1).standard_normal(16), T // 16)
    assert stride_tones(0.1 * noise() + periodic, [16])[0] > 20
    assert stride_tones(np.zeros((3, T)), [4])[0] == pytest.approx(-120)


def test_a_transposed_convolution_leaves_them_and_copies_do_not():
    """Chapter 24: behind Upsample1d the kernel meets no zeros."""
    x = 1 + 0.5 * np.random.default_rng(2).standard_normal((200, T // 4, 1))

    def made(*layers):
        f = Net(Sequential(*layers), x.shape[1:], seed=3, dtype=np.float64)
        y, _ = f.forward(x)
        return stride_tones(y[..., 0], [4])[0]

    rough = made(ConvTranspose1d(1, 25, stride=4, pad=11, output_pad=1))
    smooth = made(Upsample1d(4), Conv1d(1, 25, pad=12))
    assert rough > 15 > 5 > smooth


@pytest.mark.parametrize("period", [1, 3, 256])
def test_periods_that_do_not_fit(period):
    with pytest.raises(InputError, match="periods from 2 to 128 that divide 1024"):
        stride_tones(noise(2), [4, period])
