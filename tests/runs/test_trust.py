"""The record of the recipes that were trained on this machine."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from tinygan.runs import trust

SHA, OTHER = "0123456789abcdef" * 4, "f" * 64


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGAN_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_what_was_trained_is_remembered(state):
    assert trust.trained_from(SHA) is None
    assert trust.remember(SHA, "/a/mine.py") and trust.remember(SHA, "/b/mine.py")
    assert trust.remember(SHA, "/a/mine.py")
    assert trust.trained_from(SHA) == ["/a/mine.py", "/b/mine.py"]
    assert trust.trained_from(OTHER) is None
    assert os.listdir(state / "trained") == [f"{SHA}.json"]


def test_the_paths_are_not_too_many():
    for n in range(trust.MOST_PATHS + 5):
        trust.remember(SHA, f"/{n}.py")
    found = trust.trained_from(SHA)
    assert len(found) == trust.MOST_PATHS and found[-1] == f"/{n}.py"


@pytest.mark.parametrize("sha", ["", "x", "../../etc", SHA[:-1], SHA.upper(), None, 3])
def test_only_a_hash_names_a_record(sha, state):
    assert not trust.remember(sha, "/a.py")
    assert trust.trained_from(sha) is None
    assert not state.exists()


ODD = ["", "{", "[]", "3", "{}", "[" * 9999, "\0", "x" * 100_000]
ODD += [json.dumps({"sha256": SHA, "paths": paths}) for paths in (3, [3], None)]
ODD += [json.dumps({"sha256": OTHER, "paths": []})]


@pytest.mark.parametrize("text", ODD, ids=lambda text: repr(text[:20]))
def test_a_damaged_record_is_none_and_is_written_again(text, state):
    (state / "trained").mkdir(parents=True)
    (state / "trained" / f"{SHA}.json").write_text(text)
    assert trust.trained_from(SHA) is None
    assert trust.remember(SHA, "/a.py") and trust.trained_from(SHA) == ["/a.py"]


def test_a_record_that_is_a_pipe_does_not_hang(state):
    (state / "trained").mkdir(parents=True)
    os.mkfifo(state / "trained" / f"{SHA}.json")
    assert trust.trained_from(SHA) is None


def test_a_folder_that_cannot_be_written_ends_nothing(state, monkeypatch):
    state.write_text("a file")
    assert not trust.remember(SHA, "/a.py") and trust.trained_from(SHA) is None
    monkeypatch.setenv("TINYGAN_STATE", "/dev/null/x")
    assert not trust.remember(SHA, "/a.py") and trust.trained_from(SHA) is None


def test_where_the_record_is(monkeypatch, tmp_path):
    assert trust.state_folder() == tmp_path / "state"
    for relative in ("state", "", "./x"):
        monkeypatch.setenv("TINYGAN_STATE", relative)
        assert trust.state_folder() is None
        assert not trust.remember(SHA, "/a.py")
    monkeypatch.delenv("TINYGAN_STATE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert trust.state_folder() == tmp_path / "xdg" / "tinygan"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")  # the standard says: ignore it
    assert trust.state_folder() == tmp_path / ".local" / "state" / "tinygan"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert trust.state_folder() == tmp_path / ".local" / "state" / "tinygan"

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(pathlib.Path, "home", homeless)
    assert trust.state_folder() is None
    assert not trust.remember(SHA, "/a.py")


def test_many_at_once_lose_nothing(state):
    """Each recipe has a file of its own, so no process overwrites another's record."""
    code = (
        "import hashlib, sys\nfrom tinygan.runs import trust\n"
        "for n in range(20):\n"
        "    sha = hashlib.sha256(f'{sys.argv[1]} {n}'.encode()).hexdigest()\n"
        "    assert trust.remember(sha, '/a.py')\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(k)], env=os.environ)
        for k in range(4)
    ]
    assert [p.wait() for p in processes] == [0] * 4
    records = list((state / "trained").iterdir())
    assert len(records) == 80
    assert all(json.loads(r.read_text())["paths"] == ["/a.py"] for r in records)
