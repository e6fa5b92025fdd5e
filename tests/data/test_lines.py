"""Text as data: alphabets, lines, the embedded names, and the reader of text files."""

import gzip
import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import NUMPY, data
from tinygan.data import Alphabet, Lines, load_names, read_lines
from tinygan.data.alphabet import END, UNKNOWN, ended
from tinygan.data.files import lines as reader
from tinygan.data.files.lines import windows
from tinygan.errors import DataError, InputError
from tinygan.runs.identity import fingerprint

characters = st.characters(exclude_characters="\0")
texts = st.lists(st.text(characters, max_size=6), min_size=1, max_size=6)


# The alphabet


def test_symbols_follow_the_code_points():
    abc = Alphabet("cab")
    assert abc.characters == "abc" and len(abc) == 4
    assert abc.encode(["ab", "", "cba"], 3).tolist() == [
        [1, 2, 0],
        [0, 0, 0],
        [3, 2, 1],
    ]
    assert abc == Alphabet("bca") and hash(abc) == hash(Alphabet("abc"))
    assert abc != Alphabet("ab") and abc != "abc"
    assert repr(abc) == "Alphabet('abc', 4 symbols)"


@given(texts.filter(any), st.integers(0, 3))
def test_texts_come_back(some, more):
    alphabet = Alphabet.of(some)
    assert set(alphabet.characters) == set("".join(some))
    rows = alphabet.encode(some, 6 + more)
    assert rows.shape == (len(some), 6 + more) and rows.dtype == np.uint8
    assert alphabet.decode(rows) == some
    x = alphabet.one_hot(rows)
    assert x.dtype == np.float32 and (x.sum(axis=2) == 1).all()
    assert np.array_equal(x.argmax(axis=2), rows)
    assert alphabet.read(x) == some


def test_a_text_ends_at_its_first_end():
    abc = Alphabet("abc")
    assert abc.decode(np.array([[1, 0, 2, 3], [1, 2, 3, 1], [0, 1, 1, 1]])) == [
        "a",
        "abca",
        "",
    ]
    assert ended(np.array([[1, 0, 2], [3, 2, 1]])).tolist() == [[1, 0, 0], [3, 2, 1]]
    soft = np.array([[[0.1, 0.5, 0.2, 0.2], [0.4, 0.2, 0.2, 0.2]]])
    assert abc.read(soft) == ["a"]


def test_more_than_256_symbols_take_two_bytes():
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    alphabet = Alphabet(many)
    assert alphabet.encode([many], 300).dtype == np.uint16
    assert Alphabet(many[:255]).encode(["一"], 1).dtype == np.uint8
    assert alphabet.decode(alphabet.encode([many], 300)) == [many]


def test_the_rarest_become_one_symbol():
    """Of equal counts, the first code points stay."""
    alphabet = Alphabet.of(["aaab", "bcd", "e"], most=3)
    assert alphabet.characters == "ab" + UNKNOWN
    assert alphabet.decode(alphabet.encode(["bead", "é"], 4)) == [
        "b\ufffda\ufffd",
        "\ufffd",
    ]
    assert Alphabet.of(["dcba"], most=3).characters == "ab" + UNKNOWN
    assert Alphabet.of(["dcba"], most=4).characters == "abcd"
    assert Alphabet.of(["dcba\ufffd"], most=3).characters == "ab" + UNKNOWN
    assert Alphabet.of(["dcba"], most=1).characters == UNKNOWN


def test_an_unknown_character_is_named():
    with pytest.raises(InputError, match="characters of the alphabet, got 'é'; it has"):
        Alphabet("cafe").encode(["cafe", "café"], 4)


@pytest.mark.parametrize("wrong", ["", "aba", "a\0", ["a"], None, b"abc", 3])
def test_what_is_no_alphabet_is_refused(wrong):
    with pytest.raises(InputError, match=r"^Alphabet expects"):
        Alphabet(wrong)


