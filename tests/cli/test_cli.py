"""The command line: what it does, and how it refuses.

Whatever a user gets wrong gives exit status 2 and one line on stderr that says what was
expected and what was found; nothing is left behind on the disk.
"""

import functools
import gzip
import json
import os
import pathlib
import shlex
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from pictures import draw_small_pictures
from PIL import Image

from tinygan import (
    BackendError,
    Dense,
    __version__,
    check,
    fast,
    get_backend,
    plots,
    recipes,
)
from tinygan.backend import NUMPY
from tinygan.cli import arguments as cli
from tinygan.cli import commands
from tinygan.cli.arguments import main
from tinygan.data import Tones, captioned_digits, load_images
from tinygan.recipes import mlp_mnist, text2digit
from tinygan.rng import generator
from tinygan.runs.checkpoint import read_manifest
from tinygan.runs.sampling import SAMPLE

DATA = os.environ.get("TINYGAN_DATA")
SPOKEN = "wavegan-digits", "cwavegan-digits", "specgan-digits"
COMMANDS = ("train", "sample", "evaluate", "data", "recipes", "check", "theory", "lab")


def run(capsys, *arguments) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `tinygan arguments...`."""
    capsys.readouterr()
    try:
        status = main([str(a) for a in arguments])
    except SystemExit as e:  # argparse exits by itself
        status = e.code
    return status, *capsys.readouterr()


def refused(capsys, *arguments) -> str:
    """The one line with which tinygan refuses."""
    status, out, err = run(capsys, *arguments)
    assert status == 2, (status, out, err)
    assert err.startswith("tinygan") and err.endswith("\n"), err
    assert len(err.splitlines()) == 1, err
    assert "Traceback" not in out + err
    return err


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder to work in; what a refused command leaves there is seen."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A run of dcgan-digits, 3 steps; not to be changed."""
    return _trained(tmp_path_factory, "dcgan-digits")


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    """A run of mlp-ring, 3 steps; not to be changed."""
    return _trained(tmp_path_factory, "mlp-ring")


def _trained(tmp_path_factory, recipe):
    path = tmp_path_factory.mktemp("runs") / recipe
    options = ["--steps", "3", "--batch", "8", "--seed", "1", "--quiet"]
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw_small_pictures(monkeypatch)
        assert main(["train", recipe, *options, "--out", str(path)]) == 0
    return path


def idx(*sizes, magic=None, values=None) -> bytes:
    """An IDX file of bytes, by default of this size and all zero."""
    n = int(np.prod(sizes)) if values is None else values
    head = bytes([0, 0, 8, len(sizes)]) if magic is None else magic
    return head + struct.pack(f">{len(sizes)}I", *sizes) + bytes(n)


# Help and lists


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_that_parse(command, capsys):
    status, out, err = run(capsys, command, "--help")
    assert (status, err) == (0, "")
    lines = out.partition("\nexamples:\n")[2].splitlines()
    examples = [line.partition("   (")[0] for line in lines]
    assert examples, out
    for example in examples:
        program, *arguments = shlex.split(example)
        assert (program, arguments[0]) == ("tinygan", command)
        assert callable(cli._parser().parse_args(arguments).run)


def test_help_lists_the_commands_and_version_the_version(capsys):
    status, out, _ = run(capsys, "--help")
    assert status == 0
    for command in COMMANDS:
        assert f"\n    {command} " in out
    assert run(capsys, "--version") == (0, f"tinygan {__version__}\n", "")


def test_every_option_of_train_is_explained(capsys):
    _, out, _ = run(capsys, "train", "--help")
    for option in ("steps", "batch", "seed", "lr", "data", "out", "resume", "backend"):
        assert f"--{option}" in out


