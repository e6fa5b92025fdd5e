"""The lines of a text file, in any script, as small integers, with notes for the user.

A network takes lines of one length. A long line is cut into several, and a short one is
padded. Nothing is known of words, so a script without spaces is read like any other.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ...errors import DataError, whole
from ..alphabet import MOST, UNKNOWN, Alphabet
from ..lines import Lines
from .albums import plural
from .formats import ENDINGS
from .kinds import START, kind_of, named
from .source import open_file, system_errors

MOST_BYTES = 64 << 20
LENGTH, MOST_LENGTH = 32, 4096  # characters of a line
MOST_PLACES = 1 << 29  # of all lines together

# What no line needs. Tabs and line ends are not among them, nor are marks that join
# letters or turn their direction: some scripts need these.
_CONTROL = re.compile("[\x01-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")
# A line of a table of captions begins with the name of a picture.
_ENDED = b"|".join(re.escape(ending.encode()) for ending in ENDINGS)
_TABLE = re.compile(rb"(?im)^[^\s,;|]*(" + _ENDED + rb") *[#,;|\t]")
_CAPTIONS = ("caption", "captions")
_KINDS = ("a text file", "a text file in UTF-16")
_CONVERT = "iconv -f {} -t UTF-8 FILE > NEW converts it"


def read_lines(path, length: int = LENGTH) -> Lines:
    """The lines of a text file in UTF-8, at most `length` characters each.

    The file becomes lines in six steps:

    1. Unicode's composed form (NFC) is taken: an e and an accent become one character.
    2. The text is split at line ends of any kind: LF, CRLF, CR, U+2028 and others.
    3. Control characters are left out, and white space at both ends of a line.
    4. Empty lines are left out.
    5. A line of more than `length` characters is cut into several. The cut is at the
       last white space that fits, which is left out, or after `length` characters if
       there is none.
    6. The alphabet has the characters that occur. Of more than 500, the 499 most
       frequent stay, and U+FFFD stands for all others.

    A character is a code point. So a cut may part a letter from a mark that has no
    composed form with it, or the parts of an emoji. `Lines.notes` say how many lines
    were treated how.

    Raises DataError for a file that cannot be read, is empty or larger than 64 MiB, is
    in another encoding or no text, and InputError unless 1 <= length <= 4096.
    """
    return cut_lines(path, read_text(path), length)


def cut_lines(path, text: str, length: int) -> Lines:
    """What `read_lines` makes of the text of the file at `path`.

    Raises DataError and InputError as it does.
    """
    length = whole("read_lines", f"1 <= length <= {MOST_LENGTH}", length)
    cutter = _Cutter(length)
    lines = cutter.lines(text)
    if not lines:
        raise DataError(f"{path}: expected lines of text, found only white space")
    if len(lines) * length > MOST_PLACES:
        raise DataError(
            f"{path}: expected at most {MOST_PLACES // length:,} lines of {length} "
            f"characters, found {len(lines):,}; a part of the file fits"
        )
    alphabet = Alphabet.of(lines)
    notes = [*cutter.notes(len(lines)), *_of_alphabet(lines, alphabet)]
    return Lines.of(lines, length, alphabet, notes)


def whole_lines(text: str) -> list[str]:
    """The lines of a text after the first four steps: none of them is cut."""
    return _Cutter(len(text)).lines(text)


def holds_text(path) -> bool:
    """Whether there is a text file at `path`, by its name or its first bytes. A table
    of captions is none.
    """
    path = Path(path)
    with system_errors(path):
        if not path.is_file():
            return False
        with open_file(path) as file:
            start = file.read(START)
    named_so = path.suffix.lower() == ".txt"
    if path.stem.lower() in _CAPTIONS or _TABLE.search(start):
        return False
    return named_so or kind_of(start, path.name) in _KINDS


class _Cutter:
    """Cuts a text into lines, and counts what it did."""

    def __init__(self, length: int):
        self.length, self.did = length, Counter[str]()

    def lines(self, text: str) -> list[str]:
        """The lines of a text, none of them empty or longer than `length`."""
        found: list[str] = []
        for line in text.splitlines():
            line = self._cleaned(line)
            pieces = list(windows(line, self.length))
            self.did["read"] += 1
            self.did["empty"] += not pieces
            self.did["cut"] += len(pieces) > 1
            found += pieces
        return found

    def _cleaned(self, line: str) -> str:
        if not unicodedata.is_normalized("NFC", line):
            line = unicodedata.normalize("NFC", line)
            self.did["composed"] += 1
        clean = _CONTROL.sub("", line)
        self.did["control"] += len(line) - len(clean)
        return clean.strip()

    def notes(self, n: int) -> Iterator[str]:
        """What was done to how many lines, which became n."""
        did = self.did
        yield (
            f"{plural(n, 'line')} of at most {self.length} characters, of "
            f"{plural(did['read'], 'line')} of text: {did['cut']:,} cut, "
            f"{did['empty']:,} empty"
        )
        if did["composed"]:
            yield f"{plural(did['composed'], 'line')} changed to the composed form, NFC"
        if did["control"]:
            yield f"{plural(did['control'], 'control character')} left out"


def windows(line: str, length: int) -> Iterator[str]:
    """The pieces of a line without white space at its ends, at most `length` characters
    each, cut at white space where there is some.
    """
    start = 0
    while len(line) - start > length:
        places = range(start + length, start, -1)
        cut = next((k for k in places if line[k].isspace()), start + length)
        yield line[start:cut].rstrip()
        start = cut
        while line[start].isspace():
            start += 1
    if line:
        yield line[start:]


def _of_alphabet(lines: list[str], alphabet: Alphabet) -> Iterator[str]:
    """A note on characters that became U+FFFD."""
    if UNKNOWN not in alphabet.characters:
        return
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(line)
    if len(counts) > MOST:
        kept = sum(counts[c] for c in alphabet.characters if c != UNKNOWN)
        yield (
            f"{len(counts):,} different characters: the {MOST - 1} most frequent stay, "
            f"and all others, {1 - kept / counts.total():.2%} of the text, are read as "
            f"U+FFFD"
        )


def read_text(path) -> str:
    """The text of a file. DataError, in one sentence, for what is none in UTF-8."""
    with open_file(path) as file:
        data = file.read(MOST_BYTES + 1)
    if not data:
        raise DataError(f"{path}: expected lines of text, found an empty file")
    if len(data) > MOST_BYTES:
        raise DataError(
            f"{path}: expected a text of at most {MOST_BYTES >> 20} MiB, found more; "
            f"head -c {MOST_BYTES >> 20}M FILE > NEW makes it fit"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise DataError(f"{path}: expected text in UTF-8, {_found(e)}") from e
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(
            f"{path}, line {line}: expected text in UTF-8, found the character NUL: it "
            f"is no text, or in UTF-16, and then {_CONVERT.format('UTF-16LE')}"
        )
    return text


def _found(e: UnicodeDecodeError) -> str:
    """What a file is that is not in UTF-8."""
    data = e.object
    kind = kind_of(data[:START])
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return f"found the mark of UTF-16; {_CONVERT.format('UTF-16')}"
    if data[:2] == b"\x1f\x8b":
        return "found a gzip file; gunzip unpacks it"
    if kind is not None and not re.search("text|table|JSON|XML|HTML", kind):
        return f"found {named(kind, data[:START])}"
    line = data.count(b"\n", 0, e.start) + 1
    return (
        f"found byte {data[e.start]:02x} in line {line}, as in Latin-1 and other "
        f"encodings; from Latin-1, {_CONVERT.format('LATIN1')}"
    )
