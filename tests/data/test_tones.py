"""Tones: their formula, their draws, and the pitch that is read from them."""

import itertools
import math

import numpy as np
import pytest

from tinygan.data import Density, Labelled, Tones, pitch
from tinygan.data.tones import ATTACK, DECAY, PEAK, TIMBRES
from tinygan.errors import InputError
from tinygan.runs.identity import fingerprint

TONES = Tones()


def every_tone(tones: Tones, seed=0):
    """(x, labels): each label in each timbre, with a random phase and decay."""
    rng = np.random.default_rng(seed)
    k, m = np.array(list(itertools.product(range(tones.K), range(len(TIMBRES))))).T
    decay = rng.choice(DECAY, len(k))  # the shortest and the longest
    return tones.made(k, m, rng.uniform(0, 2 * math.pi, len(k)), decay), k


# The formula


def test_the_facts_of_the_data():
    assert TONES.shape == (4096, 1) and TONES.K == 12
    np.testing.assert_allclose(TONES.frequencies[[0, 9]], [220, 220 * 2**0.75])
    np.testing.assert_allclose(Tones(13).frequencies[12], 440)
    assert TONES.names[0] == "220 Hz" and len(TONES.names) == 12
    assert repr(TONES) == "Tones(12 of 220 to 415.3 Hz, 4096 samples at 8000 Hz)"
    assert all(len(a) == 6 for a in TIMBRES.values())


def test_a_tone_is_its_formula():
    """Sample by sample, for one tone of each timbre."""
    for m, amplitudes in enumerate(TIMBRES.values()):
        (x,) = TONES.made([7], [m], [0.4], [0.5])
        f, T = 220 * 2 ** (7 / 12), 4096
        wanted = []
        for n in range(T):
            angle = 2 * math.pi * f * n / 8000 + 0.4
            wave = sum(a * math.sin(h * angle) for h, a in enumerate(amplitudes, 1))
            envelope = min(n / T / ATTACK, 1) * math.exp(-n / T / 0.5)
            wanted.append(wave * envelope)
        wanted = np.array(wanted) * PEAK / max(map(abs, wanted))
        np.testing.assert_allclose(x[:, 0], wanted, atol=1e-12)
        assert x[0] == 0 and np.abs(x).max() == pytest.approx(PEAK)


def test_the_harmonics_are_those_of_the_timbre():
    """A spectrum of a tone without an envelope would have lines; ours has narrow hills,
    so the energy near h f is compared: it goes with a_h^2.
    """
    x, k = every_tone(TONES)
    for tone, f, m in zip(x, TONES.frequencies[k], itertools.cycle(range(4))):
        spectrum = np.abs(np.fft.rfft(tone[:, 0])) ** 2
        bins = np.fft.rfftfreq(4096, 1 / 8000)
        found = [spectrum[np.abs(bins - h * f) < f / 3].sum() for h in range(1, 7)]
        a = np.array(list(TIMBRES.values())[m]) ** 2
        np.testing.assert_allclose(found / np.sum(found), a / a.sum(), atol=0.02)


# Draws


def test_a_batch_is_a_function_of_the_seed_and_of_i():
    stream, again = TONES.batches(6, seed=3), TONES.batches(6, seed=3)
    forwards = [stream(i) for i in range(4)]
    for i in (3, 0, 2, 2):
        np.testing.assert_array_equal(again(i), forwards[i])
    assert forwards[0].shape == (6, 4096, 1) and forwards[0].dtype == np.float32
    assert not np.array_equal(forwards[0], forwards[1])
    assert not np.array_equal(TONES.batches(6, seed=4)(0), forwards[0])
    assert TONES.batches(2, 0, dtype="float64")(0).dtype == np.float64


def test_processes_may_share_the_stream():
    assert TONES.divisible is True and TONES.batches(2, 0).divisible is True


def test_the_sounds_are_batch_zero_with_their_labels():
    sounds = TONES.sounds(40, seed=5)
    np.testing.assert_array_equal(sounds.values, TONES.batches(40, 5)(0))
    assert sounds.names == TONES.names and sounds.rate == 8000
    np.testing.assert_array_equal(TONES.heard(sounds.values), sounds.labels)
    x, y = Labelled(sounds).batches(8, 0)(0)
    assert (TONES.heard(x) == y).all()


def test_the_labels_are_uniform():
    """Chi-square of 12 cells, 12,000 draws: above 31.3 has a chance of 1 in 1,000."""
    tones = Tones(size=612)
    _, labels = tones.draw(12_000, np.random.default_rng(0))
    counts = np.bincount(labels, minlength=12)
    assert ((counts - 1000) ** 2 / 1000).sum() < 31.3


def test_a_run_knows_the_data_again():
    facts = fingerprint(TONES)
    assert facts["shape"] == [4096, 1] and facts == fingerprint(Tones())
    assert facts != fingerprint(Tones(low=230.0))


