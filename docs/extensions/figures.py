"""Draws the figures of the book: docs/figures/NAME.py -> docs/figures/out/NAME.svg.

Each script defines `figure()`, which returns a matplotlib figure, made with tinygan
itself. One is drawn again only if it, or the package, is newer than its picture.
"""

import importlib.util
import pathlib
from concurrent.futures import ProcessPoolExecutor

DOCS = pathlib.Path(__file__).parents[1]
OUT = DOCS / "figures" / "out"


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
    """Run one script; return where its picture is."""
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams |= {"svg.hashsalt": script.stem, "font.size": 11}
    figure = load(script).figure()
    target = OUT / f"{script.stem}.svg"
    figure.savefig(target, bbox_inches="tight", metadata={"Date": None})
    return target


def stale() -> list[pathlib.Path]:
    """The scripts whose picture is missing or older than the code that draws it."""
    package = (DOCS.parent / "tinygan").rglob("*.py")
    newest = max(path.stat().st_mtime for path in package)

    def is_stale(script):
        target = OUT / f"{script.stem}.svg"
        since = max(newest, script.stat().st_mtime)
        return not target.exists() or target.stat().st_mtime < since

    return [script for script in scripts() if is_stale(script)]


def draw_all(app) -> None:
    """Draw what is stale, two at a time."""
    OUT.mkdir(exist_ok=True)
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(draw, stale()))


def setup(app):
    app.connect("builder-inited", draw_all)
    return {"version": "1", "parallel_read_safe": True}