def test_other_refusals_of_an_alphabet():
    abc = Alphabet("abc")
    with pytest.raises(InputError, match="at most 2 characters, got 3: 'abc'"):
        abc.encode(["a", "abc"], 2)
    with pytest.raises(InputError, match="got NUL"):
        abc.encode(["a\0"], 2)
    with pytest.raises(InputError, match="symbols from 0 to 3, got 0 to 4"):
        abc.decode(np.array([[0], [4]]))
    for wrong in (np.zeros((2, 3)), np.zeros(3, int), np.zeros((2, 0), int)):
        with pytest.raises(InputError, match=r"expected integers \(N, T\), T >= 1"):
            abc.decode(wrong)
    assert abc.encode([], 4).shape == (0, 4)


# The lines


def test_lines_of_texts():
    lines = Lines.of(["ab", "c", "ab"])
    assert lines.shape == (2, 4) and len(lines) == 3
    assert lines.texts == ["ab", "c", "ab"] and lines.values.dtype == np.uint8
    assert repr(lines) == "Lines(3 of 2 places, 4 symbols)"
    assert Lines.of(["ab"], 5, Alphabet("abc")).shape == (5, 4)
    part = lines.part(slice(1, None))
    assert part.texts == ["c", "ab"] and part.alphabet == lines.alphabet


def test_lines_are_shortened_to_the_longest():
    lines = Lines.of(["ab", "", "abc"], 9)
    assert lines.shortened().values.tolist() == lines.values[:, :3].tolist()
    assert lines.shortened().texts == ["ab", "", "abc"]
    assert Lines.of(["", ""], 4, Alphabet("a")).shortened().values.shape == (2, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batches_are_one_hot_rows(dtype):
    lines = Lines.of(["ab", "c", "abc", ""])
    stream = lines.batches(4, 3, NUMPY, dtype)
    x = stream(0)
    assert x.shape == (4, 3, 4) and x.dtype == dtype
    assert set(x.ravel()) == {0, 1} and (x.sum(axis=2) == 1).all()
    assert Counter(lines.alphabet.read(x)) == Counter(lines.texts)
    assert np.array_equal(lines.batches(4, 3, NUMPY, dtype)(0), x)
    assert stream.divisible


def test_a_set_of_lines_has_a_fingerprint():
    facts = fingerprint(Lines.of(["ab", "c"]))
    assert (
        facts["shape"] == [2, 4] and facts["count"] == 2 and facts["values"]["sha256"]
    )
    assert facts != fingerprint(Lines.of(["ab", "b"]))


def test_labels_are_kept():
    abc = Alphabet("ab")
    lines = Lines([[1], [2], [1]], abc, [0, 1, 0], ["first", "second"], ["a note"])
    assert lines.part([1]).labels.tolist() == [1] and lines.classes == 2
    assert lines.part([1]).notes == ("a note",)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1.0]], r"integers \(N, T\).* found float64"),
        ([1, 2], r"of shape \(2,\)"),
        (np.zeros((0, 3), int), r"of shape \(0, 3\)"),
        (np.zeros((3, 0), int), r"of shape \(3, 0\)"),
        ([[1, 3]], "symbols from 0 to 2, found 1 to 3"),
        ([[-1, 2]], "symbols from 0 to 2, found -1 to 2"),
    ],
)
def test_what_are_no_lines_is_refused(values, words):
    with pytest.raises(DataError, match=words):
        Lines(np.array(values), Alphabet("ab"))


def test_other_refusals_of_lines():
    with pytest.raises(InputError, match="got one text"):
        Lines.of("abc")
    with pytest.raises(InputError, match="expects an Alphabet as alphabet"):
        Lines([[1]], "ab")
    with pytest.raises(InputError, match="Alphabet expects characters"):
        Lines.of([])
    with pytest.raises(DataError, match=r"shape \(0, 3\)"):
        Lines.of([], 3, Alphabet("a"))


@given(st.lists(st.sampled_from("abcdefgh"), min_size=2), st.floats(0.01, 0.99))
def test_no_line_is_on_both_sides(some, share):
    some = [*some, "y", "z"]
    lines = Lines.of(some)
    train, held = lines.held_out(share)
    assert not set(train.texts) & set(held.texts)
    assert Counter(train.texts) + Counter(held.texts) == Counter(some)
    n = len(set(some))
    assert len(set(held.texts)) == min(max(1, round(share * n)), n - 1)
    again = lines.held_out(share)
    assert again[1].texts == held.texts and again[0].alphabet == lines.alphabet


