"""metrics.jsonl: a row of JSON for each log interval.

A row is a table with a whole number `step`. The file may be damaged: a row that cannot
be read is left out, and the others stay.
"""

import json
import math
import pathlib
from collections.abc import Iterator

LONGEST = 1 << 16  # bytes of a line


def read_rows(path, most: int = 1 << 62) -> tuple[list[dict], list[int]]:
    """(the rows up to the step `most`, the numbers of the lines that are no rows).

    The last line is not counted if it does not end: a run was killed while it wrote it.
    A step that comes again, or an earlier step, is left out too. A missing file has no
    rows.
    """
    if not pathlib.Path(path).is_file():
        return [], []
    rows: list[dict] = []
    bad = []
    for number, line in enumerate(_lines(path), 1):
        row = _row(line)
        if row is not None and row["step"] <= most:
            if not rows or row["step"] > rows[-1]["step"]:
                rows.append(row)
        elif row is None and line.endswith(b"\n"):
            bad.append(number)
    return rows, bad


def _lines(path) -> Iterator[bytes]:
    """The lines of the file. A line of more than LONGEST bytes is no row, and only its
    last bytes are given.
    """
    with open(path, "rb") as file:
        while line := file.readline(LONGEST):
            while len(line) >= LONGEST and not line.endswith(b"\n"):
                line = b"..." + file.readline(LONGEST)
            yield line


def _row(line: bytes) -> dict | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_row = isinstance(row, dict) and type(row.get("step")) is int
    return row if is_row and 0 <= row["step"] < 1 << 62 else None


def seconds_of(rows: list[dict]) -> float:
    """The seconds at the last row that has them."""
    for row in reversed(rows):
        found = row.get("seconds")
        if type(found) in (int, float) and 0 <= found < 1e12 and math.isfinite(found):
            return float(found)
    return 0.0
