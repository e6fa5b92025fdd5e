"""The page of a report: what was read, as HTML that loads nothing from elsewhere."""

import base64
import hashlib
import html

from ...sound.page import document, player
from . import tables
from .curves import outside, svg, window
from .film import Frame, film
from .meanings import meanings, number
from .panels import Panel, panels, series_of, stages
from .reading import Told
from .style import SCRIPT, STYLE

PICTURES = 3_000_000  # bytes of all pictures together
SOUNDS, PLAYERS = 1_000_000, 8  # bytes of all sounds together, and how many at most
LINES_OF_SOURCE = 60  # a longer recipe is folded


def page_of(runs: list[Told]) -> str:
    """The HTML of these runs, side by side."""
    *others, last = (told.name for told in runs)
    names = f"{', '.join(others)} and {last}" if others else last
    verb = "tells" if len(runs) == 1 else "tell"
    sections = (
        ("", tables.summary(runs)),
        ("Health", _health(runs)),
        ("Samples over time", _samples(runs)),
        ("Curves", _curves(runs)),
        ("Measures", _measures(runs)),
        ("Recipe", _recipe(runs)),
        ("Machine and versions", tables.provenance(runs)),
    )
    body = "\n".join(_section(title, text) for title, text in sections if text)
    heading = f"<h1>What {html.escape(names)} {verb}</h1>"
    script = f"<script>{SCRIPT}</script>"
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; media-src data:; style-src "
        f"'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    return document(names, STYLE, f"{heading}\n{body}\n{script}", policy)


def _section(title: str, text: str) -> str:
    heading = f"<h2>{html.escape(title)}</h2>\n" if title else ""
    return f"<section>{heading}{text}</section>"


def _side_by_side(runs: list[Told], parts: list[str]) -> str:
    """A column for each run, with its name if there are several."""
    columns = (
        f"<div>{_name(told) if len(runs) > 1 else ''}{part}</div>"
        for told, part in zip(runs, parts, strict=True)
    )
    return f'<div class="columns">{"".join(columns)}</div>'


def _name(told: Told) -> str:
    return f"<h3>{html.escape(told.name)}</h3>"


def _list(sentences: list[str], kind: str = "") -> str:
    items = "".join(f"<li>{html.escape(text)}</li>" for text in sentences)
    return f'<ul class="{kind}">{items}</ul>'


def _health(runs: list[Told]) -> str:
    parts = []
    for told in runs:
        said = [finding.sentence for finding in told.findings]
        damage = []
        if told.bad:
            lines = ", ".join(map(str, told.bad[:5])) + (" ..." if told.bad[5:] else "")
            damage = [f"metrics.jsonl has no row of JSON in line {lines}."]
        well = "" if said else "<p>Nothing is wrong, as far as the log can tell.</p>"
        alarms = _list(said, "alarms") if said else ""
        parts.append(well + alarms + (_list(damage) if damage else ""))
    return _side_by_side(runs, parts)


