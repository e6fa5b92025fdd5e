"""Runs of likelihood models: they train, resume, share batches, sample and evaluate."""

import json
import struct

import numpy as np
import pytest
from PIL import Image

from tinygan import (
    NUMPY,
    Adam,
    Dense,
    Flatten,
    InputError,
    Layer,
    Reshape,
    Sequential,
    ShapeError,
)
from tinygan.cli.arguments import main
from tinygan.data import binarised, load_digits
from tinygan.likelihood import Bernoulli, ancestral, elbo
from tinygan.recipes import binary_digits, binary_mnist
from tinygan.rng import LATENT, generator
from tinygan.runs import Autoregressive, Latent, Variational
from tinygan.runs.run import Run

TRAIN = ["train", "vae-digits", "--batch", "16", "--quiet", "--cores", "1"]


def variational(**more):
    settings = {
        "encoder": Sequential(Flatten(), Dense(6)),
        "decoder": Sequential(Dense(64), Reshape(8, 8, 1)),
        "likelihood": Bernoulli(),
        "shape": (8, 8, 1),
        "data": lambda: binary_digits(),
        "latent": Latent(3),
        "opt": Adam(1e-2),
        "steps": 6,
        "batch": 8,
    }
    return Variational(**settings | more)


class Below(Layer):
    """s = x W, where W has entries below the diagonal alone."""

    divisible = True

    def build(self, in_shape):
        self.shapes = {"W": (64, 64)}
        return in_shape

    def init(self, rng):
        self.W[...] = 0.1 * rng.standard_normal((64, 64))

    def forward(self, x, train=True):
        rows = x.reshape(len(x), -1)
        return (rows @ np.triu(self.W, 1)).reshape(x.shape), rows

    def backward(self, dy, cache, param_grads=True):
        d = dy.reshape(len(dy), -1)
        if param_grads:
            self.dW += np.triu(cache.T @ d, 1)
        return (d @ np.triu(self.W, 1).T).reshape(dy.shape)


def autoregressive(**more):
    settings = {
        "net": Below(),
        "likelihood": Bernoulli(),
        "shape": (8, 8, 1),
        "data": lambda: binary_digits(),
        "held_out": lambda: binary_digits(held_out=True),
        "opt": Adam(1e-2),
        "steps": 6,
        "batch": 8,
    }
    return Autoregressive(**settings | more)


both = pytest.mark.parametrize("made", [variational, autoregressive])


def test_binary_digits_are_grey_ones_in_the_mean():
    digits = load_digits()
    many = np.mean([binarised(digits, seed).pixels for seed in range(40)], axis=0)
    grey = (digits.scaled(digits.pixels) + 1) / 2
    assert np.abs(many - grey).mean() < 0.05 and set(np.unique(many)) >= {0, 1}
    assert np.array_equal(binarised(digits, 3).pixels, binarised(digits, 3).pixels)
    kept, held = binary_digits(), binary_digits(held_out=True)
    assert len(kept) + len(held) == len(digits) and len(held) == round(len(digits) / 5)
    assert np.array_equal(kept.labels, digits.part(slice(None)).labels[order()[0]])


def order():
    from tinygan.rng import SPLIT

    every = generator(0, SPLIT).permutation(len(load_digits()))
    held = round(0.2 * len(every))
    return every[held:], every[:held]


@both
def test_turns_raise_the_likelihood(made):
    run = Run(made(steps=200, batch=64), cores=1)
    found = []
    for _ in range(200):
        run.turn()
        found.append(run.fetch()[-1, 0])
    assert np.mean(found[-20:]) > np.mean(found[:20]) + 3


@both
def test_a_resumed_run_goes_on_bit_for_bit(made):
    straight, again = Run(made(), cores=1), Run(made(), cores=1)
    for _ in range(3):
        straight.turn()
    again.load(straight.on_host(straight.state()))
    for run in (straight, again):
        run.turn()
        run.turn()
    one, two = (run.on_host(run.state()) for run in (straight, again))
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[k], two[k]) for k in one)


@both
def test_two_processes_play_the_game_of_one(made):
    alone, shared = Run(made(batch=9), cores=1), Run(made(batch=9), cores=2)
    if not shared.divided:
        pytest.skip("one core, or no processes here")
    for run in (alone, shared):
        for _ in range(4):
            run.turn()
    one, two = alone.fetch(), shared.fetch()
    shared.alone()
    assert np.allclose(one, two, rtol=1e-5)
    for name, player in alone.players.items():
        other = shared.players[name].net.theta
        assert np.allclose(player.net.theta, other, atol=1e-5)


def test_the_log_tells_the_bound_of_held_out_digits():
    held = binary_digits(held_out=True)
    run = Run(variational(held_out=lambda: held), cores=1)
    run.turn()
    x = held.batches(len(held), 0)(0)
    measured = run.measures()
    e = run.experiment
    of_samples = {"sliced_wasserstein", "distinct", "distinct_real"}
    assert set(measured) == of_samples | {"held_out"}
    eps = e.latent.draw(len(x), generator(0, LATENT))
    value = elbo(run.E, run.D, Bernoulli(), x, eps).mean()
    assert measured["held_out"] == pytest.approx(value, rel=0.05)
    assert "held_out" not in Run(variational(), cores=1).measures()


