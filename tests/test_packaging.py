"""The package as a whole: what it imports, what it never does, which way it points."""

import ast
import configparser
import functools
import importlib
import importlib.metadata
import importlib.util
import inspect
import pathlib
import pkgutil
import re
import subprocess
import sys

import pytest

import tinygan
from tinygan.cli import arguments

ROOT = pathlib.Path(tinygan.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
every_file = pytest.mark.parametrize(
    "path", FILES, ids=lambda p: str(p.relative_to(ROOT))
)


@functools.cache
def tree(path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def nodes(path) -> list[ast.AST]:
    return list(ast.walk(tree(path)))


def written(function) -> str:
    """A called function as the source has it. Most are names, such as np.load."""
    match function:
        case ast.Name():
            return function.id
        case ast.Attribute():
            return f"{written(function.value)}.{function.attr}"
    return ast.unparse(function)


@functools.cache
def calls(path) -> list[tuple[str, ast.Call]]:
    """(function as written, call) of every call in a file."""
    found = (node for node in nodes(path) if isinstance(node, ast.Call))
    return [(written(call.func), call) for call in found]


# Version and weight


def test_there_is_one_version():
    assert importlib.metadata.version("tinygan") == tinygan.__version__
    setup = (ROOT.parent / "setup.cfg").read_text()
    assert "version = attr: tinygan.__version__" in setup
    number = tinygan.__version__
    assert [p.name for p in FILES if number in p.read_text()] == ["__init__.py"]
    changelog = (ROOT.parent / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"^## (\S+)", changelog, re.MULTILINE)[1] == number
    citation = (ROOT.parent / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"^version: (\S+)", citation, re.MULTILINE) == [number]


def test_the_versions_of_python_agree():
    """Those that are tested, promised, checked by mypy and written for ruff."""
    setup = configparser.ConfigParser()
    setup.read(ROOT.parent / "setup.cfg", "utf-8")
    promised = re.findall(
        r":: (3\.\d+)$", setup["metadata"]["classifiers"], re.MULTILINE
    )
    (tested,) = (
        ast.literal_eval(node.value)
        for node in ast.parse((ROOT.parent / "noxfile.py").read_text("utf-8")).body
        if isinstance(node, ast.Assign) and written(node.targets[0]) == "PYTHONS"
    )
    oldest, *_ = tested
    assert promised == list(tested[: len(promised)])
    assert setup["options"]["python_requires"] == f">={oldest}"
    assert setup["mypy"]["python_version"] == oldest
    target = f'target-version = "py{oldest.replace(".", "")}"'
    assert target in (ROOT.parent / "pyproject.toml").read_text("utf-8")


HEAVY = {"matplotlib", "PIL", "tqdm", "cupy", "torch", "argparse", "scipy"}
HEAVY |= {"soundfile", "soxr", "bokeh", "tornado"}


def test_import_is_light():
    code = "import sys, tinygan; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"tinygan", "numpy"} <= loaded
    assert not loaded & HEAVY


def test_every_name_in_all_is_there_once():
    for name in ("tinygan", "tinygan.layers", "tinygan.data", "tinygan.check"):
        module = importlib.import_module(name)
        assert len(set(module.__all__)) == len(module.__all__)
        for public in module.__all__:
            assert hasattr(module, public), f"{name}.{public}"


# What it never does


@every_file
def test_nothing_runs_code_from_data(path):
    forbidden = {"eval", "exec", "compile", "__import__"}
    libraries = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
    loaders = {"np.load", "numpy.load", "np.lib.format.read_array", "np.save"}
    for name, call in calls(path):
        assert name not in forbidden, f"line {call.lineno}: {name}"
        allowed = [k.value for k in call.keywords if k.arg == "allow_pickle"]
        assert all(isinstance(v, ast.Constant) and v.value is False for v in allowed)
        if name in loaders - {"np.save"}:
            assert allowed, f"line {call.lineno}: {name} without allow_pickle=False"
    if path.name not in {"mailbox.py", "worker.py"}:  # in memory, of their own run
        assert not imported(path) & libraries
    run = [name for name, _ in calls(path) if name.endswith(".exec_module")]
    is_source = path.parts[-2:] == ("userfile", "source.py")
    assert run == (["spec.loader.exec_module"] if is_source else [])


@every_file
def test_nothing_is_validated_by_assert(path):
    found = [n.lineno for n in nodes(path) if isinstance(n, ast.Assert)]
    assert found == []


def text_without_encoding(name: str, call: ast.Call) -> bool:
    """True if a call opens a text in the encoding of the system, which on Windows is
    a code page."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    last = name.rpartition(".")[2]
    if last in ("run", "Popen", "check_output"):
        return "text" in given and "encoding" not in given
    first = {"read_text": 0, "write_text": 1}.get(last)  # place of the encoding
    if first is not None:
        return "encoding" not in given and len(call.args) <= first
    if name not in ("open", "io.open"):
        return False
    mode = given.get("mode", call.args[1] if len(call.args) > 1 else None)
    binary = isinstance(mode, ast.Constant) and "b" in mode.value
    return not binary and "encoding" not in given


def test_a_text_without_encoding_is_found():
    source = """open(f); open(f, "w"); p.read_text(); p.write_text(t); run(c, text=True)
open(f, "rb"); open(f, encoding="utf-8"); p.read_text("utf-8"); run(c); os.open(f, 1)
"""
    found = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
    bad = [text_without_encoding(written(call.func), call) for call in found]
    assert sorted(bad) == [False] * 5 + [True] * 5


@every_file
def test_no_text_depends_on_the_system(path):
    bad = [c.lineno for name, c in calls(path) if text_without_encoding(name, c)]
    assert bad == []


def imported(path) -> set[str]:
    """The packages from outside that a file imports."""
    names = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names


def foreign(path) -> set[str]:
    """The distributions that a file imports, without Python's own and tinygan."""
    names = imported(path) - set(sys.stdlib_module_names) - {"tinygan"}
    return {{"PIL": "pillow"}.get(name, name) for name in names}


def test_the_declared_dependencies_are_the_imported_ones():
    required = importlib.metadata.requires("tinygan") or ()
    names = (re.match(r"[\w-]+", r)[0] for r in required if "extra" not in r)
    found = {name for path in FILES for name in foreign(path)}
    extras = {"cupy", "hypothesis", "mpi4py", "soundfile", "soxr", "bokeh", "tornado"}
    assert found - extras == {name.lower() for name in names}
    assert [path.name for path in FILES if "cupy" in foreign(path)] == ["backend.py"]
    for library in ("soundfile", "soxr"):  # the extra `audio`
        assert [p.name for p in FILES if library in foreign(p)] == ["audio.py"]
    assert [path.name for path in FILES if "mpi4py" in foreign(path)] == ["mpi.py"]
    served = {p.parent.name for p in FILES if {"bokeh", "tornado"} & foreign(p)}
    assert served == {"lab"}  # the extra `lab`
    searching = [path.name for path in FILES if "hypothesis" in foreign(path)]
    assert sorted(searching) == ["search.py", "strategies.py"]  # the extra `test`


# Words


def undocumented():
    """Every public function, class and method without a docstring of its own or of the
    class it comes from; commands of the CLI have their help."""
    yield from (p.name for p in FILES if not ast.get_docstring(tree(p)))
    for info in pkgutil.walk_packages(tinygan.__path__, "tinygan."):
        if info.name == "tinygan.__main__":
            continue
        module = importlib.import_module(info.name)
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", "") != info.name:
                continue
            if not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            where = f"{info.name}.{name}"
            if not inspect.getdoc(thing):
                yield where
            if inspect.isclass(thing):
                for key, value in vars(thing).items():
                    value = getattr(value, "__func__", getattr(value, "fget", value))
                    if key.startswith("_") or not inspect.isfunction(value):
                        continue
                    if not inspect.getdoc(getattr(thing, key)):
                        yield f"{where}.{key}"


COMMANDS = {
    f"tinygan.cli.commands.{command}"
    for command in ("train", "sample", "evaluate", "list_recipes", "theory")
}


def test_everything_public_has_a_docstring():
    missing = set(undocumented()) - COMMANDS
    recipes = {name for name in missing if name.endswith(".recipe")}
    assert missing - recipes == set()  # a recipe's words stand at the head of its file


# Which way it points: what a part may import, of the parts of tinygan

# The core is plain mathematics. It knows the wing of fast twins by one decorator, and
# several ranks by the protocol of a group.
BASE = {"errors", "ops", "rng", "values", "group", "fast"}
BASE |= {"guard.layers", "guard.logits"}
CORE = {"layers", "net", "objectives", "penalties", "optim", "gan"}
FAST = {"fast.cpu", "fast.cuda", "fast.structure"}
FAST |= {f"fast.{name}" for name in ("ancestral", "correlation", "grouped", "scheme")}
FAST |= {"fast.upconv", "fast.winograd", "fast.winograd_odd"}
FAST |= {"fast.interleaved", "fast.kinds", "fast.gru", "fast.recurrent", "fast.rows"}
MAY_IMPORT = {
    "errors": set(),
    "files": set(),
    "moved": set(),
    "rng": set(),
    "group": set(),
    "fast": set(),
    "fast.memory": set(),
    "ops": {"errors", "fast"},
    "values": {"errors", "ops"},
    "guard": set(),
    "guard.layers": {"errors", "values"},
    "guard.logits": {"errors", "values"},
    "guard.moves": BASE | {"objectives", "optim", "penalties"},
    "backend": {"errors", "fast.memory", "fast.products"},
    "layers": BASE,
    "net": BASE | {"layers", "backend"},
    "objectives": BASE,
    "penalties": BASE,
    "optim": BASE,
    "gan": {"errors", "fast", "guard.moves", "values"},
    "likelihood": BASE,
    "growth": BASE | {"layers", "net", "optim"},
    **{
        f: BASE | FAST | {"guard.moves", "layers", "likelihood", "optim", "penalties"}
        for f in sorted(FAST)
    },
    "parallel": BASE | {"net", "objectives", "optim"},
    "sound": BASE,
    "data": BASE | {"backend", "files"},
    "plots": BASE | {"files"},
    "measures": BASE | {"objectives", "layers", "net", "optim", "data"},
    "theory": BASE | CORE | {"data", "measures", "plots"},
    "lab": BASE | CORE | {"data", "measures", "plots", "theory", "backend", "runs"},
    "check": BASE
    | CORE
    | {"growth", "likelihood", "userfile", "backend", "runs", "recipes"},
}
ORDER = ("ops", "layers", "net", "gan", "theory", "recipes", "cli", "__main__")


def part(path) -> str:
    """layers/dense.py belongs to `layers`, net.py is `net`, __init__.py `tinygan`. In
    fast/ and guard/ each file and folder is a part.
    """
    first, *rest = path.relative_to(ROOT).with_suffix("").parts
    if first in ("fast", "guard") and rest[0] != "__init__":
        return f"{first}.{rest[0]}"
    return "tinygan" if first == "__init__" else first


PARTS = {part(path) for path in FILES}


def imports_of(path) -> set[str]:
    """The parts of tinygan that a file imports, wherever in it."""
    parts = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = ["tinygan", *path.relative_to(ROOT).parent.parts]
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            modules = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in modules:
            head, *rest = name.split(".")
            if head == "tinygan":
                known = (".".join(rest[:n]) for n in (2, 1))
                parts.add(next((n for n in known if n in PARTS), "tinygan"))
    return parts - {part(path)}


@functools.cache
def graph() -> dict[str, set[str]]:
    edges = {part(path): set() for path in FILES}
    for path in FILES:
        edges[part(path)] |= imports_of(path)
    return edges


def reachable(edges, start) -> set[str]:
    seen, todo = set(), [start]
    while todo:
        for other in edges[todo.pop()] - seen:
            seen.add(other)
            todo.append(other)
    return seen


def test_the_parts_are_found_with_their_imports():
    edges = graph()
    assert edges["net"] >= {"layers", "backend"}
    assert edges["fast.cpu"] >= {"fast", "optim", "layers"}
    assert edges["cli"] >= {"recipes", "runs"}  # within functions too
    assert "tinygan" in edges["recipes"]  # they import as a user does
    assert edges["tinygan"] >= {"gan", "net", "layers", "errors"}


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_the_foundations_import_only_what_lies_below(name):
    assert graph().get(name, set()) <= MAY_IMPORT[name]


def test_nothing_imports_what_lies_above_it():
    edges = graph()
    for i, name in enumerate(ORDER):
        above = set(ORDER[i + 1 :])
        assert not reachable(edges, name) & above, name
    assert [n for n in edges if "cli" in edges[n]] == ["__main__"]
    assert not reachable(edges, "measures") & {"runs", "recipes"}
    assert sorted(n for n in edges if "theory" in edges[n]) == ["cli", "lab"]
    assert [n for n in edges if "lab" in edges[n]] == ["cli"]


def test_no_part_imports_itself_by_way_of_others():
    edges = graph()
    assert [name for name in edges if name in reachable(edges, name)] == []


@pytest.mark.parametrize("room", ["layers", "optim", "penalties", "objectives"])
def test_the_mathematics_does_not_fork(room):
    """Not on the array library, on kernels, or on the number of processes."""
    forks = re.compile(r"\bis (not )?np\b|\busable\b|\bkernels\b|\.size [=!<>]=? 1\b")
    assert not forks.search("xp = get_xp(x)") and forks.search("if xp is np:")
    for path in sorted((ROOT / room).rglob("*.py")):
        lines = path.read_text("utf-8").splitlines()
        assert [line for line in lines if forks.search(line)] == [], path.name


# The core: what a DCGAN and a WGAN-GP import of the mathematics, file by file.

ROOMS = {"gan", "net", "ops", "group", "values", "objectives", "penalties", "optim"}
ROOMS |= {"layers"}
NEEDED = (
    *("tinygan.gan", "tinygan.net"),
    *(tinygan.Dense, tinygan.Conv2d, tinygan.ConvTranspose2d, tinygan.BatchNorm),
    *(tinygan.LayerNorm, tinygan.Reshape, tinygan.Flatten, tinygan.Sequential),
    *(tinygan.ReLU, tinygan.LeakyReLU, tinygan.Tanh, tinygan.NonSaturating),
    *(tinygan.Wasserstein, tinygan.WGANGP, tinygan.Adam),
)


def core() -> set[pathlib.Path]:
    """The files that define what is NEEDED, and what they import, name by name."""
    names = [n if isinstance(n, str) else n.__module__ for n in NEEDED]
    todo, seen = list(names), set()
    while todo:
        name = todo.pop()
        module = importlib.import_module(name)
        path = pathlib.Path(module.__file__)
        if path in seen or name.split(".")[1] not in ROOMS:
            continue
        seen.add(path)
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and node.level:
                for alias in node.names:
                    thing = getattr(module, alias.asname or alias.name, None)
                    source = getattr(thing, "__module__", None) or ""
                    package = name.rsplit(".", node.level)[0]
                    ours = source.startswith("tinygan.")  # a type may be typing's
                    todo.append(source if ours else f"{package}.{node.module}")
    return seen


def code_lines(path) -> int:
    """Lines that are neither blank, nor comment, nor docstring."""
    text, quiet = path.read_text("utf-8"), set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            quiet |= set(range(node.lineno, node.end_lineno + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(1 for n, line in lines if n not in quiet and line.split("#")[0].strip())


def test_the_core_is_small_enough_to_read():
    """At most 2,900 lines, of which 1,600 are code; the root has 13 files at most."""
    files = core()
    names = {path.relative_to(ROOT).as_posix() for path in files}
    assert names >= {"layers/correlation.py", "penalties/gradient.py", "optim/adam.py"}
    assert not [name for name in names if name.startswith(("fast/", "parallel/"))]
    assert sum(len(path.read_text("utf-8").splitlines()) for path in files) <= 2900
    assert sum(map(code_lines, files)) <= 1600
    assert len(list(ROOT.glob("*.py"))) <= 13


def test_the_moves_have_at_most_seven_parameters():
    for move in (tinygan.d_step, tinygan.g_step, tinygan.play):
        assert len(inspect.signature(move).parameters) <= 7
        assert move.__module__ == "tinygan.gan"
    source = (ROOT / "gan.py").read_text("utf-8")
    assert source.count("G.forward(") == 2


# CONTRIBUTING.md names files, commands and rooms that are there.

CONTRIBUTING = (ROOT.parent / "CONTRIBUTING.md").read_text("utf-8")
HISTORY = (ROOT.parent / "CHANGELOG.md").read_text("utf-8")
FOLDERS = ("tinygan/", "tests/", "docs/", "benchmarks/", ".ci/")
NOT_THERE = {  # to be made by the reader
    "docs/_build",
    "docs/_build/zh_CN",
    "tinygan/recipes/my_name.py",
}


def spans(text: str) -> list[str]:
    """What a Markdown text has in backticks."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]


@pytest.mark.parametrize("text", [CONTRIBUTING, HISTORY], ids=["how to", "history"])
def test_every_file_that_is_named_exists(text):
    links = re.findall(r"\]\(([^)#]+)\)", text)
    named = {link for link in links if "://" not in link}
    named |= {w for s in spans(text) for w in s.split() if w.startswith(FOLDERS)}
    assert len(named) > 3
    missing = {name for name in named if not (ROOT.parent / name).exists()}
    assert missing <= NOT_THERE


def test_every_table_that_is_to_be_added_to_exists():
    pairs = re.findall(r"`(\w+)`\s+in\s+`([\w/]+\.py)`", CONTRIBUTING)
    assert {name for name, _ in pairs} >= {"builtin_layers", "FORMULAS", "CASES"}
    for name, path in pairs:
        assert re.search(rf"\b{name}\b", (ROOT.parent / path).read_text("utf-8")), name


def test_every_command_that_is_named_works():
    setup = configparser.ConfigParser()
    setup.read(ROOT.parent / "setup.cfg", "utf-8")
    extras = setup["options.extras_require"]
    listed = "".join(extras[name] for name in ("test", "docs", "versions"))
    tools = set(re.findall(r"^([\w-]+)", listed, re.MULTILINE))
    rows = re.findall(r"^\| `([^`]+)` \|", CONTRIBUTING, re.MULTILINE)
    commands = rows[: rows.index("bash .ci/run") + 1]
    assert len(commands) > 15
    for command in commands:
        words = [w for w in command.split() if "=" not in w]
        if words[:2] == ["python", "-m"]:
            del words[:2]
        tool, *rest = words
        if tool == "tinygan":
            arguments._parser().parse_args(rest)  # or it ends with status 2
        elif tool.startswith("benchmarks."):
            assert importlib.util.find_spec(tool), command
        elif tool in ("bash", "python"):  # a file of the project
            assert (ROOT.parent / rest[0]).exists()
        elif tool == "pre-commit":
            assert (ROOT.parent / ".pre-commit-config.yaml").exists()
        else:
            assert tool in tools, command


def as_part(name: str) -> str:
    """fast/memory.py is the part fast.memory."""
    return name.removesuffix(".py").replace("/", ".")


def test_the_table_of_rooms_is_the_one_that_is_checked():
    table = CONTRIBUTING.split("| Room | May import |")[1].split("\n\n")[0]
    stated = {}
    for rooms, allowed in re.findall(r"^\| (`.*) \| (.*) \|$", table, re.MULTILINE):
        names = {as_part(name) for name in spans(allowed)}
        names |= BASE if "the base" in allowed else set()
        names |= CORE if "the core" in allowed else set()
        stated |= {as_part(room): names - {"@primitive"} for room in spans(rooms)}
    rooms = {name for name in MAY_IMPORT if not name.startswith("fast.")}
    assert {name: stated[name] for name in rooms} == {n: MAY_IMPORT[n] for n in rooms}
