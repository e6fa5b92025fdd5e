"""A run's folder from a stranger: nothing in it is run unasked, and nothing hangs.

Each trick is a folder that would like to have its code run, or to have a file outside
written. `tinygan sample`, `evaluate` and `train --resume` refuse it by one sentence.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from pictures import draw_small_pictures

from tinygan import plots
from tinygan.cli.arguments import main

RECIPE = '''"""Two points."""
import numpy as np

from tinygan import Adam, Dense, NonSaturating, Sequential
from tinygan.data import mixture_1d
from tinygan.runs import Experiment, Latent


def recipe(steps=2, batch=4, lr=1e-3, seed=0):
    return Experiment(
        Sequential(Dense(1)), Sequential(Dense(1)), (1,), mixture_1d, Latent(2),
        NonSaturating(), Adam(lr), Adam(lr), steps=steps, batch=batch, seed=seed,
    )
'''


class Stranger:
    """A run's folder that came from elsewhere, and what would tell that it was run."""

    def __init__(self, path: pathlib.Path, mark: pathlib.Path, outside: pathlib.Path):
        self.path, self.mark, self.outside = path, mark, outside

    @property
    def evil(self) -> str:
        """Code that leaves a mark, and then behaves as the honest recipe."""
        return f"open({str(self.mark)!r}, 'w').close()\n{RECIPE}"

    def config(self, **facts) -> None:
        """Change facts in config.json."""
        path = self.path / "config.json"
        config = json.loads(path.read_text()) | facts
        path.write_text(json.dumps(config))

    def read(self) -> dict:
        """The config.json."""
        return json.loads((self.path / "config.json").read_text())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(the folder of a run of a user's own recipe, the record of what was trained)"""
    here = tmp_path_factory.mktemp("elsewhere")
    (here / "mine.py").write_text(RECIPE)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("TINYGAN_STATE", str(here / "state"))
        draw_small_pictures(monkeypatch)
        arguments = ["train", str(here / "mine.py"), "--quiet", "--cores", "1"]
        assert main([*arguments, "--out", str(here / "run")]) == 0
    (here / "mine.py").unlink()
    return here / "run", here / "state"


@pytest.fixture
def stranger(trained, tmp_path, monkeypatch, small_pictures):
    """The folder, on a machine where nothing was trained."""
    shutil.copytree(trained[0], tmp_path / "run")
    monkeypatch.setenv("TINYGAN_STATE", str(tmp_path / "state"))
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("precious")
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return Stranger(tmp_path / "run", tmp_path / "mark", tmp_path / "precious")


@pytest.fixture
def known(stranger, trained):
    """The same, on a machine where the honest recipe was trained."""
    shutil.copytree(trained[1], stranger.path.parent / "state")
    return stranger


def commands(folder):
    """The three commands that take up a run."""
    yield "sample", folder, "--n", 2, "--out", "x.npy"
    yield "evaluate", folder, "--n", 20
    yield "train", "--resume", folder, "--steps", 4, "--quiet", "--cores", 1


def refused(capsys, stranger, *more) -> list[str]:
    """The sentence of each command, which must have done nothing."""
    before = everything(stranger.path.parent)
    sentences = []
    for command in commands(stranger.path):
        capsys.readouterr()
        signal.alarm(20)  # a command that waits for a pipe would wait for ever
        try:
            status = main([str(word) for word in (*command, *more)])
        except SystemExit as e:
            status = e.code
        signal.alarm(0)
        out, err = capsys.readouterr()
        assert not stranger.mark.exists(), command
        assert status == 2, (command, out, err)
        last = err.splitlines()[-1]
        assert last.startswith("tinygan: ") and "Traceback" not in err
        assert len(last) <= 520
        assert all(c.isprintable() or c == "\n" for c in out)
        sentences.append(last)
    assert everything(stranger.path.parent) == before
    return sentences


def everything(path) -> dict:
    """What lies below a folder."""
    found = {}
    for root, folders, files in os.walk(path):
        for name in (*folders, *files):
            file = pathlib.Path(root, name)
            if file.is_symlink():
                found[file] = os.readlink(file)
            else:
                found[file] = file.read_bytes() if file.is_file() else "other"
    return found


def test_a_strangers_recipe_is_shown_and_runs_with_trust(stranger, capsys, tmp_path):
    for sentence in refused(capsys, stranger):
        assert "nothing was run" in sentence and "--trust" in sentence
        assert "recipe.py" in sentence and "SHA-256" in sentence
    main(["sample", str(stranger.path)])
    out = capsys.readouterr().out
    assert '"""Two points."""' in out  # what would be run
    assert stranger.read()["source"]["sha256"] in out
    for command in commands(stranger.path):
        assert main([str(word) for word in (*command, "--trust")]) == 0
    # It was trained here now, and needs no word any more
    assert main(["sample", str(stranger.path), "--n", "2", "--out", "y.npy"]) == 0


def test_the_preview_obeys_no_control_characters(stranger, capsys):
    text = "# \x1b[2J\x07\u202e evil\n" + RECIPE
    (stranger.path / "recipe.py").write_text(text)
    stranger.config(source=None)
    refused(capsys, stranger)
    main(["sample", str(stranger.path)])
    assert "# \\x1b[2J\\x07\\u202e evil" in capsys.readouterr().out


def test_an_honest_recipe_that_was_trained_here_needs_no_word(known, capsys):
    for command in commands(known.path):
        assert main([str(word) for word in command]) == 0


# Tricks


def another_path(stranger):
    """The config names another file of the folder."""
    (stranger.path / "evil.py").write_text(stranger.evil)
    stranger.config(recipe=str(stranger.path / "evil.py"))


def a_relative_path(stranger):
    (stranger.path.parent / "evil.py").write_text(stranger.evil)
    (stranger.path.parent / "cwd" / "evil.py").write_text(stranger.evil)
    stranger.config(recipe="../evil.py")


def a_path_and_no_hash(stranger):
    """As a run of an old version, which recorded no hash."""
    (stranger.path / "evil.py").write_text(stranger.evil)
    stranger.config(recipe=str(stranger.path / "evil.py"), source=None)


def a_file_beside_the_command(stranger):
    """A relative path is not looked for in the present folder."""
    pathlib.Path("evil.py").write_text(stranger.evil)
    stranger.config(recipe="./evil.py", source=None)
    (stranger.path / "recipe.py").unlink()


def replaced_copy(stranger):
    """recipe.py is replaced after its hash was recorded."""
    (stranger.path / "recipe.py").write_text(stranger.evil)


def replaced_copy_of_a_builtin(stranger):
    (stranger.path / "recipe.py").write_text(stranger.evil)
    stranger.config(recipe="mlp-ring")


def another_hash(stranger):
    """The hash of the planted file is not the one that was trained here."""
    source = stranger.evil.encode()
    (stranger.path / "recipe.py").write_bytes(source)
    import hashlib

    sha = hashlib.sha256(source).hexdigest()
    stranger.config(source={"sha256": sha, "files": {"recipe.py": sha}})


def claimed_hash(stranger):
    """The config claims the trained hash, and the name of a planted neighbour."""
    facts = stranger.read()["source"]
    (stranger.path / "recipe").mkdir()
    (stranger.path / "recipe" / "numpy.py").write_text(stranger.evil)
    (stranger.path / "recipe" / "tqdm.py").write_text(stranger.evil)
    facts["files"] |= {"recipe/numpy.py": facts["sha256"], "recipe/tqdm.py": "0" * 64}
    stranger.config(source=facts)


def comment_and_code(stranger):
    """A copy with the hash of an earlier text that says the same is still no copy."""
    (stranger.path / "recipe.py").write_text("# -*- coding: utf-8 -*-\n" + RECIPE)
    (stranger.path / "evil.py").write_text(stranger.evil)
    stranger.config(recipe=str(stranger.path / "evil.py"))


def a_path_out_of_the_folder(stranger):
    facts = stranger.read()["source"]
    evil = stranger.path.parent / "cwd" / "evil.py"
    evil.write_text(stranger.evil)
    facts["files"] |= {"recipe/../../cwd/evil.py": facts["sha256"]}
    stranger.config(source=facts)


def linked_copy(stranger):
    evil = stranger.outside / "evil.py"
    evil.write_text(stranger.evil)
    (stranger.path / "recipe.py").unlink()
    (stranger.path / "recipe.py").symlink_to(evil)


def linked_neighbours(stranger):
    (stranger.outside / "helper.py").write_text(stranger.evil)
    facts = stranger.read()["source"]
    facts["files"]["recipe/helper.py"] = facts["sha256"]
    stranger.config(source=facts)
    (stranger.path / "recipe").symlink_to(stranger.outside)


def piped_copy(stranger):
    (stranger.path / "recipe.py").unlink()
    os.mkfifo(stranger.path / "recipe.py")


def piped_config(stranger):
    (stranger.path / "config.json").unlink()
    os.mkfifo(stranger.path / "config.json")


def piped_checkpoint(stranger):
    (stranger.path / "checkpoint.npz").unlink()
    os.mkfifo(stranger.path / "checkpoint.npz")


def endless_recipe(stranger):
    (stranger.path / "recipe.py").unlink()
    (stranger.path / "zero.py").symlink_to("/dev/zero")
    stranger.config(recipe=str(stranger.path / "zero.py"), source=None)


def linked_samples(stranger):
    shutil.rmtree(stranger.path / "samples")
    (stranger.path / "samples").symlink_to(stranger.outside)


def linked_metrics(stranger):
    (stranger.path / "metrics.jsonl").unlink()
    (stranger.path / "metrics.jsonl").symlink_to(stranger.outside / "file")


def piped_metrics(stranger):
    (stranger.path / "metrics.jsonl").unlink()
    os.mkfifo(stranger.path / "metrics.jsonl")


def piped_lock(stranger):
    os.mkfifo(stranger.path / ".tinygan.lock")


def linked_lock(stranger):
    (stranger.path / ".tinygan.lock").symlink_to(stranger.outside / "file")


def a_link_in_a_circle(stranger):
    (stranger.path / "samples.png").unlink()
    (stranger.path / "samples.png").symlink_to("samples.png")


def linked_checkpoint(stranger):
    shutil.move(stranger.path / "checkpoint.npz", stranger.outside / "checkpoint.npz")
    (stranger.path / "checkpoint.npz").symlink_to(stranger.outside / "checkpoint.npz")


def linked_config(stranger):
    shutil.move(stranger.path / "config.json", stranger.outside / "config.json")
    (stranger.path / "config.json").symlink_to(stranger.outside / "config.json")


def linked_picture(stranger):
    (stranger.path / "samples.png").unlink()
    (stranger.path / "samples.png").symlink_to(stranger.outside / "file")


def pickled_checkpoint(stranger):
    """An object array in the checkpoint: to read it would run its code."""
    bomb = np.empty(1, object)
    bomb[0] = Bomb(str(stranger.mark))
    path = stranger.path / "checkpoint.npz"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            if name == "G.theta.npy":
                with archive.open(name, "w") as file:
                    np.lib.format.write_array(file, bomb)
            else:
                archive.writestr(name, data)


class Bomb:
    """An object whose pickle writes a file when it is read."""

    def __init__(self, mark: str):
        self.mark = mark

    def __reduce__(self):
        return open, (self.mark, "w")


def poisoned_cache(stranger):
    """Python's cache of another text, which says it is that of recipe.py."""
    import importlib.util
    import marshal

    cache = pathlib.Path(importlib.util.cache_from_source(stranger.path / "recipe.py"))
    cache.parent.mkdir()
    code = compile(stranger.evil, str(stranger.path / "recipe.py"), "exec")
    unchecked = (1).to_bytes(4, "little") + bytes(8)
    cache.write_bytes(importlib.util.MAGIC_NUMBER + unchecked + marshal.dumps(code))


IMPOSSIBLE = [  # also on a machine that has trained the honest recipe
    another_path,
    a_relative_path,
    a_path_and_no_hash,
    a_file_beside_the_command,
    replaced_copy,
    replaced_copy_of_a_builtin,
    another_hash,
    claimed_hash,
    comment_and_code,
    a_path_out_of_the_folder,
    linked_copy,
    linked_neighbours,
    piped_copy,
    piped_config,
    piped_checkpoint,
    endless_recipe,
    linked_samples,
    linked_metrics,
    piped_metrics,
    piped_lock,
    linked_lock,
    a_link_in_a_circle,
    linked_checkpoint,
    linked_config,
    linked_picture,
    pickled_checkpoint,
]


@pytest.mark.parametrize("trick", IMPOSSIBLE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("more", [(), ("--as-trained",)], ids=["plain", "as trained"])
def test_a_trick_runs_nothing(trick, more, known, capsys):
    trick(known)
    if more and trick in HARMLESS_AS_TRAINED:
        for command in commands(known.path):
            assert main([str(word) for word in (*command, *more)]) == 0
        assert not known.mark.exists()
    else:
        refused(capsys, known, *more)


# The copy is the honest one, and the planted file is left aside
HARMLESS_AS_TRAINED = [another_path, a_relative_path]


def test_the_mark_would_be_seen(known, capsys):
    another_path(known)
    for command in commands(known.path):
        with_all = (*command, "--with-changes", "--trust")
        assert main([str(word) for word in with_all]) == 0
        assert known.mark.exists()
        known.mark.unlink()


@pytest.mark.parametrize(
    "trick",
    [another_path, a_path_and_no_hash, replaced_copy, another_hash, linked_copy],
    ids=lambda f: f.__name__,
)
def test_with_changes_is_no_trust(trick, known, capsys):
    trick(known)
    for sentence in refused(capsys, known, "--with-changes"):
        assert "--trust" in sentence


def test_a_poisoned_cache_is_not_read(known, capsys):
    poisoned_cache(known)
    for command in commands(known.path):
        assert main([str(word) for word in command]) == 0
    assert not known.mark.exists()


def test_planted_modules_are_not_imported(known, capsys):
    names = ("numpy", "PIL", "tqdm", "matplotlib", "threadpoolctl", "sitecustomize")
    (known.path / "recipe").mkdir()
    for folder in (known.path, known.path / "recipe", pathlib.Path()):
        for name in names:
            (folder / f"{name}.py").write_text(known.evil)
    for name in ("conftest.py", "__init__.py", "__main__.py"):
        (known.path / name).write_text(known.evil)
    (known.path / "evil.pth").write_text(f"import os; open({str(known.mark)!r}, 'w')\n")
    for command in commands(known.path):
        assert main([str(word) for word in command]) == 0
    assert not known.mark.exists()


@pytest.mark.parametrize("way", ["module", "script", "empty entry"])
def test_nothing_is_imported_from_the_present_folder(way, known):
    """Also not NumPy, which is imported before the command line is read."""
    names = ("numpy", "PIL", "tqdm", "matplotlib", "threadpoolctl", "argparse", "json")
    for name in (*names, "sitecustomize", "usercustomize", "secrets"):
        (known.path / f"{name}.py").write_text(known.evil)
    script = known.path.parent / "bin" / "tinygan"
    script.parent.mkdir()
    script.write_text("import sys\nfrom tinygan.cli import main\nsys.exit(main())\n")
    root = str(pathlib.Path(plots.__file__).parents[1])
    path = f"{os.pathsep}{root}" if way == "empty entry" else root
    words = ["-m", "tinygan"] if way == "module" else [str(script)]
    if way == "empty entry":  # Python itself imports sitecustomize from there
        (known.path / "sitecustomize.py").unlink()
        (known.path / "usercustomize.py").unlink()
    done = subprocess.run(
        [sys.executable, *words, "sample", ".", "--n", "2"],
        cwd=known.path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not known.mark.exists()


NAMES = ["os", "os.system", "-c", "", "tinygan.recipes.mlp_ring", "mlp_ring", "sys"]
NAMES += ["../../x.py", "/etc/passwd", "/dev/stdin", "/dev/zero", "__init__", ".py"]
NAMES += ["//server/share/x.py", "\\\\server\\share\\x.py", "https://host/x.py"]
NAMES += ["mine\x1b[2J\x07.py", "x\n\ny.py", "a\0b.py", "n" * 5000 + ".py", "/"]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:30]))
def test_a_name_that_is_no_recipe(name, stranger, capsys):
    stranger.config(recipe=name, source=None)
    (stranger.path / "recipe.py").unlink()
    refused(capsys, stranger)