def test_a_split_depends_on_the_seed_and_needs_two_lines():
    lines = Lines.of([chr(97 + k) for k in range(20)])
    found = {tuple(lines.held_out(0.5, seed)[1].texts) for seed in range(5)}
    assert len(found) == 5
    with pytest.raises(DataError, match="two distinct lines"):
        Lines.of(["a", "a"]).held_out()
    with pytest.raises(InputError, match="a share 0 < share < 1"):
        lines.held_out(1)


# The names


def test_the_facts_of_the_names():
    names = load_names()
    assert len(names) == 32_033 and names.shape == (16, 27)
    found = names.texts
    assert found[0] == "emma" and found[-1] == "zzyzx"
    assert len(set(found)) == 29_494 and max(map(len, found)) == 15
    assert names.alphabet.characters == "abcdefghijklmnopqrstuvwxyz"
    assert (names.values[:, -1] == END).all()
    train, held = names.held_out()
    assert len(set(held.texts)) == 2949
    assert not set(train.texts) & set(held.texts)


# The reader


def written(tmp_path, content, encoding="utf-8"):
    path = tmp_path / "text.txt"
    path.write_bytes(
        content if isinstance(content, bytes) else content.encode(encoding)
    )
    return path


def read(tmp_path, content, length=8):
    return read_lines(written(tmp_path, content), length)


@pytest.mark.parametrize(
    "end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0c"]
)
def test_line_ends_of_any_kind(tmp_path, end):
    lines = read(tmp_path, f"one{end}two{end}{end}  three \t{end}")
    assert lines.texts == ["one", "two", "three"]
    assert lines.notes == (
        "3 lines of at most 8 characters, of 4 lines of text: 0 cut, 1 empty",
    )


def test_a_mark_at_the_beginning_is_no_character(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbfone\ntwo").texts == ["one", "two"]


def test_the_composed_form(tmp_path):
    text = "cafe\u0301\nnai\u0308ve\nplain"
    lines = read(tmp_path, text)
    assert lines.texts == ["caf\u00e9", "na\u00efve", "plain"]
    assert "2 lines changed to the composed form, NFC" in lines.notes
    hangul = unicodedata.normalize("NFD", "한국어")
    assert len(hangul) > 3 and read(tmp_path, hangul).texts == ["한국어"]


def test_marks_without_a_composed_form_are_characters(tmp_path):
    """A letter with a mark, and an emoji of five code points: cut like all others."""
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    lines = read(tmp_path, f"q\u0303x\n{family}", length=4)
    assert lines.texts == ["q\u0303x", family[:4], family[4:]]
    assert "\u0303" in lines.alphabet.characters


@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        ("", []),
        ("abc", ["abc"]),
        ("abcd", ["abcd"]),
        ("abcde", ["abcd", "e"]),
        ("abcdefghij", ["abcd", "efgh", "ij"]),
        ("ab cd ef", ["ab", "cd", "ef"]),
        ("a b c d e", ["a b", "c d", "e"]),
        ("abcd efgh", ["abcd", "efgh"]),
        ("abc   def", ["abc", "def"]),
        ("a bcdefgh", ["a", "bcde", "fgh"]),
        ("ab\u3000cd\u3000ef", ["ab", "cd", "ef"]),
        ("ab\tcdef", ["ab", "cdef"]),
    ],
)
def test_long_lines_are_cut_at_spaces(line, pieces):
    assert list(windows(line, 4)) == pieces


@given(st.text("ab \u3000", max_size=40), st.integers(1, 9))
def test_pieces_lose_nothing_but_space(line, length):
    line = line.strip()
    pieces = list(windows(line, length))
    assert all(1 <= len(p) <= length and p == p.strip() for p in pieces)
    assert "".join("".join(pieces).split()) == "".join(line.split())


def test_scripts_without_spaces_are_cut_at_the_length(tmp_path):
    lines = read(tmp_path, "春眠不覚暁処処聞啼鳥" * 3, length=7)
    assert [len(t) for t in lines.texts] == [7, 7, 7, 7, 2]
    thai = "ภาษาไทยไม่มีช่องว่าง"
    assert "".join(read(tmp_path, thai, length=5).texts) == thai
    arabic = "مرحبا بالعالم"
    assert read(tmp_path, arabic, length=8).texts == arabic.split()


