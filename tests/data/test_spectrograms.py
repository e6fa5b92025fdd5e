"""Sets of spectrograms, which keep their sounds."""

import numpy as np
import pytest

from tinygan import DataError, InputError
from tinygan.data import Labelled, Sounds, Spectrograms, Tones
from tinygan.sound import Magnitudes

PICTURES = Magnitudes(8000).pictures
TONES = Tones(3, size=640).sounds(9)


def test_a_set_has_the_pictures_and_the_labels_of_its_sounds():
    data = Spectrograms(TONES, PICTURES)
    assert data.shape == (10, 64, 1) and len(data) == 9
    assert np.array_equal(data.values, PICTURES(TONES.values[..., 0]))
    assert np.array_equal(data.labels, TONES.labels) and data.names == TONES.names
    x = data.batches(4, 0)(0)
    assert x.shape == (4, 10, 64, 1) and -1 <= x.min() < x.max() <= 1
    assert repr(data) == "Spectrograms(9 of 10 frames and 64 frequencies)"


def test_a_part_keeps_pictures_and_sounds_together():
    data = Spectrograms(TONES, PICTURES)
    some = data.part([7, 2])
    assert np.array_equal(some.values, data.values[[7, 2]])
    assert np.array_equal(some.sounds.values, TONES.values[[7, 2]])
    assert np.array_equal(some.labels, TONES.labels[[7, 2]]) and some.classes == 3
    pairs = Labelled(data).part(slice(4)).batches(2, 0)(0)
    assert pairs[0].shape == (2, 10, 64, 1) and pairs[1].shape == (2,)


def test_sets_that_are_none():
    stereo = Sounds(np.zeros((2, 512, 2)), 8000)
    with pytest.raises(DataError, match="one channel"):
        Spectrograms(stereo, PICTURES)
    with pytest.raises(InputError, match="read_sounds"):
        Spectrograms(TONES.values, PICTURES)
    unlabelled = Spectrograms(Sounds(TONES.values, 8000), PICTURES)
    with pytest.raises(DataError, match="sounds with labels"):
        Labelled(unlabelled)
