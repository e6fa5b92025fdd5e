"""A run is itself: it is resumed, sampled and measured as what was trained.

The recipe, the checkpoint, the data and the backend are compared with config.json. A
difference is refused, by one sentence that says what to do, or it is told.
"""

import hashlib
import json
import os
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from tinygan import BackendError, InputError, recipes
from tinygan.cli import compare, copies
from tinygan.cli.arguments import main
from tinygan.recipes import mlp_ring
from tinygan.runs.checkpoint import read_manifest
from tinygan.userfile import Source

HELPER = '''"""What two recipes share."""
from tinygan import Adam, Dense, NonSaturating, Sequential, Tanh
from tinygan.data import mixture_1d
from tinygan.runs import Experiment, Latent

SCALE = 1.0


def make(steps, batch, lr, seed):
    return Experiment(
        Sequential(Dense(1)), Sequential(Dense(1)), (1,), mixture_1d,
        Latent(2, scale=SCALE), NonSaturating(), Adam(lr), Adam(lr),
        steps=steps, batch=batch, seed=seed,
    )
'''
RECIPE = '''"""Two points."""
from common import make


def recipe(steps=4, batch=4, lr=1e-3, seed=0):
    return make(steps, batch, lr, seed)
'''


def tinygan(capsys, *words) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `tinygan words...`."""
    capsys.readouterr()
    try:
        status = main([str(word) for word in words])
    except SystemExit as e:
        status = e.code
    return status, *capsys.readouterr()


def refused(capsys, *words) -> str:
    status, _, err = tinygan(capsys, *words)
    assert status == 2, err
    assert err.count("\n") == 1 and len(err) <= 500, err
    return err


def quiet(capsys, *words) -> str:
    """The stdout of a command that succeeds without a word on stderr."""
    status, out, err = tinygan(capsys, *words)
    lines = [line for line in err.splitlines() if not line.endswith(" ...")]
    assert (status, lines) == (0, [])  # evaluate says what it does
    return out


def told(capsys, *words) -> str:
    """The stderr of a command that succeeds."""
    status, _, err = tinygan(capsys, *words)
    assert status == 0, err
    return err


def commands(run):
    """The three commands that take up a run, without their effect."""
    yield "sample", run, "--n", 3, "--out", "x.npy"
    yield "evaluate", run, "--n", 20
    yield "train", "--resume", run, "--steps", 6, "--quiet"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, small_pictures):
    """A folder to work in, and a machine where nothing was trained."""
    monkeypatch.setenv("TINYGAN_STATE", str(tmp_path / "state"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def mine(here, capsys) -> pathlib.Path:
    """A recipe of one's own, with a file beside it and a run of 4 steps."""
    (here / "common.py").write_text(HELPER)
    (here / "mine.py").write_text(RECIPE)
    quiet(capsys, "train", "mine.py", "--quiet", "--out", "run")
    return here / "mine.py"


def config(run="run") -> dict:
    return json.loads(pathlib.Path(run, "config.json").read_text())


def samples(capsys, run="run", *more) -> np.ndarray:
    told(capsys, "sample", run, "--n", 5, "--out", "five.npy", *more)
    return np.load("five.npy")


# What is recorded


