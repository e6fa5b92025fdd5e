"""A table of captions as lines of text: encoding, separator, quotes, rows.

    file,caption,colour
    img/0001.png,a small red house,red

The separator is a comma, a tab, a semicolon or a pipe, whatever the file's name says.
columns.py tells which column is what.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from textwrap import shorten

from ...errors import DataError
from .columns import Columns, Row, Rows, choose_columns, is_named, looks_like_picture
from .kinds import START, kind_of, named

MOST_LINES = 1_000_000
MOST_LETTERS = 1 << 20  # in a line
SEPARATORS = ",\t;|"
_PAGE, _POINTER = "a web page (HTML)", "a Git LFS pointer"  # text, but no table
_SAMPLE = 50  # lines that show which separator it is

Line = tuple[int, list[str]]  # its number, and its fields


def read_table(
    data: bytes, natural: str, where: str, is_picture: Callable[[str], bool]
) -> Rows:
    """The rows of a table. `natural` is the separator that the file's name promises.
    `is_picture` knows the names of the pictures that are there.

    Raises DataError, which begins with `where`, if it is no such table.
    """
    text = text_of(data, where)
    hint = re.match(r'"?sep=([,;|\t])"?[\r\n]', text)  # a line that Excel understands
    if hint:
        natural, text = hint[1], text[len(hint[0]) - 1 :]

    def names_picture(field: str) -> bool:
        return looks_like_picture(field) or is_picture(field)

    lines = _lines(text, _separator(text, natural, names_picture), where)
    if not lines:
        raise DataError(
            f"{where}: expected lines with a file and a caption, found none"
        )
    columns, body = choose_columns(lines, where, names_picture)
    rows = Rows([], [], columns.notes)
    for number, fields in body:
        _sort(fields, columns, f"{where}, line {number}", rows)
    return rows


def _sort(fields: list[str], columns: Columns, at: str, rows: Rows) -> None:
    """Put a line among the good rows, or a sentence about it among the bad ones."""
    width = columns.width
    if len(fields) < width or any(fields[width:]):
        hint = ""
        if len(fields) > width:
            hint = " (a caption with the separator in it needs quotes)"
        rows.bad.append(f"{at}: expected {width} fields, found {len(fields)}{hint}")
        return
    captions = [fields[k] for k in columns.captions]
    captions = [caption for caption in captions if caption] or captions[:1]
    facts = {name: fields[k] for name, k in columns.others.items()}
    rows.good.append(Row(fields[columns.file], captions, facts, at))


def text_of(data: bytes, where: str) -> str:
    """The text in UTF-8, or in UTF-16 if it begins with that encoding's mark.

    Raises DataError for other encodings, and for a character NUL.
    """
    kind = kind_of(data[:START])
    if kind in (_PAGE, _POINTER):
        raise DataError(f"{where}: expected text, found {named(kind, data)}")
    is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as e:
        if kind is not None and "text" not in kind and "table" not in kind:
            raise DataError(f"{where}: expected text in UTF-8, found {kind}") from e
        expected = "UTF-16" if is_wide else "UTF-8"
        hint = 'save the table as UTF-8, in a spreadsheet as "CSV UTF-8"'
        raise DataError(
            f"{where}, line {data.count(10, 0, e.start) + 1}: expected {expected} at "
            f"offset {e.start}, found byte {e.object[e.start]:02x} ({hint})"
        ) from e
    if "\0" in text:
        hint = " (is it UTF-16 without its mark?)" if "\0" in text[:2] else ""
        raise DataError(
            f"{where}, line {text.count(chr(10), 0, text.index(chr(0))) + 1}: "
            f"expected text in UTF-8, found the character NUL{hint}"
        )
    return text


def _separator(text: str, natural: str, names_picture) -> str:
    """The separator with which the first lines are most like captions: they have known
    names, or fields that name a picture.
    """
    best, found = (False, 0), natural
    for separator in dict.fromkeys([natural, *SEPARATORS]):
        lines: list[list[str]] = []
        try:
            for _, fields in _parsed(text, separator, strict=False):
                lines.append(fields)
                if len(lines) == _SAMPLE:
                    break
        except csv.Error:
            pass  # the full reading tells the place
        split = [fields for fields in lines if len(fields) > 1]
        pictures = sum(any(map(names_picture, fields)) for fields in split)
        score = bool(split) and is_named(lines[0]), pictures
        if score > best:
            best, found = score, separator
    return found


def _lines(text: str, separator: str, where: str) -> list[Line]:
    """All lines that are not empty. A row with quoted line ends has the number of its
    last line.

    If all lines of a table with tabs or pipes have as many of them, no field needs
    quotes. Then a quote is a letter like any other, unless it encloses a whole field.
    """
    if separator in "\t|" and text.count("\n") <= MOST_LINES:
        plain = [
            (number, [_unquoted(field) for field in line.split(separator)])
            for number, line in enumerate(lines_of(text), 1)
            if line.strip()
        ]
        if len({len(fields) for _, fields in plain}) == 1:
            return [line for line in plain if any(line[1])]
    lines = []
    for line in _parsed(text, separator, strict=True, where=where):
        lines.append(line)
        if len(lines) > MOST_LINES:
            raise DataError(f"{where}: expected at most {MOST_LINES} lines, found more")
    return lines


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text, which end in one or both of CR and LF."""
    return io.StringIO(text, newline=None)


def _parsed(text: str, separator: str, strict: bool, where="") -> Iterator[Line]:
    """The lines as the csv module reads them. With `where` an error is a DataError."""
    reader = csv.reader(_bounded(text), delimiter=separator, strict=strict)
    try:
        for fields in reader:
            fields = [field.strip() for field in fields]
            if any(fields):
                yield reader.line_num, fields
    except csv.Error as e:
        if not where:
            raise
        raise DataError(
            f"{where}, line {max(1, reader.line_num)}: expected fields, quoted or "
            f"without quotes, found damage ({shorten(str(e), 100)})"
        ) from e


def _bounded(text: str) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        if len(line) > MOST_LETTERS:
            raise csv.Error(f"a line of {len(line)} letters")
        yield line


def _unquoted(field: str) -> str:
    field = field.strip()
    inner = field[1:-1].replace('""', "")
    if len(field) > 1 and field[0] == field[-1] == '"' and '"' not in inner:
        return field[1:-1].replace('""', '"').strip()
    return field
