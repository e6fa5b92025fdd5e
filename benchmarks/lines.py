"""A file of results with a line of JSON for each: a stopped benchmark goes on with it.

The first line is about the machine. Each further line is a result, and some of its keys
say which. The benchmark plays only what has no line yet.
"""

import contextlib
import json
import multiprocessing
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tinygan import InputError

from .report import commit, machine, now


class Lines:
    """The results in the file at `path`, which need not exist yet.

    keys: the keys that say which result a line is
    kind: what the results are called: "games"

    A method that reads raises InputError if it is not a file of these results.
    """

    def __init__(self, path: Path, keys: Sequence[str], kind: str):
        self.path, self.keys, self.kind = path, tuple(keys), kind

    def key(self, row: dict) -> tuple:
        """Which result a row is."""
        return tuple(row[k] for k in self.keys)

    def whole(self) -> bytes:
        """The file up to its last newline: a run was stopped while it wrote the rest.

        It is empty if there is no file.
        """
        text = self.path.read_bytes() if self.path.exists() else b""
        whole = text[: text.rfind(b"\n") + 1]
        lines = whole.splitlines() or text.splitlines()  # no whole line: another's file
        for number, line in enumerate(lines, start=1):
            if not _keys(line) >= (set(self.keys) if number > 1 else {"machine"}):
                raise InputError(
                    f"expected a file of {self.kind}, found a foreign line {number}"
                )
        return whole

    def read(self) -> list[dict]:
        """The results, without the line about the machine."""
        return [json.loads(line) for line in self.whole().splitlines()[1:]]

    def about(self) -> dict:
        """The line about the machine. InputError if there is no file."""
        if not self.path.is_file():
            raise InputError("there is no such file")
        first, *_ = [*self.whole().splitlines(), b"{}"]
        return json.loads(first)

    def play(
        self,
        cells: list[dict],
        play: Callable[[dict], dict],
        says: Callable[[dict], str],
        jobs: int = 1,
        **about,
    ) -> None:
        """Add the lines play(cell) of all cells that have none, `jobs` at a time.

        says: what is printed of a line      about: further facts for the first line
        """
        done = {self.key(row) for row in self.read()}
        todo = [cell for cell in cells if self.key(cell) not in done]
        print(
            f"{len(todo)} {self.kind} to play, {len(cells) - len(todo)} are in the file"
        )
        with contextlib.ExitStack() as stack:
            f, found = stack.enter_context(self._opened(about)), map(play, todo)
            if jobs > 1:
                pool = multiprocessing.get_context("spawn").Pool(jobs)
                found = stack.enter_context(pool).imap_unordered(play, todo)
            for i, row in enumerate(found, start=1):
                f.write(json.dumps(row) + "\n")
                f.flush()
                cell = " ".join(map(str, self.key(row)))
                print(f"{i}/{len(todo)} {cell}: {says(row)}", flush=True)

    def _opened(self, about: dict):
        """The file, with its first line and without a half-written last one."""
        kept = self.whole()
        f = self.path.open("a")
        f.truncate(len(kept))
        if not kept:
            first = {"date": now(), "commit": commit(), "machine": machine()}
            f.write(json.dumps(first | {"numpy": np.__version__} | about) + "\n")
            f.flush()
        return f


def _keys(line: bytes) -> set[str]:
    """The keys of a line; none if it is not a JSON object."""
    try:
        return set(dict(json.loads(line)))
    except (ValueError, TypeError):
        return set()
