"""The benchmark of all families of models: what it compares, measures and reports."""

import json
import math
import struct

import numpy as np
import pytest

import tinygan as tg
from benchmarks import families, families_pages, families_sets
from tinygan import recipes
from tinygan.data import load_digits
from tinygan.rng import SAMPLE
from tinygan.runs.run import Run


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A judge of few turns, few samples to time, and no data of another test."""
    monkeypatch.setattr("tinygan.measures.features.STEPS", 300)
    monkeypatch.setattr(families, "TIMED", 50)
    families_sets.data_of.cache_clear()
    yield
    families_sets.data_of.cache_clear()


def digits(n=60):
    return families_sets.data_of("digits", None, n)


def built(name, **options):
    return recipes.build(recipes.find(name), options)


# The data


def same_pictures(grey, binary):
    """True if `binary` can be drawn from grey pictures, one by one."""
    g, white = (grey.pixels - grey.low) / (grey.high - grey.low), binary.pixels
    return (
        np.array_equal(grey.labels, binary.labels)
        and (g[white == 1] > 0).all()
        and (g[white == 0] < 1).all()
    )


def test_a_gan_has_the_grey_pictures_of_the_training_set():
    binary = recipes.binary_digits()
    grey = families_sets.grey(load_digits(), binary)
    assert len(grey) == len(binary) == 1438 and same_pictures(grey, binary)
    assert not same_pictures(load_digits().part(slice(1438)), binary)
    gan = digits().training(built("dcgan-digits"))
    assert np.array_equal(gan.data().pixels, grey.pixels)
    vae = built("vae-digits")
    assert digits().training(vae) is vae


def write_mnist(folder, split, images):
    x = np.pad(images.pixels[..., 0] * 15, ((0, 0), (10, 10), (10, 10))).astype("u1")
    y = images.labels.astype("u1")
    for name, a, magic in (("images-idx3", x, 0x803), ("labels-idx1", y, 0x801)):
        header = struct.pack(f">I{a.ndim}I", magic, *a.shape)
        (folder / f"{split}-{name}-ubyte").write_bytes(header + a.tobytes())


def test_mnist_with_a_test_set_and_without(tmp_path, monkeypatch):
    monkeypatch.setattr("tinygan.measures.features.STEPS", 5)
    write_mnist(tmp_path, "train", load_digits().part(slice(300)))
    path = str(tmp_path)
    for kept, held in ((270, 30), (300, 40)):
        families_sets.data_of.cache_clear()
        data = families_sets.data_of("mnist", path, 1000)
        assert (len(data.kept), data.n) == (kept, held)
        gan = data.training(built("dcgan-mnist", data=path))
        assert len(gan.data()) == kept and same_pictures(gan.data(), data.kept)
        write_mnist(tmp_path, "t10k", load_digits().part(slice(300, 340)))


def test_the_parts_of_the_pictures_are_apart():
    data = digits(10**6)
    assert data.n == 359  # all that are held out
    assert len(data.shown) == len(data.real) == 359
    assert data.weights.sum() == 1438 - 359  # the judge sees neither
    held = recipes.binary_digits(True)
    pixels = {one.tobytes() for one in held.scaled(held.pixels)}
    assert {one.tobytes() for one in data.shown} == pixels
    assert len(pixels & {one.tobytes() for one in data.real}) < 3  # equal by chance


def test_samples_become_black_and_white_by_the_rule_of_the_data():
    x = np.full((400, 8, 8, 1), 0.5, np.float32)  # grey 3/4
    x[:, 0], x[:, 1] = -1, 1
    found = digits().comparable(x, 0)
    assert found.dtype == np.float32 and set(np.unique(found)) == {-1, 1}
    assert (found[:, 0] == -1).all() and (found[:, 1] == 1).all()
    share = (found[:, 2:] == 1).mean()
    assert abs(share - 0.75) < 5 * math.sqrt(0.75 * 0.25 / found[:, 2:].size)
    assert np.array_equal(digits().comparable(found, 1), found)
    assert np.array_equal(digits().comparable(1.2 * found, 1), found)


def test_real_pictures_measure_better_than_noise():
    data = digits(200)
    x, real = data.real_row()
    noise = 2.0 * (np.random.default_rng(0).random(x.shape) < 0.5) - 1
    found = data.measures(noise.astype(np.float32))
    for name in families_pages.PICTURES:
        if name in ("log-likelihood", "recall"):
            continue
        sign = -1 if families_pages.MEASURES[name][0] == "lower" else 1
        assert sign * real[name] >= sign * found[name], name
    assert real["classes"] == 10 and real["precision"] > found["precision"] + 0.2
    assert found["patches"] > 3 * real["patches"]


def test_a_few_pictures_are_kept_bit_by_bit():
    few = digits().few(digits().shown)
    assert len(few) == families_sets.FEW and len(few[0]) == 16
    for bits, one in zip(few, digits().shown, strict=False):
        assert np.array_equal(families_pages.unpacked(bits), one)


def test_names_are_compared_as_tinygan_evaluate_does():
    data = families_sets.data_of("names", None, 300)
    x, real = data.real_row()
    assert x.shape == (300, 16) and len(data.few(x)[0]) > 1
    assert real["known lines"] == 0 and real["distinct lines"] > 0.95
    found = data.measures(x)
    assert found["known lines"] == 1 and found["n-grams of 2"] == real["n-grams of 2"]
    rows = np.eye(27, dtype=np.float32)[x]
    assert np.array_equal(data.comparable(0.4 * rows + 0.2, 0), x)


# The measurements


def test_samples_and_their_time(monkeypatch):
    """Each reading of the clock is a second after the last one: 1 s for 120 samples."""
    run = Run(built("made-digits", steps=2, batch=8), cores=1)
    clock = iter(range(100))
    monkeypatch.setattr(families.time, "process_time", lambda: next(clock))
    monkeypatch.setattr("tinygan.runs.sampling.CHUNK", 50)
    assert families.played(run) == 1 and run.step == 2
    x, seconds = families.drawn(run, 120)
    assert seconds == pytest.approx(50 / 120)
    assert np.array_equal(x, run.game.made(run.average, run.game.inputs(120, SAMPLE)))
    assert families.drawn(run, 20)[0].shape == (50, 8, 8, 1)  # as many as are timed


def test_the_likelihood_is_that_of_the_moving_average_on_held_out_data():
    run = Run(built("made-digits", steps=9, batch=8), cores=1)
    families.played(run)
    held = recipes.binary_digits(True).batches(30, 0)(0)
    nats = run.experiment.log_likelihood({"M": run.average}, held, None).mean()
    found = families.likelihood(run, 30)
    assert found["log-likelihood"] == pytest.approx(float(nats), rel=1e-5)
    assert families.likelihood(Run(built("dcgan-digits", batch=8), cores=1), 30) == {}


def test_the_likelihood_of_a_model_of_n_grams():
    """Of order 1: p(c) = (count(c) + 1/V) / (count + 1), the END included."""
    data = families_sets.data_of("names", None, 40)
    row = families.counted({"recipe": "1-gram", "seed": 0}, data)
    symbols = "".join(text + "." for text in data.kept.texts)
    p = {c: (symbols.count(c) + 1 / 27) / (len(symbols) + 1) for c in set(symbols)}
    held = data.kept.alphabet.decode(data.held.batches(40, 0)(0).argmax(axis=-1))
    nats = [sum(math.log(p[c]) for c in text + ".") for text in held]
    assert row["measures"]["log-likelihood"] == pytest.approx(np.mean(nats))
    places = np.mean([len(text) + 1 for text in held])
    bits = -np.mean(nats) / places / math.log(2)
    assert row["measures"]["bits"] == pytest.approx(bits)
    assert row["family"] == "n-grams" and len(row["samples"]) == families_sets.FEW


def test_a_run_that_diverged_has_no_measures(monkeypatch):
    nothing = np.full((60, 8, 8, 1), np.nan, np.float32)
    monkeypatch.setattr(families, "drawn", lambda run, n: (nothing, 1.0))
    cell = {"set": "digits", "recipe": "dcgan-digits", "seed": 0, "data": None}
    row = families.play(cell | {"settings": {"steps": 1, "n": 60}})
    assert row["measures"] == {} and row["samples"] == []
    assert row["turns"] == 1 and "diverged" in families.says(row)


# The command


def played(out, *more) -> int:
    options = ["--steps", "2", "--n", "40", "--out", str(out)]
    return families.main([*options, *more])


def test_it_goes_on_where_it_stopped_and_writes_a_page(tmp_path, capsys):
    out, docs = tmp_path / "runs.jsonl", tmp_path / "docs"
    some = ["--recipes", "vae-digits,made-digits,dcgan-digits,gru-names,2-gram"]
    assert played(out, "--sets", "digits", "--seeds", "4", *some) == 0
    first = families_pages.lines(out).read()
    keys = [(row["recipe"], row["seed"]) for row in first]
    assert keys[0] == ("real data", 0) and len(keys) == 4 and keys[1][1] == 4
    assert {row["n"] for row in first} == {40}
    of = {row["recipe"]: row for row in first}
    assert of["vae-digits"]["parameters"] < of["vae-digits"]["parameters_trained"]
    assert of["made-digits"]["parameters"] == of["made-digits"]["parameters_trained"]
    for name in ("vae-digits", "made-digits"):
        assert of[name]["turns"] == 2 and of[name]["measures"]["log-likelihood"] < -20
    assert "log-likelihood" not in of["dcgan-digits"]["measures"]
    assert of["dcgan-digits"]["seconds_of_samples"] > 0
    capsys.readouterr()
    assert played(out, "--seeds", "4", *some, "--docs", str(docs)) == 0
    assert "3 runs to play, 4 are in the file" in capsys.readouterr().out
    rows = families_pages.lines(out).read()
    assert len(rows) == 7 and rows[:4] == first
    page = (docs / "families.md").read_text()
    assert "**Each run was cut short, to 2 turns.**" in page
    for line in ("| vae-digits | VAE | 1 | 2 | ", "| 2-gram | n-grams | 1 | - | - | "):
        assert line in page
    assert "MNIST, 28x28" not in page  # the file has no run of it
    for name in ("digits", "names"):
        assert (docs / families_pages.PLOT.format(name)).stat().st_size > 3_000
    assert families.main(["--show", str(out)]) == 0
    assert capsys.readouterr().out.endswith(page + "\n")


def refused(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as e:
        families.main([*map(str, arguments)])
    printed = capsys.readouterr()
    assert e.value.code == 2 and printed.err.count("\n") == 1
    return printed.err


def test_what_it_refuses(tmp_path, capsys):
    out = tmp_path / "runs.jsonl"
    assert "--out FILE or --show FILE" in refused(capsys)
    assert "'faces' is unknown" in refused(capsys, "--sets", "faces")
    assert "numbers such as 0,1,2" in refused(capsys, "--seeds", "x")
    error = refused(capsys, "--sets", "mnist", "--out", out)
    assert "--sets mnist: expected --data FOLDER" in error
    some = "--sets", "names", "--recipes", "vae-digits"
    assert "expected some of text-names,gumbel" in refused(capsys, *some, "--out", out)
    here = "--sets", "mnist", "--out", out, "--data"
    assert "none" in refused(capsys, *here, tmp_path / "none")
    a_file(out, a_run())
    assert "found a file" in refused(capsys, "--show", out, "--docs", out)
    assert "expected runs with" in refused(capsys, "--out", out, "--n", "60")
    a_file(out)
    assert "no runs in it" in refused(capsys, "--show", out)
    assert "no such file" in refused(capsys, "--show", tmp_path / "none")


def test_pictures_have_to_have_labels():
    binary = recipes.binary_digits()
    bare = tg.data.Images(binary.pixels, 0, 1)
    with pytest.raises(tg.InputError, match="with labels"):
        families_sets.Pictures(bare, binary, 50)
    with pytest.raises(tg.InputError, match="20 held-out pictures or more, found 5"):
        families_sets.Pictures(binary, binary.part(slice(5)), 50)


# The page


def a_run(recipe="vae-digits", seed=0, family="VAE", **measures) -> dict:
    measures = {"log-likelihood": -18.0, "precision": 0.5} | measures
    run = {"set": "digits", "recipe": recipe, "seed": seed, "family": family}
    run |= {"settings": {"steps": None, "n": 50}, "n": 50, "turns": 3000}
    run |= {"cpu_seconds": 60.0 + 60 * seed, "seconds_of_samples": 0.25}
    run |= {"parameters": 1000, "parameters_trained": 2500}
    return run | {"measures": measures, "samples": ["00ff" * 4] * 3}


def a_file(path, *rows):
    first = {"date": "2026-01-01", "machine": {"processor": "A"}}
    path.write_text("".join(json.dumps(row) + "\n" for row in (first, *rows)))
    return path


def test_the_tables(tmp_path, monkeypatch):
    """Means and standard errors over two seeds: 0.5 and 0.7 have 0.6 +- 0.1."""
    real = a_run("real data", 0, "real data", precision=0.9)
    del real["turns"], real["measures"]["log-likelihood"]
    lost = a_run("hinge-digits", 0, "GAN") | {"measures": {}, "samples": []}
    runs = [real, lost, a_run("made-digits", 0, "autoregressive")]
    runs += [a_run(seed=1, precision=0.7, **{"log-likelihood": -17.0}), a_run()]
    monkeypatch.setitem(families_pages.NOTES, "digits", "A VAE is quick.")
    text = families_pages.page(a_file(tmp_path / "runs.jsonl", *runs))
    vae = "| vae-digits | VAE | 2 | 3,000 | 1.50 ± 0.50 | 0.250 ± 0.000 | 1,000 | 2,500"
    assert vae in text
    assert "| vae-digits | ≥ -17.5 ± 0.5 | - | - | 0.60 ± 0.10 | - " in text
    assert "| made-digits | -18.0 | - | - | 0.50 | " in text
    assert "| hinge-digits | - | - | - | - | - | - | - | - |" in text
    assert "| real data | - | - | - | 0.90 | " in text
    assert "Diverged: hinge-digits, seed 0." in text and "A VAE is quick." in text
    names = [line.split()[1] for line in text.splitlines() if "-digits |" in line]
    assert names == ["vae-digits", "made-digits", "hinge-digits"] * 2
    assert "Each recipe was trained to its end." in text
    assert "processor A" in text and "of the first seed" in text
    families_pages.draw(runs, "digits", tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 1000


def test_runs_of_two_kinds_are_no_page(tmp_path):
    other = a_run(seed=1) | {"settings": {"steps": 5, "n": 50}}
    with pytest.raises(tg.InputError, match="expected runs with"):
        families_pages.page(a_file(tmp_path / "runs.jsonl", a_run(), other))
