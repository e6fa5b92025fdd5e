"""The benchmarks of speed count right, set every library the same work, and report it.
No test here looks at how long anything took.
"""

import dataclasses
import importlib
import json
import math
import subprocess
import sys
import textwrap
import types
from pathlib import Path

import numpy as np
import pytest

import tinygan as tg
from benchmarks import __main__ as suite
from benchmarks import (
    cases,
    compare,
    cost,
    jobs,
    layers,
    libraries,
    library,
    moves,
    on_graphs,
    peak,
    pieces,
    recipes,
    report,
    step,
    suite_pages,
    suite_plots,
    sweep,
    turns,
    worker,
    works,
)
from tinygan import fast
from tinygan.check.device import xp as fake_device
from tinygan.rng import POINTS, generator

WORKS, CASES = works.WORKS, cases.CASES
TINY = {
    "mlp": works.Mlp(width=8, batch=6),
    "dcgan": works.Dcgan(side=16, colours=1, width=4, batch=4),
    "wgangp": works.WganGp(side=12, colours=1, width=4, batch=4),
}
SOUNDS = {
    "wavegan": works.WaveGan(widths=(5, 4, 3, 2), size=512, batch=4),
    "wavegan, no shuffle": works.WaveGan(widths=(3, 4, 3, 2), size=256, shuffle=0),
}
SMALL = {"side": 2, "widths": (6, 5, 4), "batch": 8}
GROWN = {
    "first level": works.ProGan(level=0, **SMALL),
    "second level": works.ProGan(level=1, **SMALL),
    "a fade": works.ProGan(level=2, alpha=0.3, **SMALL),
}


# What is counted


def test_flop_of_dcgan64():
    """Against arithmetic by hand, in multiply-adds per sample.

    Six products cost 4*4 taps x 256*512 channels x 4*4 places, or the same with fewer
    channels on more places; the outermost two 4*4 x 64*3 x 32*32. A fresh step is 4
    forwards of G and 8 of D, less the first layers' gradients that nobody needs.
    """
    inner, outer = 16 * 256 * 512 * 16, 16 * 64 * 3 * 1024
    G_first, D_last = 100 * 8192, 8192
    G, D = G_first + 3 * inner + outer, outer + 3 * inner + D_last
    by_hand = 2 * 64 * (4 * G - G_first + 8 * D - 2 * outer)
    shared = cost.step_flop(WORKS["dcgan64"], "shared")
    assert cost.step_flop(WORKS["dcgan64"], "fresh") == by_hand
    assert by_hand - shared == 2 * 64 * G
    assert round(shared / 1e9) == 146  # the figure of the first measurements
    assert round(by_hand / 1e9) == 159


def test_flop_of_the_critics_step():
    """V: G, 2 D, 2 D's weights, 2 D's activations less the gradient of x. P: D, its
    gradient, the tangent, the weights, less the last layer's twice."""
    first, second, last = 16 * 64 * 14 * 14, 16 * 64 * 128 * 7 * 7, 49 * 128
    D = first + second + last
    G = 100 * 49 * 128 + second + first
    by_hand = 2 * 64 * (G + 6 * D - 2 * first + 4 * D - 2 * last)
    assert cost.step_flop(WORKS["wgangp28"], "shared") == by_hand
    assert cost.step_flop(WORKS["wgangp28"], "fresh") == by_hand  # it plays its own


def test_useful_work_is_only_what_a_step_needs():
    tree = tg.Sequential(tg.Dense(3), tg.ReLU(), tg.Dense(1, bias=False))
    assert cost.layer_flop(tree, (5,)) == [2 * 5 * 3, 2 * 3]


def test_flop_and_bytes_of_layers_by_hand():
    dense = cases.dense(3, 5, batch=2)
    assert cost.pass_flop(dense, "forward") == 2 * 2 * 3 * 5
    assert cost.pass_flop(dense, "backward") == 2 * 2 * 2 * 3 * 5
    assert cost.pass_bytes(dense, "forward") == 4 * (2 * 3 + 3 * 5 + 5 + 2 * 5)
    backward = (2 * 5) + (2 * 3) + (3 * 5 + 5) + (2 * 3) + (3 * 5 + 5)
    assert cost.pass_bytes(dense, "backward") == 4 * backward

    conv = cases.conv(4, 3, 5, batch=2)  # 4x4x3 -> 2x2x5
    assert cost.pass_flop(conv, "forward") == 2 * (2 * 2 * 2) * (4 * 4 * 3) * 5
    theta = 4 * 4 * 3 * 5 + 5
    assert cost.pass_bytes(conv, "forward") == 4 * (2 * 48 + theta + 2 * 20)
    turned = cases.transposed(2, 5, 3, batch=2)  # 2x2x5 -> 4x4x3, the same product
    assert cost.pass_flop(turned, "backward") == 2 * cost.pass_flop(conv, "forward")

    leaky, tanh = cases.activations(2, 3, batch=5)
    assert cost.pass_flop(leaky, "forward") == 60
    assert cost.pass_flop(tanh, "backward") == 180
    assert cost.pass_bytes(tanh, "backward") == 4 * 3 * 60
    assert cost.pass_bytes(cases.norms(2, 3, 5)[0], "forward") == 4 * (60 + 6 + 60)
    assert cost.pass_flop(cases.adam(10), "update") == 120
    assert cost.pass_bytes(cases.adam(10), "update") == 4 * 70


