"""A run that is killed at any file operation can be resumed or begun again.

It then is, to the last bit, the run that was never killed: the same checkpoint, rows,
pictures and film, and no other files.
"""

import json
import pathlib
import shutil
import sys

import numpy as np
import pytest
from killing import Killer, in_a_fork
from pictures import small_picture

from tinygan import plots
from tinygan.cli.arguments import main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")

RECIPE = '''
"""Written in the tests."""

from tinygan import *
from tinygan.data import load_digits
from tinygan.runs import Experiment, Latent


def recipe(steps=8, batch=8, lr=1e-3, seed=0):
    G = Sequential(Dense(16), BatchNorm(), Tanh(), Dense(64), Tanh(), Reshape(8, 8, 1))
    D = Sequential(Flatten(), Dense(8), LeakyReLU(), Dropout(0.3), Dense(1))
    return Experiment(
        G, D, (8, 8, 1), load_digits, Latent(4), NonSaturating(), Adam(lr), Adam(lr),
        steps=steps, batch=batch, seed=seed,
        log_every=2, picture_every=3, checkpoint_every=4,
    )
'''


def contents(path: pathlib.Path) -> tuple:
    """All that a run has written, without the times and the clock."""
    lines = (path / "metrics.jsonl").read_text().splitlines()
    rows = [{**json.loads(line), "seconds": 0} for line in lines]
    with np.load(path / "checkpoint.npz") as file:
        arrays = {k: file[k].tobytes() for k in file.files if k != "manifest.json"}
    names = sorted(str(p.relative_to(path)) for p in path.rglob("*"))
    pictures = {n: (path / n).read_bytes() for n in names if n.endswith(("png", "gif"))}
    return names, rows, arrays, pictures


def curves(path, rows, _):
    """A picture that depends on the rows, and is quickly drawn."""
    values = np.array([row["V"] for row in rows])
    plots.save_png(path, values.view("u1").reshape(-1, 8))


@pytest.fixture(autouse=True)
def quick_pictures(monkeypatch):
    """Pictures that depend on the run, of a few pixels."""
    monkeypatch.setattr(plots, "plot_losses", curves)
    monkeypatch.setattr(plots, "picture", small_picture)


def campaign(tmp_path, cores: int, first: int, stride: int) -> dict:
    """Kill runs at every stride-th operation; count how each went on."""
    recipe = tmp_path / "mine.py"
    recipe.write_text(RECIPE)
    train = ["train", str(recipe), "--cores", str(cores), "--quiet", "--out"]
    whole, count = tmp_path / "whole", tmp_path / "count"
    assert main([*train, str(tmp_path / "first")]) == 0  # forks have its imports

    def counted():
        killer = Killer(whole)
        killer.arm()
        status = main([*train, str(whole)])
        count.write_text(str(killer.count))
        return status

    assert in_a_fork(counted) == 0
    wanted, ways = contents(whole), dict.fromkeys(("resumed", "again", "complete"), 0)
    operations = int(count.read_text())
    assert operations > 100
    for n in range(first, operations, stride):
        path = tmp_path / f"killed-{n}"

        def killed(path=path, n=n):
            Killer(path, n).arm()
            return main([*train, str(path)])

        def resumed(path=path):
            return main(["train", "--resume", str(path), "--quiet"])

        assert in_a_fork(killed) == -9, n
        status, way = in_a_fork(resumed), "resumed"
        if status == 2:
            begun = (path / "config.json").exists()
            way = "complete" if begun else "again"
            if not begun:
                assert in_a_fork(lambda path=path: main([*train, str(path)])) == 0, n
        else:
            assert status == 0, n
        for found, expected in zip(contents(path), wanted, strict=True):
            assert found == expected, (n, way)
        ways[way] += 1
        shutil.rmtree(path)
    return ways


@pytest.mark.parametrize("cores, first, stride", [(1, 2, 17), (2, 9, 60)])
def test_a_run_killed_at_a_file_operation_has_no_dead_end(
    cores, first, stride, tmp_path
):
    ways = campaign(tmp_path, cores, first, stride)
    assert ways["resumed"] >= 2 and ways["complete"] <= 1


@pytest.mark.slow
@pytest.mark.parametrize("cores", [1, 2])
def test_a_run_killed_at_every_file_operation_has_no_dead_end(cores, tmp_path):
    ways = campaign(tmp_path, cores, 0, 1)
    assert ways["resumed"] > 100 and ways["again"] > 2 and ways["complete"] <= 5
