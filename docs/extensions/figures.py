"""Draws the figures of the book: docs/figures/NAME.py -> docs/figures/out/NAME.svg.

Each script defines `figure()`, which returns a matplotlib figure, made with tinygan
itself. One is drawn again only if it, or the package, is newer than its picture.

One file serves the light and the dark theme. Black is the colour of ink, white that of
paper, and both are variables of the file: NAME.svg#dark shows light ink on dark paper.
A page has both, and the theme hides one. Text on a ground with a colour of its own must
not change: DARK and LIGHT of tinygan.theory.canvas are almost black and almost white.
"""

import importlib.util
import pathlib
import re
from concurrent.futures import ProcessPoolExecutor

from sphinx.errors import ExtensionError

DOCS = pathlib.Path(__file__).parents[1]
OUT = DOCS / "figures" / "out"
LARGEST = 500_000  # bytes of a picture
# Letters of 11 points are to be 8 points high at least, also on a telephone.
LEAST, WIDEST = 8 / 11 * 96 / 72, 740  # pixels for each point, pixels

THEMES = """
svg { --ink: #000; --paper: #fff; fill: var(--ink); }
svg:target { --ink: #cfd0d0; --paper: #131416; }
"""  # the colours of Furo


def scripts() -> list[pathlib.Path]:
    """All scripts of figures."""
    return sorted((DOCS / "figures").glob("[a-z]*.py"))


def load(script: pathlib.Path):
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(f"figure_{script.stem}", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def draw(script: pathlib.Path) -> pathlib.Path:
    """Run one script; return where its picture is. ValueError if it is too large."""
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams |= {"svg.hashsalt": script.stem, "font.size": 11}
    figure = load(script).figure()
    target = OUT / f"{script.stem}.svg"
    options = {"bbox_inches": "tight", "transparent": True, "metadata": {"Date": None}}
    figure.savefig(target, **options)
    drawn = themed(target.read_text("utf-8"))
    target.unlink()
    if len(drawn) > LARGEST:
        raise ValueError(
            f"{script.name}: {len(drawn):,} bytes, of at most {LARGEST:,}; draw what"
            " has thousands of points with rasterized=True"
        )
    target.write_text(drawn, "utf-8")
    return target


def themed(svg: str) -> str:
    """A picture of matplotlib's in which black and white follow the theme."""
    for colour, name in ("#000000", "ink"), ("#ffffff", "paper"):
        svg = re.sub(rf"(fill|stroke): {colour}\b", rf"\1: var(--{name})", svg)
    svg = svg.replace("<svg ", '<svg id="dark" ', 1)
    return svg.replace('<style type="text/css">', f'<style type="text/css">{THEMES}', 1)


def stale() -> list[pathlib.Path]:
    """The scripts whose picture is missing or older than the code that draws it."""
    package = (DOCS.parent / "tinygan").rglob("*.py")
    parts = (DOCS / "figures").glob("*/*.py")  # which the scripts show or import
    code = [*package, *parts, pathlib.Path(__file__)]
    newest = max(path.stat().st_mtime for path in code)

    def is_stale(script):
        target = OUT / f"{script.stem}.svg"
        since = max(newest, script.stat().st_mtime)
        return not target.exists() or target.stat().st_mtime < since

    return [script for script in scripts() if is_stale(script)]


def draw_all(app) -> None:
    """Draw what is stale, two at a time."""
    if app.builder.format != "html":
        return
    OUT.mkdir(exist_ok=True)
    with ProcessPoolExecutor(2) as pool:
        try:
            list(pool.map(draw, stale()))
        except ValueError as e:
            raise ExtensionError(str(e)) from e


_SHOWN = re.compile(r'<img ([^>]*?)src="([^"]*_images/)([\w-]+)\.svg"([^>]*?) ?/?>')


def show_both(app, pagename, templatename, context, doctree) -> None:
    """Each figure of a page twice, for the light theme and for the dark one."""
    context["body"] = _SHOWN.sub(_twice, context.get("body") or "")


def _twice(match: re.Match) -> str:
    before, folder, name, after = match.groups()
    svg = OUT / f"{name}.svg"
    if not svg.exists():
        return match[0]
    width = float(re.search(r'width="([\d.]+)pt"', svg.read_text("utf-8"))[1])
    least = f"min-width: {min(WIDEST, round(width * LEAST))}px"

    def image(theme: str, fragment: str = "") -> str:
        source = f'src="{folder}{name}.svg{fragment}" style="{least}"'
        return f'<img class="only-{theme}" {before}{source}{after} loading="lazy" />'

    both = image("light") + image("dark", "#dark")
    return f'<span class="drawn">{both}</span>'


def setup(app):
    app.connect("builder-inited", draw_all)
    app.connect("html-page-context", show_both)
    return {"version": "1", "parallel_read_safe": True}
