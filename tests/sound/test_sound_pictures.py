"""The picture of sounds, and the page with players."""

import base64
import html.parser
import math

import numpy as np

from tinygan.sound import sound_grid, sound_page
from tinygan.sound.picture import GAP, HIGH, WAVE, WIDE

RATE, BANDS = 8000, 32
CELL = BANDS * HIGH + WAVE


def tone(hz, T=4096, amplitude=0.5):
    return amplitude * np.sin(2 * math.pi * hz * np.arange(T) / RATE)[None]


def cell(pixels, i=0, j=0):
    """(bands, waveform) of the sound in row i, column j."""
    top, left = i * (CELL + GAP) + GAP, j * (WIDE + GAP) + GAP
    whole = pixels[top : top + CELL, left : left + WIDE].astype(int)
    return whole[: BANDS * HIGH], whole[BANDS * HIGH :]


def test_the_sheet_has_a_cell_for_each_sound():
    x = np.zeros((5, 640))
    for columns, shape in ((None, (2, 3)), (1, (5, 1)), (4, (2, 4))):
        rows, across = shape
        pixels = sound_grid(x, RATE, columns)
        assert pixels.dtype == np.uint8
        height, width = rows * (CELL + GAP) + GAP, across * (WIDE + GAP) + GAP
        assert pixels.shape == (height, width, 3)


def test_silence_is_black_over_a_line():
    above, below = cell(sound_grid(np.zeros((1, 640)), RATE))
    assert not above.any()
    lit = below.any(axis=2)
    assert (lit.sum(axis=0) == 1).all() and lit[WAVE // 2 - 1 : WAVE // 2 + 1].any()


def test_a_higher_tone_glows_higher():
    def brightest(hz):
        above, _ = cell(sound_grid(tone(hz), RATE))
        return above[:, WIDE // 2].sum(axis=1).argmax()

    assert brightest(3000) < brightest(1000) < brightest(300)


def test_the_waveform_reaches_as_far_as_the_numbers():
    for amplitude, share in ((1.0, 1.0), (0.5, 0.5), (0.1, 0.1), (3.0, 1.0)):
        _, below = cell(sound_grid(tone(200, amplitude=amplitude), RATE))
        reached = below.any(axis=2).any(axis=1).sum()
        assert abs(reached - share * WAVE) <= 2
    x = np.where(np.arange(4096) < 2048, 0, 0.9)[None]
    _, below = cell(sound_grid(x, RATE))
    lit = below.any(axis=2)
    assert lit[: WAVE // 4, WIDE // 2 + 1 :].any() and not lit[: WAVE // 4, :95].any()


def test_sounds_of_any_length():
    for T in (64, 100, 4097):
        assert sound_grid(np.zeros((2, T)), RATE).shape[1] == 2 * (WIDE + GAP) + GAP


class Found(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_holds_its_sounds_and_loads_nothing():
    sounds = [("a <b> & c", b"RIFF0"), ("two", bytes(range(256)))]
    page = Found(sound_page("tones > 3", sounds))
    sources = [attrs["src"] for tag, attrs in page.tags if tag == "audio"]
    head = "data:audio/wav;base64,"
    assert [base64.b64decode(s.removeprefix(head)) for s in sources] == [
        wav for _, wav in sounds
    ]
    assert "a <b> & c" in page.words and "tones > 3" in page.words
    links = [
        v for _, attrs in page.tags for k, v in attrs.items() if k in ("src", "href")
    ]
    assert links == sources and not {"b", "script", "link"} & {t for t, _ in page.tags}