def test_bytes_and_flop_of_the_peaks():
    options = types.SimpleNamespace(quick=True, megabytes=8)
    found = peak.jobs("cpu", options)
    assert list(found) == [
        "gemm 1024",
        "gemm 1024, 1 thread",
        "copy 8 MB",
        "triad 8 MB",
    ]
    assert found["gemm 1024"]["flop"] == 2 * 1024**3
    assert found["copy 8 MB"]["bytes"] == 16e6 and found["triad 8 MB"]["bytes"] == 24e6
    assert "gemm 4096, 1 thread" not in peak.jobs("gpu", options)
    assert "copy 32 MB" in peak.jobs("gpu", options)


# The same work for every library


def test_works_are_built_from_their_json():
    for work in (WORKS | TINY | SOUNDS | GROWN).values():
        assert works.make(json.loads(json.dumps(work.spec()))) == work
    assert WORKS["dcgan28"].channels == [64, 128]
    assert WORKS["dcgan28"].inner == (7, 7, 128)
    assert WORKS["dcgan64"].channels == [64, 128, 256, 512]
    assert WORKS["dcgan64"].inner == (4, 4, 512)


def torch_library():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    return libraries.LIBRARIES["torch-cpu"]()


def set_weights(torch, weights, module) -> None:
    """Give the module our weights, which lie in the same order."""
    with torch.no_grad():
        for a, p in zip(weights, module.parameters(), strict=True):
            p.copy_(torch.tensor(torch_order(a)))


def torch_order(a) -> np.ndarray:
    return a.transpose({4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[a.ndim])


def used(net, vector=None) -> list:
    """The parameters that a network uses, or these parts of another vector."""
    index = np.zeros(net.theta.size, bool)
    for part in getattr(net, "used", [slice(None)]):
        index[part] = True
    names = [k for k, inside in net.parameters(index).items() if inside.all()]
    return [net.parameters(vector)[k] for k in names]


def the_same_shifts(monkeypatch, torch) -> None:
    """Every PhaseShuffle draws the next numbers of one list, in both libraries."""
    ours, theirs = (np.random.default_rng(5) for _ in range(2))

    def draw(layer, rng, N, T, C):
        return (ours.integers(-layer.n, layer.n + 1, N),)

    def randint(low, high, shape, device):
        return torch.tensor(theirs.integers(low, high, shape[0]).reshape(shape))

    monkeypatch.setattr(tg.PhaseShuffle, "draw", draw)
    monkeypatch.setattr(torch, "randint", randint)


def players(work, dtype="float32"):
    """The same players in tinygan and in PyTorch."""
    theirs = torch_library()
    torch = theirs.torch
    ours = libraries.LIBRARIES["numpy"]().player(work)
    p = theirs.player(work)
    for name, net in zip("GD", work.networks(dtype=dtype), strict=True):
        setattr(ours, name, net)
        setattr(ours, f"opt_{name}", work.optimizer(net))
        getattr(p, name).to(getattr(torch, dtype))
        set_weights(torch, used(net), getattr(p, name))
    return ours, p, torch


@pytest.mark.parametrize("name", works.GANS)
def test_torch_has_the_same_networks(name, monkeypatch):
    work = WORKS[name].with_batch(2)
    ours, theirs, torch = players(work)
    the_same_shifts(monkeypatch, torch)
    z = np.random.default_rng(0).standard_normal((2, *work.latent)).astype("float32")
    s = ours.D.forward(ours.G.forward(z)[0])[0]
    s_t = theirs.D(theirs.G(torch.tensor(z))).detach().numpy()
    assert np.abs(s - s_t).max() <= 1e-4 * np.abs(s).max()


@pytest.mark.parametrize("work", GROWN.values(), ids=GROWN)
def test_torch_has_the_same_networks_at_every_level(work):
    """In float64, for two groups of MinibatchStd."""
    ours, theirs, torch = players(work, "float64")
    z = np.random.default_rng(0).standard_normal((8, *work.latent))
    x, x_t = ours.G.forward(z)[0], theirs.G(torch.tensor(z))
    assert x.shape[1:] == work.sample == ours.D.in_shape
    assert np.abs(x - x_t.detach().numpy().transpose(0, 2, 3, 1)).max() <= 1e-12
    s, s_t = ours.D.forward(x)[0], theirs.D(x_t).detach().numpy()
    assert np.abs(s - s_t).max() <= 1e-12 and np.ptp(s) > 1e-3
    theirs_have = sum(len([*net.parameters()]) for net in (theirs.G, theirs.D))
    assert theirs_have == len(used(ours.G)) + len(used(ours.D))  # and no more


class Fixed(np.random.Generator):
    """A Generator that draws these numbers, as the other library is given them."""

    def __init__(self, numbers):
        super().__init__(np.random.PCG64(0))
        self.numbers = numbers

    def random(self, shape):
        return self.numbers.reshape(shape)


@pytest.mark.parametrize(
    ("name", "game"),
    [
        *(("mlp", "shared"), ("mlp", "fresh")),
        *(("dcgan", "shared"), ("dcgan", "fresh")),
        ("wgangp", "critic"),
        *((name, "growing") for name in GROWN),
        *((name, "pairs") for name in SOUNDS),
    ],
)
def test_torch_plays_the_same_game(name, game, monkeypatch):
    """In float64, from the same weights: the same gradients, and the same weights
    after the step of each optimizer."""
    work = (TINY | GROWN | SOUNDS)[name]
    ours, theirs, torch = players(work, "float64")
    the_same_shifts(monkeypatch, torch)
    rng = np.random.default_rng(1)
    x, eps = rng.uniform(-1, 1, (work.batch, *work.sample)), rng.random(work.batch)
    z_D, z_G = rng.standard_normal((2, work.batch, *work.latent))
    ours.rng = Fixed(eps)
    column = torch.tensor(eps.reshape(-1, 1, 1, 1))
    monkeypatch.setattr(torch, "rand", lambda shape, device: column)

    def image(a):
        a = a[:, None] if a.ndim == 3 else a  # a sequence has height 1
        return torch.tensor(a.transpose(0, 3, 1, 2) if a.ndim == 4 else a)

    moves.GAMES[game].tinygan(ours, x, z_D, z_G)
    moves.GAMES[game].torch(theirs, image(x), *map(torch.tensor, (z_D, z_G)))
    moved = {"D": -1} if game == "critic" else {"D": -1, "G": 1}  # D ascends
    for who, sign in moved.items():
        net, module = getattr(ours, who), getattr(theirs, who)
        views = used(net, net.grad), used(net)
        for da, a, p in zip(*views, module.parameters(), strict=True):
            d, g = sign * torch_order(da), p.grad.numpy()
            assert np.abs(d - g).max() <= 1e-9 * max(np.abs(d).max(), 1e-3)
            after = torch_order(a) - p.detach().numpy()
            assert np.abs(after).max() <= 1e-9


def test_the_critics_value_and_penalty_are_the_same():
    work = TINY["wgangp"]
    ours, theirs, torch = players(work, "float64")
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, (work.batch, *work.sample))
    z, eps = rng.standard_normal((work.batch, 100)), rng.random(work.batch)
    fixed = Fixed(eps)
    x_fake = theirs.G(torch.tensor(z)).detach()
    game = moves.GAMES["critic"]
    column = torch.tensor(eps.reshape(-1, 1, 1, 1))
    x_t = torch.tensor(x.transpose(0, 3, 1, 2))
    V_t, P_t = game.torch_value(torch, theirs.D, x_t, x_fake, column)
    penalties = (tg.WGANGP(game.weight),)
    V, _, _, P = tg.d_step(
        *(ours.D, ours.opt_D, tg.Wasserstein(), x, ours.G.forward(z)[0]),
        *(penalties, fixed),
    )
    assert float(V) == pytest.approx(V_t.item(), rel=1e-10)
    assert float(P) == pytest.approx(P_t.item(), rel=1e-10)


