"""The works of texts and of likelihood models: the recipes' networks, and the same step
in both libraries. test_benchmark_suite.py has the other works.
"""

import json

import numpy as np
import pytest
from test_benchmark_suite import (
    Fixed,
    counted,
    device_library,
    torch_library,
    torch_order,
)

import tinygan as tg
from benchmarks import cost, jobs, libraries, moves, works
from benchmarks.likelihood import Pixels, Symbols
from tinygan import recipes

TINY = {
    "text-names": works.TextGan(places=6, symbols=5, width=8, batch=4),
    "vae": works.Vae(side=4, hidden=7, numbers=3, batch=6),
    "made": works.Made(side=4, hidden=(9, 8), batch=6),
    "pixelcnn": works.PixelCnn(side=6, width=4, blocks=3, batch=4),
    "gru": works.GruLines(places=5, symbols=6, units=7, batch=4),
}
RECIPES = {
    "text-names": ("text-names", {}),
    "vae": ("vae-mnist", {}),
    "made": ("made-mnist", {}),
    "pixelcnn": ("pixelcnn-mnist", {}),
    "gru": ("gru-lines", {"characters": "".join(map(chr, range(33, 97)))}),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_work_has_what_its_recipe_has(name):
    """Networks, shape, batch, latent, and the optimizer's settings."""
    recipe, options = RECIPES[name]
    e, work = recipes.build(recipes.find(recipe), options), works.WORKS[name]
    fields = {"G": "G", "D": "D", "M": "net"}
    if name == "vae":
        fields = {"E": "encoder", "D": "decoder"}
    for net, tree in zip(work.names, work.tinygan(), strict=True):
        assert repr(tree) == repr(getattr(e, fields[net]))
    assert (work.batch, work.sample) == (e.batch, tuple(e.shape))
    opts = (e.opt_G, e.opt_D) if name == "text-names" else (e.opt,)
    assert {(o.lr, o.beta1, o.beta2) for o in opts} == {work.adam}
    if name in ("text-names", "vae"):
        assert work.latent == e.latent.shape
    if name != "text-names":
        assert type(work.likelihood.tinygan) is type(e.likelihood)


def test_these_works_are_built_from_their_json():
    for name, tiny in TINY.items():
        for work in (tiny, works.WORKS[name]):
            assert works.make(json.loads(json.dumps(work.spec()))) == work
            assert [net.in_shape for net in work.networks()] == [*work.inputs]


def test_their_data():
    """Black and white pixels, and one-hot symbols; a latent for each step of a GAN."""
    rng = np.random.default_rng(0)
    x = Pixels.draw(rng, (5, 4, 4, 1))
    assert x.shape == (5, 4, 4, 1) and {*x.ravel()} == {-1.0, 1.0}
    x = Symbols.draw(rng, (50, 4, 3))
    assert x.shape == (50, 4, 3) and {*x.ravel()} == {0.0, 1.0}
    assert (x.sum(axis=2) == 1).all() and (x.sum(axis=(0, 1)) > 20).all()
    shapes = {name: [a.shape for a in w.draw(rng)] for name, w in TINY.items()}
    assert shapes == {
        "text-names": [(4, 6, 5), (4, 128), (4, 128)],
        "vae": [(6, 4, 4, 1), (6, 3)],
        "made": [(6, 4, 4, 1)],
        "pixelcnn": [(4, 6, 6, 1)],
        "gru": [(4, 5, 6)],
    }


# The same step in both libraries


def image(torch, a):
    """As `put` does it, in float64: (N, H, W, C) and (N, T, C) as (N, C, H, W)."""
    a = torch.tensor(a)
    a = a[:, None] if a.ndim == 3 else a
    return a.permute(0, 3, 1, 2) if a.ndim == 4 else a


def twins(work):
    """The same players in tinygan and in PyTorch, in float64."""
    theirs = torch_library()
    ours, p = libraries.LIBRARIES["numpy"]().player(work), theirs.player(work)
    for name, net in zip(work.names, work.networks(dtype="float64"), strict=True):
        setattr(ours, name, net)
        setattr(ours, f"opt_{name}", work.optimizer(net))
        weights = net.parameters().values()
        module = getattr(p, name).to(theirs.torch.float64)
        with theirs.torch.no_grad():
            for a, theta in zip(weights, module.parameters(), strict=True):
                theta.copy_(theirs.torch.tensor(like(theta, a)))
    return ours, p, theirs.torch


def like(theta, a) -> np.ndarray:
    """Our parameter as PyTorch has it. A GRU's c is the last third of its second bias,
    whose other numbers are 0.
    """
    a = torch_order(a)
    more = theta.shape[0] - a.shape[0]
    return np.concatenate([np.zeros(more), a]) if more else a


@pytest.mark.parametrize("name", TINY)
def test_torch_takes_the_same_steps(name, monkeypatch):
    """In float64, from the same weights, three steps on batches of their own: the same
    gradients after the first, and the same weights after each."""
    work = TINY[name]
    ours, theirs, torch = twins(work)
    rng = np.random.default_rng(1)
    eps = rng.random(work.batch)
    ours.rng, column = Fixed(eps), torch.tensor(eps.reshape(-1, 1, 1, 1))
    monkeypatch.setattr(torch, "rand", lambda shape, device: column)
    game = moves.GAMES[work.game]
    for step in range(3):
        batch = work.draw(rng)
        before = [net.theta.copy() for net, _ in ours.pairs()]
        game.tinygan(ours, *batch)
        game.torch(theirs, *(image(torch, a) for a in batch))
        for which, old in zip(work.names, before, strict=True):
            net, module = getattr(ours, which), getattr(theirs, which)
            assert np.abs(net.theta - old).max() > 1e-4
            sign = -1 if (work.names, which) != (("G", "D"), "G") else 1  # an ascent
            views = net.parameters(net.grad).values(), net.parameters().values()
            for da, a, theta in zip(*views, module.parameters(), strict=True):
                d, g = sign * like(theta, da), theta.grad.numpy()
                assert np.abs(d - g).max() <= 1e-8 * max(np.abs(d).max(), 1e-3), step
                assert np.abs(like(theta, a) - theta.detach().numpy()).max() <= 1e-8


@pytest.mark.parametrize("kind", [Pixels, Symbols])
def test_torch_has_the_same_log_likelihood(kind):
    torch = torch_library().torch
    rng, shape = np.random.default_rng(0), (3, 4, 5, 1) if kind is Pixels else (3, 4, 5)
    x, s = kind.draw(rng, shape), rng.standard_normal(shape)
    loss = kind.torch(torch.nn.functional, image(torch, s), image(torch, x))
    assert loss.item() == pytest.approx(-kind.tinygan.log_p(x, s).sum(), rel=1e-12)


@pytest.mark.parametrize("name", TINY)
def test_processes_do_the_same_step_here_too(name, monkeypatch):
    work, after = TINY[name].with_batch(8), []
    for cores in (1, 2):
        monkeypatch.setattr(type(tg.NUMPY), "cores_for", lambda *_, n=cores: n)
        lib = libraries.LIBRARIES["numpy"]()
        p, batches = lib.player(work), [jobs.batch(lib, work, i) for i in range(2)]
        one = lib.steps(p, moves.GAMES[work.game], batches)
        for _ in range(3):
            one()
        shared = {net.theta.base is not None for net, _ in p.pairs()}
        assert shared == {cores == 2} and lib.blas_threads == 1
        after.append([a for net, opt in p.pairs() for a in (net.theta, opt.t)])
    for a, b in zip(*after, strict=True):
        assert np.abs(a - b).max() <= 1e-4 * np.abs(a).max()


@pytest.mark.parametrize("name", TINY)
def test_a_device_does_the_same_step_here_too(name, monkeypatch):
    on_device, work, after = device_library(monkeypatch), TINY[name], []
    for lib in (libraries.LIBRARIES["numpy"](), on_device):
        p = lib.player(work)
        for i in range(2):
            lib.move(moves.GAMES[work.game])(p, *jobs.batch(lib, work, i))
        after.append([lib.on.to_host(net.theta) for net, _ in p.pairs()])
    for a, b in zip(*after, strict=True):
        assert np.abs(a - b).max() <= 1e-4 * np.abs(a).max()


# What is counted


def test_products_side_by_side_share_an_entry():
    """A shortcut with a product, two stacks, and a layer that takes one of them."""
    f = tg.Sequential(tg.Dense(3), tg.ReLU(), tg.Dense(2))
    assert cost.layer_flop(tg.Residual(f, tg.Dense(2)), (5,)) == [30 + 20, 12]
    assert cost.layer_flop(tg.Residual(tg.Dense(5)), (5,)) == [50]
    stacks = tg.Branch(tg.Dense(3), tg.Identity()), tg.Parallel(tg.Tanh(), tg.Dense(4))
    tree = tg.Sequential(*stacks, tg.Pick(0), tg.Dense(1))
    assert cost.layer_flop(tree, (5,)) == [30 + 40, 6]
    tree = tg.Sequential(*stacks, tg.Pick(1), tg.Dense(1))
    assert cost.layer_flop(tree, (5,)) == [30 + 40, 8]
    gru = tg.Sequential(tg.GRU(3, every=True), tg.Dense(2))
    assert cost.layer_flop(gru, (4, 5)) == [2 * 4 * 5 * 9, 2 * 3 * 3 * 9, 2 * 4 * 3 * 2]


def test_flop_of_likelihood_models_by_hand():
    """Three products of each layer, less the gradients that nobody needs: of x, and of
    the first state of a GRU. Multiply-adds per sample."""
    E, D = (784 * 500 + 500 * 500 + 500 * n for n in (100, 50))
    assert cost.step_flop(works.WORKS["vae"]) == 2 * 100 * (3 * E - 784 * 500 + 3 * D)
    made = 3 * (2 * 784 * 1000 + 784 * 784) - (784 * 1000 + 784 * 784)
    assert cost.step_flop(works.WORKS["made"]) == 2 * 100 * made
    first = 3 * (4 * 7 * 64 + 4 * 64)
    other = 2 * 3 * 32 * 64 + 2 * 32 * 64
    each = 32 * 64 + 32 * 32
    pixelcnn = 3 * (first + 5 * other + 6 * each + 32 * 32 + 32) - first
    assert cost.step_flop(works.WORKS["pixelcnn"]) == 2 * 32 * 784 * pixelcnn
    gru = 2 * 128 * 65 * 1536 + 3 * 127 * 512 * 1536 + 3 * 128 * 512 * 65
    assert cost.step_flop(works.WORKS["gru"]) == 2 * 64 * gru


@pytest.mark.parametrize("name", ["vae", "made", "pixelcnn"])
def test_torch_does_the_flop_we_count_here_too(name):
    work = works.WORKS[name].with_batch(2)
    assert counted(work, work.game) == cost.step_flop(work)


def test_torch_does_more_than_a_gru_needs():
    """The products of the first state, which is 0: h U, and their part of dU."""
    work = works.WORKS["gru"].with_batch(2)
    more = 2 * (2 * 512 * 1536)
    assert counted(work, work.game) == cost.step_flop(work) + work.batch * more


def test_torch_does_more_than_a_turn_of_text_names_needs():
    """As in a critic's step: D(x_hat) is computed, and ReLU's second derivative, which
    is 0, goes back from the last ReLU to x_hat. Behind it are the last two products.
    """
    work = works.WORKS["text-names"].with_batch(2)
    _, D = work.tinygan()
    d = cost.layer_flop(D, work.sample)
    more = 2 * sum(d[:-2]) + d[-1]
    assert counted(work, work.game) == cost.step_flop(work) + work.batch * more
