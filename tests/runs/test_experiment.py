"""What a recipe may say, and what it is told when that makes no sense."""

import re

import numpy as np
import pytest

import tinygan as tg
from tinygan.data import ring
from tinygan.runs import CriticSteps, Experiment, Latent
from tinygan.runs.run import Run


def experiment(D=None, **numbers) -> Experiment:
    numbers = {"steps": 10, "batch": 6} | numbers
    D = D or tg.Sequential(tg.Dense(3), tg.Tanh(), tg.Dense(1))
    optimizers = tg.SGD(0.1), tg.SGD(0.1)
    loss = tg.NonSaturating()
    return Experiment(
        tg.Dense(2), D, (2,), ring, Latent(2), loss, *optimizers, **numbers
    )


@pytest.mark.parametrize("decay", [0.5, "linear", 1, None])
def test_a_decay_is_a_choice_or_a_function(decay):
    with pytest.raises(
        tg.InputError, match="decay: expected True, False or a function"
    ):
        experiment(decay=decay)


@pytest.mark.parametrize("factor", [-0.1, float("nan"), float("inf")])
def test_a_factor_of_the_rates_is_no_way_back(factor):
    run = Run(experiment(decay=lambda turn: factor))
    with pytest.raises(tg.InputError, match="decay: expected a factor >= 0"):
        run.turn()


@pytest.mark.parametrize(
    "penalties",
    [tg.R1(), tg.R1, None, [tg.R1], 5, lambda turn: None, lambda turn: tg.R1()],
)
def test_penalties_are_a_list_of_them(penalties):
    with pytest.raises(tg.InputError, match="penalties: expected a list of them"):
        experiment(penalties=penalties)


def test_a_penalty_that_comes_later_is_rehearsed_too():
    D = tg.Sequential(tg.Dense(3), tg.BatchNorm(), tg.Tanh(), tg.Dense(1))
    late = experiment(D, penalties=lambda turn: [tg.R1()] if turn > 5 else [])
    with pytest.raises(tg.TangentError, match="LayerNorm"):
        Run(late)
    Run(experiment(D, penalties=[tg.Drift()]))  # this one needs no slope


def test_a_batch_that_does_not_fit_is_found_at_once():
    D = tg.Sequential(tg.Pack(4), tg.Dense(1))
    with pytest.raises(tg.ShapeError, match=re.escape("Pack(4)")):
        Run(experiment(D, batch=6))
    assert Run(experiment(D, batch=8)).step == 0


def test_a_rehearsal_leaves_no_trace():
    """Running statistics and the count of masks are those of a fresh network."""
    layers = tg.Dense(3), tg.BatchNorm(), tg.Dropout(0.3), tg.Dense(1)
    e = experiment(tg.Sequential(*layers))
    run, (_, fresh) = Run(e), e.networks(tg.NUMPY)
    np.testing.assert_equal(run.D.state(), fresh.state())
    assert np.array_equal(run.D.theta, fresh.theta)


@pytest.mark.parametrize("numbers", [(2.5,), (2.0, 3), (1, 2, 0.5), (0,), (1, 1, -1)])
def test_critic_steps_are_whole_numbers(numbers):
    with pytest.raises(ValueError, match="CriticSteps expects"):
        CriticSteps(*numbers)


@pytest.mark.parametrize("ema", [-0.1, 1.0, 1.5, "a", float("nan")])
def test_an_average_keeps_a_share_of_itself(ema):
    with pytest.raises(tg.InputError, match="ema: expected a share"):
        experiment(ema=ema)


def test_numpy_scalars_promote_nothing():
    """A float64 scalar as a setting would make float32 networks compute in float64."""
    n = np.float64
    assert Latent(2, scale=n(3)).draw(4, np.random.default_rng(0)).dtype == np.float32
    layers = [
        tg.LeakyReLU(n(0.2)),
        tg.Dropout(n(0.5)),
        tg.LayerNorm(n(1e-5)),
        tg.InstanceNoise(n(0.1)),
        tg.BatchNorm(n(1e-5), n(0.1)),
        tg.MinibatchStd(4, n(1e-8)),
        tg.Scale(n(2), n(1)),
        tg.Residual(tg.Tanh(), scale=n(0.5)),
        tg.PixelNorm(n(1e-8)),
    ]
    for layer in layers:
        net = tg.Net(layer, (6,))
        y, cache = net.forward(np.ones((4, 6), "float32"))
        assert y.dtype == np.float32, layer
        assert net.backward(y, cache).dtype == np.float32, layer


def test_a_users_penalty_with_any_setting_has_a_name():
    class Mine(tg.Penalty):
        def __init__(self):
            self.where, self.weight = "real", 2.0

    assert repr(Mine()) == "Mine(where='real', weight=2)"


def test_a_game_has_discriminator_steps():
    with pytest.raises(ValueError, match="k >= 1"):
        tg.play((None, None, None, None), None, None, None, k=0)


def test_both_players_may_be_given_one_optimizer():
    """Each gets its own copy, in the rehearsal as in the game."""
    from tinygan import Adam, Dense, NonSaturating
    from tinygan.data import ring
    from tinygan.runs import Experiment, Latent
    from tinygan.runs.run import Run

    opt = Adam(1e-3)
    e = Experiment(
        G=Dense(2),
        D=Dense(1),
        shape=(2,),
        data=ring,
        latent=Latent(5),
        objective=NonSaturating(),
        opt_G=opt,
        opt_D=opt,
        steps=2,
        batch=4,
    )
    run = Run(e)
    run.turn()
    opts = [player.opt for player in run.players.values()]
    assert opts[0] is not opts[1] and opts[0] is not opt
    assert [len(o.m) for o in opts] == [12, 3] and opt.t == 0
