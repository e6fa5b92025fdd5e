"""Pictures of magnitudes and the sounds that they stand for."""

import numpy as np
import pytest

import tinygan as tg
from tinygan.sound import Frames, Heard, Magnitudes, Waveforms

RATE = 8000


def tones(T=1024):
    t = np.arange(T) / RATE
    fading = np.exp(-8 * t)
    return np.stack([a * fading * np.sin(2 * np.pi * f * t) for a, f in TONES])


TONES = (0.9, 440), (0.3, 1000), (0.05, 3000)


def test_waveforms_are_the_sounds():
    x = np.random.default_rng(0).uniform(-2, 2, (3, 16, 1)).astype("float32")
    assert np.array_equal(Waveforms(RATE)(x), np.clip(x[..., 0], -1, 1))


@pytest.mark.parametrize("length", [64, 128, 256])
def test_a_picture_is_decibels(length):
    way, x = Magnitudes(RATE, length, length // 2, R=60), tones()
    y = way.pictures(x)
    M, K = 1024 // (length // 2), length // 2
    assert y.shape == (3, M, K, 1) and y.dtype == np.float32
    X = np.abs(Frames(length, length // 2).transform(x))
    for n, m, k in np.ndindex(3, M, K):
        decibels = 20 * np.log10(max(X[n, m, k], 1e-30) / way.A)
        assert abs(y[n, m, k, 0] - (1 + max(decibels, -60) / 30)) < 1e-5
    full = way.pictures(np.sin(2 * np.pi * np.arange(1024) * (K // 2) / length)[None])
    assert abs(full[0, 2:-2, K // 2].mean() - 1) < 0.02  # 0 decibels


def test_the_way_back_gives_the_picture_back():
    way = Magnitudes(RATE)
    y = way.pictures(tones())
    again = way.pictures(way(y))
    loud = y > 0
    assert np.abs(again - y)[loud].mean() * 40 < 1  # decibels
    assert way(y).std(axis=1) == pytest.approx(tones().std(axis=1), rel=0.05)


def test_minus_one_is_silence():
    way = Magnitudes(RATE)
    assert (way.pictures(np.zeros((1, 256))) == -1).all()
    assert not way(np.full((2, 4, 64, 1), -1.0)).any()


def test_what_lies_beyond_the_range_is_cut():
    way, rng = Magnitudes(RATE), np.random.default_rng(0)
    y = rng.uniform(-2, 2, (1, 8, 64, 1))
    assert np.array_equal(way(y), way(np.clip(y, -1, 1)))
    assert np.abs(way(np.full((1, 8, 64, 1), 1.0))).max() <= 1


def test_what_is_refused():
    for kind in (Waveforms, Magnitudes):
        for rate in (0, -1, 1.5, "8000"):
            with pytest.raises(tg.InputError, match="rate >= 1"):
                kind(rate)
    with pytest.raises(tg.InputError, match="R > 0"):
        Magnitudes(RATE, R=0)
    with pytest.raises(tg.InputError, match=r"\(N, M, 64, 1\), got \(2, 4, 32, 1\)"):
        Magnitudes(RATE)(np.zeros((2, 4, 32, 1)))
    with pytest.raises(TypeError, match="Heard does not define"):
        Heard(RATE)(np.zeros((1, 4, 1)))