def test_recipes_are_listed_with_a_line_each(capsys):
    status, out, _ = run(capsys, "recipes")
    assert status == 0
    rows = out.partition("\n\n")[0].splitlines()
    listed = {row[2:].split()[0]: row for row in rows}
    ours = {"mlp-ring", "mlp-grid", "mlp-digits", "dcgan-digits"}
    assert ours | {"mlp-mnist", "dcgan-mnist"} <= listed.keys()
    assert list(listed) == recipes.names()
    for name, row in listed.items():
        summary = recipes.summary(recipes.find(name))
        assert row.endswith(summary) and summary.endswith((".", "?"))
        assert row.startswith("*") == (name == "dcgan-digits")


# What is refused


def test_no_command_and_an_unknown_one(capsys):
    assert "COMMAND" in refused(capsys)
    assert "trian" in refused(capsys, "trian")
    assert "--stepz" in refused(capsys, "train", "--stepz", 3)


@pytest.mark.parametrize(
    "wrong, right",
    [
        ("mlp-rong", "mlp-ring"),
        ("dcgan", "dcgan-digits"),
        ("digits", "mlp-digits"),
        ("mlp_mnist", "mlp-mnist"),
        ("xyzzy", "tinygan recipes"),
    ],
)
def test_an_unknown_recipe_brings_the_nearest_names(capsys, here, wrong, right):
    err = refused(capsys, "train", wrong)
    assert repr(wrong) in err and right in err
    assert os.listdir(here) == []


@pytest.mark.parametrize(
    "option, values",
    [
        ("--steps", ["0", "-5", "1.5", "many", "", "1e3", "nan"]),
        ("--batch", ["0", "-1", "64.0", "big"]),
        ("--seed", ["-1", "0.5", "seed"]),
        ("--lr", ["0", "-1e-3", "nan", "inf", "-inf", "fast", ""]),
    ],
)
def test_numbers_out_of_range(capsys, here, option, values):
    for value in values:
        err = refused(capsys, "train", "mlp-ring", f"{option}={value}")
        assert option in err and "expected" in err and repr(value) in err
    assert os.listdir(here) == []


@pytest.mark.parametrize("value", ["0", "-3", "some"])
def test_sample_takes_a_positive_number(capsys, points, value):
    assert "--n" in refused(capsys, "sample", points, f"--n={value}")


def test_a_batch_that_no_memory_holds(capsys, here):
    err = refused(capsys, "train", "mlp-ring", "--batch", 10**9, "--quiet")
    assert "memory" in err and "--batch" in err
    assert os.listdir(here) == []


# Data


def narrow(n: int) -> Dense:
    """A layer of mlp-mnist with few units, unless they are pixels or the logit."""
    return Dense(n if n in (784, 1) else 8)


def data_refused(capsys, here, data) -> str:
    before = sorted(os.listdir(here))
    short = ("--steps", "1", "--quiet")  # if the data are not refused after all
    with pytest.MonkeyPatch.context() as monkeypatch:  # networks are made before
        monkeypatch.setattr(mlp_mnist, "Dense", narrow)
        err = refused(capsys, "train", "mlp-mnist", "--data", data, *short)
    assert "expected" in err
    assert str(pathlib.Path(data).resolve()) in err
    assert sorted(os.listdir(here)) == before
    return err


def test_a_recipe_without_its_data_says_where_to_get_them(capsys, here):
    for recipe in ("mlp-mnist", "dcgan-mnist"):
        err = refused(capsys, "train", recipe)
        assert "--data" in err and "mnist" in err
    assert os.listdir(here) == []


def test_data_for_a_recipe_that_takes_none(capsys, here):
    err = refused(capsys, "train", "mlp-ring", "--data", here)
    assert "--data" in err and "--steps" in err


def test_a_data_folder_or_file_that_is_missing_or_empty(capsys, here):
    data_refused(capsys, here, here / "nowhere")
    data_refused(capsys, here, here / "nowhere.npy")
    (here / "empty").mkdir()
    err = data_refused(capsys, here, here / "empty")
    assert "found no files" in err
    data_refused(capsys, here, "n" * 300)


