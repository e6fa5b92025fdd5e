"""The peers of `benchmarks.step`, JAX and torch.compile: they take tinygan's steps,
in processes of their own, and a work that a peer does not have gets a dash.
"""

import importlib.util
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from test_benchmark_suite import TINY, Fixed, result_file, torch_order

from benchmarks import (
    layers,
    libraries,
    library,
    moves,
    on_compiled,
    on_jax,
    report,
    step,
    suite_pages,
    suite_plots,
    turns,
    worker,
    works,
)

STEPS = 3
GAMES = {
    "mlp shared": ("mlp", "shared"),
    "mlp fresh": ("mlp", "fresh"),
    "dcgan shared": ("dcgan", "shared"),
    "dcgan fresh": ("dcgan", "fresh"),
    "wgangp critic": ("wgangp", "critic"),
}


def ours(work):
    """tinygan's player, in float64."""
    p = libraries.LIBRARIES["numpy"]().player(work)
    for name, net in zip(work.names, work.networks(dtype="float64"), strict=True):
        setattr(p, name, net)
        setattr(p, f"opt_{name}", work.optimizer(net))
    return p


def moved(game) -> dict:
    """{who moves: the sign of its gradient in tinygan}: D ascends."""
    return {"D": -1} if game == "critic" else {"D": -1, "G": 1}


def distance(many, others) -> float:
    """The largest difference of two lists of arrays, by the size of each array."""
    pairs = list(zip(many, others, strict=True))
    assert pairs and all(a.shape == b.shape for a, b in pairs)
    return float(
        max(np.abs(a - b).max() / max(np.abs(a).max(), 1e-3) for a, b in pairs)
    )


def in_own_process(call: str, **settings: str) -> dict:
    """The value of a function of this file: JAX starts threads, other tests fork."""
    code = f"import json; from test_step_peers import *; print(json.dumps({call}))"
    path = [str(Path(__file__).parent), *sys.path]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path)} | settings,
        cwd=worker.ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


# JAX


def jax_step_by_step(name, game) -> dict:
    """How far JAX's steps are from tinygan's, in float64; how often it compiled."""
    import jax

    from benchmarks import jax_games

    jax.config.update("jax_enable_x64", True)
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: compiled.append(event)
    )
    work, lib = TINY[name], libraries.LIBRARIES["jax-cpu"]()
    mine, p, rng = ours(work), lib.player(work), np.random.default_rng(1)
    p.state = jax.device_put(jax_games.start((mine.G, mine.D)))
    mine.rng = Fixed(eps := rng.random(work.batch))
    jax.random.uniform = lambda key, shape, dtype: jax.numpy.asarray(eps.reshape(shape))
    move = lib.move(moves.GAMES[game])
    found = {"gradients": [], "weights": [], "running": [], "moved": [], "compiled": []}
    for _ in range(STEPS):
        batch = work.draw(rng)
        old, before = p.state, {who: host(p.state[who]) for who in "GD"}
        moves.GAMES[game].tinygan(mine, *batch)
        arrays = [jax.numpy.asarray(a) for a in batch]
        del compiled[:]
        move(p, *arrays)
        lib.wait()
        found["compiled"].append(sum("backend_compile" in event for event in compiled))
        after = {who: host(p.state[who]) for who in "GD"}
        for who, sign in moved(game).items():
            net, beta1 = getattr(mine, who), work.adam[1]
            m = zip(before[who]["m"], after[who]["m"], strict=True)
            g = [sign * (b - beta1 * a) / (1 - beta1) for a, b in m]
            own = [*net.parameters(net.grad).values()]
            found["gradients"].append(distance(own, g))
            pairs = zip(before[who]["theta"], after[who]["theta"], strict=True)
            found["moved"].append(float(max(np.abs(a - b).max() for a, b in pairs)))
        for who in "GD":
            net = getattr(mine, who)
            weights = [*net.parameters().values()], after[who]["theta"]
            found["weights"].append(distance(*weights))
            if net.state():
                state = [*net.state().values()], after[who]["running"]
                found["running"].append(distance(*state))
    found["donated"] = all(a.is_deleted() for a in old["D"]["theta"])
    return found


def host(net: dict) -> dict:
    """The lists of a net in JAX as NumPy arrays of their own."""
    return {k: [np.array(a) for a in net[k]] for k in ("theta", "m", "v", "running")}