def _samples(runs: list[Told]) -> str:
    films = [film(told.frames, PICTURES // len(runs)) for told in runs]
    parts = [
        _film(told, frames) + _lines(told, frames) + _players(told, SOUNDS // len(runs))
        for told, frames in zip(runs, films, strict=True)
    ]
    if not any(parts):
        return ""
    steps = sorted({frame.step for frames in films for frame in frames})
    slider = ""
    if len(steps) > 1:
        slider = (
            f'<p class="slider"><label>step <output>{steps[-1]:,}</output>'
            f'<input type="range" min="0" max="{len(steps) - 1}" '
            f'value="{len(steps) - 1}"></label></p>'
        )
    return slider + _side_by_side(runs, parts)


def _film(told: Told, frames: list[Frame]) -> str:
    """A strip of pictures, which the script turns into one picture at a time."""
    if not frames:
        return "<p>There are no pictures in samples/.</p>"
    figures = "".join(
        f'<figure data-step="{frame.step}">{_frame(told, frame)}'
        f"<figcaption>step {frame.step:,}</figcaption></figure>"
        for frame in frames
    )
    return f'<div class="film" tabindex="0">{figures}</div>'


def _frame(told: Told, frame: Frame) -> str:
    if frame.text:
        return f"<pre>{html.escape(frame.text)}</pre>"
    about = html.escape(f"samples of {told.name} at step {frame.step}")
    size = f'width="{frame.width}" height="{frame.height}"'
    return f'<img src="{frame.uri}" {size} alt="{about}">'


def _lines(told: Told, frames: list[Frame]) -> str:
    """The last samples of a run of text, as text, if its pictures do not hold it."""
    if not told.lines or any(frame.text for frame in frames):
        return ""
    text = html.escape("\n".join(told.lines))
    return f"<p>The last samples as text:</p><pre>{text}</pre>"


def _players(told: Told, budget: int) -> str:
    """Players for the last samples of a run of sounds, as many as fit."""
    parts = []
    for caption, wav in told.sounds[:PLAYERS]:
        budget -= len(wav)
        if budget >= 0:
            parts.append(player(caption, wav))
    return f'<div class="players">{"".join(parts)}</div>' if parts else ""


def _curves(runs: list[Told]) -> str:
    every = [series_of(told.rows) for told in runs]
    end = max(told.step for told in runs)
    return "".join(_panel(panel, runs, every, end) for panel in panels(runs))


def _panel(panel: Panel, runs: list[Told], every: list, end: int) -> str:
    """A panel of all runs, on one scale, and what its values mean."""
    curves = [panel.curves(series) for series in every]
    levels = {level for told in runs for level in panel.levels(told)}
    view = window(curves, levels | panel.extent(curves), end)
    parts = []
    for told, series, some in zip(runs, every, curves, strict=True):
        alarms = [(finding.step, finding.sentence) for finding in told.findings]
        about = f"{panel.title} of {told.name}"
        own, grown = panel.levels(told), stages(series, told)
        picture = svg(some, view, about, own, alarms, grown)
        legend = "".join(
            f'<li class="c{curve.colour}">{html.escape(curve.label)} '
            f"<b>{number(curve.points[-1][1])}</b></li>"
            for curve in some
        )
        beyond = sum(outside(curve, view) for curve in some)
        note = f"<p>{beyond:,} values lie outside the frame.</p>" if beyond else ""
        said = "".join(
            f"<p>{html.escape(text)}</p>" for text in meanings(panel, told, series)
        )
        figure = f'<figure>{picture}<ul class="legend">{legend}</ul></figure>'
        empty = "<p>This run has no such values.</p>"
        text = f'{figure}<div class="meaning">{said}{note}</div>' if some else empty
        parts.append(f'<div class="curve">{text}</div>')
    kind = "one" if len(runs) == 1 else "several"
    columns = _side_by_side(runs, parts)
    title = f"<h3>{html.escape(panel.title)}</h3>"
    return f'<div class="panel {kind}">{title}{columns}</div>'


def _measures(runs: list[Told]) -> str:
    found = tables.measures(runs)
    if not found:
        return (
            "<p>The run was not evaluated. <code>tinygan evaluate RUN --out "
            "RUN/measures.json</code> measures it, and the next report shows it.</p>"
        )
    about = "The ceiling is the value that as many other real samples reach."
    return f"<p>{about}</p>{found}"


def _recipe(runs: list[Told]) -> str:
    shown: set[tuple[str, str]] = set()
    sources = []
    for told in runs:
        for name, text in told.sources:
            if (name, text) not in shown:
                shown.add((name, text))
                title = name if len(runs) == 1 else f"{told.name}: {name}"
                sources.append(_source(title, text))
    return tables.options(runs) + "".join(sources)


def _source(name: str, text: str) -> str:
    lines = text.count("\n")
    state = " open" if lines <= LINES_OF_SOURCE else ""
    return (
        f"<details{state}><summary>{html.escape(name)}, {lines} lines</summary>"
        f"<pre>{html.escape(text)}</pre></details>"
    )