def test_tones_have_no_density():
    assert not isinstance(TONES, Density)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Tones(0), "1 <= K <= 36, got 0"),
        (lambda: Tones(size=611), "expects 612 samples or more"),
        (lambda: Tones(24), "harmonics below rate/2 = 4000 Hz, got 4984 Hz"),
        (lambda: Tones(rate=4000), "harmonics below rate/2"),
        (lambda: Tones(low=0), "low >= 1, got 0"),
        (lambda: Tones(size=4096.0), "size >= 1, got 4096.0"),
        (lambda: TONES.draw(2, None), "rng"),
        (lambda: TONES.draw(-1, np.random.default_rng(0)), "n >= 0, got -1"),
        (lambda: TONES.sounds(0), "n >= 1, got 0"),
        (lambda: TONES.batches(0, 0), "batch >= 1, got 0"),
    ],
)
def test_tones_refuse(make, message):
    with pytest.raises(InputError, match=message):
        make()


# The pitch


def noisy(x, decibels: float, seed=1) -> np.ndarray:
    """Sounds with white noise: their energy is 10^(decibels/10) times its energy."""
    power = (x**2).mean(axis=(1, 2), keepdims=True)
    noise = np.random.default_rng(seed).standard_normal(x.shape)
    return x + noise * np.sqrt(power * 10 ** (-decibels / 10))


@pytest.mark.parametrize(
    "size, decibels, most",
    [
        (4096, math.inf, 1e-4),  # measured 4e-5 over four seeds
        (4096, 30, 1e-4),
        (4096, 20, 2e-4),  # 6e-5
        (4096, 10, 2e-3),  # 4e-4
        (4096, 5, 4e-3),  # 9e-4
        (1024, math.inf, 2e-3),  # 6e-4
        (1024, 10, 5e-3),  # 2e-3
        (612, math.inf, 4e-3),  # 1.5e-3: seventeen periods, some of them very weak
    ],
)
def test_the_pitch_is_exact_for_every_label_timbre_and_noise(size, decibels, most):
    """The relative error is far below half a semitone, 3 %, and below 0.5 %."""
    tones = Tones(size=size)
    for seed in range(2):
        x, k = every_tone(tones, seed)
        x = noisy(x, decibels)
        error = np.abs(pitch(x, 8000) / tones.frequencies[k] - 1)
        assert error.max() < most, error.max()
        np.testing.assert_array_equal(tones.heard(x), k)


def test_the_pitch_does_not_depend_on_level_offset_or_type():
    x, _ = every_tone(TONES)
    f = pitch(x, 8000)
    for other in (x * 1e-6, x * 1e300, x + 0.3, x[..., 0], x.astype("f4")):
        np.testing.assert_allclose(pitch(other, 8000), f, rtol=1e-6)


@pytest.mark.parametrize("low, rate", [(55.0, 8000), (110.0, 16_000), (440.0, 16_000)])
def test_the_pitch_of_other_octaves(low, rate):
    tones = Tones(12, 4096, rate, low)
    x, k = every_tone(tones)
    np.testing.assert_array_equal(tones.heard(x), k)
    assert np.abs(pitch(x, rate) / tones.frequencies[k] - 1).max() < 2e-3


def test_silence_and_noise_have_no_pitch():
    """0, and no warning: warnings are errors here."""
    rng = np.random.default_rng(0)
    click = np.zeros(4096)
    click[100] = 1
    ramp = np.linspace(-1, 1, 4096)
    odd = np.stack(
        [np.zeros(4096), np.full(4096, 0.3), np.full(4096, 1e-320), click, ramp]
    )
    for x in (odd, rng.standard_normal((20, 4096)), rng.uniform(-1, 1, (20, 800, 1))):
        np.testing.assert_array_equal(pitch(x, 8000), np.zeros(len(x)))
        heard = Tones(size=x.shape[1]).heard(x.reshape(len(x), -1, 1))
        np.testing.assert_array_equal(heard, -np.ones(len(x)))
    assert pitch(np.zeros((0, 4096)), 8000).shape == (0,)


def test_pitches_that_are_no_label():
    """The octave below and the octave above; and tones that are 0.4 semitones off."""
    for other in (Tones(low=110.0), Tones(6, low=440.0)):
        x, _ = every_tone(other)
        assert (TONES.heard(x) == -1).all()
    near = Tones(12, 4096, 8000, 220.0 * 2 ** (0.4 / 12))
    x, k = every_tone(near)
    np.testing.assert_array_equal(TONES.heard(x), k)


def test_a_sine_of_any_frequency():
    f = np.geomspace(60, 990, 50)
    x = np.sin(2 * math.pi * f[:, None] * np.arange(4096) / 8000 + 1)
    np.testing.assert_allclose(pitch(x, 8000), f, rtol=2e-4)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((np.zeros(4096), 8000), r"expects sounds \(N, T, 1\) or \(N, T\), got"),
        ((np.zeros((2, 4096, 2)), 8000), "expects sounds"),
        ((np.full((2, 4096), np.nan), 8000), "finite sounds"),
        ((np.full((2, 4096), np.inf), 8000), "finite sounds"),
        ((np.zeros((2, 319)), 8000), "two periods of low 50 Hz, 320 samples or more"),
        ((np.zeros((2, 4096)), 0), "rate > 0, got 0"),
        ((np.zeros((2, 4096)), 8000, 0), "low > 0, got 0"),
        ((np.zeros((2, 4096)), 8000, 50, 2001), "low < high <= rate/4"),
        ((np.zeros((2, 4096)), 8000, 500, 400), "low < high <= rate/4"),
        (("abc", 8000), "real numbers"),
    ],
)
def test_the_pitch_refuses(arguments, message):
    with pytest.raises(InputError, match=message):
        pitch(*arguments)