@pytest.fixture(scope="module")
def jax_found():
    """The errors of each game, from one process."""
    needs("jax")
    return in_own_process("{k: jax_step_by_step(*case) for k, case in GAMES.items()}")


@pytest.mark.parametrize("case", GAMES)
def test_jax_takes_the_same_steps(case, jax_found):
    """In float64, from the same weights: three steps with the same gradients, weights
    and running statistics. JAX compiles in the first step alone.
    """
    found = jax_found[case]
    assert max(found["gradients"]) <= 1e-8 and max(found["weights"]) <= 1e-8
    assert min(found["moved"]) > 1e-4 and len(found["weights"]) == 2 * STEPS
    assert max(found["running"], default=0) <= 1e-8
    assert ("dcgan" in case) == (len(found["running"]) == 2 * STEPS)
    assert found["compiled"] == [1] + [0] * (STEPS - 1)
    assert found["donated"]


def test_the_gpu_times_a_turn_as_a_whole():
    """And the CPU waits for each step."""
    events = []
    jax = types.SimpleNamespace(block_until_ready=lambda state: events.append(state))
    for kind, expected in (
        (on_jax.JaxGpu, ["last", "step", "step", "step", "last"]),
        (on_jax.JaxCpu, ["last", *["step", "last"] * 3]),
    ):
        lib = object.__new__(kind)
        lib.jax, lib.latest = jax, "last"
        seconds = lib.timed(lambda: events.append("step"), 3)
        assert events == expected and len(seconds) == 3 and min(seconds) > 0
        assert (len({*seconds}) == 1) == (kind is on_jax.JaxGpu)
        del events[:]
    device = types.SimpleNamespace(memory_stats=lambda: {"peak_pool_bytes": 7})
    jax.devices = {"gpu": [device], "cpu": []}.get
    lib = object.__new__(on_jax.JaxGpu)
    lib.jax = jax
    assert lib.pool_peak() == 7
    device.memory_stats = lambda: None
    assert lib.pool_peak() is None