def test_config_json_tells_what_the_run_is(mine):
    found = config()
    assert found["options"] == {"steps": 4, "batch": 4, "lr": 1e-3, "seed": 0}
    assert found["recipe"] == str(mine)
    sha = {n: hashlib.sha256((mine.parent / n).read_bytes()).hexdigest()
           for n in ("mine.py", "common.py")}  # fmt: skip
    files = {"recipe.py": sha["mine.py"], "recipe/common.py": sha["common.py"]}
    assert found["source"]["files"] == files
    lines = "".join(f"{files[name]}  {name}\n" for name in sorted(files))
    assert found["source"]["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert (mine.parent / "run/recipe.py").read_bytes() == mine.read_bytes()
    assert (mine.parent / "run/recipe/common.py").read_text() == HELPER
    assert found["fingerprint"]["shape"] == [1] and found["cores"] >= 1
    assert found["machine"]["backend"] == "numpy" and found["tinygan"]
    assert len(found["run"]) == 32
    manifest = read_manifest("run/checkpoint.npz")
    assert manifest["run"] == found["run"]
    assert manifest["source"] == found["source"]["sha256"]


def test_a_builtin_recipe_is_recorded_with_its_source(here, capsys):
    quiet(capsys, "train", "mlp-ring", "--steps", 2, "--batch", 4, "--quiet")
    found = config("runs/mlp-ring")
    source = pathlib.Path(mlp_ring.__file__).read_bytes()
    assert (here / "runs/mlp-ring/recipe.py").read_bytes() == source
    assert found["source"]["sha256"] == hashlib.sha256(source).hexdigest()
    assert found["options"] == recipes.defaults(mlp_ring) | {"steps": 2, "batch": 4}


def test_what_json_cannot_hold_stays_the_recipes(here, capsys):
    text = RECIPE.replace("seed=0)", "seed=0, latent=object(), size=(8, 8))")
    (here / "common.py").write_text(HELPER)
    (here / "mine.py").write_text(text)
    quiet(capsys, "train", "mine.py", "--quiet", "--out", "run")
    assert config()["options"].keys() == {"steps", "batch", "lr", "seed", "size"}
    quiet(capsys, "sample", "run", "--n", 2)


def test_a_recipe_may_make_other_numbers_of_its_options(here, capsys):
    """Its config.json can be read again, and the run goes on."""
    text = RECIPE.replace("steps=4, batch=4", "steps=4.0, batch=2")
    (here / "common.py").write_text(HELPER)
    (here / "mine.py").write_text(
        text.replace("make(steps, batch,", "make(2 * int(steps), 2 * batch,")
    )
    quiet(capsys, "train", "mine.py", "--quiet", "--out", "run")
    assert config()["options"]["steps"] == 4
    assert read_manifest("run/checkpoint.npz")["step"] == 8
    quiet(capsys, "train", "--resume", "run", "--quiet", "--steps", 5)
    assert read_manifest("run/checkpoint.npz")["step"] == 10


def test_facts_that_cannot_be_found_out_end_no_run(here, capsys, monkeypatch):
    monkeypatch.setattr(recipes, "source_of", lambda module: None)
    monkeypatch.setattr(recipes, "read_source", lambda path: 1 / 0)
    monkeypatch.setenv("TINYGAN_STATE", "/dev/null/nowhere")
    text = HELPER.replace("mixture_1d,\n", "lambda: Odd(),\n").replace(
        "from tinygan.data import mixture_1d",
        "from tinygan.data import mixture_1d as m\n"
        "class Odd:\n"
        "    shape, calls = (1,), 0\n"
        "    def batches(self, batch, seed, backend):\n"
        "        if batch == 64: raise RuntimeError('odd')\n"
        "        return m().batches(batch, seed, backend)\n",
    )
    (here / "common.py").write_text(text)
    (here / "mine.py").write_text(RECIPE)
    quiet(capsys, "train", "mine.py", "--quiet", "--out", "run")
    assert config()["fingerprint"] is None and config()["source"] is None
    assert not (here / "run/recipe.py").exists()


# The same recipe, wherever it is


def test_a_run_of_ones_own_recipe_needs_no_word(mine, here, capsys):
    for command in commands("run"):
        quiet(capsys, *command)


def test_a_run_whose_recipe_has_moved_or_gone(mine, here, capsys, monkeypatch):
    before = samples(capsys)
    (here / "there").mkdir()
    for name in ("mine.py", "common.py", "run"):
        shutil.move(here / name, here / "there" / name)
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert samples(capsys, "../there/run").tobytes() == before.tobytes()
    for command in commands("../there/run"):
        quiet(capsys, *command)
    shutil.rmtree(here / "there" / "run" / "samples")
    (here / "there" / "mine.py").unlink()
    (here / "there" / "common.py").unlink()
    quiet(capsys, "train", "--resume", "../there/run", "--steps", 8, "--quiet")
    assert config("../there/run")["source"] is not None


def test_the_recipe_may_be_named_when_a_run_is_resumed(mine, here, capsys):
    (here / "there").mkdir()
    for name in ("mine.py", "common.py"):
        shutil.move(here / name, here / "there" / name)
    words = "--resume", "run", "--quiet", "--steps"
    quiet(capsys, "train", "there/mine.py", *words, 6)
    quiet(capsys, "train", "run/recipe.py", *words, 7)
    (here / "there/other.py").write_text(RECIPE + "X = 3\n")
    err = refused(capsys, "train", "there/other.py", *words, 8)
    assert "there/other.py" in err and "line 7" in err and "--with-changes" in err
    err = refused(capsys, "train", "mlp-ring", *words, 8)
    assert "--with-changes" in err
    quiet(capsys, "train", "there/other.py", *words, 8, "--with-changes")
    assert config()["changes"][-1]["recipe"][1] == config()["source"]["sha256"]


def test_a_builtin_run_goes_on_by_its_name(here, capsys):
    words = "--steps", 2, "--batch", 4, "--quiet"
    quiet(capsys, "train", "mlp-ring", *words)
    words = "--resume", "runs/mlp-ring", "--quiet", "--steps"
    told(capsys, "train", "mlp-ring", *words, 3)
    assert "--with-changes" in refused(capsys, "train", "mlp-grid", *words, 4)


# Another recipe


EDITS = {
    "activation": lambda t: t.replace("(Dense(1)), S", "(Dense(1), Tanh()), S"),
    "latent": lambda t: t.replace("SCALE = 1.0", "SCALE = 3.0"),
    "rate": lambda t: t.replace("Adam(lr), Adam(lr)", "Adam(lr), Adam(3 * lr)"),
    "data": lambda t: t.replace("(1,), mixture_1d", "(1,), lambda: mixture_1d()"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_changed_recipe_is_told_and_refused(edit, mine, here, capsys):
    before = samples(capsys)
    (here / "common.py").write_text(EDITS[edit](HELPER))
    for command in commands("run"):
        err = refused(capsys, *command)
        assert str(mine) in err and "common.py, line " in err
        assert "--with-changes" in err and "--as-trained" in err
    assert samples(capsys, "run", "--as-trained").tobytes() == before.tobytes()
    after = samples(capsys, "run", "--with-changes")
    assert (after.tobytes() != before.tobytes()) == (edit in ("activation", "latent"))
    told(capsys, "train", "--resume", "run", "--steps", 5, "--quiet", "--with-changes")
    assert [k for change in config()["changes"] for k in change] == [
        *("step", "steps"),
        *("step", "recipe"),
    ]
    assert (here / "run/recipe/common.py").read_text() == EDITS[edit](HELPER)
    quiet(capsys, "sample", "run", "--n", 2)


def test_other_defaults_are_a_change_and_do_not_count(mine, here, capsys):
    mine.write_text(RECIPE.replace("lr=1e-3", "lr=1e-2"))
    assert "line 5" in refused(capsys, "train", "--resume", "run", "--steps", 5)
    words = "--resume", "run", "--steps", 5, "--quiet", "--with-changes"
    told(capsys, "train", *words)
    assert config()["options"]["lr"] == 1e-3


def test_a_comment_is_no_change(mine, here, capsys):
    mine.write_text("# mine\n" + RECIPE.replace('"""Two points."""', '"""2 points."""'))
    (here / "common.py").write_text(HELPER.replace("SCALE = 1.0", "SCALE = 1.0  # !"))
    for command in commands("run"):
        quiet(capsys, *command)


def test_a_module_that_appears_beside_the_recipe_is_not_imported(mine, here, capsys):
    (here / "numpy.py").write_text("raise SystemExit('planted')")
    (here / "tqdm.py").write_text("raise SystemExit('planted')")
    for command in commands("run"):
        quiet(capsys, *command)


def test_a_neighbour_that_is_gone_is_taken_from_the_copy(mine, here, capsys):
    (here / "common.py").unlink()
    for command in commands("run"):
        quiet(capsys, *command)


def test_a_copy_that_is_no_copy(mine, here, capsys):
    mine.unlink()
    (here / "run/recipe.py").write_text(RECIPE + "print(3)\n")
    for command in commands("run"):
        err = refused(capsys, *command)
        assert "mine.py" in err and "--with-changes" in err


def test_a_builtin_recipe_that_another_version_changed(here, capsys, monkeypatch):
    """A comment does not block; another network does."""
    quiet(capsys, "train", "mlp-ring", "--steps", 2, "--batch", 4, "--quiet")
    copy = here / "runs/mlp-ring/recipe.py"
    text = copy.read_text()

    def written_by_another_version(text):
        copy.write_text(text)
        facts = config("runs/mlp-ring")
        sha = hashlib.sha256(text.encode()).hexdigest()
        facts["source"] = {"sha256": sha, "files": {"recipe.py": sha}}
        facts["tinygan"] = "0.1.9"
        (here / "runs/mlp-ring/config.json").write_text(json.dumps(facts))

    written_by_another_version("# older\n" + text.replace('"""', '"""Old. ', 1))
    err = told(capsys, "sample", "runs/mlp-ring", "--n", 2, "--out", "x.npy")
    assert err.count("\n") == 1 and "0.1.9" in err
    written_by_another_version(text.replace("Tanh", "LeakyReLU"))
    status, _, err = tinygan(capsys, "sample", "runs/mlp-ring", "--n", 2)
    assert status == 2 and "mlp_ring.py" in err and "--with-changes" in err
    told(capsys, "sample", "runs/mlp-ring", "--n", 2, "--with-changes")
    err = tinygan(capsys, "sample", "runs/mlp-ring", "--n", 2, "--as-trained")[2]
    assert "--trust" in err  # this older recipe was not trained here


# Another checkpoint, other data


def test_a_checkpoint_of_another_run_of_the_same_shapes(mine, here, capsys):
    other = RECIPE.replace("Two", "Three") + "OTHER = 1\n"
    (here / "other.py").write_text(other)
    quiet(capsys, "train", "other.py", "--quiet", "--seed", 7, "--out", "other")
    shutil.copy("other/checkpoint.npz", "run/checkpoint.npz")
    for command in commands("run"):
        err = refused(capsys, *command)
        assert "run/checkpoint.npz" in err and "other.py" in err
        assert "--with-changes" in err
    told(capsys, "sample", "run", "--n", 2, "--with-changes")


def pixels(path, seed, n=80):
    values = np.random.default_rng(seed).integers(0, 256, (n, 8, 8, 1), np.uint8)
    np.save(path, values)
    return path


PICTURES = '''"""8x8."""
from tinygan import Adam, Dense, NonSaturating, Reshape, Sequential
from tinygan.data import load_images
from tinygan.runs import Experiment, Latent


def recipe(data, steps=4, batch=4, lr=1e-3, seed=0):
    return Experiment(
        Sequential(Dense(64), Reshape(8, 8, 1)), Sequential(Reshape(64), Dense(1)),
        (8, 8, 1), lambda: load_images(data), Latent(2),
        NonSaturating(), Adam(lr), Adam(lr), steps=steps, batch=batch, seed=seed,
    )
'''


@pytest.fixture
def pictures(here, capsys):
    (here / "mine.py").write_text(PICTURES)
    pixels(here / "data.npy", 0)
    words = "--data", "data.npy", "--quiet", "--out", "run"
    quiet(capsys, "train", "mine.py", *words)
    return here / "data.npy"


@pytest.mark.parametrize("seed, n", [(1, 80), (0, 81)], ids=["values", "count"])
def test_exchanged_data_are_told_and_refused(seed, n, pictures, here, capsys):
    pixels(pictures, seed, n)
    sample, *others = commands("run")
    quiet(capsys, *sample)  # which needs no data
    for command in others:
        err = refused(capsys, *command)
        assert "data" in err and "--with-changes" in err
        assert n == 80 or "count 80, now 81" in err
    assert "data" in told(capsys, *others[0], "--with-changes")
    err = told(capsys, *others[1], "--data", pictures)  # the user names them
    assert err.count("data") == 1
    change = next(c for c in config()["changes"] if "fingerprint" in c)
    assert change["step"] == 4
    assert config()["fingerprint"] == change["fingerprint"][1]
    quiet(capsys, "train", "--resume", "run", "--steps", 8, "--quiet")


def test_data_that_have_moved_are_the_same(pictures, here, capsys):
    (here / "there").mkdir()
    shutil.move(pictures, here / "there/data.npy")
    _, measure, resume = commands("run")
    for command in (measure, resume):
        status, _, err = tinygan(capsys, *command)
        assert status == 2 and "data.npy" in err
        assert err.endswith("; say with --data where the data are now\n")
    for command in (measure, resume):
        words = (*command, "--data", "there/data.npy")
        status, _, err = tinygan(capsys, *words)
        assert status == 0 and "not those" not in err
    assert config()["options"]["data"] == str(here / "there/data.npy")


TEXTS = '''"""8x8, from a sentence."""
from tinygan import *
from tinygan.data import load_captioned
from tinygan.runs import Experiment, Latent, Sentences


def recipe(data, steps=4, batch=4, lr=1e-3, seed=0):
    found = load_captioned(data)
    words = Sequential(Embedding(4), MeanPool())
    told = lambda *layers: Sequential(Parallel(Identity(), words), Concat(), *layers)
    return Experiment(
        told(Dense(192), Reshape(8, 8, 3)),
        Sequential(Parallel(Flatten(), words), Concat(), Dense(1)),
        (8, 8, 3), lambda: found, Latent(2), NonSaturating(), Adam(lr), Adam(lr),
        steps=steps, batch=batch, seed=seed,
        condition=Sentences(found.vocabulary, found.captions, mixed=1),
    )
'''


def test_the_meaning_of_words_is_compared_before_a_run_is_sampled(here, capsys):
    """Captions of other words, as many as before: the same shapes, another meaning."""
    (here / "mine.py").write_text(TEXTS)
    (here / "data").mkdir()
    for n in range(6):
        Image.new("RGB", (8, 8), (40 * n,) * 3).save(here / "data" / f"{n}.png")

    def captions(*words):
        rows = [f"{n}.png,a {words[n % 2]} thing" for n in range(6)]
        text = "\n".join(["file,caption", *rows])
        (here / "data" / "captions.csv").write_text(text + "\n")

    captions("black", "white")
    words = "--data", "data", "--quiet", "--cores", 1, "--out", "run"
    told(capsys, "train", "mine.py", *words)
    words = "sample", "run", "--n", 2, "--out", "x.npy", "--text"
    told(capsys, *words, "a black thing")
    captions("azure", "brown")
    err = refused(capsys, *words, "a brown thing")
    assert "the data are not those of the run" in err
    told(capsys, *words, "a brown thing", "--with-changes")


# What may change


def test_the_rate_may_change_and_is_recorded(mine, capsys):
    words = "train", "--resume", "run", "--quiet", "--steps"
    quiet(capsys, *words, 6, "--lr", 5e-4)
    assert config()["options"]["lr"] == 5e-4
    assert config()["changes"] == [{"step": 4, "lr": [1e-3, 5e-4], "steps": [4, 6]}]
    quiet(capsys, *words, 7)
    assert config()["options"]["lr"] == 5e-4
    assert config()["changes"][1:] == [{"step": 6, "steps": [6, 7]}]


def test_a_smaller_rate_is_the_rate_of_the_next_steps(mine, here, capsys):
    shutil.copytree("run", "slow")
    for run, rate in (("run", 1e-3), ("slow", 1e-9)):
        words = "--resume", run, "--quiet", "--steps", 5, "--lr", rate
        with np.load(f"{run}/checkpoint.npz") as arrays:
            before = arrays["G.theta"]
        quiet(capsys, "train", *words)
        with np.load(f"{run}/checkpoint.npz") as arrays:
            moved = np.abs(arrays["G.theta"] - before).max()
        assert (moved > 1e-5) == (rate == 1e-3)


def test_a_diverged_run_goes_on_with_a_smaller_rate(here, capsys):
    (here / "common.py").write_text(
        HELPER.replace("Adam(lr), Adam(lr)", "SGD(lr), SGD(lr)")
        .replace("Adam,", "SGD,")
        .replace("seed=seed,", "seed=seed, log_every=1, checkpoint_every=1,")
    )
    (here / "mine.py").write_text(RECIPE)
    quiet(capsys, "train", "mine.py", "--quiet", "--out", "run")
    words = "train", "--resume", "run", "--quiet", "--steps", 60
    status, _, err = tinygan(capsys, *words, "--lr", 1e37)
    assert status == 1 and "last good checkpoint: run/checkpoint.npz" in err
    assert "tinygan train --resume run --lr 5e+36" in err
    step = read_manifest("run/checkpoint.npz")["step"]
    if step == 4:  # or it diverged a little later, and cannot be mended
        quiet(capsys, *words, "--lr", 1e-3)
        assert read_manifest("run/checkpoint.npz")["step"] == 60


@pytest.mark.parametrize("option", ["--batch", "--seed"])
def test_batch_and_seed_stay_and_the_reason_is_told(option, mine, capsys):
    words = "train", "--resume", "run", "--steps", 9, "--quiet"
    err = refused(capsys, *words, option, 5)
    assert option in err and "because" in err and "--lr" in err
    same = {"--batch": 4, "--seed": 0}[option]
    quiet(capsys, *words, option, same)


def test_empty_names_are_refused(mine, here, capsys):
    before = sorted(os.listdir(here))
    for words in (
        ("train", ""),
        ("train", " "),
        ("train", "--resume", ""),
        ("train", "--out", ""),
        ("train", "--data", ""),
        ("train", "mlp-ring", "--resume", "  "),
        ("sample", ""),
        ("evaluate", ""),
        ("evaluate", "run", "--data", ""),
        ("check", ""),
    ):
        assert "expected a name" in refused(capsys, *words)
    assert sorted(os.listdir(here)) == before
    assert "--out" in refused(capsys, "train", "--resume", "run", "--out", "x")
    assert "--resume" in refused(capsys, "train", "mlp-ring", "--with-changes")


def test_a_recipe_of_the_users_is_not_overwritten(here, capsys):
    (here / "common.py").write_text(HELPER)
    (here / "mine.py").write_text(RECIPE)
    (here / "out").mkdir()
    (here / "out" / "recipe.py").write_text("precious")
    err = refused(capsys, "train", "mine.py", "--quiet", "--out", "out")
    assert "recipe.py" in err and "--out" in err
    assert os.listdir(here / "out") == ["recipe.py"]
    source = Source("x.py", RECIPE.encode())
    shutil.copy("mine.py", "out/recipe.py")
    copies.may_lie_in(here / "out", source)  # the same text
    (here / "out" / "recipe.py").unlink()
    (here / "out" / "recipe.py").symlink_to(here / "mine.py")
    with pytest.raises(InputError, match="not of this run"):
        copies.may_lie_in(here / "out", source)


def test_the_copy_of_an_earlier_beginning_may_go(mine, here):
    other = Source("x.py", b"x = 1\n")
    copies.may_lie_in(here / "run", other)  # config.json knows its hash
    (here / "run" / "recipe.py").write_text("precious")
    with pytest.raises(InputError, match="not of this run"):
        copies.may_lie_in(here / "run", other)


# The backend


def test_the_backend_of_the_run_is_taken(mine, here, capsys, monkeypatch):
    facts = config()
    facts["machine"]["backend"], facts["cores"] = "cupy", 1
    (here / "run/config.json").write_text(json.dumps(facts))
    asked = []

    def absent(name):
        asked.append(name)
        raise BackendError(f"--backend {name}: CuPy is not installed")

    monkeypatch.setattr("tinygan.backend.CupyBackend", lambda: absent("cupy"))
    for command in commands("run"):
        err = refused(capsys, *command)
        assert "--backend numpy" in err and "CuPy is not installed" in err
    assert asked == ["cupy"] * 3
    for command in commands("run"):
        told(capsys, *command, "--backend", "numpy")
    assert config()["machine"]["backend"] == "numpy"


def test_the_cores_of_another_backend_are_not_taken():
    class Folder:
        config = {"machine": {"backend": "cupy"}, "cores": 1}  # noqa: RUF012

    class Backend:
        name = "numpy"

    assert compare.recorded_cores(Folder, Backend) is None
    Folder.config["machine"]["backend"] = "numpy"
    assert compare.recorded_cores(Folder, Backend) == 1
    for odd in (0, -3, "2", None, True, 10**30):
        Folder.config["cores"] = odd
        found = compare.recorded_cores(Folder, Backend)
        assert found is None or found == 10**30


# Odd values


@pytest.mark.parametrize("changes", [3, "x", {"a": 1}, None])
def test_odd_facts_are_left_aside(changes, mine, here, capsys):
    facts = config() | {"changes": changes, "machine": [3]}
    facts |= {"tinygan": 3, "fingerprint": {"pixels": 3, "batch 0": [4]}}
    (here / "run/config.json").write_text(json.dumps(facts))
    told(capsys, "sample", "run", "--n", 2)
    words = "--resume", "run", "--steps", 5, "--quiet", "--with-changes"
    told(capsys, "train", *words)
    assert isinstance(config()["changes"], list)


@pytest.mark.parametrize(
    "name, value",
    [("lr", "fast"), ("lr", True), ("seed", [1]), ("batch", {"a": 1}), ("steps", None)],
)
def test_an_option_of_another_kind_is_config_jsons_fault(
    name, value, mine, here, capsys
):
    facts = config()
    facts["options"][name] = value
    (here / "run/config.json").write_text(json.dumps(facts))
    for command in commands("run"):
        err = refused(capsys, *command)
        assert "config.json" in err and repr(name) in err and "mine.py" not in err


def test_data_paths():
    for path in (
        "//host/x",
        "\\\\host\\x",
        "https://host/x.npy",
        "/dev/zero",
        "/proc/1",
    ):
        with pytest.raises(InputError, match="expected a file or a folder"):
            compare.data_path(path)
    assert compare.data_path("nowhere.npy") == str(pathlib.Path.cwd() / "nowhere.npy")
    assert compare.data_path(".") == str(pathlib.Path.cwd())
