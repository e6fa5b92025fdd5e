"""Text files at the command line: what they hold is said, or why they are none."""

import gzip
import json

import numpy as np
import pytest
from PIL import Image

from tinygan.cli.arguments import main
from tinygan.data import read_lines
from tinygan.data.files.lines import holds_text
from tinygan.data.survey import survey

POEM = "Ein Rabe\n\nein Rabe\r\nEin Rabe\n  saß auf einem langen Zaun im Regen  \n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *arguments) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `tinygan data arguments...`."""
    try:
        status = main(["data", *map(str, arguments)])
    except SystemExit as e:
        status = e.code
    return status, *capsys.readouterr()


def test_it_says_what_a_text_holds(folder, capsys):
    (folder / "poem.txt").write_text(POEM, "utf-8", newline="")
    status, out, err = run(capsys, "poem.txt")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "poem.txt: a text file",
        "  lines        4",
        "  distinct     3",
        "  longest      34 characters",
        "  alphabet     16 characters: ' ERZabefgilmnsuß'",
        "  in training  32 places, each with one of 17 symbols",
        "  for example  Ein Rabe",
        "               ein Rabe",
        "               saß auf einem langen Zaun im Regen",
        "  note: 5 lines of at most 32 characters, of 5 lines of text: 1 cut, 1 empty",
        "train on them with",
        "    tinygan train text-lines --data poem.txt",
    ]
    assert [p.name for p in folder.iterdir()] == ["poem.txt"]


def test_the_size_is_the_length_of_a_line(folder, capsys):
    (folder / "my poem.txt").write_text(POEM, "utf-8")
    _, out, _ = run(capsys, "my poem.txt", "--size", 8)
    assert "\n  longest      34 characters\n" in out
    assert "\n  in training  8 places, each with one of 17 symbols\n" in out
    assert "\n  note: 8 lines of at most 8 characters" in out
    assert out.endswith("    tinygan train text-lines --data 'my poem.txt' --size 8\n")


def test_the_facts_are_those_of_training(folder):
    """In a script without spaces, with letters that are not composed yet."""
    text = "\n".join(["하늘을 우러러", "一二三四五六七八九十" * 9, "q\x07\x1b[1m"])
    (folder / "t.txt").write_text(text, "utf-8")
    found, lines = survey("t.txt", 12), read_lines("t.txt", 12)
    assert np.array_equal(found.data.values, lines.values)
    assert tuple(found.notes) == lines.notes and found.samples is None
    facts = dict(line for line in found.lines if line[0])
    assert facts["longest"] == "90 characters" and facts["lines"] == "3"
    assert all(line.isprintable() for line in found.text().splitlines())
    shown = 5 * "一二三四五六七八九十" + "一二三四五六七..."
    assert f"\n               {shown}\n" in found.text()


def test_one_line_is_too_few_to_train_on(folder, capsys):
    (folder / "t.txt").write_text("again\nagain\n", "utf-8")
    _, out, _ = run(capsys, "t.txt")
    assert "\n  lines        2\n  distinct     1\n" in out
    assert "\n  note: training takes two distinct lines or more\n" in out


WRONG = {
    "an empty file": (b"", "t.txt: expected lines of text, found an empty file"),
    "white space": (b"\n \n\t\n", "t.txt: expected lines of text, found only white"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(9), "in UTF-8, found a PNG picture"),
    "a gzip file": (gzip.compress(b"a\n" * 9, mtime=0), "found a gzip file; gunzip"),
    "Latin-1": ("a\nnaïve".encode("latin-1"), "found byte ef in line 2, as in Latin-1"),
    "UTF-16": ("text".encode("utf-16"), "the mark of UTF-16; iconv -f UTF-16 -t UTF-8"),
    "NUL": (b"one\ntwo\0\n", "t.txt, line 2: expected text in UTF-8, found the char"),
    "any bytes": (bytes(range(128, 256)), "found byte 80 in line 1"),
}


@pytest.mark.parametrize("content, sentence", WRONG.values(), ids=WRONG)
def test_what_is_no_text_is_told_in_a_sentence(folder, capsys, content, sentence):
    (folder / "t.txt").write_bytes(content)
    status, out, err = run(capsys, "t.txt")
    assert (status, out) == (2, "") and len(err.splitlines()) == 1
    assert err.startswith("tinygan: t.txt") and sentence in err


@pytest.mark.parametrize(
    "options",
    [
        *(["--channels", "1"], ["--array", "x"], ["--range", "0,1"]),
        *(["--labels", "{label}_*"], ["--size", "0"], ["--size", "5000"]),
    ],
    ids=" ".join,
)
def test_options_that_text_does_not_have(folder, capsys, options):
    (folder / "t.txt").write_text(POEM, "utf-8")
    status, out, err = run(capsys, "t.txt", *options)
    assert (status, out) == (2, "") and len(err.splitlines()) == 1


def test_nothing_is_drawn(folder, capsys):
    (folder / "t.txt").write_text(POEM, "utf-8")
    status, out, _ = run(capsys, "t.txt", "--out", "x.png")
    assert status == 0 and not (folder / "x.png").exists()
    assert out.endswith("no picture is drawn of a text file: x.png is not written\n")


def test_a_text_is_told_by_its_name_or_by_its_bytes(folder):
    for name, content, says in (
        ("a.TXT", POEM.encode(), True),
        ("b.md", POEM.encode(), True),
        ("c", "words".encode("utf-16"), True),
        ("d.txt", b"x, y\n1, 2\n", True),
        ("e.csv", b"x, y\n1, 2\n", False),
        ("f.txt", b"file,caption\n00.png,a red bar\n", False),
        ("g.token.txt", b"1.jpg#0\ta red bar\n", False),
        ("captions.txt", b"00\ta red bar\n", False),
        ("h.txt", b"Look at 00.png, it is red.\n", True),
        ("i.idx", bytes(range(40)), False),
    ):
        (folder / name).write_bytes(content)
        assert holds_text(name) is says, name
    assert not holds_text(".") and not holds_text("missing.txt")


def test_a_table_of_captions_stays_one(folder, capsys):
    Image.new("RGB", (8, 8), (200, 3, 3)).save("00.png")
    Image.new("RGB", (8, 8), (3, 200, 3)).save("01.png")
    (folder / "all.txt").write_text("file,caption\n00.png,a bar\n01.png,a box\n")
    _, out, _ = run(capsys, "all.txt", "--out", "../seen.png")
    assert out.startswith("all.txt: a folder of pictures with captions\n")
    (folder / "poem.txt").write_text(POEM, "utf-8")
    assert run(capsys, "poem.txt")[1].startswith("poem.txt: a text file\n")


def test_the_data_choose_the_recipe(folder, capsys, small_pictures):
    (folder / "t.txt").write_text(20 * POEM, "utf-8")
    short = "--steps", "1", "--batch", "4", "--quiet", "--out", "run"
    words = "train", "--data", "t.txt", "--size", "5"
    assert main([*words, *short]) == 0
    assert "the recipe text-lines suits them\n" in capsys.readouterr().out
    config = json.loads((folder / "run" / "config.json").read_text())
    assert config["options"]["data"] == str(folder / "t.txt")
    assert main([*words, "--channels", "3", "--out", "other"]) == 2
    err = "tinygan: --channels: text has no such option, only --size\n"
    assert capsys.readouterr().err == err