@pytest.mark.parametrize(
    "source",
    [3, "x", [], {}, {"files": {}, "sha256": "0" * 64}, {"files": 3, "sha256": "x"}]
    + [{"files": {name: "0" * 64, "recipe.py": "0" * 64}, "sha256": "0" * 64}
       for name in ("/etc/x.py", "recipe/../x.py", "recipe/.py", "x.py", "recipe/x.so",
                    "recipe//x.py", "recipe/\x1b.py", "recipe/x\n.py")]
    + [{"files": {f"recipe/x{n}.py": "" for n in range(9999)}, "sha256": "0" * 64}]
    + [{"files": {"recipe.py": 3}, "sha256": 3}, {"files": {"recipe.py": None}}],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_a_source_that_is_none(source, known, capsys):
    known.config(source=source)
    refused(capsys, known)


@pytest.mark.parametrize(
    "data", ["/dev/zero", "pipe", "//server/share", "\\\\server\\share", "/proc/kmsg"]
)
def test_data_that_are_no_files(data, known, capsys):
    """A recipe of tinygan's own runs, but its data may be anywhere."""
    if data == "pipe":
        data = str(known.outside / "pipe")
        os.mkfifo(data)
    options = {"steps": 2, "batch": 4, "data": data}
    known.config(recipe="mlp-mnist", source=None, options=options)
    for sentence in refused(capsys, known):
        assert "config.json" in sentence and "expected a file or a folder" in sentence