def test_one_line_without_an_end(tmp_path):
    """A megabyte is cut in one pass: no piece of it is copied again and again."""
    lines = read_lines(written(tmp_path, "abcdefg" * 150_000), 32)
    assert len(lines) == -(-7 * 150_000 // 32) and lines.shape == (32, 8)
    assert lines.notes[0].endswith("of 1 line of text: 1 cut, 0 empty")


def test_control_characters_are_left_out(tmp_path):
    lines = read(tmp_path, "a\x1b[1mb\x07\n\x01\x02\nc\td")
    assert lines.texts == ["a[1mb", "c\td"]
    assert "4 control characters left out" in lines.notes
    joined = "می\u200cخواهم"  # Persian needs the invisible mark
    assert read(tmp_path, joined, length=9).texts == [joined]


def test_the_rarest_of_many_characters_become_one(tmp_path):
    han = "".join(map(chr, range(0x4E00, 0x4E00 + 700)))
    lines = read_lines(written(tmp_path, han[:499] * 3 + han), 10)
    assert len(lines.alphabet) == 501 and lines.alphabet.characters.endswith(UNKNOWN)
    (note,) = lines.notes[1:]
    assert note == (
        "700 different characters: the 499 most frequent stay, and all others, 9.15% "
        "of the text, are read as U+FFFD"
    )
    assert "".join(lines.texts).count(UNKNOWN) == 201
    few = read_lines(written(tmp_path, han[:500]), 10)
    assert len(few.alphabet) == 501 and UNKNOWN not in few.alphabet.characters
    assert len(few.notes) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "found an empty file"),
        (b"\n \n\t\r\n", "found only white space"),
        (
            "naïve".encode("latin-1"),
            "byte ef in line 1, as in Latin-1 .*iconv -f LATIN1",
        ),
        ("a\nb\ncafé\n".encode("cp1252"), "byte e9 in line 3"),
        (b"\xef\xbb\xbfa\n\xff\n", "byte ff in line 2"),
        ("text".encode("utf-16"), "found the mark of UTF-16; iconv -f UTF-16 -t UTF-8"),
        ("a\nb".encode("utf-16-le"), "line 1: .* the character NUL: .* in UTF-16"),
        (b"one\ntwo\0\n", "line 2: expected text in UTF-8, found the character NUL"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "found a PNG picture"),
        (gzip.compress(b"a line\n", mtime=0), "found a gzip file; gunzip unpacks it"),
    ],
)
def test_what_is_no_text_in_utf8_is_told_in_a_sentence(tmp_path, content, words):
    with pytest.raises(DataError, match=words) as e:
        read(tmp_path, content)
    assert str(e.value).startswith(str(tmp_path)) and "\n" not in str(e.value)


def test_other_refusals_of_the_reader(tmp_path, monkeypatch):
    path = written(tmp_path, "one\ntwo\n")
    with pytest.raises(DataError, match="expected a file, found a folder"):
        read_lines(tmp_path)
    with pytest.raises(DataError, match="expected a file, found none"):
        read_lines(tmp_path / "missing.txt")
    for length in (0, 4097, 2.5, None):
        with pytest.raises(InputError, match="1 <= length <= 4096"):
            read_lines(path, length)
    monkeypatch.setattr(reader, "MOST_PLACES", 15)
    with pytest.raises(DataError, match="at most 1 lines of 8 characters, found 2"):
        read_lines(path, 8)
    monkeypatch.setattr(reader, "MOST_BYTES", 7)
    with pytest.raises(DataError, match="found more; head -c"):
        read_lines(path, 4)


@given(st.binary(max_size=60))
def test_any_bytes_are_lines_or_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(content)
    try:
        lines = read_lines(path, 5)
    except DataError as e:
        assert "\n" not in str(e) and "expected" in str(e)
    else:
        assert lines.texts == [t for t in lines.texts if t and len(t) <= 5]
        assert not reader._CONTROL.search("".join(lines.texts))


def test_they_are_named_in_the_room():
    for name in ("Alphabet", "Lines", "load_names", "read_lines"):
        assert name in data.__all__
