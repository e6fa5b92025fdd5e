"""Words of every script: what is one word, and how words become a sentence again."""

import random
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan.data import Captioned, Images, Vocabulary
from tinygan.data.words import split_words
from tinygan.errors import DataError, InputError

# a sentence, and its words
SENTENCES = [
    ("Don't l’eau, a thick-red 7", "don t l eau a thick red 7"),
    ("लाल बिल्ली: का, की, के, को", "लाल बिल्ली का की के को"),
    ("লাল বিড়াল", "লাল বিড়াল"),
    ("சிவப்பு பூனை.", "சிவப்பு பூனை"),
    ("كَتَبَ الوَلَدُ", "كَتَبَ الوَلَدُ"),
    ("שָׁלוֹם עוֹלָם", "שָׁלוֹם עוֹלָם"),
    ("می\u200cخواهم", "می\u200cخواهم"),
    ("क्\u200dष", "क्\u200dष"),
    ("빨간 고양이가 있다", "빨간 고양이가 있다"),
    ("Красный кот и ёж", "красный кот и ёж"),
    ("ΟΔΟΣ", "οδος"),
    ("İstanbul’da kızıl IŞIK", "istanbul da kızıl işik"),
    ("Mèo đỏ ngồi", "mèo đỏ ngồi"),
    ("Ọ̀ṣun x̂", "ọ̀ṣun x̂"),
    ("一只红色的猫，坐在椅子上。", "一 只 红 色 的 猫 坐 在 椅 子 上"),
    ("3只T恤衫", "3 只 t 恤 衫"),
    ("赤い猫がテーブルに", "赤 い 猫 が テ ー ブ ル に"),
    ("ﾊﾞｽ", "ﾊﾞ ｽ"),
    ("แมวสีแดง ๒๓ น้ำ", "แ ม ว สี แ ด ง ๒๓ น้ำ"),
    ("ແມວສີແດງ", "ແ ມ ວ ສີ ແ ດ ງ"),
    ("ខ្មែរ", "ខ្មែ រ"),
    ("မြန်မာ", "မြ န် မာ"),
    ("❤️ red 7️⃣ 🔴", "red 7"),
    ("\u0301 a", "a"),
    ("🔴🔵 ... —", ""),
]


def normal(text):
    return unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("sentence, words", SENTENCES)
def test_words_of_every_script(sentence, words, form):
    sentence = unicodedata.normalize(form, sentence)
    assert split_words(sentence) == [normal(word) for word in words.split()]


def test_signs_that_differ_make_words_that_differ():
    """के and को are one letter with two vowels."""
    words = Vocabulary.of(["का की के को क"])
    assert len(words.words) == 5
    assert len({words.encode(word)[0] for word in words.words}) == 5


@pytest.mark.parametrize(
    "sentence, expected",
    [
        ("一只红色的猫", "一只红色的猫"),
        ("赤い猫が", "赤い猫が"),
        ("แมวสีแดง", "แมวสีแดง"),
        ("ខ្មែរ", "ខ្មែរ"),
        ("3只T恤", "3 只 t 恤"),
        ("लाल बिल्ली", "लाल बिल्ली"),
        ("빨간 고양이", "빨간 고양이"),
        ("A red cat.", "a red cat"),
    ],
)
def test_a_sentence_is_readable_again(sentence, expected):
    words = Vocabulary.of([sentence])
    assert words.decode(words.encode(sentence)) == normal(expected)


def test_a_word_that_is_not_known_has_spaces_around_it():
    words = Vocabulary.of(["红色的猫"])
    assert words.decode(words.encode("红狗的猫", strict=False)) == "红 ? 的猫"


@given(st.text(st.characters(max_codepoint=0x52F, exclude_characters="\u0130")))
def test_latin_greek_and_cyrillic_words_are_those_of_version_0_1(text):
    text = "".join(c for c in normal(text) if unicodedata.category(c)[0] != "M")
    words = re.findall(r"[^\W_]+", normal(text).lower())
    assert split_words(text) == words


MARKS = "iIİ\u0307\u0327\u0323\u0301\u212bKΣς\u17d2\u1039กำ\u0e4dខ\u200c\u200dज\u094d ẛ"
texts = st.one_of(st.text(max_size=12), st.text(st.sampled_from(MARKS), max_size=12))


@given(texts)
def test_a_word_is_its_own_list_of_words(text):
    words = split_words(text)
    for word in words:
        assert split_words(word) == [word]
    assert split_words(unicodedata.normalize("NFD", text)) == words
    if words:
        told = Vocabulary(sorted(set(words)), len(words))
        assert split_words(told.decode(told.encode(text))) == words


def test_every_letter_is_in_a_word():
    """All of Unicode, each character after the letter a."""
    rng = random.Random(0)
    for code in rng.sample(range(0x80, 0x32000), 4000):
        if 0xD800 <= code < 0xE000:
            continue
        letter = chr(code)
        words = split_words(f"a{letter}")
        if letter.isalnum():
            assert len("".join(words)) > 1, hex(code)
        assert all(split_words(word) == [word] for word in words), hex(code)


# Slips


def test_one_string_is_no_list_of_sentences():
    example = r'as in Vocabulary.of\(\["a red square", "a blue bar"\]\), got str'
    with pytest.raises(InputError, match=example):
        Vocabulary.of("a red cat")
    with pytest.raises(InputError, match=r"list of words, .* got str 'red'"):
        Vocabulary("red", 3)
    with pytest.raises(InputError, match=r"list of sentences, .* got int 3"):
        Vocabulary.of(3)
    images = Images(np.zeros((3, 1, 1), np.uint8), 0, 255)
    with pytest.raises(DataError, match="expected a list of captions, got one: 'abc'"):
        Captioned(images, "abc", Vocabulary(["a"], 1))


@pytest.mark.parametrize("bad", [None, 3, b"a red cat", ["a red cat"], float("nan")])
def test_what_is_no_sentence(bad):
    with pytest.raises(InputError, match="expected a sentence, got "):
        split_words(bad)
    with pytest.raises(InputError, match="expected a sentence, got "):
        Vocabulary.of(["a", bad])
    with pytest.raises(InputError, match="expected a sentence, got "):
        Vocabulary(["a"], 2).encode(bad)


@pytest.mark.parametrize(
    "sentences, least, found",
    [
        ([], 1, "with letters or digits, found none in 0"),
        (["", "..."], 1, "with letters or digits, found none in 2"),
        (["🔴", "🔵🔵"], 1, "with letters or digits, found none in 2"),
        (["a b a"], 3, "at least 3 times, found none in 1 .*: 'a' is .*, 2 times"),
    ],
)
def test_sentences_of_which_nothing_is_left(sentences, least, found):
    with pytest.raises(InputError, match=found):
        Vocabulary.of(sentences, least)


@pytest.mark.parametrize("length", [0, -1, 2.5, "8", None])
def test_lengths_that_are_none(length):
    with pytest.raises(InputError, match="expects a length >= 1, got"):
        Vocabulary(["a"], length)
    assert Vocabulary(["a"], np.int64(3)).length == 3
