"""Turns as graphs, on the stand-in of a GPU: the same bits, and nothing in between."""

import numpy as np
import pytest

import tinygan as tg
from tinygan import recipes
from tinygan.check.device import FakeBackend
from tinygan.check.device import xp as device
from tinygan.data import ring
from tinygan.layers import (
    BatchNorm,
    Dense,
    Dropout,
    Pack,
    ReLU,
    Sequential,
    SpectralNorm,
    Tanh,
)
from tinygan.penalties import DRAGAN, R1, R2, WGANGP, Drift, Penalty
from tinygan.runs import Experiment, Latent
from tinygan.runs.run import Run

SPECTRAL = Sequential(SpectralNorm(Dense(8)), Tanh(), SpectralNorm(Dense(1)))


def small(**more) -> Experiment:
    settings = {
        "G": Sequential(Dense(8), Tanh(), Dense(2)),
        "D": Sequential(Dense(8), Tanh(), Dense(1)),
        "shape": (2,),
        "data": ring,
        "latent": Latent(2),
        "objective": tg.NonSaturating(),
        "opt_G": tg.Adam(1e-2),
        "opt_D": tg.Adam(1e-2),
        "steps": 40,
        "batch": 8,
        "decay": True,
        "ema": 0.9,
    }
    return Experiment(**settings | more)


class Whole(Penalty):
    """A penalty that draws whole numbers."""

    def accumulate(self, D, real, fake, rng=None):
        return 0 * real[1][rng.integers(3)].sum()


class Reads(Penalty):
    """A penalty that reads from the device."""

    def accumulate(self, D, real, fake, rng=None):
        return 0 * real[1].sum() * float(real[1].sum())


class Counts(Penalty):
    """A penalty that is another number in each call, which the host counts."""

    calls = 0

    def accumulate(self, D, real, fake, rng=None):
        Counts.calls += 1
        D.backward_weights(real[1] * 0 + 1.0 * Counts.calls, real[2])
        return 0 * real[1].sum()


CASES = {
    "plain": {},
    "wgan-gp": {"objective": tg.Wasserstein(), "penalties": [WGANGP(1.0)], "k": 2},
    "drift": {"objective": tg.Wasserstein(), "penalties": [WGANGP(1.0), Drift()]},
    "dragan": {"penalties": [DRAGAN(1.0)]},
    "r1 and r2": {"penalties": [R1(1.0), R2(0.1)]},
    "spectral norms": {"D": SPECTRAL},
    "clipped weights": {"opt_D": tg.ClipWeights(tg.RMSProp(1e-2), 0.1), "k": 3},
    "clipped norm": {"opt_D": tg.ClipNorm(tg.Adam(1e-2), 0.1), "opt_G": tg.SGD(0.1)},
    "shared": {"shared": True},
    "batchnorm": {"G": Sequential(Dense(8), BatchNorm(), ReLU(), Dense(2))},
    "packed": {"D": Sequential(Pack(2), Dense(8), Tanh(), Dense(1))},
    "no average": {"ema": 0.0},
    "schedules": {
        "D": SPECTRAL,
        "k": lambda turn: 1 + turn % 2,
        "penalties": lambda turn: [R1(1.0)] if turn % 3 == 0 else [],
    },
}
REFUSED = {
    "momentum": ({"opt_G": tg.Momentum(0.1)}, "the optimizer of G, Momentum, is none"),
    "dropout": (
        {"D": Sequential(Dense(8), Dropout(0.5), Dense(1))},
        "1_Dropout Dropout(0.5) draws numbers on the host",
    ),
    "whole numbers": ({"penalties": [Whole()]}, "a penalty draws whole numbers"),
    "a host read": ({"penalties": [Reads()]}, "host_reads: not permitted while"),
    "too many kinds": ({"k": lambda turn: 1 + turn}, "more than 8 kinds of turns"),
}


def states(experiment, turns: int, **options) -> tuple[dict, Run]:
    """The state after some turns, and the run."""
    run = Run(experiment, FakeBackend(), **options)
    with np.errstate(all="ignore"):
        for _ in range(turns):
            run.turn()
    return run.on_host(run.state()), run


