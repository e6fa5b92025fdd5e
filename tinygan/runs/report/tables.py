"""Tables of a report: facts, measures, options, machine and versions."""

import html
import itertools
import json
import re
from collections.abc import Iterable

from ..metrics import seconds_of
from ..signs import finite_number
from .meanings import number
from .reading import Told

LONGEST = 300  # characters of a value
WIDEST = 24  # characters; a longer one may be broken anywhere
ABSOLUTE = re.compile(r"[/\\~]|[A-Za-z]:[/\\]")  # the path of a file


def summary(runs: list[Told]) -> str:
    """What the runs are: a row for each fact, a column for each run."""
    rows = {
        "recipe": [_short(told.config["recipe"]) for told in runs],
        "objective": [_text(told.facts.get("objective")) for told in runs],
        "steps": [_steps(told) for told in runs],
        "time of training": [_duration(seconds_of(told.rows)) for told in runs],
        "seed": [_text(told.config.get("seed")) for told in runs],
        "batch": [_text(told.config.get("batch")) for told in runs],
        "machine": [_machine(told) for told in runs],
    }
    told_of = {name: cells for name, cells in rows.items() if any(cells)}
    return table("", [told.name for told in runs], told_of)


def _steps(told: Told) -> str:
    asked = told.config.get("steps")
    of = f" of {asked:,}" if type(asked) is int else ""
    return f"{told.step:,}{of}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return (
        f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
    )


def _machine(told: Told) -> str:
    facts = told.config.get("machine")
    facts = facts if isinstance(facts, dict) else {}
    where = _text(facts.get("gpu") or facts.get("backend"))
    cores = told.config.get("cores")
    return f"{where}, {cores} cores" if type(cores) is int and cores > 1 else where


def measures(runs: list[Told]) -> str:
    """What `tinygan evaluate` measured, with the ceilings; "" if there is nothing."""
    if not any(told.measures for told in runs):
        return ""
    found: dict[str, list] = {}
    for i, told in enumerate(runs):
        for row in told.measures.get("measures", []):
            found.setdefault(row["name"], [None] * len(runs))[i] = row
    rows = {}
    for name, cells in found.items():
        one = next(cell for cell in cells if cell)
        pairs = [_pair(cell) for cell in cells]
        rows[name] = [*itertools.chain(*pairs), _text(one.get("better")), _says(one)]
    head = [head for told in runs for head in (_heading(told), "ceiling")]
    return table("measure", [*head, "better", "what it says"], rows)


def _heading(told: Told) -> str:
    step = told.measures.get("step")
    return f"{told.name}, step {step:,}" if type(step) is int else told.name


def _pair(cell: dict | None) -> tuple[str, str]:
    """The value and the ceiling of a measurement."""
    values = [finite_number((cell or {}).get(name)) for name in ("value", "ceiling")]
    value, ceiling = ("" if a is None else number(a) for a in values)
    return value, ceiling


def _says(cell: dict) -> str:
    return _text(cell.get("says"))


def options(runs: list[Told]) -> str:
    """The options of the recipes. Those in which the runs differ are marked."""
    return _compared([told.config["options"] for told in runs], runs)


def provenance(runs: list[Told]) -> str:
    """Machine, versions, data and identity of the runs."""
    return _compared([_facts(told) for told in runs], runs)


def _facts(told: Told) -> dict:
    """What config.json says of machine, versions and data, one name for each."""
    config, found = told.config, {}
    for name in ("tinygan", "commit", "cores", "run"):
        found[name] = config.get(name)
    for name in ("machine", "fingerprint"):
        inner = config.get(name)
        for key, value in inner.items() if isinstance(inner, dict) else ():
            found[f"{'data' if name == 'fingerprint' else name}: {key}"] = value
    source = config.get("source")
    if isinstance(source, dict):
        found["recipe.py, SHA-256"] = source.get("sha256")
    changes = config.get("changes")
    for change in changes if isinstance(changes, list) else ():
        if isinstance(change, dict):
            what = {k: v for k, v in change.items() if k != "step"}
            found[f"changed at step {_text(change.get('step'))}"] = what
    return found


def _compared(tables: list[dict], runs: list[Told]) -> str:
    names = dict.fromkeys(name for one in tables for name in one)
    rows = {
        str(name): [_short(one[name]) if name in one else "" for one in tables]
        for name in names
    }
    return table("", [told.name for told in runs], rows, mark=True)


def table(corner: str, heads: list[str], rows: dict[str, list], mark=False) -> str:
    """A table in HTML; every text is escaped. With `mark` a row whose cells differ is
    marked.
    """
    body = "".join(_row(name, cells, mark) for name, cells in rows.items())
    head = "".join(f"<th scope=col>{html.escape(text)}</th>" for text in heads)
    corner = f"<th scope=col>{html.escape(corner)}</th>"
    return (
        f'<div class="wide"><table><thead><tr>{corner}{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(name: str, cells: Iterable[str], mark: bool) -> str:
    cells = [html.escape(cell) for cell in cells]
    kind = ' class="differs"' if mark and len(set(cells)) > 1 else ""
    data = "".join(
        f"<td{' class=long' if len(cell) > WIDEST else ''}>{cell}</td>"
        for cell in cells
    )
    return f"<tr{kind}><th scope=row>{html.escape(name[:LONGEST])}</th>{data}</tr>"


def _text(value) -> str:
    """A value of JSON as text; "" for None."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _short(value) -> str:
    """As `_text`, without the folders of a path: they are nobody else's business."""
    text = _text(value)
    is_path = isinstance(value, str) and bool(ABSOLUTE.match(text))
    return text.replace("\\", "/").rstrip("/").rpartition("/")[2] if is_path else text
