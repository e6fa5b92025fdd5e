"""The book cannot drift: its ledger of equations, its figures, its code blocks."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
from pathlib import Path

import pytest

import tinygan
from tinygan import Layer, Objective, fast
from tinygan.layers.correlation import Correlation

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "extensions"))

ledger = pytest.importorskip("ledger", reason="the docs extra is not installed")
listings = pytest.importorskip("listings", reason="the docs extra is not installed")

PAGES = [p for p in sorted(DOCS.rglob("*.md")) if "_build" not in p.parts]
KINDS = {"python", "console", "text", "pycon"}


def test_every_equation_of_the_code_is_displayed_once():
    where = ledger.displayed()
    code = set(ledger.computed())
    assert sorted(code - set(where)) == []
    assert {label: pages for label, pages in where.items() if len(pages) > 1} == {}


def test_every_displayed_equation_is_computed_by_one_line():
    lines = ledger.computed()
    pages = ledger.displayed()
    assert None not in pages, f"equations without a label in {pages[None]}"
    assert sorted(set(pages) - set(lines) - stated()) == []
    assert {label: at for label, at in lines.items() if len(at) > 1} == {}


def stated() -> set[str]:
    """The displayed equations that say of themselves that no line computes them."""
    return {name for name in ledger.displayed() if name.startswith(ledger.STATED)}


def test_most_equations_are_computed():
    """A statement is a step of a proof or a definition. It is no way out."""
    assert sorted(stated() & set(ledger.computed())) == []
    assert len(stated()) < len(ledger.computed()) / 6


BY_ITSELF = re.compile(r"(?<=\n\n)(?:> ?)?\$[^$\n].*?\n(?=\n)", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_a_formula_by_itself_is_displayed(page):
    """A paragraph that is nothing but a formula has a number, so it can be cited."""
    for paragraph in BY_ITSELF.findall(page.read_text("utf-8")):
        formulas = re.findall(r"\$([^$]*)\$", paragraph)
        words = re.sub(r"\$[^$]*\$", "", paragraph)
        is_long = sum(map(len, formulas)) > 25
        assert not is_long or re.search(r"\w{3}", words), paragraph


def defined(base: type, method: str) -> list[type]:
    """The public classes of tinygan that define a method of this base themselves."""
    things = (getattr(tinygan, name) for name in tinygan.__all__)
    kinds = (k for k in things if inspect.isclass(k) and k is not base)
    return [k for k in kinds if issubclass(k, base) and method in vars(k)]


@pytest.mark.parametrize(
    "kind",
    [
        *defined(Layer, "backward"),
        *defined(Layer, "adjoint"),
        *defined(Objective, "value"),
        *defined(tinygan.Penalty, "accumulate"),
        *defined(tinygan.Optimizer, "direction"),
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_backward_objective_penalty_and_optimizer_is_in_the_ledger(kind):
    computes = Correlation if kind is tinygan.Conv2d else kind  # its map A
    assert "# eq:" in inspect.getsource(computes), f"{kind.__name__} has no equation"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_a_page_shows_no_code_that_is_not_run(page):
    fences = re.findall(r"^ {0,3}`{3,}([^\n`]*)$", page.read_text("utf-8"), re.M)
    kinds = {f.strip() for f in fences if f.strip() and not f.startswith("{")}
    assert kinds <= KINDS


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_a_listing_is_a_whole_piece_of_code(page):
    """No line numbers, which go stale, and nothing cut off. Sphinx reads the code, and
    fails where an option matches no line. What is shown does something: it is not a
    docstring, or a method that a subclass is to define.
    """
    for listing in listings.listings(page):
        assert not {"lines", "lineno-start"} & set(listing.options), listing.where
        assert listing.statements(), listing.where


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_the_listing_behind_an_equation_shows_its_line(page):
    """The first listings behind a displayed equation, in its section, show the line
    that computes it, if they are of the file in which this line is.
    """
    computed, seen, groups = ledger.computed(), set(), {}
    for listing in listings.listings(page):
        groups.setdefault(listing.group, []).append(listing)
    for group in groups.values():
        label = group[0].label
        if label is None or label in seen | stated():
            continue
        seen.add(label)
        (line,) = computed[label]
        here = [x for x in group if x.path == line.path]
        shown = any(line.number in x.lines for x in here)
        assert shown or not here, f"{group[0].where}: no line of eq: {label}"


IDENTITIES = {"identity-dx", "bias-dx"}  # dx = dy: there is nothing to compute


def test_a_marked_line_computes():
    """An operation begins on it: no `def`, no `return c`, no bracket that closes."""
    idle = set()
    trees = {p.as_posix(): ast.parse(p.read_text("utf-8")) for p in ledger.files()}
    for label, (line,) in ledger.computed().items():
        nodes = ast.walk(trees[(ledger.ROOT / line.path).as_posix()])
        here = [n for n in nodes if getattr(n, "lineno", None) == line.number]
        heads = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
        if any(isinstance(n, heads) for n in here) or not any(
            isinstance(n, OPERATIONS) for n in here
        ):
            idle.add(label)
    assert idle == IDENTITIES


OPERATIONS = (
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
    ast.Call,
    ast.AugAssign,
    ast.IfExp,
    ast.Subscript,
)


def test_every_figure_is_in_the_book_and_every_picture_has_its_script():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    shown = set(re.findall(r"figures/out/([\w-]+)\.svg", text))
    drawn = {path.stem for path in (DOCS / "figures").glob("*.py")}
    assert shown == drawn


# The reference: docs/api is made of the docstrings.

ARRAYS = {
    *("x", "y", "z", "c", "g", "s", "a", "b", "p", "q", "dy", "dx", "x_dot", "y_dot"),
    *("dy_dot", "theta", "s_real", "s_fake", "x_real", "x_fake", "x_hat", "real"),
    *("fake", "samples", "pixels", "labels", "images", "points", "means", "weights"),
    *("tokens", "numbers", "beliefs", "test", "validation", "cols", "gamma", "inv_std"),
    *("U", "V", "W", "dU", "dV", "dW", "partner", "vector"),
}  # what is called so, and has no type, is an array of NumPy's or CuPy's
NAMED = r"[NnmKMPTCHDd]|n_\w+|kh|batch|count|rows|steps|turns|height|\.\.\.|[1-9]"
SHAPE = re.compile(
    rf"\((?:{NAMED})(?:[ */+]*[\w.]+)*,[^()]*\)"  # (N, H, W, C), (n,), (2,)
    rf"|\(\*\w[\w.]*(?:,[^()]*)?\)"  # (*i.shape, dim)
    r"|\bshapes?\b|\b0-d\b|\b[Ee]lementwise\b"
)


def public() -> dict[str, object]:
    """Every public function and class: what __all__ names; without one, what a module
    defines. Recipes are left out: their words stand at the head of their files.
    """
    found = {}
    for info in pkgutil.walk_packages(tinygan.__path__, "tinygan."):
        if info.name == "tinygan.__main__" or info.name.startswith("tinygan.recipes."):
            continue
        module = importlib.import_module(info.name)
        own = [k for k, v in vars(module).items() if _module(v) == info.name]
        for name in getattr(module, "__all__", [k for k in own if k[0] != "_"]):
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    for name in tinygan.__all__:
        thing = getattr(tinygan, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return found


def _module(thing) -> str:
    return getattr(thing, "__module__", None) or ""


def functions(name: str, thing):
    """(name, function, what is written about it): a function, or what a class defines
    that is public or called by its name. A method's words are its docstring, which may
    be that of the method it overrides, and those of its classes.
    """
    if inspect.isfunction(thing):
        yield name, thing, inspect.getdoc(thing) or ""
        return
    ours = [k for k in inspect.getmro(thing) if _module(k).startswith("tinygan")]
    of_class = [k.__doc__ or "" for k in ours]
    for key, value in vars(thing).items():
        f = getattr(value, "__func__", getattr(value, "fget", value))
        made = key in ("__init__", "__post_init__", "__call__")
        if not inspect.isfunction(f) or (key.startswith("_") and not made):
            continue
        own = [] if made else [inspect.getdoc(getattr(thing, key)) or ""]
        yield f"{name}.{key}", f, "\n".join(own + of_class)


def raised(f) -> set[str]:
    """The errors that stand behind `raise` in a function, by name. Not those that it
    catches itself, nor those of a method that is a subclass's to define.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(f)))
    except OSError:  # made by @dataclass
        return set()
    caught = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Try)
        for handler in node.handlers
        for inner in ast.walk(ast.Module(node.body, []))
        if isinstance(inner, ast.Raise) and _error(inner) in _names(handler.type)
    }
    return {
        _error(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and node.exc and id(node) not in caught
        if "does not define" not in ast.unparse(node)
        if not (isinstance(node.exc, ast.Name) and node.exc.id.islower())  # handed on
    }


def _names(node) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if node else set()


def _error(node: ast.Raise) -> str:
    """The class: that of `raise DataError(...)`, or what `failure(...)` returns."""
    called = getattr(node.exc, "func", node.exc)
    name = getattr(called, "attr", getattr(called, "id", ""))
    return RETURNED.get(name, name)


RETURNED = {
    node.name: ast.unparse(node.returns)
    for path in Path(tinygan.__file__).parent.rglob("*.py")
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
    if isinstance(node, ast.FunctionDef) and node.returns
    if ast.unparse(node.returns).endswith("Error")
}


def test_every_public_function_and_class_has_a_docstring():
    assert len(public()) > 350
    assert [name for name, thing in public().items() if not inspect.getdoc(thing)] == []


def unsaid() -> set[str]:
    """What a docstring should tell and does not."""
    found, twins = set(), {twin for _, _, twin in fast.twins()}
    for whole, thing in public().items():
        if thing in twins:  # the shapes stand with the plain function
            continue
        for name, f, words in functions(whole, thing):
            parameters = inspect.signature(f).parameters.items()
            arrays = [
                k
                for k, p in parameters
                if "ndarray" in str(p.annotation)
                or (k in ARRAYS and p.annotation is p.empty)
            ]
            if arrays and not SHAPE.search(words):
                found.add(f"{name}: no shape")
            found |= {f"{name}: {e}" for e in raised(f) if e not in words}
    return found


def test_docstrings_tell_the_shapes_of_arrays_and_what_is_raised():
    assert unsaid() == set()


def test_the_test_of_docstrings_sees_what_is_missing():
    def careless(x, n: int):
        """x, n times."""
        if n < 1:
            raise ValueError("n < 1")
        try:
            raise TypeError("never seen")
        except (TypeError, KeyError):
            return x

    ((_, f, words),) = functions("careless", careless)
    assert raised(f) == {"ValueError"} and "ValueError" not in words
    for other in (words, "(y, cache)", "ShapeError", "(s_real, s_fake)", "(0, 1)"):
        assert not SHAPE.search(other)
    for shape in ("(N, H, W, C)", "(n,)", "(N OH OW, kh kw C)", "(..., d)", "(2,)"):
        assert SHAPE.search(shape)


def test_docstrings_become_what_the_reference_shows():
    import plain_docstrings

    def lines(text, arguments=()):
        return plain_docstrings.converted(text.splitlines(), arguments)

    assert lines("V of *both*, by `value`, a_b") == [
        "V of *both*, by ``value``, a\\_b",
        "",
    ]
    typed = ["        V = a_b", "        W = *c*", ""]
    assert lines("    V = a_b\n    W = *c*") == [".. code-block:: text", "", *typed]
    assert lines("y = x W      dx = dy W^T")[0] == ".. code-block:: text"
    shapes = ["- ``x``: (N, 1)", "", "- ``y``: (N,)", ""]
    assert lines("x: (N, 1)      y: (N,)", {"x", "y"}) == shapes
    assert lines("x: (N, 1)\ny: (N,)", {"x", "y"}) == shapes
    assert lines("x, y: of it\n    goes on", {"x", "y"}) == [
        "- ``x, y``: of it",
        "  goes on",
        "",
    ]
    assert lines("Source: Adam 1", {"x"}) == ["Source: Adam 1", ""]


def test_every_page_is_run():
    import book_blocks

    book = book_blocks.sybil()
    assert all(map(book.should_parse, PAGES))
    assert sum(len(list(book.parse(page).examples())) for page in PAGES) > 100


@pytest.mark.parametrize(
    "wrong",
    [
        "python\nassert 1 == 2",
        "pycon\n>>> 1 + 1\n3",
        "console\n$ tinygan --version\ntinygan 7",
        "console\n$ tinygan recipes --no-such-option",
        "console\n$ pip install something-else",
    ],
)
def test_a_wrong_block_fails(wrong, tmp_path):
    import book_blocks
    from sybil.example import SybilFailure

    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n```{wrong}\n```\n")
    (example,) = book_blocks.sybil().parse(page).examples()
    with pytest.raises((AssertionError, SybilFailure)):
        example.evaluate()


def test_a_block_with_a_name_is_a_file(tmp_path, monkeypatch):
    import book_blocks

    page = tmp_path / "page.md"
    page.write_text("```python\n# mine.py\nx = 1\n```\n\n```pycon\n>>> x\n1\n```\n")
    monkeypatch.chdir(tmp_path)
    for example in book_blocks.sybil().parse(page).examples():
        example.evaluate()
    assert (tmp_path / "mine.py").read_text() == "# mine.py\nx = 1\n"


@pytest.mark.parametrize("area", sorted((DOCS / "api").glob("[!i]*.md")))
def test_the_pages_of_the_reference_name_modules_that_exist(area):
    named = re.findall(r"automodule:: (\S+)", area.read_text("utf-8"))
    assert named
    for module in named:
        importlib.import_module(module)


def test_every_module_is_in_the_reference_once():
    pages = "".join(p.read_text("utf-8") for p in (DOCS / "api").glob("*.md"))
    named = re.findall(r"automodule:: (\S+)", pages)
    walked = pkgutil.walk_packages(tinygan.__path__, "tinygan.")
    modules = {info.name for info in walked} - {"tinygan.__main__"}
    packages = {m for m in modules if any(n.startswith(f"{m}.") for n in modules)}
    recipes = {m for m in modules if m.startswith("tinygan.recipes.")}
    assert len(named) == len(set(named))
    assert modules - packages - recipes - set(named) == set()


# The page of mistakes names the tests that catch them.


def test_every_test_on_the_page_of_mistakes_exists():
    text = (DOCS / "guide" / "mistakes.md").read_text("utf-8")
    named = re.findall(r"`(test_\w+)\.py::(test_\w+)`", text)
    assert len(named) > 20
    defined = {
        (path.stem, node.name)
        for path in Path(__file__).parent.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert [name for name in named if name not in defined] == []
    assert {t for f, t in defined if f == "test_mistakes"} - {t for _, t in named} <= {
        "test_real_penalties_pass",  # of the guard, not of a mistake
        "test_the_real_elbo_passes",
    }
