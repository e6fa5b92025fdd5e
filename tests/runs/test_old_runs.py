"""Runs that tinygan 0.1.0 wrote: they are still sampled and still go on.

tests/runs/old_runs/ holds a folder for each kind of game, with what 0.1.0 made of it
(see the README.md there). Their recipes import what users of 0.1.0 imported, by the
names of then.
"""

import json
import pathlib
import shutil
import zipfile

import numpy as np
import pytest
from pictures import draw_small_pictures

from tinygan.cli import main

OLD_RUNS = pathlib.Path(__file__).parent / "old_runs"
FOLDERS = sorted(path.parent for path in OLD_RUNS.glob("*/checkpoint.npz"))
each_old_run = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)

# A name may have moved since, and say so when it is imported from where it was
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


# 0.1.0 itself differs from what was kept by 0. Where sums are rounded otherwise, by
# another BLAS or in another order, it differs by up to 1e-7 in parameters and 2e-6 in
# samples, six steps on; a forgotten moment or average differs by 1e-4 or more.
NEAR = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture
def run(folder, tmp_path, monkeypatch):
    """A copy of the folder that knows where its recipe is."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / folder.name
    shutil.copytree(folder, path)
    config = json.loads((path / "config.json").read_text("utf-8"))
    if config["recipe"].endswith(".py"):
        config["recipe"] = str(path / config["recipe"])
        (path / "config.json").write_text(json.dumps(config), "utf-8")
    return path


def expected(folder) -> dict:
    """What 0.1.0 made of the folder."""
    with np.load(folder / "expected.npz") as arrays:
        return dict(arrays)


def tinygan(*arguments) -> None:
    """The command `tinygan arguments...`, which has to succeed."""
    assert main([str(a) for a in arguments]) == 0


def trusted(run) -> list[str]:
    """The option without which no recipe of a folder runs that came from elsewhere. An
    old run does not tell the hash of its recipe.
    """
    return ["--trust"] if (run / "recipe.py").exists() else []


def sampled(run) -> np.ndarray:
    """Five samples of the run."""
    out = run.parent / "five.npy"
    tinygan("sample", run, "--n", 5, "--seed", 3, "--out", out, *trusted(run))
    return np.load(out)


def close(found, wanted) -> None:
    """float32 arrays of one shape, and near each other."""
    assert found.dtype == np.float32
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, **NEAR)


def test_there_is_an_old_run_of_each_kind_of_game():
    assert len(FOLDERS) == 14


@each_old_run
def test_an_old_run_says_which_version_wrote_it(folder):
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["tinygan"] == "0.1.0"
    with zipfile.ZipFile(folder / "checkpoint.npz") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["format"] == "tinygan-checkpoint"
    assert manifest["version"] == 1
    assert manifest["step"] == 6
    assert manifest["recipe"] == config["recipe"]


@each_old_run
def test_a_run_of_the_old_version_is_sampled(folder, run):
    close(sampled(run), expected(folder)["samples"])


@each_old_run
def test_a_run_of_the_old_version_goes_on(folder, run, monkeypatch):
    if folder.name != "mlp_ring":  # one draws the curves of its old rows
        draw_small_pictures(monkeypatch)
    options = "--steps", 12, "--quiet", "--cores", 1
    tinygan("train", "--resume", run, *options, *trusted(run))
    wanted = expected(folder)
    with np.load(run / "checkpoint.npz") as arrays:
        assert int(arrays["step"]) == 12
        for player in ("G", "D"):
            theta = arrays[f"{player}.theta"][wanted[f"index_{player}"]]
            close(theta, wanted[f"theta_{player}"])
    close(sampled(run), wanted["samples_after"])
