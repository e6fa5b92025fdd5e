"""Write the run folders beside this file: `python make.py`, with tinygan 0.1.0.

No other version of tinygan may write them, and none has to: they stand for the folders
that users have. A folder is a run of 6 steps; expected.npz holds what the same version
then sampled, and where 6 steps more led.
"""

import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np

from tinygan import __version__
from tinygan.checkpoint import read_manifest, save_checkpoint
from tinygan.cli import main

HERE = pathlib.Path(__file__).parent
BUILT_IN = {"wgan_ring": "wgan-ring"}  # any other folder has a recipe of its own
KEPT = 200  # parameters of each network


def tinygan(*arguments) -> None:
    """The command `tinygan arguments...`, or an end to all this."""
    if main([str(a) for a in arguments]) != 0:
        sys.exit(f"tinygan {arguments} failed")


def make(name: str, folder: pathlib.Path, run: pathlib.Path) -> None:
    """Train `run`, keep what is needed of it in `folder`, and go on with it."""
    recipe = BUILT_IN.get(name, folder / "recipe.py")
    how = ("--batch", 8, "--cores", 1, "--quiet")
    tinygan("train", recipe, "--steps", 6, *how, "--out", run)
    folder.mkdir(exist_ok=True)
    shutil.copy(run / "checkpoint.npz", folder)
    config = json.loads((run / "config.json").read_text("utf-8"))
    if name not in BUILT_IN:  # no path of the machine that made it
        config["recipe"] = "recipe.py"
        relabel(folder / "checkpoint.npz", "recipe.py")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    expected = {"samples": sampled(run)}
    tinygan("train", "--resume", run, "--steps", 12, "--cores", 1, "--quiet")
    expected["samples_after"] = sampled(run)
    with np.load(run / "checkpoint.npz") as arrays:
        for player in ("G", "D"):
            theta = arrays[f"{player}.theta"]
            order = np.random.default_rng(0).permutation(len(theta))
            index = np.sort(order[:KEPT]).astype(np.int32)
            expected |= {f"index_{player}": index, f"theta_{player}": theta[index]}
    np.savez_compressed(folder / "expected.npz", **expected)


def relabel(checkpoint: pathlib.Path, recipe: str) -> None:
    """Name another recipe in the manifest; the arrays stay."""
    with np.load(checkpoint) as file:
        arrays = {name: file[name] for name in file if name != "manifest.json"}
    manifest = read_manifest(checkpoint) | {"recipe": recipe}
    save_checkpoint(checkpoint, arrays, manifest)


def sampled(run: pathlib.Path) -> np.ndarray:
    """Five samples of the run."""
    out = run / "five.npy"
    tinygan("sample", run, "--n", 5, "--seed", 3, "--out", out)
    return np.load(out)


if __name__ == "__main__":
    if __version__ != "0.1.0":
        sys.exit(f"make.py expects tinygan 0.1.0, found {__version__}")
    own = {path.parent.name for path in HERE.glob("*/recipe.py")}
    for name in sorted(own | set(BUILT_IN)):
        with tempfile.TemporaryDirectory() as scratch:
            make(name, HERE / name, pathlib.Path(scratch) / name)
