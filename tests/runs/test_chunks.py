"""A generator that draws in evaluation: its samples come in chunks, the size of a chunk
changes none of them, and no two of them share their noise.
"""

import numpy as np
import pytest

import tinygan as tg
from tinygan.backend import NUMPY
from tinygan.data import Lines
from tinygan.runs import Experiment, Latent, sampling
from tinygan.runs.folder import RunFolder
from tinygan.runs.run import Run
from tinygan.runs.sampling import Request, generate
from tinygan.runs.train import train

LINES = Lines.of(["abba", "ab", "baba", "b"], length=14)
T, V = LINES.shape


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """(experiment, folder) of a G whose symbols are draws."""
    draw = tg.GumbelSoftmax(1.0, straight_through=True)
    experiment = Experiment(
        G=tg.Sequential(tg.Dense(T * V), tg.Reshape(T, V), draw),
        D=tg.Sequential(tg.Flatten(), tg.Dense(1)),
        shape=(T, V),
        data=lambda: LINES,
        latent=Latent(3),
        objective=tg.Wasserstein(),
        opt_G=tg.Adam(),
        opt_D=tg.Adam(),
        steps=2,
        batch=4,
        text=LINES.alphabet,
    )
    path = tmp_path_factory.mktemp("runs") / "run"
    folder = RunFolder.create(path, {"recipe": "drawn", "options": {}})
    train(Run(experiment), folder)
    return experiment, folder


def rows(written, chunk, z, monkeypatch):
    monkeypatch.setattr(sampling, "CHUNK", chunk)
    return generate(*written, NUMPY, z).argmax(axis=-1)


def test_the_size_of_the_chunks_changes_no_sample(written, monkeypatch):
    _, _, z = Request().inputs(written[0], 41, seed=3)
    whole = rows(written, 256, z, monkeypatch)
    for chunk in (1, 7, 40, 41):
        assert np.array_equal(rows(written, chunk, z, monkeypatch), whole)
    run = Run(written[0])
    run.load(written[1].load_checkpoint(run.state()))
    made, _ = run.G.forward(z, train=False)
    assert np.array_equal(made.argmax(axis=-1), whole)


def test_samples_of_different_chunks_share_no_noise(written, monkeypatch):
    """The same z everywhere: all that differs is the draw."""
    z = np.zeros((64, 3), np.float32)
    found = rows(written, 8, z, monkeypatch)
    assert len(np.unique(found, axis=0)) == 64
