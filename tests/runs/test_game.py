"""A game that is no GAN: one player, other quantities. A run plays it all the same."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from tinygan import NUMPY, Adam, Dense, Net, NonSaturating, Sequential, Tanh
from tinygan.data import ring
from tinygan.rng import LATENT, PICTURE, generator
from tinygan.runs import Experiment, Latent
from tinygan.runs.folder import RunFolder
from tinygan.runs.game import Game, Player
from tinygan.runs.run import Run
from tinygan.runs.sampling import generate
from tinygan.runs.train import train


class Regression(Game):
    """A model descends L = mean |f(z) - x|^2 / 2: it learns the mean of the data."""

    maker = "model"
    quantities = {"L": "L(f)", "size": "|f(z)|"}  # noqa: RUF012
    logged = ("L", "size")

    def __init__(self, experiment, backend):
        self.e, self.backend = experiment, backend
        name, net = experiment.maker(backend)
        self.players = {name: Player(net, Adam(0.01))}
        self.players[name].opt.prepare(net.theta)
        self.data = experiment.data()
        self.batches = self.data.batches(experiment.batch, experiment.seed, backend)

    def turn(self, turn):
        net, opt = self.players["model"]
        x, cache = net.forward(self.inputs(self.e.batch, LATENT, turn))
        error = x - self.batches(turn)
        net.zero_grad()
        net.backward_weights(error / len(error), cache)
        opt.descend(net.theta, net.grad)
        return (error**2).sum() / len(error) / 2, (x**2).mean()

    def inputs(self, n, *key):
        return self.backend.asarray(self.e.latent.draw(n, generator(self.e.seed, *key)))

    def picture_inputs(self, n):
        return self.inputs(n, PICTURE), None

    def real_samples(self, n):
        return np.asarray(self.data.batches(n, PICTURE, NUMPY)(0))


@dataclasses.dataclass
class Solo(Experiment):
    """The experiment of one player, which is called `model`."""

    def game(self, backend):
        return Regression(self, backend)

    def maker(self, backend):
        tree = Sequential(Dense(8), Tanh(), Dense(2))
        return "model", Net(tree, (3,), self.seed, "float32", backend)


def solo(**options) -> Solo:
    opts = {"opt_G": Adam(), "opt_D": Adam(), "objective": NonSaturating()}
    nets = {"G": Dense(2), "D": Dense(1), "shape": (2,), "latent": Latent(3)}
    numbers = {"steps": 40, "batch": 16, "log_every": 10, "picture_every": 20} | options
    return Solo(data=ring, **opts, **nets, **numbers)


def test_a_game_of_one_is_played_saved_and_resumed_bit_for_bit(tmp_path):
    thetas = []
    for name, stops in (("whole", [40]), ("halves", [20, 40])):
        folder = RunFolder.create(tmp_path / name, {"recipe": "solo", "options": {}})
        for steps in stops:
            run = Run(solo(steps=steps, ema=0.5))
            train(run, folder, resume=steps == 40 and len(stops) > 1)
        thetas.append((run.model.theta.copy(), run.average.theta.copy()))
        with Image.open(folder.path / "losses.png") as picture:
            assert min(picture.size) > 100
        samples = generate(solo(ema=0.5), folder, NUMPY, np.zeros((5, 3), "float32"))
        assert samples.shape == (5, 2)
        by_hand, _ = run.average.forward(np.zeros((5, 3), "float32"), train=False)
        assert np.array_equal(samples, by_hand)
    for whole, halves in zip(*thetas, strict=True):
        assert np.array_equal(whole, halves)
    row = folder.metrics.read_text().splitlines()[-1]
    assert '"L"' in row and '"V"' not in row


def test_it_learns_and_has_no_g_and_no_d():
    run = Run(solo(steps=400))
    first = None
    for _ in range(400):
        run.turn()
        first = run.fetch()[0, 0] if first is None else first
    assert run.fetch()[-1, 0] < first and list(run.players) == ["model"]
    with pytest.raises(AttributeError, match=r"no 'G', only players \['model'\]"):
        _ = run.G
    assert run.shards is None  # it does not say that it can be divided