def test_jax_that_cannot_run(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    for kind in (on_jax.JaxCpu, on_jax.JaxGpu):
        with pytest.raises(library.UnavailableError, match=r"^JAX is not installed$"):
            kind()

    def devices(platform):
        raise RuntimeError(f"Unknown backend {platform}")

    settings = {}
    fake = types.SimpleNamespace(
        devices=devices, config=types.SimpleNamespace(update=settings.__setitem__)
    )
    monkeypatch.setitem(sys.modules, "jax", fake)
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    with pytest.raises(library.UnavailableError, match=r"^JAX finds no usable GPU$"):
        on_jax.JaxGpu(tf32=True)
    assert settings == {"jax_default_matmul_precision": "tensorfloat32"}


def test_jax_beside_tinygan_through_real_workers(tmp_path, capsys):
    """A work that JAX has, and one that it has not."""
    needs("jax")
    out = tmp_path / "results.json"
    options = ["--works", "made,mlp", "--libraries", "numpy,jax-cpu", "--rounds", "1"]
    assert step.main([*options, "--seconds", "0.01", "--out", str(out)]) == 0
    results, printed = json.loads(out.read_text()), capsys.readouterr().out
    why = f"the networks of {works.WORKS['made'].title} are not written in JAX"
    made, mlp = (results["works"][name] for name in ("made", "mlp"))
    assert made["skipped"] == {"jax-cpu": why} and {*made["results"]} == {"numpy"}
    words = ["jax-cpu", "-", *why.split()]
    assert words in [line.split() for line in printed.splitlines()]
    row = mlp["results"]["jax-cpu"]
    assert "skipped" not in mlp and row["first_ms"] > row["median_ms"] > 0
    assert row["ratio"] == {} and row["pool_mb"] is None
    assert results["libraries"]["jax-cpu"].keys() >= {"jax", "threads"}


# torch.compile


def compiled_step_by_step(name, game) -> dict:
    """How far the steps of torch.compile are from tinygan's, in float64."""
    lib = libraries.LIBRARIES["torch-compile"]()
    torch, work = lib.torch, TINY[name]
    mine, p, rng = ours(work), lib.player(work), np.random.default_rng(1)
    for who in "GD":
        module = getattr(p, who).to(torch.float64)
        weights = getattr(mine, who).parameters().values()
        with torch.no_grad():
            for a, theta in zip(weights, module.parameters(), strict=True):
                theta.copy_(torch.tensor(torch_order(a)))
    mine.rng = Fixed(eps := rng.random(work.batch))
    torch.rand = lambda shape, device: torch.tensor(eps).reshape(shape)
    move = lib.move(moves.GAMES[game])
    found = {"gradients": [], "weights": []}
    for _ in range(STEPS):
        batch = work.draw(rng)
        moves.GAMES[game].tinygan(mine, *batch)
        try:
            move(p, *(channels_first(torch.tensor(a)) for a in batch))
        except library.UnavailableError as e:
            return {"refused": str(e)}
        for who, sign in moved(game).items():
            net, module = getattr(mine, who), [*getattr(p, who).parameters()]
            own = [sign * torch_order(a) for a in net.parameters(net.grad).values()]
            found["gradients"].append(distance(own, [a.grad.numpy() for a in module]))
            own = [torch_order(a) for a in net.parameters().values()]
            theirs = [a.detach().numpy() for a in module]
            found["weights"].append(distance(own, theirs))
    found["graphs"] = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    return found


def channels_first(x):
    """Images as `put` makes them."""
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


@pytest.mark.slow  # it compiles for most of a minute
@pytest.mark.parametrize("case", ["mlp shared", "wgangp critic"])
def test_torch_compile_takes_the_same_steps(case, tmp_path):
    """In float64, from the same weights: the same gradients and weights."""
    needs("torch")
    call = f"compiled_step_by_step(*{GAMES[case]})"
    found = in_own_process(call, **{worker.COMPILED: str(tmp_path)})
    if "refused" in found:  # an older PyTorch, which traces no gradients
        assert case == "wgangp critic" and "double backward" in found["refused"]
        return
    assert max(found["gradients"]) <= 1e-8 and max(found["weights"]) <= 1e-8
    assert len(found["weights"]) == STEPS * len(moved(GAMES[case][1]))
    assert found["graphs"] >= 2


def test_torch_compile_that_cannot_run(monkeypatch):
    """Without PyTorch, on a Python that dynamo does not know, without a compiler."""

    def refuse():
        raise RuntimeError("No working C++ compiler found")

    cpp_builder = types.SimpleNamespace(get_cpp_compiler=refuse)
    dynamo = types.SimpleNamespace(is_dynamo_supported=lambda: False)
    inductor = types.SimpleNamespace(cpp_builder=cpp_builder)
    fake = types.SimpleNamespace(_dynamo=dynamo, _inductor=inductor)

    def sentence() -> str:
        with pytest.raises(library.UnavailableError) as e:
            on_compiled.CompiledCpu()
        return str(e.value)

    monkeypatch.setitem(sys.modules, "torch", None)
    assert sentence() == "PyTorch is not installed"
    monkeypatch.setitem(sys.modules, "torch", fake)
    monkeypatch.setitem(sys.modules, "torch._inductor", inductor)
    assert sentence() == "torch.compile does not run on this Python"
    dynamo.is_dynamo_supported = lambda: True
    assert sentence() == "torch.compile finds no C++ compiler"


def test_torch_compile_that_refuses_a_step():
    """One sentence. Gradients are traced in the critic's step alone, and a GPU is told
    where a step begins.
    """
    events = []

    def refuses(p, x):
        raise RuntimeError("no second derivative\nand many lines more")

    lib = object.__new__(on_compiled.CompiledGpu)
    config = types.SimpleNamespace(trace_autograd_ops=None)
    lib.torch = types.SimpleNamespace(
        _dynamo=types.SimpleNamespace(config=config),
        compile=lambda step, mode: events.append(mode) or step,
        compiler=types.SimpleNamespace(
            cudagraph_mark_step_begin=lambda: events.append("begin")
        ),
    )
    lib.move(moves.GAMES["critic"])
    assert config.trace_autograd_ops is True
    lib.move(moves.GAMES["pairs"])
    assert config.trace_autograd_ops is False
    del config.trace_autograd_ops, events[:]  # an older PyTorch
    move = lib.move(types.SimpleNamespace(torch=lambda p, x: events.append(x)))
    assert move("p", "x") is None and events == ["reduce-overhead", "begin", "x"]
    sentence = "^torch.compile refuses the step: no second derivative$"
    with pytest.raises(library.UnavailableError, match=sentence):
        lib.move(types.SimpleNamespace(torch=refuses))("p", "x")
    assert not hasattr(config, "trace_autograd_ops")


# A library that does not have a job


def test_the_usual_libraries_are_the_default():
    usual = ["numpy", "cupy", "torch-cpu", "torch-gpu"]
    assert step.parse([]).libraries == layers.parse([]).libraries == usual
    peers = ["jax-gpu", "torch-compile", "jax-cpu", "torch-compile-gpu"]
    assert step.parse(["--libraries", ",".join(peers)]).libraries == peers
    assert {*libraries.LIBRARIES} == {*usual, *peers, "cupy-graph"}
    assert {*suite_plots.COLOURS} == {*libraries.LIBRARIES}


def test_peers_have_no_layers(capsys):
    options = layers.parse(["--quick", "--libraries", "jax-cpu,torch-compile"])
    results = layers.measure(options, peaks={})
    why = "it is here for whole training steps alone"
    assert results["left_out"] == {"jax-cpu": why, "torch-compile": why}
    assert f"jax-cpu left out: {why}" in capsys.readouterr().out


class Partial(library.Library):
    """A library that lacks networks, or fails in its first step."""

    def __init__(self, player=None):
        self.given = player

    def put(self, a):
        return a

    def player(self, work):
        if self.given is None:
            raise library.UnavailableError("there are no such networks")
        return self.given

    def move(self, game):
        def move(p, *batch):
            raise library.UnavailableError("there is no such step")

        return move


def test_a_worker_says_that_its_library_has_no_such_job():
    job = {"task": "step", "work": TINY["mlp"].spec(), "game": "shared"}
    answer = worker.Answers(Partial())
    assert answer({"make": job}) == {"unavailable": "there are no such networks"}
    answer = worker.Answers(Partial("a player"))
    assert answer({"make": job}) == {"unavailable": "there is no such step"}


def test_a_dash_and_a_sentence_instead_of_a_row(capsys):
    """And the other libraries are timed."""

    class Asked:
        def __init__(self, name, why=None):
            self.library, self.why, self.steps, self.faults = name, why, 2, []

        def make(self, job):
            if self.why:
                raise library.UnavailableError(self.why)

        def run(self, steps, skip=0):
            assert not self.why
            return [1e-3] * max(2, steps)

    options = types.SimpleNamespace(rounds=2, seconds=0.001)
    workers = [Asked("jax-cpu", "no such networks"), Asked("numpy")]
    found = turns.time_job(workers, {}, options)
    assert found["skipped"] == {"jax-cpu": "no such networks"}
    assert {*found["results"]} == {"numpy"} and "errors" not in found
    printed = capsys.readouterr().out
    assert printed.split() == ["jax-cpu", "-", "no", "such", "networks"]


def test_a_dash_and_a_sentence_on_the_page():
    results = result_file()
    results["works"]["mlp"] |= {"skipped": {"jax-cpu": "no such networks"}}
    page = suite_pages.step_section(results, {})
    assert "| mlp | jax-cpu | - |" in page
    assert "\n- mlp, jax-cpu: no such networks\n" in page
    assert suite_pages.skipped(result_file()) == ""


# What pins the kernels


def test_the_environment_that_pins_kernels_is_named_and_recorded(monkeypatch, capsys):
    options = step.parse(["--quick"])
    for name in report.KERNELS:
        monkeypatch.delenv(name, raising=False)
    machine = turns.begin("step", options)["machine"]
    assert machine["processor"] and report.pinned(machine) == ""
    assert "pin" not in capsys.readouterr().out
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "512")
    settings = turns.begin("step", options)["machine"]["environment"]
    assert settings["OPENBLAS_CORETYPE"] == "Haswell"
    assert settings["OPENBLAS_L2_SIZE"] == "512"
    notes = [line for line in capsys.readouterr().out.splitlines() if "pin" in line]
    assert notes == [
        "NOTE: OPENBLAS_CORETYPE=Haswell and OPENBLAS_L2_SIZE=512 may pin older "
        "kernels of OpenBLAS than this machine's"
    ]