@pytest.mark.parametrize("wrapped", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "raw, words",
    [
        (b"", ["magic"]),
        (b"\0\0", ["magic"]),
        (idx(5, 28, 28, magic=b"\1\2\3\4"), ["magic", "01020304"]),
        (idx(5, 28, 28, values=5 * 28 * 28 - 1), ["3920 bytes", "3919", "offset 16"]),
        (idx(5, 28, 28, values=5 * 28 * 28 + 1), ["the end", "more bytes"]),
        (idx(5, 27, 28), ["(28, 28, 1)", "(27, 28, 1)"]),
        (idx(5, 28, 28, 2), ["1, 3 or 4 channels", "2"]),
        (idx(784), ["(784,)"]),
        (idx(0, 28, 28), ["(0, 28, 28)"]),
        (idx(2**32 - 1, 2**32 - 1, 2**32 - 1, values=9), ["(4294967295,"]),
    ],
    ids=lambda v: v[0] if isinstance(v, list) else "",
)
def test_image_files_that_are_none(capsys, here, raw, words, wrapped):
    folder = here / "data"
    folder.mkdir()
    suffix = ".gz" if wrapped is gzip.compress else ""
    path = folder / f"train-images-idx3-ubyte{suffix}"
    path.write_bytes(wrapped(raw))
    err = data_refused(capsys, here, folder)
    assert path.name in err
    for word in words:
        assert word in err, err
    assert data_refused(capsys, here, path)