def expect_same(a: dict, b: dict) -> None:
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert value.tobytes() == b[name].tobytes(), name


@pytest.mark.parametrize("name", CASES)
def test_a_turn_by_a_graph_is_the_turn(name, capsys):
    """Networks, moments, average and log, to the last bit."""
    straight, _ = states(small(**CASES[name]), 9)
    by_graphs, run = states(small(**CASES[name]), 9, graphs=True)
    assert run.graphs.usable and run.graphs.found
    expect_same(straight, by_graphs)
    assert capsys.readouterr().err == ""


def test_a_conditional_game():
    recipe = recipes.build(recipes.find("cgan-digits"), {"batch": 8, "steps": 40})
    straight, _ = states(recipe, 3)
    by_graphs, run = states(recipe, 3, graphs=True)
    assert run.graphs.usable
    expect_same(straight, by_graphs)
    (graph,) = run.graphs.found.values()
    assert {d.kind for d in graph.feed.arrays} == {"f", "i"}


@pytest.mark.parametrize("name", ["vae-digits", "made-digits", "gru-names"])
def test_a_likelihood_model(name):
    recipe = recipes.build(recipes.find(name), {"batch": 4, "steps": 40})
    straight, _ = states(recipe, 3)
    by_graphs, run = states(recipe, 3, graphs=True)
    assert run.graphs.usable
    expect_same(straight, by_graphs)


def test_batches_that_differ_in_size_are_played_without(capsys):
    class Uneven:
        shape = (2,)

        def batches(self, batch, seed, backend):
            every = ring().batches(batch, seed, backend)
            return lambda i: every(i)[: 8 - 2 * (i == 5)]

    straight, _ = states(small(data=Uneven), 8)
    by_graphs, run = states(small(data=Uneven), 8, graphs=True)
    assert not run.graphs.usable
    expect_same(straight, by_graphs)
    assert "turn 6 has (6, 2) where others have (8, 2)" in capsys.readouterr().err


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_a_graph_is_played_without(name, capsys):
    more, sentence = REFUSED[name]
    straight, _ = states(small(**more), 10)
    capsys.readouterr()
    by_graphs, run = states(small(**more), 10, graphs=True)
    assert not run.graphs.usable
    expect_same(straight, by_graphs)
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and sentence in err
    assert err.startswith("tinygan: the turns are not played as CUDA graphs: ")


def test_a_graph_that_plays_another_turn_is_given_up(capsys):
    """A number that the host counts stays in the graph as it was."""
    Counts.calls = 0
    _, run = states(small(penalties=[Counts()]), 3, graphs=True)
    assert not run.graphs.usable
    assert "a turn by a graph was another turn" in capsys.readouterr().err


def test_networks_that_grow_have_no_graph(capsys):
    e = recipes.build(recipes.find("progan-digits"), {"batch": 4, "steps": 40})
    run = Run(e, FakeBackend(), graphs=True)
    assert not run.graphs.usable
    assert "GrowingTurns changes its networks" in capsys.readouterr().err


def test_one_transfer_and_nothing_else_in_a_turn():
    _, run = states(small(**CASES["wgan-gp"]), 2, graphs=True)
    with device.counting() as counts, np.errstate(all="ignore"):
        run.turn()
    assert (counts.uploads, counts.host_reads) == (1, 0)
    assert counts.launches <= 1  # the row of the log; those of the graph do not count


def test_a_run_with_graphs_is_loaded_and_goes_on():
    straight, _ = states(small(D=SPECTRAL), 8)
    half, _ = states(small(D=SPECTRAL), 4)
    run = Run(small(D=SPECTRAL), FakeBackend(), graphs=True)
    with np.errstate(all="ignore"):
        for _ in range(2):
            run.turn()
        run.load(half)
        for _ in range(4):
            run.turn()
    expect_same(straight, run.on_host(run.state()))


def test_the_turns_of_several_processes_are_no_graphs(capsys):
    run = Run(recipes.build(recipes.find("mlp-digits"), {}), cores=2, graphs=True)
    assert run.divided and not run.graphs.usable
    assert "several processes share a batch" in capsys.readouterr().err
