"""Several captions for a picture: how they are kept, and which one a batch draws."""

import collections

import numpy as np
import pytest

from tinygan.check.device import FakeBackend, counting
from tinygan.data import Captioned, Images, Labelled, Vocabulary, joined, split
from tinygan.data.words import split_words
from tinygan.errors import DataError
from tinygan.runs import Sentences

CAPTIONS = [["a zero"], ["a one", "the one", "one"], "a two", ("three", "a three")]


def several(captions=CAPTIONS):
    """Images of one pixel, each its own number."""
    N = len(captions)
    pixels = np.arange(N, dtype=np.uint8).reshape(N, 1, 1)
    words = Vocabulary.of([w for c in CAPTIONS for w in ([c] if c == "a two" else c)])
    about = {"parity": (("even", "odd"), np.arange(N) % 2)}
    return Captioned(Images(pixels, 0, 255, notes=["read"]), captions, words, about)


def test_captions_are_kept_in_rows():
    data = several()
    assert data.captions == ["a zero", "a one", "a two", "three"]
    assert data.all_captions[1] == ("a one", "the one", "one")
    assert data.tokens.shape == (7, 1, 2)
    assert data.counts.tolist() == [1, 3, 1, 2]
    assert data.first.tolist() == [0, 1, 4, 5]
    assert data.conditions.shape == (4, 1, 2)
    for n, caption in enumerate(data.captions):
        assert data.vocabulary.decode(data.conditions[n]) == caption
    said = [c for captions in data.all_captions for c in captions]
    assert [data.vocabulary.decode(row) for row in data.tokens] == said
    assert "7 captions" in repr(data)


def test_one_caption_each_is_as_before():
    data = several(["a zero", "a one", "a two", "a three"])
    assert data.conditions is data.tokens is data.pool
    rows = np.array([3, 0, 0])
    assert data.drawn(rows, 0, 0) is rows
    assert "captions" not in repr(data)


def test_a_batch_draws_one_of_the_captions():
    data, backend = several(), FakeBackend()
    stream = data.batches(8, seed=3, backend=backend)
    plain = data.images.batches(8, seed=3)
    seen = collections.Counter()
    for i in range(300):
        with counting() as counts:
            x, y = stream(i)
        assert (counts.uploads, counts.host_reads) == (1, 0)
        x, y = backend.to_host(x), backend.to_host(y)
        np.testing.assert_array_equal(x, plain(i))
        for n, row in zip(stream.rows(i), y, strict=True):
            caption = data.vocabulary.decode(row)
            assert caption in data.all_captions[n]
            seen[n, caption] += 1
    assert len(seen) == 7
    for (n, _), count in seen.items():  # each image is drawn 600 times
        share = 1 / data.counts[n]
        assert abs(count - 600 * share) <= 4 * np.sqrt(600 * share * (1 - share))


def test_the_draw_depends_on_the_seed_and_on_i_alone():
    first, again = (several().batches(5, seed=7) for _ in range(2))
    batches = [first(i) for i in range(12)]
    for i in (9, 2, 11, 2):  # in any order, as a run that resumes
        for a, b in zip(again(i), batches[i], strict=True):
            np.testing.assert_array_equal(a, b)
    other = several().batches(5, seed=8)
    assert any((other(i)[1] != batches[i][1]).any() for i in range(12))
    drawn = [first.data.drawn(np.full(40, 1), 0, i) for i in range(2)]
    assert (drawn[0] != drawn[1]).any()
    assert {*drawn[0]} <= {1, 2, 3}


def test_a_part_and_a_union_keep_all_captions():
    data = several()
    part = data.part([3, 1])
    assert part.all_captions == [("three", "a three"), ("a one", "the one", "one")]
    assert part.attributes["parity"][1].tolist() == [1, 1]
    assert part.images.notes == ("read",)
    both = joined(part, data)
    assert both.all_captions == part.all_captions + data.all_captions
    assert both.counts.tolist() == [2, 3, 1, 3, 1, 2]
    assert both.images.notes == ("read",)
    mask = np.array([False, True, True, False])
    assert data.part(mask).all_captions == data.all_captions[1:3]


def test_a_split_and_sentences_work_with_them():
    N = 16
    captions = [[f"a {n}", f"the {n}"][: 1 + n % 2] for n in range(N)]
    words = Vocabulary.of([c for several in captions for c in several])
    images = Images(np.arange(N, dtype=np.uint8).reshape(N, 1, 1), 0, 255)
    i, j = np.divmod(np.arange(N), 4)
    about = {"i": (tuple("0123"), i), "j": (tuple("0123"), j)}
    data = Captioned(images, captions, words, about)
    train, held = split(data, ("i", "j"), share=0.2)
    assert len(train) + len(held) == N
    for part in (train, held):
        for n, pixel in enumerate(part.images.pixels.ravel()):
            assert list(part.all_captions[n]) == captions[pixel]
    condition = Sentences(words, data.captions, mixed=2)
    condition.expects(data)
    _, y = data.batches(6, 0)(0)
    assert condition.of(y).shape == (6, 2, 2)


def test_captions_may_come_one_by_one():
    assert several().all_captions == several(CAPTIONS).part(slice(None)).all_captions
    data = several()
    again = Captioned(data.images, iter(data.all_captions), data.vocabulary)
    assert again.all_captions == data.all_captions


def test_captions_that_are_none():
    with pytest.raises(DataError, match="image 2: expected a caption or more"):
        several([["a zero"], ["one"], [], ["three"]])
    with pytest.raises(DataError, match=r"caption 1, the 2\. of its image: .* got 3"):
        several([["a zero"], ["one", "a a a"], ["two"], ["three"]])


def test_labels_have_one_condition_each():
    data = Labelled(Images(np.zeros((3, 1, 1)), 0, 1, [0, 1, 2]))
    assert data.pool is data.conditions
    rows = np.array([1, 2])
    assert data.drawn(rows, 0, 5) is rows


def test_an_unknown_word_is_kept_in_its_place():
    data = several([["a zero"], ["one", "a cat"], "two", "three"])
    assert data.tokens[2, 0].tolist()[1] == 1
    assert split_words("a cat") == ["a", "cat"]