@pytest.mark.parametrize(
    ("name", "game"), [("dcgan28", "shared"), ("dcgan28", "fresh"), ("mlp", "shared")]
)
def test_torch_does_the_flop_we_count(name, game):
    work = WORKS[name].with_batch(2)
    assert counted(work, game) == cost.step_flop(work, game)


def test_torch_does_more_than_a_critics_step_needs():
    """The zeros of LeakyReLU's second derivative go through D again (2 products of all
    layers but the last), and D(x_hat) is computed, and the gradient of x_hat twice."""
    work = WORKS["wgangp28"].with_batch(2)
    _, D = work.tinygan()
    d = cost.layer_flop(D, work.sample)
    more = 2 * sum(d[:-1]) + d[-1]
    assert counted(work, "critic") == cost.step_flop(work) + 2 * more


@pytest.mark.parametrize("name", works.GROWING)
def test_torch_does_more_than_a_growing_turn_needs(name):
    """As in a critic's step, but for the layers below MinibatchStd: LeakyReLU's zeros
    go through the layers above it, where nothing is needed, and below it they are its
    second derivative, which is needed down to the first layer's weights."""
    work = WORKS[name]
    _, D = work.networks()
    d = cost.layer_flop(D.tree, work.sample)
    more = 2 * sum(d[-3:-1]) + d[-1] + d[0]
    assert counted(work, "growing") == cost.step_flop(work) + work.batch * more


@pytest.mark.parametrize("name", ["wavegan", "wavegan-half"])
def test_torch_does_more_than_a_turn_of_pairs_needs(name):
    """V goes through D on its own for both batches: 2 products of all layers, less the
    gradient of x. The second derivative of a convolution makes 26 taps of dW, and
    leaves out one.
    """
    work = WORKS[name].with_batch(2)
    _, D = work.tinygan()
    d = cost.layer_flop(D, work.sample)
    more = 2 * (2 * sum(d) - d[0]) + 2 * sum(d[:-1]) // 25
    assert counted(work, "pairs") == cost.step_flop(work) + work.batch * more


def counted(work, game) -> int:
    """FLOP of products that PyTorch does in one step, by its own formulas."""
    lib = torch_library()
    registry = importlib.import_module("torch.utils.flop_counter").flop_registry
    dispatch = importlib.import_module("torch.utils._python_dispatch")
    total = 0

    class Count(dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, f, types, args=(), kwargs=None):
            nonlocal total
            out = f(*args, **(kwargs or {}))
            if f._overloadpacket in registry:
                formula = registry[f._overloadpacket]
                total += formula(*args, **(kwargs or {}), out_val=out)
            return out

    one = jobs.training_step(lib, {"work": work.spec(), "game": game})
    with Count():
        one()
    return total


@pytest.mark.parametrize("name", [case.name for case in cases.SMALL])
def test_torch_has_the_same_layers(name):
    """y and dx of each, from the same weights; the update of Adam."""
    case = dataclasses.replace(CASES[name], batch=min(3, CASES[name].batch))
    theirs, ours = torch_library(), libraries.LIBRARIES["numpy"]()
    torch = theirs.torch
    if case.passes == ("update",):
        assert ours.adam(8)() is None and theirs.adam(8)() is None
        return
    _, in_shape, out_shape = case.built()
    rng = np.random.default_rng(0)
    x, dy = (rng.standard_normal((case.batch, *s)) for s in (in_shape, out_shape))
    layer, module = case.tinygan(), case.torch(torch.nn)
    case = dataclasses.replace(
        case, tinygan=lambda: layer, torch=lambda nn: module, divided=False
    )
    passes = ours.layer(case, ours.put(x), ours.put(dy))
    set_weights(torch, [getattr(layer, name) for name in layer.shapes], module)
    others = theirs.layer(case, theirs.put(x), theirs.put(dy))
    for which in case.passes:
        a, b = passes[which](), others[which]().detach().numpy()
        b = b.transpose(0, 2, 3, 1).reshape(a.shape) if b.ndim == 4 else b
        assert np.abs(a - b).max() <= 1e-4 * np.abs(a).max()


