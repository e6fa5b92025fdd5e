"""Sentences: one line of at most 500 characters that no terminal obeys."""

import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import errors
from tinygan.errors import InputError, one_line, printable

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, InputError)
]


@given(st.text(st.characters(exclude_categories=()), max_size=900))
def test_any_text_becomes_one_line_that_is_safe_to_print(text):
    line = one_line(text)
    assert len(line) <= 500 and one_line(line) == line
    kinds = {unicodedata.category(c) for c in line}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    line.encode("utf-8")
    assert str(InputError(text)) == line


@pytest.mark.parametrize(
    "text, line",
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\x9b2J", r"a\x9b2J"),
        ("a\x00\x07\x7fb", r"a\x00\x07\x7fb"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("caf\udce9.png", r"caf\xe9.png"),  # an undecodable byte of a file's name
        ("\ud83d", r"\ud83d"),
        ("tag \U000e0041", r"tag \U000e0041"),
        ("first\n  second\r\n\tthird", "first second third"),
        ("two  spaces in a name", "two  spaces in a name"),
        ("\u0915\u094d\u200d\u0937 \u0646\u0645\u200c\u0647", None),  # joiners stay
        ("\u4e2d\u6587 \u00e9 \U0001f600", None),
    ],
)
def test_control_characters_are_escaped_and_letters_stay(text, line):
    assert one_line(text) == (text if line is None else line)


def test_a_line_for_the_terminal_keeps_its_spaces():
    assert printable("    tinygan train\t--resume  x\x1b") == (
        r"    tinygan train --resume  x\x1b"
    )


def test_a_long_sentence_keeps_the_ends_of_its_place_and_of_its_reason():
    sentence = one_line(f"/begin/{'x' * 3000}/end.csv: expected {'y' * 3000}, found z")
    assert len(sentence) == 500
    place, reason = sentence.split(": ")
    assert place.startswith("/begin/xx") and place.endswith("xx/end.csv")
    assert reason.startswith("expected yy") and reason.endswith("yy, found z")
    assert place.count("...") == reason.count("...") == 1
    assert len(one_line("x" * 501)) == len(one_line("x" * 100_000)) == 500
    assert one_line("x" * 500) == "x" * 500
    assert len(one_line(" \n" * 10**6 + "x" * 9 + " " * 10**6)) == 9


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_errors_are_the_same_in_another_process(kind):
    for sentence in ("a: expected b, found \x1b\ud800", "x" * 2000, ""):
        error = kind(sentence)
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is kind and str(copy) == str(error) == one_line(sentence)
        assert str(InputError(error)) == str(error)
    assert str(kind()) == ""