def test_a_gzip_file_cut_off(capsys, here):
    raw = gzip.compress(idx(5, 28, 28))
    (here / "images.gz").write_bytes(raw[: len(raw) // 2])
    data_refused(capsys, here, here / "images.gz")


def test_arrays_that_are_no_images_of_that_size(capsys, here):
    np.save(here / "small.npy", np.zeros((5, 8, 8), np.uint8))
    assert "(8, 8, 1)" in data_refused(capsys, here, "small.npy")
    np.save(here / "wide.npy", np.full((5, 28, 28), 300.0))
    assert "300" in data_refused(capsys, here, "wide.npy")
    np.save(here / "nan.npy", np.full((5, 28, 28), np.nan))
    assert "nan" in data_refused(capsys, here, "nan.npy")
    np.savez(here / "two.npz", a=np.zeros(2), b=np.zeros(2))
    data_refused(capsys, here, "two.npz")


# Folders


def test_an_out_that_cannot_be_a_folder(capsys, here):
    (here / "file").write_text("a file")
    for out in ("file", "file/below", "file/far/below", "n" * 300):
        err = refused(capsys, "train", "mlp-ring", "--quiet", "--out", out)
        assert out in err
    assert os.listdir(here) == ["file"]
    (here / "odd").mkdir()
    (here / "odd" / "samples").write_text("a file where a folder has to be")
    assert "odd" in refused(capsys, "train", "mlp-ring", "--quiet", "--out", "odd")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_may_not_be_written(capsys, here, points):
    locked = here / "locked"
    locked.mkdir(mode=0o500)
    refused(capsys, "train", "mlp-ring", "--quiet", "--out", locked)
    refused(capsys, "train", "mlp-ring", "--quiet", "--out", locked / "run")
    refused(capsys, "sample", points, "--n", 2, "--out", locked / "x.npy")
    assert os.listdir(locked) == []


def test_a_disk_that_fills_up_while_it_trains(capsys, here, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "x.png")

    draw_small_pictures(monkeypatch)
    monkeypatch.setattr(plots, "save_png", full)
    status, _, err = run(capsys, "train", "mlp-digits", "--steps", 2, "--quiet")
    *notes, last = err.splitlines()  # a note for each kind of picture
    assert status == 1 and len(notes) <= 3
    assert all("No space left" in line for line in (*notes, last))
    assert "--resume runs/mlp-digits" in last


def test_a_folder_that_holds_a_run(capsys, points):
    before = (points / "metrics.jsonl").read_bytes()
    err = refused(capsys, "train", "mlp-ring", "--quiet", "--out", points)
    assert "--resume" in err and str(points) in err
    assert (points / "metrics.jsonl").read_bytes() == before


def test_a_folder_that_holds_no_run(capsys, here):
    (here / "empty").mkdir()
    (here / "file").write_text("{}")
    for folder in ("nowhere", "empty", "file", "n" * 300):
        for command in (["sample", folder], ["train", "--resume", folder]):
            err = refused(capsys, *command)
            assert folder in err and "expected" in err and "found" in err
    assert sorted(os.listdir(here)) == ["empty", "file"]


@pytest.mark.parametrize(
    "config",
    [
        "",
        "{",
        "[]",
        "3",
        "{}",
        '{"recipe": 3, "options": {}}',
        '{"recipe": "mlp-digits", "options": []}',
        '{"recipe": "mlp-digits"}',
        '{"recipe": "nowhere.py", "options": {}}',
        '{"recipe": "mlp-rong", "options": {}}',
        '{"recipe": "mlp-digits", "options": {"width": 3}}',
        '{"recipe": "mlp-digits", "options": {"steps": "three"}}',
        '{"recipe": "mlp-digits", "options": {"steps": null}}',
        '{"recipe": "mlp-digits", "options": {"steps": -1}}',
        '{"recipe": "mlp-digits", "options": {"lr": "fast"}}',
        '{"recipe": "mlp-digits", "options": {"lr": -1}}',
        '{"recipe": "mlp-digits", "options": {"seed": [1]}}',
        "[" * 100_000,
        "\0\0\0",
    ],
    ids=lambda text: repr(text[:60]),
)
def test_a_config_that_is_none(capsys, here, digits, config):
    shutil.copytree(digits, here / "run")
    (here / "run" / "config.json").write_text(config)
    refused(capsys, "sample", "run", "--n", 2, "--out", "x.npy")
    refused(capsys, "train", "--resume", "run", "--quiet")
    assert os.listdir(here) == ["run"]


# Checkpoints


def checkpoint_refused(capsys, here, *more) -> str:
    """The sentences of sample and of --resume about the run's checkpoint."""
    path = pathlib.Path("run", "checkpoint.npz")
    sampled = refused(capsys, "sample", "run", "--n", 2, "--out", "x.npy", *more)
    again = ("--resume", "run", "--steps", 9, "--quiet", *more)
    resumed = refused(capsys, "train", *again)
    assert str(path) in sampled and str(path) in resumed
    assert "expected" in sampled and "expected" in resumed
    assert "found" in sampled and "found" in resumed
    assert os.listdir(here) == ["run"]
    return sampled + resumed


def test_a_checkpoint_of_another_architecture(capsys, here, digits, points):
    shutil.copytree(digits, here / "run")
    shutil.copy(points / "checkpoint.npz", here / "run")
    before = (here / "run" / "config.json").read_bytes()
    assert checkpoint_refused(capsys, here).count("another run") == 2
    sentences = checkpoint_refused(capsys, here, "--with-changes")
    assert sentences.count("architecture") == 2
    assert "G.theta" in sentences
    assert (here / "run" / "config.json").read_bytes() == before


def test_a_checkpoint_that_is_missing_truncated_or_none(
    capsys, here, digits, small_pictures
):
    shutil.copytree(digits, here / "run")
    path = here / "run" / "checkpoint.npz"
    raw = path.read_bytes()
    path.unlink()
    err = refused(capsys, "sample", "run", "--n", 2, "--out", "x.npy")
    assert str(path.relative_to(here)) in err and "found none" in err
    status, _, err = run(capsys, "train", "--resume", "run", "--steps", 2, "--quiet")
    assert status == 0 and "has no checkpoint, so the run begins at step 0" in err
    for damaged in (b"", b"no zip", raw[:1000], raw[: len(raw) // 2], raw[:-1]):
        path.write_bytes(damaged)
        assert "architecture" not in checkpoint_refused(capsys, here)
    path.write_bytes(raw.replace(b'"version": 1', b'"version": 7'))
    checkpoint_refused(capsys, here)
    path.unlink()
    path.mkdir()
    checkpoint_refused(capsys, here)


# The user's own recipe


GOOD = '''"""Two points.

And more about them.
"""
from tinygan import Adam, Dense, NonSaturating, Sequential
from tinygan.data import mixture_1d
from tinygan.runs import Experiment, Latent


def recipe(steps=2, batch=4, seed=0):
    return Experiment(
        Sequential(Dense(1)), Sequential(Dense(1)), (1,), mixture_1d, Latent(2),
        NonSaturating(), Adam(1e-3), Adam(1e-3), steps=steps, batch=batch, seed=seed,
    )
'''


def test_a_recipe_of_the_users_own(capsys, here, small_pictures):
    (here / "mine.py").write_text(GOOD)
    status, _, err = run(capsys, "train", "./mine.py", "--batch", 8, "--quiet")
    assert (status, err) == (0, "")
    assert (here / "runs" / "mine" / "training.gif").exists()
    config = json.loads((here / "runs" / "mine" / "config.json").read_text())
    assert config["recipe"] == str((here / "mine.py").resolve())
    status, _, _ = run(capsys, "sample", "runs/mine", "--n", 5, "--out", "x.npy")
    assert status == 0 and np.load("x.npy").shape == (5, 1)
    (here / "mine.py").write_text(GOOD.replace("Latent(2)", "Latent(3)"))
    again = ("sample", "runs/mine", "--n", 5, "--out", "y.npy")
    assert "--with-changes" in refused(capsys, *again)
    assert "architecture" in refused(capsys, *again, "--with-changes")


@pytest.mark.parametrize(
    "text, words",
    [
        ("x = 1\ndef recipe(:\n", ["line 2", "SyntaxError"]),
        ("x = 1\ny = 1 / 0\n", ["line 2", "ZeroDivisionError"]),
        ("import nowhere_to_be_found\n", ["line 1", "nowhere_to_be_found"]),
        ("raise RuntimeError('two\\nlines')\n", ["line 1", "RuntimeError"]),
        ("x = '\0'\n", ["mine.py"]),
        ("x = 1\n", ["recipe(...)", "found none"]),
        ("recipe = 3\n", ["recipe(...)"]),
        ("", ["recipe(...)", "found none"]),
        ("def recipe(): return 3\n", ["Experiment", "int"]),
        ("def recipe(): pass\n", ["Experiment", "NoneType"]),
        ("def recipe():\n    raise OSError('no')\n", ["line 2", "OSError", "no"]),
        ("def recipe():\n    return undefined\n", ["line 2", "undefined"]),
        ("def recipe(needed): return needed\n", ["needed"]),
        (GOOD.replace("Latent(2)", "Latent(-2)"), ["mine.py"]),
        (GOOD.replace("Dense(1)), Seq", "Dense(2)), Seq"), ["(2,)", "(1,)"]),
        (GOOD.replace("Dense(1)), (1,)", "Dense(3)), (1,)"), ["logit", "(3,)"]),
        (GOOD.replace("Adam(1e-3), ", "Adam(-1), "), ["mine.py", "lr > 0"]),
        (GOOD.replace("mixture_1d,", "lambda: 3 / 0,"), ["mine.py", "Zero"]),
        (GOOD.replace("mixture_1d,", "list,"), ["shape"]),
        (GOOD.replace("mixture_1d,", "lambda: open('gone'),"), ["gone"]),
        (GOOD.replace("steps=steps", "steps=0"), ["steps", "0"]),
        (GOOD.replace("steps=steps", "log_every=0, steps=2"), ["log_every", "0"]),
    ],
    ids=lambda v: repr(v[-40:]) if isinstance(v, str) else "",
)
def test_a_recipe_that_is_none(capsys, here, text, words):
    (here / "mine.py").write_text(text)
    err = refused(capsys, "train", "mine.py", "--quiet")
    for word in words:
        assert word in err, err
    assert not (here / "runs").exists()


def test_a_recipe_file_that_is_none(capsys, here):
    (here / "latin.py").write_bytes(b"x = '\xe9'\n")
    (here / "folder.py").mkdir()
    (here / "text").write_text(GOOD)
    for name in ("nowhere.py", "folder.py", "latin.py", "./text", "n" * 300 + ".py"):
        assert pathlib.Path(name).name in refused(capsys, "train", name)
    (here / "mine.py").write_text(GOOD)
    err = refused(capsys, "train", "mine.py", "--lr", "0.1")
    assert "--lr" in err and "--steps, --batch, --seed" in err


# Backends


def test_cupy_without_a_gpu(capsys, here, points):
    try:
        get_backend("cupy")
    except BackendError:
        pass
    else:
        pytest.skip("there is a GPU")
    for command in (["train"], ["sample", points]):
        err = refused(capsys, *command, "--backend", "cupy")
        assert "--backend cupy" in err
    assert "numpy" in refused(capsys, "train", "--backend", "torch")
    assert os.listdir(here) == []


# train

# One recipe for each kind of samples and of curves: the others' look like these.
DRAWN = {"mlp-ring", "dcgan-digits", "progan-digits", "wavegan-tones"}


def few_data(monkeypatch):
    """Recipes that make their own data make fewer of them: a millisecond each."""
    words = functools.partial(captioned_digits, 100)
    monkeypatch.setattr(text2digit, "captioned_digits", lambda n, *a: words(*a))
    tones = functools.partial(Tones.sounds, n=48)
    monkeypatch.setattr(Tones, "sounds", lambda self, n: tones(self))


@pytest.mark.parametrize("recipe", recipes.names())
def test_train_by_every_recipe(capsys, here, recipe, monkeypatch):
    options = ["--steps", 2, "--batch", 8, "--seed", 3, "--quiet", "--out", "run"]
    accepted, given = recipes.defaults(recipes.find(recipe)), {}
    settled = set(recipes.SETTLED)
    assert set(accepted) <= {*commands.PLAYING, *commands.READING} | settled
    few_data(monkeypatch)
    if recipe not in DRAWN:
        draw_small_pictures(monkeypatch)
    if "data" in accepted and recipe != "text2digit":
        if not DATA:
            pytest.skip("TINYGAN_DATA names no folder of data sets")
        where = "mnist"
        if recipe == "text2character":
            where = "faces/nouns_32.zip"
        elif recipe in SPOKEN:
            where = "fsdd/fsdd_recordings.zip"
        elif recipe in ("text-lines", "gru-lines"):
            where = "text/tinyshakespeare.txt"
        given["data"] = str(pathlib.Path(DATA) / where)
        options += ["--data", given["data"]]
    status, out, err = run(capsys, "train", recipe, *options)
    assert (status, err) == (0, ""), err
    assert f"{recipe}: 2 steps into run\n" in out
    assert "run/samples.png" in out and "run/training.gif" in out
    names = {"config.json", "metrics.jsonl", "checkpoint.npz", "samples"}
    pictures = {"samples.png", "losses.png", "training.gif"}
    names |= {"report.html"}
    copies = {"recipe.py", "recipe"} & set(os.listdir("run"))
    heard = {"sounds.html"} if recipe in (*SPOKEN, "wavegan-tones") else set()
    text = recipe.startswith(("text-", "gru-", "gumbel-"))
    written = {"samples.txt"} if text else set()
    walks = {"reconstructions.png", "walk.png"} if recipe.startswith("vae") else set()
    others = heard | written | walks
    assert set(os.listdir("run")) == names | pictures | others | copies
    assert "recipe.py" in copies
    assert len(os.listdir("run/samples")) == 3
    config = json.loads((here / "run" / "config.json").read_text())
    assert config["options"].keys() == accepted.keys()
    assert read_manifest("run/checkpoint.npz") == {
        "format": "tinygan-checkpoint",
        "version": 1,
        "tinygan": __version__,
        "step": 2,
        "recipe": recipe,
        "run": config["run"],
        "source": config["source"]["sha256"],
    }
    for name in pictures:
        with Image.open(here / "run" / name) as image:
            own = name != "losses.png" and (heard or written)
            assert (min(image.size) > 100) == (recipe in DRAWN or bool(own))
    with np.load("run/checkpoint.npz", allow_pickle=False) as file:
        arrays = dict(file)
    untrained = recipes.build(recipes.find(recipe), {"seed": 3, **given})
    name, untrained = untrained.maker(NUMPY)
    theta = arrays[f"{name}.theta"]
    assert theta.shape == untrained.theta.shape and (theta != untrained.theta).any()


def test_train_by_default_is_dcgan_digits_into_the_next_free_folder(
    capsys, here, small_pictures
):
    for name in ("dcgan-digits", "dcgan-digits-2", "dcgan-digits-3"):
        options = ["--steps", 1, "--batch", 4]
        status, out, _ = run(capsys, "train", *options, "--quiet")
        assert status == 0 and f"runs/{name}\n" in out
        assert (here / "runs" / name / "checkpoint.npz").exists()


def test_the_bar_names_the_four_quantities(capsys, small_pictures):
    options = ["--steps", 21, "--batch", 4]
    status, _, err = run(capsys, "train", "mlp-digits", *options)
    assert status == 0
    for name in ("V=-", "J=", "D(x)=0.", "D(G(z))=0.", "21/21"):
        assert name in err


def test_ring_reports_its_modes(capsys, here, points, small_pictures):
    shutil.copytree(points, here / "run")
    status, out, _ = run(capsys, "train", "--resume", "run", "--steps", 4, "--quiet")
    assert status == 0
    assert " of 8 modes, " in out and "% high quality" in out


# sample


def test_sample_as_a_picture(capsys, here, digits, points):
    for folder in (digits, points):
        out = here / f"{folder.name}.png"
        status, printed, err = run(capsys, "sample", folder, "--n", 9, "--out", out)
        assert (status, err) == (0, "")
        assert "9 samples" in printed and str(out) in printed
        with Image.open(out) as image:
            assert image.format == "PNG" and min(image.size) > 300
            assert image.getcolors(1 << 16) is None or len(image.getcolors(1 << 16)) > 5


def test_sample_without_out_lies_in_the_run(capsys, here, digits):
    shutil.copytree(digits, here / "run")
    status, out, _ = run(capsys, "sample", "run")
    assert status == 0 and "64 samples" in out
    assert (here / "run" / "generated.png").exists()


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_sample_as_an_array(capsys, here, digits, points, suffix):
    def samples(folder, n, seed):
        out = f"x{suffix}"
        status, _, err = run(
            capsys, "sample", folder, "--n", n, "--seed", seed, "--out", out
        )
        assert (status, err) == (0, "")
        x = np.load(out, allow_pickle=False)
        if suffix == ".npz":
            assert x.files == ["x"]
            with x:
                x = x["x"]
        return x

    x = samples(digits, 300, 5)
    assert (x.shape, x.dtype) == ((300, 8, 8, 1), np.float32)
    assert x.min() >= 0 and x.max() <= 1 and x.std() > 0.01
    images = load_images(f"x{suffix}", shape=(8, 8, 1))
    assert (len(images), images.low, images.high) == (300, 0, 1)
    np.testing.assert_array_equal(images.pixels, x)
    assert samples(digits, 300, 5).tobytes() == x.tobytes()
    assert (samples(digits, 300, 6) != x).any(axis=(1, 2, 3)).all()
    assert len({sample.tobytes() for sample in x}) == 300
    few = samples(digits, 7, 5)  # the sums of another batch are rounded otherwise
    np.testing.assert_allclose(few, x[:7], atol=4e-6)
    p = samples(points, 10, 0)
    assert (p.shape, p.dtype) == ((10, 2), np.float32)


def test_samples_are_what_the_generator_makes(capsys, here, digits):
    config = json.loads((digits / "config.json").read_text())
    module = recipes.find(config["recipe"])
    experiment = recipes.build(module, config["options"])
    G, _ = experiment.networks(NUMPY)
    with np.load(digits / "checkpoint.npz", allow_pickle=False) as file:
        G.theta[...] = file["G.theta"]
        G.load_state({k.removeprefix("G.state."): file[k] for k in file.files})
    run(capsys, "sample", digits, "--n", 4, "--seed", 2, "--out", "x.npy")
    z = experiment.latent.draw(4, generator(2, SAMPLE))
    y, _ = G.forward(z, train=False)
    np.testing.assert_allclose(np.load("x.npy"), (y + 1) / 2, atol=1e-6)


def test_sample_into_another_suffix_or_nowhere(capsys, here, digits):
    for out in ("x.jpg", "x", "x.npz.txt", ".png"):
        err = refused(capsys, "sample", digits, "--n", 2, "--out", out)
        assert out in err and ".npz" in err
    (here / "file").write_text("a file")
    for out in ("none/x.png", "none/x.npy", "file/x.npz", "n" * 300 + ".npy"):
        err = refused(capsys, "sample", digits, "--n", 2, "--out", out)
        assert out in err
    (here / "folder.npy").mkdir()
    refused(capsys, "sample", digits, "--n", 2, "--out", "folder.npy")
    assert sorted(os.listdir(here)) == ["file", "folder.npy"]
    assert os.listdir(here / "folder.npy") == []


# check


def test_check_of_the_plain_code_alone(capsys, here, monkeypatch):
    """The twins are off while it runs, and it says so."""
    seen = []
    (here / "mine.py").write_text(LAYER)
    rows = check.file_rows
    monkeypatch.setattr(
        *(check, "file_rows"),
        lambda *a, **k: seen.append(fast.is_plain()) or rows(*a, **k),
    )
    for options, plain in (((), False), (("--plain",), True)):
        with fast.plain(False):
            status, out, _ = run(capsys, "check", "mine.py", *options)
        assert status == 0 and ("without fast twins" in out) == plain
    assert seen == [False, True]


LAYER = """
from tinygan import Layer


class Cube(Layer):
    def forward(self, x, train=True):
        return x**3, (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        return 3 * x**2 * dy
"""


def test_check_of_a_layer_of_the_users_own(capsys, here):
    (here / "mine.py").write_text(LAYER)
    status, out, _ = run(capsys, "check", "mine.py")
    assert status == 0 and "Cube" in out and " 0 failures" in out
    (here / "mine.py").write_text(LAYER.replace("3 * x**2", "2 * x**2"))
    status, out, _ = run(capsys, "check", "mine.py")
    assert status == 1 and "FAILS" in out and "Cube" in out
    status, out, _ = run(capsys, "check", "mine.py", "--finite")
    assert status == 1 and "FAILS" in out


@pytest.mark.parametrize(
    "text, words",
    [
        ("", ["CHECKS"]),
        ("def f(:\n", ["line 1", "SyntaxError"]),
        ("CHECKS = [3]\n", ["3"]),
        ("CHECKS = 3\n", ["CHECKS"]),
        (LAYER + "    def __init__(self, a): self.a = a\n", ["Cube", "arguments"]),
        (LAYER + "    def __init__(self): 1 / 0\n", ["ZeroDivisionError"]),
        (LAYER.replace("x**3", "1 / 0"), ["ZeroDivisionError"]),
    ],
    ids=lambda v: repr(v[-30:]) if isinstance(v, str) else "",
)
def test_check_of_a_file_with_nothing_to_check(capsys, here, text, words):
    (here / "mine.py").write_text(text)
    err = refused(capsys, "check", "mine.py")
    assert "mine.py" in err
    for word in words:
        assert word in err, err


def test_check_of_a_file_that_is_not_there(capsys):
    assert "nowhere.py" in refused(capsys, "check", "nowhere.py")


# As a process


def test_as_a_module_and_into_a_closed_pipe(here):
    command = [sys.executable, "-m", "tinygan"]
    done = subprocess.run([*command, "train", "mlp-rong"], capture_output=True)
    assert (done.returncode, done.stdout) == (2, b"")
    assert len(done.stderr.splitlines()) == 1 and b"mlp-ring" in done.stderr
    with subprocess.Popen(
        [*command, "recipes"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