@pytest.mark.parametrize("name", ["numpy", "torch-cpu"])
def test_what_the_peaks_compute(name):
    lib = torch_library() if name == "torch-cpu" else libraries.LIBRARIES[name]()
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 7, 7))
    assert np.allclose(lib.gemm(lib.put(a), lib.put(b))(), a @ b, atol=1e-4)
    u, v = rng.standard_normal((2, 200_001))  # several blocks, and a rest
    assert np.array_equal(lib.copy(lib.put(u))(), u.astype("float32"))
    triad = lib.triad(lib.put(u), lib.put(v), 2.0)()
    assert np.allclose(triad, u + 2 * v, atol=1e-5)
    with lib.threads(1):
        pass


@pytest.mark.parametrize("name", [*TINY, "a fade", "wavegan"])
def test_a_device_does_the_same_step(name, monkeypatch):
    """On a strict stand-in for CuPy: two steps end at the weights of NumPy's."""
    on_device = device_library(monkeypatch)
    work = (TINY | GROWN | SOUNDS)[name]
    game = moves.GAMES[work.game or "shared"]
    after = []
    for lib in (libraries.LIBRARIES["numpy"](), on_device):
        p = lib.player(work)
        for i in range(2):
            lib.move(game)(p, *jobs.batch(lib, work, i))
        after.append([lib.on.to_host(net.theta) for net in (p.G, p.D)])
    for a, b in zip(*after, strict=True):
        assert np.abs(a - b).max() <= 1e-4 * np.abs(a).max()


@pytest.mark.parametrize("name", [*TINY, "wavegan, no shuffle"])
def test_processes_do_the_same_step(name, monkeypatch):
    """Each process draws its own shifts, so sounds are not shuffled here."""
    work = (TINY | SOUNDS)[name].with_batch(4)
    game, after = moves.GAMES[work.game or "shared"], []
    for cores in (1, 2):
        monkeypatch.setattr(type(tg.NUMPY), "cores_for", lambda *_, n=cores: n)
        lib = libraries.LIBRARIES["numpy"]()
        p, batches = lib.player(work), [jobs.batch(lib, work, i) for i in range(2)]
        one = lib.steps(p, game, batches)
        for _ in range(3):
            one()
        assert (p.D.theta.base is not None) == (cores == 2)  # shared
        after.append([p.G.theta, p.D.theta, p.opt_D.t])
    for a, b in zip(*after, strict=True):
        assert np.abs(a - b).max() <= 1e-4 * np.abs(a).max()


def test_one_process_plays_with_networks_that_cannot_be_divided(monkeypatch):
    monkeypatch.setattr(type(tg.NUMPY), "cores_for", lambda *_: 2)
    lib, work = libraries.LIBRARIES["numpy"](), GROWN["a fade"]
    monkeypatch.setattr(tg.MinibatchStd, "divisible", False)
    p = lib.player(work)
    lib.steps(p, moves.GAMES["growing"], [jobs.batch(lib, work, 0)])()
    assert p.D.theta.base is None and lib.blas_threads == 2
    one = lib.steps(
        lib.player(TINY["mlp"]), moves.GAMES["shared"], [(np.ones((4, 2)),)]
    )
    assert callable(one) and lib.blas_threads == 1


def test_processes_pass_a_layer_in_parts(monkeypatch):
    monkeypatch.setattr(type(tg.NUMPY), "cores_for", lambda *_: 2)
    lib, case = libraries.LIBRARIES["numpy"](), cases.SMALL[0]
    x = lib.put(np.ones((4, *case.in_shape)))
    dy = lib.put(np.ones((4, *case.built()[2])))
    passes = lib.layer(dataclasses.replace(case, batch=4), x, dy)
    for which in ("forward", "backward", "forward"):
        assert passes[which]() == [None, None]


def test_a_device_passes_layers_and_products(monkeypatch):
    lib = device_library(monkeypatch)
    for case in cases.SMALL[:2]:
        for which in case.passes:
            job = {"task": "layer", "case": case.name, "pass": which}
            step_, _ = jobs.make(lib, job)
            assert type(step_()).__module__ == fake_device.__name__
    a = np.random.default_rng(0).standard_normal((7, 7))
    c = lib.gemm(lib.put(a), lib.put(a))()
    assert np.allclose(lib.on.to_host(c), a @ a, atol=1e-4)
    assert np.array_equal(lib.on.to_host(lib.copy(lib.put(a))()), a.astype("float32"))
    lib.adam(8)()


@pytest.mark.parametrize(
    ("name", "game"), [("mlp", "shared"), ("mlp", "critic"), ("mlp", "fresh")]
)
def test_a_step_as_a_graph_is_the_step(name, game, monkeypatch):
    """In three steps on batches that differ, to the last bit."""
    thetas = []
    for kind in ("cupy", "cupy-graph"):
        lib, work = device_library(monkeypatch, kind), TINY[name]
        player, batches = lib.player(work), [jobs.batch(lib, work, i) for i in range(2)]
        step_ = lib.steps(player, moves.GAMES[game], batches)
        if kind == "cupy-graph":
            start = [net.theta.copy() for net, _ in player.pairs()]
            graph = on_graphs.Captured(lib, player, moves.GAMES[game], batches[0])
            for (net, opt), theta in zip(player.pairs(), start, strict=True):
                net.theta[...] = theta  # as it was before the step that is captured
                opt.prepare(theta)
                opt.reset()
        for i in range(3):
            if kind == "cupy-graph":
                graph.play(i, batches[i % 2])
            else:
                player.rng = generator(0, POINTS, i)
                step_()
        thetas.append([lib.on.to_host(net.theta) for net, _ in player.pairs()])
    for a, b in zip(*thetas, strict=True):
        assert np.isfinite(a).all() and np.array_equal(a, b)


