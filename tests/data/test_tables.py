"""Tables of captions as people have them: separators, names of columns, encodings."""

import codecs
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan.data import load_captioned
from tinygan.errors import DataError

CAPTIONS = ["a red house", "a blue house", "a red cat", "the cat"]


@pytest.fixture
def read(lay, drawn):
    """read(table) reads four pictures with this table."""
    pictures = {f"{k}.png": drawn(k) for k in range(4)}

    def load(table, name="captions.csv", **options):
        return load_captioned(lay({name: table, **pictures}), **options)

    return load


def refused(read, table, name="captions.csv") -> str:
    with pytest.raises(DataError) as error:
        read(table, name)
    sentence = str(error.value)
    assert "expected" in sentence and "\n" not in sentence and len(sentence) < 500
    return sentence


def lines(row, header=""):
    """A table: row(k, caption) is a line."""
    rows = [row(k, caption) for k, caption in enumerate(CAPTIONS)]
    return "\n".join([header, *rows] if header else rows) + "\n"


@pytest.mark.parametrize("name", ["captions.csv", "captions.tsv", "captions.txt"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("header", ["file{}caption", ""])
def test_any_separator_in_any_file(read, name, separator, header):
    header = header.format(separator)
    data = read(lines(lambda k, c: f"{k}.png{separator}{c}", header), name)
    assert data.captions == CAPTIONS
    assert data.images.pixels[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert data.images.notes == ()


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_comma_within_a_caption_is_no_separator(read, separator):
    table = lines(lambda k, c: f"{k}.png{separator}{c}, {c}, and {c}")
    assert read(table).captions[3] == "the cat, the cat, and the cat"


def test_a_hint_for_a_spreadsheet_is_no_line(read):
    table = "sep=;\r\n" + lines(lambda k, c: f"{k}.png;{c}", "file;caption")
    assert read(table).captions == CAPTIONS


@pytest.mark.parametrize(
    "file, caption",
    [
        *(("image", "caption"), ("file_name", "text"), ("filename", "description")),
        *(("Image Path", "Sentence"), ("IMG", "Comment"), ("picture", "Title")),
        *(("image_name", " comment"), ("photo", "Alt Text"), ("image_id", "label")),
        *(("bild", "beschreibung"), ("", "caption"), ("file", "")),
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_usual_and_unusual_names_of_columns(read, file, caption, swapped):
    def line(a, b):
        return f"{b},{a}" if swapped else f"{a},{b}"

    data = read(lines(lambda k, c: line(f"{k}.png", c), line(file, caption)))
    assert data.captions == CAPTIONS
    (note,) = data.images.notes
    assert note == (
        f"the column {file.strip()!r} names the pictures, "
        f"and {caption.strip()!r} has the captions"
    )


def test_the_likelier_of_two_names_is_taken(read):
    data = read(
        lines(
            lambda k, c: f"{k % 2},a title {k % 2},{k}.png,{c}", "name,title,file,text"
        )
    )
    assert data.captions == CAPTIONS
    assert list(data.attributes) == ["name", "title"]


def test_captions_in_columns_with_numbers(read):
    header = "file,caption_1,caption_2,hue"
    data = read(lines(lambda k, c: f"{k}.png,{c},{'' if k else 'a'},red", header))
    assert data.all_captions[0] == ("a red house", "a")
    assert data.all_captions[1:] == [(c,) for c in CAPTIONS[1:]]
    assert list(data.attributes) == ["hue"]


@pytest.mark.parametrize(
    "header, row",
    [
        (",file,caption", "{k},{k}.png,{c}"),
        ("Unnamed: 0,file,caption", "{k},{k}.png,{c}"),
        (",Unnamed: 0,file,caption", "{k},{k},{k}.png,{c}"),
        ("id,file,caption", "{k},{k}.png,{c}"),
        ("index,file,caption,", "{k},{k}.png,{c},"),
        ("", "{k},{k}.png,{c}"),
        (",file,caption", "{j},{k}.png,{c}"),  # shuffled by pandas
    ],
)
def test_an_index_is_no_attribute(read, header, row):
    shuffled = (7, 2, 9, 4)
    data = read(lines(lambda k, c: row.format(k=k, c=c, j=shuffled[k]), header))
    assert data.captions == CAPTIONS
    assert data.attributes == {}
    assert "only counts the lines and is left out" in data.images.notes[0]


def test_numbers_under_a_name_are_an_attribute(read):
    data = read(lines(lambda k, c: f"{k}.png,{c},{k // 2}", "file,caption,hat"))
    assert data.attributes["hat"][0] == ("0", "1")


def test_separators_at_the_end_of_lines(read):
    table = lines(lambda k, c: f"{k}.png,{c},", "file,caption,")
    assert read(table).captions == CAPTIONS
    table = lines(lambda k, c: f"{k}.png,{c},,", "file,caption")
    assert read(table, "captions.txt").captions == CAPTIONS


def test_without_names_the_content_tells_the_columns(read):
    data = read(lines(lambda k, c: f"{c},{k}.png"))
    assert data.captions == CAPTIONS
    data = read(lines(lambda k, c: f"red,{k}.png,{c}"), "captions.tsv")
    assert data.captions == CAPTIONS
    assert data.attributes["column 1"][0] == ("red",)
    assert data.images.notes == ()


def test_columns_that_cannot_be_told_apart(read):
    sentence = refused(read, lines(lambda k, c: f"{k}.png,{c},{c} again"))
    assert "line 1: expected names of columns, file and caption among them" in sentence
    assert "found ['0.png', 'a red house'" in sentence


def test_a_header_is_no_picture(read):
    """Its names are unknown, and no picture is called so."""
    sentence = refused(read, "pic_nr,what,why\n7,red,blue\n8,red,blue\n")
    assert "line 1: expected names of columns" in sentence
    sentence = refused(read, "image,caption\nnone.png,a\nno.png,b\n")
    assert "line 2: expected the file 'none.png', found none" in sentence
    assert sentence.endswith("(so it is with 2 of 2 pictures)")


@pytest.mark.parametrize("separator", ["\t", "|"])
def test_quotes_are_letters_if_no_field_needs_them(read, separator):
    rows = ['"a big" house', 'a 5" pipe', '"a, b"', '"he said ""no"" to it"']
    table = "".join(f"{k}.png{separator}{row}\n" for k, row in enumerate(rows))
    data = read(f"file{separator}caption\n{table}", "captions.tsv")
    assert data.captions == ['"a big" house', 'a 5" pipe', "a, b", 'he said "no" to it']


def test_quotes_enclose_separators(read):
    table = 'file\tcaption\n0.png\t"a\tb"\n1.png\t"a\nb"\n2.png\tc\n3.png\td\n'
    data = read(table, "captions.tsv")
    assert data.captions == ["a\tb", "a\nb", "c", "d"]
    assert read(table.replace("\t", ","), "captions.txt").captions[0] == "a,b"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_with_a_mark(read, encoding, end):
    table = lines(lambda k, c: f"{k}.png,{c} für {k} 猫", "file,caption")
    data = read(table.replace("\n", end).encode(encoding))
    assert data.captions == [f"{c} für {k} 猫" for k, c in enumerate(CAPTIONS)]


@pytest.mark.parametrize(
    "text, encoding, found",
    [
        ("0.png,été\n", "cp1252", "line 1: expected UTF-8 at offset 6, found byte e9"),
        ("0.png,a\n1.png,红猫\n", "gbk", "line 2: expected UTF-8 at offset 14, found"),
        (
            "0.png,猫\n",
            "shift-jis",
            "line 1: expected UTF-8 at offset 6, found byte 94",
        ),
        ("0.png,a\n1.png,b\0\n", "utf-8", "line 2: expected text in UTF-8, found the"),
        (
            "0.png,a\n",
            "utf-16-le",
            "the character NUL (is it UTF-16 without its mark?)",
        ),
        (
            "0.png,a\n",
            "utf-16-be",
            "the character NUL (is it UTF-16 without its mark?)",
        ),
    ],
)
def test_encodings_without_a_mark(read, text, encoding, found):
    sentence = refused(read, text.encode(encoding))
    assert found in sentence
    if "offset" in found:
        assert sentence.endswith(
            '(save the table as UTF-8, in a spreadsheet as "CSV UTF-8")'
        )


def test_half_a_character_of_utf_16(read):
    data = codecs.BOM_UTF16_LE + "0.png,a".encode("utf-16-le") + b"\xd8"
    assert "expected UTF-16 at offset" in refused(read, data)


@pytest.mark.parametrize(
    "data, found",
    [
        (b"PK\3\4" + b"\xff" * 60, "expected text in UTF-8, found a zip archive"),
        (b"PAR1" + b"\xff" * 60, "expected text in UTF-8, found a Parquet file"),
        (
            b"<!DOCTYPE html><html>",
            "expected text, found a web page (HTML); the download",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
            "expected text, found a Git LFS pointer; `git lfs pull`",
        ),
    ],
)
def test_what_is_no_text_is_named(read, data, found):
    assert found in refused(read, data)


def test_a_line_may_not_be_endless(read):
    sentence = refused(read, "0.png,a\n" + "," * (1 << 21))
    assert "line 1: expected fields, quoted or without quotes, found damage" in sentence


# A few faults are left out, many are refused


def table_of(n, bad):
    """A table of n pictures: the lines in `bad` are as given there."""
    return "".join(bad.get(k, f"{k}.png,a cat {k % 3}\n") for k in range(n))


@pytest.fixture
def many(lay, drawn):
    def load(bad, n=40, **files):
        pictures = {f"{k}.png": drawn(k) for k in range(n)}
        return load_captioned(
            lay({"captions.csv": table_of(n, bad), **pictures, **files})
        )

    return load


@pytest.mark.parametrize(
    "line, what",
    [
        (
            "7.png\n",
            "lines is left out: captions.csv, line 8: expected 2 fields, found 1",
        ),
        ("7.png,a,b\n", "lines is left out: captions.csv, line 8: expected 2 fields"),
        (
            "7.png,\n",
            "lines is left out: captions.csv, line 8: expected a caption of 1",
        ),
        ("7.png,🔴\n", "of letters or digits, found 0 in '🔴'"),
        ("none.png,a\n", "line 8: expected the file 'none.png', found none"),
    ],
)
def test_a_few_faults_are_noted(many, line, what):
    data = many({7: line})
    assert len(data) == 39
    assert 7 not in data.images.pixels
    (note,) = data.images.notes
    assert note.startswith("1 of 40 ") and what in note


def test_damaged_pictures_are_noted(lay, drawn):
    pictures = {f"{k}.png": drawn(k) for k in range(40)} | {"3.png": b"no picture"}
    data = load_captioned(lay({"captions.csv": table_of(40, {}), **pictures}))
    assert data.images.pixels[:, 0, 0, 0].tolist() == [k for k in range(40) if k != 3]
    assert data.captions[3] == "a cat 1"
    (note,) = data.images.notes
    assert note.startswith(
        "1 of 40 pictures is left out: captions.csv, line 4: '3.png': "
    )


@pytest.mark.parametrize("lost, good", [(4, True), (5, False), (40, False)])
def test_a_tenth_may_be_missing(many, lost, good):
    bad = {k: f"none-{k}.png,a\n" for k in range(lost)}
    if good:
        (note,) = many(bad).images.notes
        assert note.startswith(f"{lost} of 40 pictures are left out: ")
        assert note.endswith("'none-2.png', found none; ...")
        return
    with pytest.raises(DataError, match=rf"line 1: .* with {lost} of 40 pictures\)$"):
        many(bad)


def test_a_set_of_which_nothing_is_left(read):
    sentence = refused(read, lines(lambda k, c: f"{k}.png,🔴🔵"))
    assert (
        "words of letters or digits, found 0 in '🔴🔵' (so it is with 4 of 4"
        in sentence
    )
    with pytest.raises(DataError, match=r"at least 9 times, found none in 4 sentences"):
        read(lines(lambda k, c: f"{k}.png,{c}"), "captions.tsv", least=9)


# Attributes


def test_columns_that_are_no_attribute(lay, drawn):
    pictures = {f"{k}.png": drawn(k) for k in range(24)}
    rows = [
        f"{k}.png,{n},a cat,{'red' if k % 2 else 'blue'},key {k}"
        for k in range(24)
        for n in range(2)
    ]
    table = "\n".join(["image,comment_number,comment,colour,key", *rows])
    data = load_captioned(lay({"results.csv": table, **pictures}))
    assert list(data.attributes) == ["colour"]
    assert data.attributes["colour"][0] == ("blue", "red")
    assert data.images.notes[2:] == (
        "the column 'comment_number' differs between the captions of a picture and is "
        "left out",
        "the column 'key' differs for each picture and is left out",
    )


# Noise

BITS = ['"', ",", ";", "\t", "|", "\n", "\r", "\0", "\ufeff", "../", "\\", "#0", "🔴"]
BITS += ["file", "caption", "0.png", "1.png", "sep=;", "\x1b[31m", "a cat", "9", " "]


@given(st.lists(st.sampled_from(BITS), max_size=40), st.sampled_from(["csv", "tsv"]))
def test_noise_is_read_or_refused_in_one_sentence(tmp_path_factory, drawn, bits, kind):
    path = tmp_path_factory.getbasetemp() / f"noise-{kind}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"captions.{kind}", "".join(bits))
        for k in range(2):
            archive.writestr(f"{k}.png", drawn(k))
    try:
        notes = load_captioned(path).images.notes
        assert all(note.isprintable() for note in notes)
    except DataError as e:
        assert str(e).startswith(str(path)) and str(e).isprintable()
        assert len(str(e)) < 500
