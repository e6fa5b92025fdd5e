"""Spectrograms, their inverse, and Griffin-Lim, against sums written out."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.sound import Frames, griffin_lim, log_mel, mel_filters
from tinygan.sound.mel import hertz, mel

RATE = 8000


def sounds(N=2, T=512, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (N, T))


def tone(hz, T=4096, amplitude=1.0):
    return amplitude * np.sin(2 * math.pi * hz * np.arange(T) / RATE)[None]


def both_sides(bins):
    """How often each frequency stands in the transform of real numbers."""
    twice = np.full(bins, 2.0)
    twice[[0, -1]] = 1
    return twice


sizes = st.sampled_from([(8, 2), (8, 4), (12, 3), (64, 16), (2, 1)])


@given(sizes, st.integers(1, 3), st.integers(1, 5))
def test_the_transform_is_the_sum_on_paper(size, N, M):
    L, H = size
    frames, x = Frames(L, H), sounds(N, M * H)
    X, c = frames.transform(x), (L - H) // 2
    assert X.shape == (N, M, L // 2 + 1)
    for m in range(M):
        for k in range(L // 2 + 1):
            total = np.zeros(N, complex)
            for t in range(L):
                place = m * H + t - c
                if 0 <= place < M * H:
                    w = math.sin(math.pi * (t + 0.5) / L) ** 2
                    total += w * x[:, place] * np.exp(-2j * math.pi * k * t / L)
            assert np.allclose(X[:, m, k], total, rtol=0, atol=1e-12)


@given(sizes, st.integers(1, 3), st.integers(1, 5), st.integers(0, 99))
def test_the_inverse_gives_the_sound_back(size, N, M, seed):
    frames, x = Frames(*size), sounds(N, M * size[1], seed)
    assert np.abs(frames.inverse(frames.transform(x)) - x).max() <= 1e-12


@given(sizes, st.integers(2, 4), st.integers(0, 99))
def test_the_inverse_is_the_nearest_sound(size, M, seed):
    """No small change of it brings its transform nearer to X, in the norm over all the
    frequencies of real frames: those between the first and the last count twice.
    """
    frames, rng = Frames(*size), np.random.default_rng(seed)
    shape = 1, M, size[0] // 2 + 1
    X = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    X[..., [0, -1]] = X[..., [0, -1]].real  # as of a real frame

    def distance(x):
        return (both_sides(shape[-1]) * np.abs(frames.transform(x) - X) ** 2).sum()

    x = frames.inverse(X)
    least = distance(x)
    for _ in range(5):
        assert distance(x + 1e-3 * rng.standard_normal(x.shape)) > least


def test_griffin_lim_comes_nearer_in_every_turn():
    frames, x = Frames(128, 32), sounds(2, 1024)
    wanted = np.abs(frames.transform(x))

    def distance(turns):
        y = griffin_lim(wanted, frames, turns)
        return (both_sides(65) * (np.abs(frames.transform(y)) - wanted) ** 2).sum()

    found = [distance(turns) for turns in (0, 1, 2, 4, 8, 16, 32)]
    assert all(b < a for a, b in itertools.pairwise(found))
    assert found[-1] < 0.1 * found[0]


def test_griffin_lim_finds_a_tone_again():
    """Not its phase, which the magnitudes do not tell, but its pitch and strength."""
    frames = Frames(256, 64)
    y = griffin_lim(np.abs(frames.transform(tone(440, amplitude=0.5))), frames)
    middle = y[0, 1024:3072]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(2048)))
    assert abs(spectrum.argmax() * RATE / 2048 - 440) <= RATE / 2048
    assert abs(math.sqrt(2) * middle.std() - 0.5) < 0.03


def test_the_same_seed_gives_the_same_sound():
    frames = Frames(64, 16)
    wanted = np.abs(frames.transform(sounds()))
    one, same, other = (griffin_lim(wanted, frames, 3, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.allclose(one, other)


def test_silence_stays_silence():
    frames = Frames(64, 16)
    assert not griffin_lim(np.zeros((1, 4, 33)), frames, 3).any()
    assert (log_mel(np.zeros((1, 512)), RATE) == -1).all()


def test_the_mel_scale():
    assert abs(float(mel(1000)) - 1000) < 0.1 and mel(0) == 0  # as it was defined
    f = np.linspace(0, 4000, 9)
    assert np.allclose(hertz(mel(f)), f)
    filters = mel_filters(32, 256, RATE)
    assert filters.shape == (129, 32) and filters.min() == 0
    assert (filters.sum(axis=0) > 0).all() and filters.max() <= 1
    middles = (filters.argmax(axis=0) * RATE / 256)[1:]
    assert (np.diff(middles) > 0).all()


@pytest.mark.parametrize("hz", [150, 440, 1000, 3000])
def test_a_tone_lights_its_band(hz):
    picture = log_mel(tone(hz), RATE)
    assert picture.shape == (1, 64, 32) and picture.dtype == np.float32
    steady = picture[0, 4:-4]
    band = steady.mean(axis=0).argmax()
    middles = hertz(np.linspace(0, mel(RATE / 2), 34))
    assert middles[band] <= hz <= middles[band + 2]
    assert steady[:, band].min() > 0.9  # nearly 0 decibels


def test_ten_decibels_are_a_quarter():
    """RANGE is 80 decibels, from -1 to 1."""
    loud, soft = (log_mel(tone(440, amplitude=a), RATE)[0, 32] for a in (1, 10**-0.5))
    band = loud.argmax()
    assert abs(loud[band] - soft[band] - 0.25) < 1e-3


def test_what_is_refused():
    for length, hop in ((7, 1), (8, 3), (8, 8), (8, 0), (0, 1), (8.5, 2)):
        with pytest.raises(tg.InputError, match="Frames"):
            Frames(length, hop)
    with pytest.raises(tg.InputError, match="a multiple of 16 samples, got 100"):
        Frames(64, 16).transform(np.zeros((1, 100)))