def device_library(monkeypatch, name="cupy"):
    """tinygan's library for a GPU, on the stand-in."""

    class OneThread(fake_device.FakeBackend):
        def cores_for(self, products):
            return 1  # as CupyBackend

    cupy = libraries.LIBRARIES[name]
    monkeypatch.setenv("CUPY_TF32", "0")
    monkeypatch.setattr(cupy, "backend", lambda self: OneThread())
    return cupy()


# Workers


def test_steps_through_real_workers(tmp_path, capsys):
    out = tmp_path / "results.json"
    options = ["--works", "mlp", "--libraries", "numpy,cupy", "--rounds", "2"]
    assert step.main([*options, "--seconds", "0.01", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    results = json.loads(out.read_text())

    assert results["benchmark"] == "step" and results["machine"]["cores"] >= 1
    assert {"date", "commit", "options"} <= set(results)
    assert results["flags"] == {"dtype": "float32", "tf32": False, "game": "shared"}
    assert results["libraries"]["numpy"]["numpy"] == np.__version__
    assert "cupy" in results["left_out"] or "cupy" in results["libraries"]
    for who, why in results["left_out"].items():
        assert f"{who} left out: {why}" in printed

    work = results["works"]["mlp"]
    row = work["results"]["numpy"]
    assert work["batch"] == 256 and work["flop"] == cost.step_flop(WORKS["mlp"])
    assert 0 < row["best_ms"] <= row["q1_ms"] <= row["median_ms"] <= row["q3_ms"]
    assert row["gflops"] == pytest.approx(work["flop"] / row["median_ms"] / 1e6)
    assert len(row["rounds_ms"]) == 2 and row["steps"] >= 4
    assert row["ratio"] == row["memory_ratio"] == {}  # torch was not asked for
    assert 0 < row["start_s"] < row["ready_s"] and row["first_ms"] > 0
    assert 10 < row["idle_mb"] < row["peak_mb"] < 1000
    assert row["added_mb"] == pytest.approx(row["peak_mb"] - row["idle_mb"])
    assert row["faults"] >= 0 and row["pool_mb"] is None
    assert str(Path.home()) not in out.read_text()


def test_a_worker_that_dies_is_named_and_begun_again(monkeypatch, capsys):
    one = worker.Worker("numpy")
    one.process.kill()
    with pytest.raises(worker.WorkerError, match="the numpy worker ended"):
        one.run(1)
    job = {"task": "copy", "numbers": 1000}
    options = types.SimpleNamespace(rounds=1, seconds=0.001)
    assert "numpy" in turns.time_job([one], job, options)["results"]
    monkeypatch.setattr(one, "run", lambda *_: one._ask({"no such": "request"}))
    found = turns.time_job([one], job, options)
    assert found["results"] == {} and "ended" in found["errors"]["numpy"]
    assert "numpy given up" in capsys.readouterr().out
    one.close()


def test_memory_and_faults_of_a_process():
    """A new one: this one may hold freed memory, where an array finds its place."""
    program = """
        import numpy as np
        from benchmarks import memory

        memory.forget_peak()
        before, faults = memory.peak(), memory.minor_faults()
        a = np.ones(16_000_000)  # 128 MB, touched
        assert memory.resident() > 128e6 and memory.peak() >= before + 100e6
        assert memory.minor_faults() > faults
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    subprocess.run(command, check=True, cwd=worker.ROOT)


def test_memory_beside_pytorch():
    ours = {"peak_mb": 30.0, "added_mb": 10.0, "pool_mb": None}
    theirs = {"peak_mb": 60.0, "added_mb": 40.0, "pool_mb": None}
    assert step.memory_ratio(ours, theirs) == {"peak_mb": 0.5, "added_mb": 0.25}
    theirs["added_mb"] = 0.0
    assert step.memory_ratio(ours, theirs) == {"peak_mb": 0.5}


def test_ratio_is_paired_by_rounds():
    """One round at a third of the speed for both leaves the ratio alone."""
    ours = report.summarise([[2.0, 2.0], [6.0, 6.0], [2.0, 2.0]], flop=10**9)
    theirs = report.summarise([[1.0, 1.0], [3.0, 3.0], [1.0, 1.0]], flop=10**9)
    assert report.ratio(ours, theirs) == 2.0
    assert ours["median_ms"] == 2000 and ours["gflops"] == 0.5 and ours["steps"] == 6
    assert ours["best_ms"] == 2000


# Bad input


@pytest.mark.parametrize(
    ("main", "arguments", "sentence"),
    [
        (
            step.main,
            ["--works", "mlp,gpt"],
            "argument --works: 'gpt' is unknown: expected some of",
        ),
        (step.main, ["--libraries", ""], "argument --libraries: '' is unknown"),
        (step.main, ["--rounds", "0"], "expected a whole number above 0, got '0'"),
        (step.main, ["--rounds", "2.5"], "--rounds: expected a whole number above 0"),
        (step.main, ["--seconds", "nan"], "expected a number above 0, got 'nan'"),
        (step.main, ["--out", "no/such/a.json"], "expected a file in an existing f"),
        (step.main, ["--fast"], "unrecognized arguments: --fast"),
        (step.main, ["--game", "poker"], "argument --game: invalid choice: 'poker'"),
        (peak.main, ["--megabytes", "-1"], "expected a whole number above 0"),
        (layers.main, ["--layers", "Dense,GRU"], "'GRU' is unknown: expected some of"),
        (layers.main, ["--peak", "none.json"], "'none.json' cannot be read"),
        (layers.main, ["--peak", "setup.cfg"], "is not a file of python -m benchm"),
        (sweep.main, ["--sweeps", "depth"], "'depth' is unknown: expected some of"),
        (recipes.main, ["--recipes", "stylegan"], "'stylegan' is unknown"),
        (suite.main, ["--only", "speed"], "'speed' is unknown: expected some of"),
        (
            suite.main,
            ["--out", "setup.cfg"],
            "'setup.cfg' is a file, expected a folder",
        ),
        (suite.main, ["--show", "no-such"], "no-such: expected some of peak.json"),
        (suite.main, ["--show", "tests", "--out", "x"], "has nothing to write"),
    ],
)
def test_bad_arguments(main, arguments, sentence, capsys, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    with pytest.raises(SystemExit) as e:
        main(arguments)
    printed = capsys.readouterr().err
    assert e.value.code == 2 and sentence in printed and printed.count("\n") == 1


@pytest.mark.parametrize(
    "main", [step.main, peak.main, layers.main, sweep.main, recipes.main, suite.main]
)
def test_help_has_examples(main, capsys):
    with pytest.raises(SystemExit) as e:
        main(["--help"])
    printed = capsys.readouterr().out
    assert e.value.code == 0 and "examples:\n  python -m benchmarks" in printed
    assert max(map(len, printed.splitlines())) <= 88


def test_no_library_that_can_run(monkeypatch, capsys):
    def refuse(name, tf32):
        raise library.UnavailableError("there is no GPU")

    monkeypatch.setattr(turns, "Worker", refuse)
    assert step.main(["--works", "mlp", "--libraries", "cupy", "--quick"]) == 2
    captured = capsys.readouterr()
    assert "cupy left out: there is no GPU" in captured.out
    assert "none of the libraries asked for can run here" in captured.err
    assert suite.main(["--quick", "--only", "step", "--libraries", "cupy"]) == 2


# Roofline, crossover, comparison, page

PEAK = {"gflops": 100.0, "gflops_1": 60.0, "gbs": 10.0}


def test_shares_of_the_roof():
    """1e9 FLOP and 5e8 bytes in 50 ms: 20 GFLOP/s of 100, 10 GB/s of 10."""
    row = report.summarise([[0.05, 0.05]], flop=10**9)
    found = layers.under_the_roof(row, 5 * 10**8, PEAK)
    assert found["gbs"] == pytest.approx(10)
    assert found["peak_share"] == pytest.approx(0.2)
    assert found["bandwidth_share"] == pytest.approx(1)
    assert found["roof_share"] == pytest.approx(20 / suite_plots.roof(2, PEAK))
    assert layers.under_the_roof(row, 5 * 10**8, None).keys() == {"gbs"}


def test_the_roof():
    assert suite_plots.roof(0.5, PEAK) == 5 and suite_plots.roof(10, PEAK) == 100
    assert suite_plots.roof(1000, PEAK) == 100


def test_peaks_are_the_best_of_any_library():
    def work(task, key, values, **more):
        rows = {name: {key: value} for name, value in values.items()}
        return {"job": {"task": task} | more, "results": rows}

    gemm = work("gemm", "best_gflops", {"numpy": 90, "torch-cpu": 110, "cupy": 9000})
    one = work("gemm", "best_gflops", {"numpy": 50, "torch-cpu": 60}, threads=1)
    copy = work("copy", "best_gbs", {"numpy": 8, "torch-cpu": 12})
    triad = work("triad", "best_gbs", {"numpy": 10})
    everything = {"a": gemm, "b": one, "c": copy, "d": triad}
    expected = {"cpu": {"gflops": 110, "gflops_1": 60, "gbs": 12}}  # no GPU's GB/s
    assert peak.peaks({"works": everything}) == expected


def test_crossover_is_interpolated_in_the_logarithms():
    """cpu = x, gpu = 12 meet at 12, wherever the points are: both are lines there."""
    xs = [1, 4, 16, 64]
    assert sweep.crossover(xs, xs, [12] * 4) == pytest.approx(12)
    assert sweep.crossover(xs, [x**2 for x in xs], [100 / x for x in xs]) == (
        pytest.approx(100 ** (1 / 3))
    )
    assert sweep.crossover(xs, [1, 2, 3, 4], [5, 6, 7, 8]) is None
    assert sweep.crossover(xs, [1, 4, 5, 6], [3, 4, 4, 4]) == 4.0
    assert sweep.crossover([], [], []) is None


def test_crossover_in_words():
    cpu = ([1, 4, 16], [1.0, 4.0, 16.0])
    says = sweep.says
    assert says(cpu, ([], [])) == "no GPU measured"
    assert says(([], []), cpu) == "no CPU measured"
    assert says(cpu, ([1, 4, 16], [8.0] * 3)) == "the GPU is faster from about 8 on"
    assert says(cpu, ([4, 16], [1.0] * 2)) == "the GPU is faster at every point"
    assert says(cpu, ([1, 4, 16], [99.0] * 3)) == "the CPU is faster at every point"
    falling = ([1, 4, 16], [0.5, 8.0, 99.0])
    assert says(cpu, falling) == "the CPU is faster from about 2 on"


def test_sweeps_vary_what_they_say():
    for each in sweep.SWEEPS.values():
        for x in each.points:
            assert getattr(each.work(x), each.vary) == x
            assert cost.step_flop(each.work(x)) > 0
    assert sweep.SWEEPS["dcgan-width"].work(32) == sweep.SWEEPS["dcgan-batch"].work(32)


def speed_row(ms: float, ratio: float | None = None, reference="torch-cpu") -> dict:
    row = report.summarise([[1e-3 * ms] * 2] * 2, flop=10**6)
    row["ratio"] = {} if ratio is None else {reference: ratio}
    row |= {"start_s": 0.2, "ready_s": 0.3, "first_ms": 2.0, "idle_mb": 40.0}
    row |= {"peak_mb": 60.0, "added_mb": 20.0, "pool_mb": None, "faults": 1000.0}
    return row | layers.under_the_roof(row, 10**6, PEAK)


def result_file(benchmark="step", works=None, **changed) -> dict:
    """Results of a benchmark, as it would write them."""
    rows = {"numpy": speed_row(2.0, 0.5), "torch-cpu": speed_row(4.0, 1.0)}
    machine = {"processor": "A", "cores": 2, "system": "Linux", "environment": {}}
    parts = {
        "benchmark": benchmark,
        "date": "2026-01-01T00:00:00+00:00",
        "commit": "0" * 40,
        "machine": machine,
        "flags": {"dtype": "float32", "tf32": False, "game": "shared"},
        "libraries": {"numpy": {"numpy": "2.4"}, "torch-cpu": {"torch": "2.13"}},
        "left_out": {},
        "works": works or mlp(**rows),
    }
    return parts | changed


def mlp(**rows) -> dict:
    return {"mlp": {"batch": 256, "game": "shared", "flop": 10**6, "results": rows}}


def compared(tmp_path, capsys, old: dict, new: dict, *more: str) -> tuple[int, str]:
    paths = []
    for name, results in (("old", old), ("new", new)):
        paths.append(str(tmp_path / f"{name}.json"))
        Path(paths[-1]).write_text(json.dumps(results))
    try:
        status = compare.main([*paths, *more])
    except SystemExit as e:
        status = e.code
    captured = capsys.readouterr()
    return status, captured.out + captured.err


OTHER = {"processor": "B", "cores": 64, "system": "Linux", "environment": {}}


def test_compare_prefers_ratios_to_pytorch(tmp_path, capsys):
    """Twice as long on a machine on which PyTorch takes three times as long: faster."""
    rows = {"numpy": speed_row(4.0, 1 / 3), "torch-cpu": speed_row(12.0, 1.0)}
    new = result_file(works=mlp(**rows), machine=OTHER)
    status, text = compared(tmp_path, capsys, result_file(), new)
    assert status == 0 and "0.667   faster (x torch-cpu)" in text
    assert "not judged (ms, the reference)" in text and "the machines differ" in text
    assert "0 of 1 judged became slower" in text


@pytest.mark.parametrize(
    ("ratio", "tolerance", "status", "says"),
    [
        (0.6, "1.1", 1, "SLOWER"),
        (0.6, "1.25", 0, "as before"),
        (0.5, "1.1", 0, "as before"),
        (0.4, "1.1", 0, "faster"),
    ],
)
def test_compare_judges_by_the_tolerance(
    tmp_path, capsys, ratio, tolerance, status, says
):
    works_ = mlp(**{"numpy": speed_row(2.0, ratio), "torch-cpu": speed_row(4.0, 1.0)})
    new = result_file(works=works_)
    found = compared(tmp_path, capsys, result_file(), new, "--tolerance", tolerance)
    assert found[0] == status and says in found[1]


def test_compare_by_milliseconds_on_one_machine_only(tmp_path, capsys):
    old, new = (result_file(works=mlp(numpy=speed_row(ms))) for ms in (2.0, 3.0))
    status, text = compared(tmp_path, capsys, old, new)
    assert status == 1 and "SLOWER (ms)" in text
    status, text = compared(tmp_path, capsys, old, new | {"machine": OTHER})
    assert status == 2 and "not judged (ms, other machine)" in text
    assert "nothing could be judged" in text
    alone = (
        result_file(works=mlp(**{"torch-cpu": speed_row(ms, 1.0)})) for ms in (2.0, 3.0)
    )
    status, text = compared(tmp_path, capsys, *alone)  # nobody's reference
    assert status == 1 and "SLOWER (ms)" in text


def test_compare_says_what_is_in_one_file_only(tmp_path, capsys):
    old = result_file()
    new = result_file(works=old["works"] | {"dcgan": old["works"]["mlp"]})
    status, text = compared(tmp_path, capsys, old, new)
    assert status == 0 and "only in the new file: dcgan" in text


def test_compare_refuses_what_does_not_match(tmp_path, capsys):
    def refusal(new) -> str:
        status, text = compared(tmp_path, capsys, result_file(), new)
        assert status == 2 and text.count("\n") == 1
        return text

    text = refusal(result_file("sweep"))
    assert "the files differ in benchmark: 'step' and 'sweep'" in text
    flags = result_file()["flags"] | {"game": "fresh"}
    text = refusal(result_file(flags=flags))
    assert "the files differ in flags: game: 'shared' and 'fresh'" in text
    batch = result_file()
    batch["works"]["mlp"]["batch"] = 64
    assert "the files differ in mlp: batch: 256 and 64" in refusal(batch)
    text = refusal(result_file(works={"x": {"results": {}}}))
    assert "no work and library in common" in text
    for strange in ([], {}, {"benchmark": "step"}, result_file(works={"x": 3})):
        assert "is not a result file of a benchmark of speed" in refusal(strange)
    (tmp_path / "text").write_text("{")
    for arguments, sentence in (
        (["none.json", "none.json"], "none.json: cannot be read"),
        ([str(tmp_path / "text")] * 2, "is not JSON"),
        (["a", "b", "--tolerance", "0.9"], "expected a number above 1, got '0.9'"),
    ):
        with pytest.raises(SystemExit):
            compare.main(arguments)
        assert sentence in capsys.readouterr().err


def measured_folder() -> dict[str, dict]:
    """Results of every part of the suite, with a GPU that begins to pay at 8."""
    rows = {"numpy": speed_row(2.0, 0.5), "torch-cpu": speed_row(4.0, 1.0)}
    on_gpu = {"cupy": speed_row(8.0), "torch-gpu": speed_row(1.0)}
    passes = {
        f"Dense, {which}": {
            "layer": "Dense",
            "pass": which,
            "flop": 10**6,
            "bytes": 10**5,
            "results": rows | on_gpu,
        }
        for which in ("forward", "backward", "update")
    }
    points = {
        f"mlp-batch {x}": {
            "sweep": "mlp-batch",
            "x": x,
            "results": {"numpy": speed_row(x), "cupy": speed_row(8.0)},
        }
        for x in (1, 4, 16)
    }
    peaks = {"cpu": PEAK, "gpu": {"gflops": 9000.0, "gbs": 900.0}}
    return {
        "peak": result_file("peak", peaks=peaks),
        "layers": result_file("layers", passes, peaks=peaks),
        "step": result_file(),
        "recipes": result_file("recipes"),
        "sweep": result_file("sweep", points),
    }


def test_the_page_and_its_plots(tmp_path, capsys):
    folder, docs = tmp_path / "laptop", tmp_path / "docs"
    folder.mkdir()
    for name, results in measured_folder().items():
        (folder / f"{name}.json").write_text(json.dumps(results))
    assert suite.main(["--show", str(folder), "--docs", str(docs)]) == 0
    page = (docs / "benchmarks.md").read_text()
    assert page.startswith("# How fast it is") and "## laptop: A" in page
    assert "| CPU | 100 | 60 | 10 |" in page and "| GPU | 9000 |  | 900 |" in page
    assert (
        "| mlp | numpy | 2 | 0.50 | 0.5 | 0 | 0.30 | 2 | 60 (40) |  | 1,000 |" in page
    )
    assert "tinygan: the GPU is faster from about 8 on; PyTorch: no GPU" in page
    assert "| Dense, update | torch-gpu | 1 |" in page
    for which in ("roofline", "sweep"):
        path = suite_pages.plot("laptop", which)
        assert f"({path})" in page and (docs / path).stat().st_size > 5_000
    capsys.readouterr()
    assert suite.main(["--show", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == page.strip()


def test_a_page_of_some_parts_and_of_several_machines():
    everything = measured_folder()
    page = suite_pages.page({"a": {"step": everything["step"]}, "b": everything})
    assert "## a: A" in page and "## b: A" in page and page.count("roofline.png") == 1


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "step.json").write_text('{"benchmark": "quality", "works": {}}')
    with pytest.raises(
        tg.InputError, match=r"is not a file of python -m benchmarks\.st"
    ):
        suite_pages.read(tmp_path)


def test_the_whole_suite_in_one_command(tmp_path, monkeypatch, capsys):
    """With one library and one of everything."""
    monkeypatch.setattr(peak, "QUICK_N", {"cpu": 64, "gpu": 64})
    monkeypatch.setattr(layers, "SMALL", (cases.SMALL[0], cases.SMALL[-1]))
    monkeypatch.setattr(suite, "QUICK_WORKS", ("mlp",))
    monkeypatch.setattr(suite, "SWEEPS", ("mlp-width",))
    monkeypatch.setattr(recipes, "QUICK", ("mlp-ring",))
    out, docs = tmp_path / "here", tmp_path / "docs"
    options = ["--quick", "--libraries", "numpy", "--rounds", "1", "--seconds", "0.001"]
    assert suite.main([*options, "--out", str(out), "--docs", str(docs)]) == 0
    assert {p.stem for p in out.iterdir()} == set(suite_pages.BENCHMARKS)
    found = suite_pages.read(out)
    for name, results in found.items():
        assert results["benchmark"] == name and results["machine"]["cores"] >= 1
        assert all("numpy" in work["results"] for work in results["works"].values())
    peaks = found["peak"]["peaks"]["cpu"]
    assert min(peaks.values()) > 0 and found["layers"]["peaks"]["cpu"] == peaks
    row = next(iter(found["layers"]["works"].values()))["results"]["numpy"]
    assert math.isclose(row["peak_share"], row["gflops"] / peaks["gflops"])
    assert "no GPU measured" in capsys.readouterr().out
    assert "## here:" in (docs / "benchmarks.md").read_text()
    old = [str(out / "step.json")] * 2
    assert compare.main(old) == 0


# What each piece of speed brings.


def test_a_piece_is_some_twins_or_a_switch():
    for name, off in pieces.PIECES.items():
        assert callable(off) or set(off) <= set(fast.PRIMITIVES), name


def test_a_step_without_a_piece_beside_one_with_all(monkeypatch, capsys, tmp_path):
    kept = ("Adam in blocks", "all twins")
    monkeypatch.setattr(pieces, "PIECES", {k: pieces.PIECES[k] for k in kept})
    out = tmp_path / "pieces.json"
    options = ["--works", "mlp", "--rounds", "1", "--seconds", "0.1"]
    assert pieces.main([*options, "--out", str(out)]) == 0
    found = json.loads(out.read_text())["without_with"]
    assert found.keys() == {*kept} and all(v["mlp"] > 0.3 for v in found.values())
    assert all(piece in capsys.readouterr().out for piece in kept[:1])