def test_samples_of_a_vae_are_means_and_those_of_a_chain_are_drawn():
    run = Run(variational(), cores=1)
    x = run.samples(5)
    z = run.game.inputs(5, 2)
    assert x.shape == (5, 8, 8, 1)
    assert np.allclose(x, Bernoulli().mean(run.D.forward(z)[0]))
    run = Run(autoregressive(), cores=1)
    x, u = run.samples(5), run.game.inputs(5, 2)
    assert u.shape == (5, 64) and 0 <= u.min() < u.max() < 1
    assert np.array_equal(x, ancestral(run.M, Bernoulli(), u))
    assert set(np.unique(x)) == {-1.0, 1.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("vae") / "run"
    assert main([*TRAIN, "--steps", "30", "--out", str(path)]) == 0
    return path


def test_a_folder_has_reconstructions_and_walks(folder, tmp_path):
    for name, rows in (("reconstructions.png", 10), ("walk.png", 5)):
        with Image.open(folder / name) as picture:
            assert picture.width == pytest.approx(picture.height * 10 / rows, rel=0.01)
    rows = [json.loads(r) for r in (folder / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["ELBO"] == pytest.approx(rows[-1]["log_p"] - rows[-1]["KL"])
    assert rows[-1]["held_out"] < 0
    out = tmp_path / "x.npy"
    assert main(["sample", str(folder), "--n", "5", "--out", str(out)]) == 0
    assert np.load(out).shape == (5, 8, 8, 1)


def test_evaluate_tells_nats_and_bits(folder, tmp_path, capsys):
    report = tmp_path / "report.json"
    found = ["evaluate", str(folder), "--n", "60", "--out", str(report)]
    assert main(found) == 0
    rows = {r["name"]: r for r in json.loads(report.read_text())["measures"]}
    nats, bits = rows["log-likelihood"]["value"], rows["bits"]["value"]
    assert -64 < nats < -20 and bits == pytest.approx(-nats / 64 / np.log(2))
    assert rows["bits"]["ceiling"] is None and "classes" in rows
    said = capsys.readouterr()
    assert "held-out samples" in said.err and " nan " not in said.out


def test_a_chain_is_evaluated_exactly(tmp_path):
    from tinygan.runs.folder import RunFolder
    from tinygan.runs.likely import likelihood_rows
    from tinygan.runs.train import train

    experiment = autoregressive()
    path = RunFolder.create(tmp_path / "run", {"recipe": "mine"})
    train(Run(experiment, cores=1), path)
    (nats, _), n = likelihood_rows(experiment, path, NUMPY, 50, 0, print), 50
    run = Run(experiment, cores=1)
    run.load(path.load_checkpoint(run.on_host(run.state())))
    x = binary_digits(held_out=True).batches(n, 0)(0)
    exact = experiment.log_likelihood({"M": run.M}, x, None).mean()
    assert nats.value == pytest.approx(exact, abs=1e-4)


def test_what_does_not_fit_is_told():
    for more, words in (
        ({"latent": Latent(3, "uniform")}, r"z ~ N\(0, I\)"),
        ({"beta": -1}, "beta: expected a number >= 0, got -1"),
        ({"likelihood": "Bernoulli"}, "likelihood"),
        ({"opt": None}, "opt"),
        ({"data": load_digits()}, "a function that returns the data"),
        ({"held_out": 3}, "held_out"),
        ({"steps": 0}, "steps"),
        ({"ema": 1.0}, "ema"),
    ):
        with pytest.raises(InputError, match=words):
            variational(**more)
    with pytest.raises(ShapeError, match=r"the encoder returns \(N, 6\)"):
        Run(variational(latent=Latent(4)))
    with pytest.raises(ShapeError, match="the decoder returns"):
        Run(variational(decoder=Dense(64)))
    with pytest.raises(ShapeError, match="the network returns"):
        Run(autoregressive(net=Sequential(Flatten(), Dense(3))))
    with pytest.raises(InputError, match="expected samples of shape"):
        Run(variational(held_out=lambda: binary_digits(held_out=True).bordered(1)))


def test_a_gans_option_is_refused(capsys, tmp_path):
    out = ["--out", str(tmp_path / "run")]
    assert main([*TRAIN, "--steps", "2", "--augment", "cutout", *out]) == 2
    assert "expected a recipe of a GAN" in capsys.readouterr().err


def write_idx(path, pixels):
    header = struct.pack(">I3I", 0x803, *pixels.shape)
    path.write_bytes(header + pixels.tobytes())


def test_mnist_without_a_test_set_holds_out_a_tenth(tmp_path):
    pixels = np.zeros((50, 28, 28), np.uint8)
    pixels[np.arange(50), 3, np.arange(50) % 28] = 255
    write_idx(tmp_path / "train-images-idx3-ubyte", pixels)
    kept, held = (binary_mnist(str(tmp_path), part) for part in (False, True))
    assert (len(kept), len(held)) == (45, 5)
    write_idx(tmp_path / "t10k-images-idx3-ubyte", pixels[:7])
    kept, held = (binary_mnist(str(tmp_path), part) for part in (False, True))
    assert (len(kept), len(held)) == (50, 7)
    assert np.array_equal(held.pixels[..., 0], pixels[:7] > 0)  # black and white stay
    with pytest.raises(InputError, match="needs --data"):
        binary_mnist(None)
