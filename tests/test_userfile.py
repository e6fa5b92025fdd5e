"""A user's file and its neighbours: what is read is what is hashed, kept and run."""

import hashlib
import os
import sys

import pytest

from tinygan import InputError
from tinygan.files import read_plain
from tinygan.userfile import Source, load_module, read_source, source_of

FILES = {
    "mine.py": "import json, numpy, tinygan\nfrom common import X\nfrom pkg import part"
    "\nimport pkg.sub.deep as deep, ns.inner\n\n\ndef recipe():\n    import late\n"
    "    return X, part.Y, deep.Z, ns.inner.W, late.L\n",
    "common.py": "X = 1\n",
    "pkg/__init__.py": "from . import part\n",
    "pkg/part.py": "Y = 2\n",
    "pkg/sub/__init__.py": "",
    "pkg/sub/deep.py": "from ..part import Y\nfrom common import X\nZ = Y + X\n",
    "ns/inner.py": "W = 4\n",
    "late.py": "L = 5\n",
}
PLANTED = ("unused.py", "pkg/planted.py", "ns/planted.py", "json.py", "numpy.py")


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """The list of folders is put back, and so are the modules."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def mine(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in PLANTED:
        (tmp_path / name).write_text("raise SystemExit('planted')\n")
    return tmp_path / "mine.py"


def test_the_neighbours_are_those_that_are_imported(mine):
    found = read_source(mine).gather()
    assert {"mine.py", *found.files} == set(FILES)
    assert found.files["common.py"] == b"X = 1\n"
    module = load_module(mine)
    assert module.recipe() == (1, 2, 3, 4, 5)
    source = source_of(module)
    assert {"mine.py", *source.files} == set(FILES)
    assert source.sha256 == found.sha256
    assert source_of(os) is None


def test_the_hash_is_the_one_that_sha256sum_makes(mine):
    lone = Source(mine, b"x = 1\n")
    assert lone.sha256 == hashlib.sha256(b"x = 1\n").hexdigest()
    source = read_source(mine).gather()
    names = sorted(source.copies())
    assert names[0] == "recipe.py" and names[1] == "recipe/common.py"
    lines = "".join(f"{source.hashes()[n]}  {n}\n" for n in names)
    assert source.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    changed = Source(mine, source.main, source.files | {"common.py": b"X = 2\n"})
    assert changed.sha256 != source.sha256
    fewer = {k: v for k, v in source.files.items() if k != "late.py"}
    assert Source(mine, source.main, fewer).sha256 != source.sha256
    assert Source("/else/where.py", source.main, source.files).sha256 == source.sha256


def test_what_was_read_is_what_runs(mine):
    """Files that change after they were read make no difference."""
    source = read_source(mine).gather()
    for name in FILES:
        (mine.parent / name).write_text("raise SystemExit('changed')\n")
    assert source.load().recipe() == (1, 2, 3, 4, 5)
    assert str(mine.parent) not in sys.path


def test_nothing_else_of_the_folder_can_be_imported(mine):
    source = read_source(mine).gather()
    text = source.main + b"\n\ndef get(name):\n    return __import__(name)\n"
    module = Source(mine, text, source.files).load()
    for name in ("unused", "pkg.planted", "ns.planted"):
        with pytest.raises(ModuleNotFoundError):
            module.get(name)
    with pytest.raises(SystemExit, match="planted"):
        load_module(write(mine, "import unused\n"))  # a script of one's own may


def write(path, text):
    path.write_text(text)
    return path


def test_an_edit_of_a_neighbour_is_seen(mine):
    assert load_module(mine).X == 1
    (mine.parent / "common.py").write_text("X = 7\n")
    assert load_module(mine).X == 7
    other = mine.parent / "ns"
    (other / "common.py").write_text("X = 8\n")
    (other / "other.py").write_text("from common import X\n")
    assert load_module(other / "other.py").X == 8


def test_modules_that_are_there_already_are_no_neighbours(mine):
    """`import json` is Python's, although there is a json.py, since it was imported."""
    assert "json.py" not in read_source(mine).gather().files
    (mine.parent / "tinygan").mkdir()
    (mine.parent / "tinygan" / "__init__.py").write_text("raise SystemExit('no')")
    (mine.parent / "tinygan" / "recipes.py").write_text("raise SystemExit('no')")
    assert load_module(mine).X == 1
    assert not any("tinygan" in n for n in read_source(mine).gather().files)


def test_names_that_are_computed_are_recorded_when_they_are_imported(mine):
    write(mine, "import importlib\nX = importlib.import_module('com' + 'mon').X\n")
    assert read_source(mine).gather().files == {}
    source = source_of(load_module(mine))
    assert list(source.files) == ["common.py"]
    assert Source(mine, source.main, source.files).load().X == 1


def test_circles_and_bad_neighbours(mine):
    write(mine, "import a\n")
    write(mine.parent / "a.py", "import b\nimport a\n")
    write(mine.parent / "b.py", "import a\nX = 3\n")
    assert set(read_source(mine).gather().files) == {"a.py", "b.py"}
    write(mine.parent / "b.py", "def f(:\n")
    with pytest.raises(SyntaxError):
        read_source(mine).gather()
    with pytest.raises(InputError, match=r"mine\.py.*SyntaxError"):
        load_module(mine)


def test_pipes_and_devices_are_no_python_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    for name in ("pipe.py", "zero.py"):
        with pytest.raises(InputError, match="expected a Python file"):
            read_source(tmp_path / name)
        with pytest.raises(OSError, match="no regular file"):
            read_plain(tmp_path / name, 100)


def test_only_plain_files_of_a_bounded_size_are_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    (tmp_path / "link").symlink_to(path)
    assert read_plain(path, 100) == read_plain(tmp_path / "link", 100) == b"x" * 100
    with pytest.raises(OSError, match="more than 99 bytes"):
        read_plain(path, 99)
    with pytest.raises(OSError, match="link"):
        read_plain(tmp_path / "link", 100, links=False)
    with pytest.raises(OSError, match="regular"):
        read_plain(tmp_path, 100)
    with pytest.raises(FileNotFoundError):
        read_plain(tmp_path / "none", 100)
