"""Read what the folder of a run holds. The folder may be damaged, or a stranger's.

No code of the folder is run, and no link is followed out of it: a report may be given
to others.
"""

import contextlib
import dataclasses
import html
import json
import pathlib
import re

from ...errors import InputError
from ...files import read_plain
from ..frames import frames
from ..health import Finding, findings
from ..metrics import read_rows
from ..owned import CONFIG, COPIES, COPY, METRICS, PAGE, TEXT
from ..settings import read_config
from ..signs import finite_number

MOST_SOURCE, MOST_TEXT, MOST_JSON = 200_000, 100_000, 1 << 20  # bytes
MOST_SOUNDS = 1 << 23  # of the page of sounds
LINES = 32  # of text that are shown
SOUND = re.compile(
    r"<figcaption>([^<]{0,200})</figcaption>"
    r'<audio [^>]{0,80}src="data:audio/wav;base64,([A-Za-z0-9+/=]+)"'
)


@dataclasses.dataclass
class Told:
    """What the folder of a run tells. bad: the numbers of lines of the log that are no
    rows. sources: (name, text) of the recipe and of the files that it imports. sounds:
    (caption, a WAV file in base 64). measures: what `tinygan evaluate` has written.
    """

    name: str
    config: dict
    rows: list[dict]
    bad: list[int]
    frames: list[tuple[int, pathlib.Path]]
    sources: list[tuple[str, str]]
    lines: list[str]
    sounds: list[tuple[str, str]]
    measures: dict

    @property
    def facts(self) -> dict:
        """The facts of the game; {} for a run of an earlier version."""
        facts = self.config.get("game")
        return facts if isinstance(facts, dict) else {}

    @property
    def flat(self) -> dict[str, float]:
        """The values in the log if D cannot tell, as far as they are known."""
        flat = self.facts.get("flat")
        numbers = flat.items() if isinstance(flat, dict) else ()
        return {k: a for k, v in numbers if (a := finite_number(v)) is not None}

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the run, from its log."""
        return findings(self.rows, self.facts)

    @property
    def step(self) -> int:
        """The last step in the log."""
        return self.rows[-1]["step"]


def read(path) -> Told:
    """What the run in the folder `path` tells. InputError if it is no run's folder, or
    if its log has no rows yet.
    """
    path = pathlib.Path(path)
    if not str(path).strip() or "\0" in str(path):
        raise InputError(f"expected the folder of a run, got {str(path)!r}")
    config = read_config(path)
    rows, bad = read_rows(path / METRICS)
    if not rows:
        raise InputError(
            f"{path / METRICS}: expected a log with rows, found none yet; the first "
            "one is written after the first log interval of the training"
        )
    return Told(
        name=path.resolve().name,
        config=config,
        rows=rows,
        bad=bad,
        frames=frames(path),
        sources=_sources(path),
        lines=_text(path / TEXT, MOST_TEXT).splitlines()[:LINES],
        sounds=_sounds(path / PAGE),
        measures=_measures(path),
    )


def _text(path: pathlib.Path, most: int) -> str:
    """The text of a plain file, "" if there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        return read_plain(path, most, links=False).decode("utf-8", "replace")
    return ""


def _sources(path: pathlib.Path) -> list[tuple[str, str]]:
    """(name, text) of the copy of the recipe, and of the files beside it."""
    found = [(COPY, path / COPY)]
    with contextlib.suppress(OSError):
        if not (path / COPIES).is_symlink():
            beside = sorted((path / COPIES).rglob("*.py"))
            found += [(f.relative_to(path).as_posix(), f) for f in beside]
    texts = [(name, _text(file, MOST_SOURCE)) for name, file in found]
    return [(name, text) for name, text in texts if text]


def _sounds(path: pathlib.Path) -> list[tuple[str, str]]:
    """(caption, WAV file in base 64) of the players on the run's page of sounds."""
    found = SOUND.findall(_text(path, MOST_SOUNDS))
    return [(html.unescape(caption), wav) for caption, wav in found]


def _measures(path: pathlib.Path) -> dict:
    """The table that `tinygan evaluate --out` has written into this folder, of the
    latest step; {} if there is none.
    """
    found = []
    with contextlib.suppress(OSError):
        for file in sorted(path.glob("*.json")):
            if file.name.casefold() == CONFIG:
                continue
            table = None
            with contextlib.suppress(ValueError, RecursionError):
                table = json.loads(_text(file, MOST_JSON))
            if _is_evaluation(table):
                found.append(table)
    return max(found, key=lambda table: table["step"], default={})


def _is_evaluation(table) -> bool:
    if not isinstance(table, dict) or type(table.get("step")) is not int:
        return False
    rows = table.get("measures")
    return isinstance(rows, list) and all(
        isinstance(row, dict) and isinstance(row.get("name"), str) for row in rows
    )
