"""A GAN on one page: the reader's file beside the package, and its gradients.

The file and the package play from the same theta, on the same batches and the same z.
In float64 and without fast twins they add and multiply in the same order, so they agree
bit for bit. The twins divide in another order (Adam's, above all), so there the two
differ by rounding.
"""

import ast
import functools
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygan as tg
from tinygan import fast
from tinygan.check import relative
from tinygan.data import load_digits
from tinygan.measures import sliced_wasserstein
from tinygan.recipes import mlp_digits

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "figures" / "onepage" / "gan.py"
DIGITS = ROOT / "tinygan" / "data" / "digits.npz"
SOURCE = FILE.read_text("utf-8")
TURNS, N = 50, 64


def loaded(source: str = SOURCE, name: str = "gan"):
    """The file as a new module, with random numbers of its own."""
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(name, loader=None)
    )
    exec(compile(source, str(FILE), "exec"), vars(module))
    return module


def players(gan):
    """G and D of the file, each drawn from its own seed."""
    nets = []
    for seed, widths in enumerate([(32, 128, 256, 64), (64, 256, 128, 1)]):
        gan.rng = np.random.default_rng(seed)
        nets.append(gan.Net(*widths))
    return nets


def twins():
    """G and D of the recipe `mlp-digits`, in float64, each drawn from the same seed."""
    e = mlp_digits.recipe()
    G = tg.Net(e.G, (32,), seed=0, dtype="float64")
    D = tg.Net(e.D, (8, 8, 1), seed=1, dtype="float64")
    return e, G, D


def batches():
    """x_real and two batches of z for each turn."""
    x = np.load(DIGITS)["images"].reshape(-1, 64) / 8 - 1
    rng = np.random.default_rng(2)
    for _ in range(TURNS):
        yield rng.choice(x, N), *rng.normal(size=(2, N, 32))


def played_by_the_file(gan):
    """V and J of each turn (TURNS, 2), and theta of both players after the last."""
    (G, D), values = players(gan), []
    for x_real, z, other in batches():
        x_fake, _ = gan.samples(G, z)
        values.append((gan.d_step(D, x_real, x_fake), gan.g_step(G, D, other)))
    return np.array(values), G.theta, D.theta


@functools.cache
def played_by_the_package(twinned: bool):
    """The same, by `tinygan.play` with what the recipe says."""
    if not twinned:
        with fast.plain():
            return _played()
    return _played()


def _played():
    (e, G, D), values = twins(), []
    for x_real, *zs in batches():
        draws = iter(zs)
        V, J, *_ = tg.play(
            (G, D, e.opt_G, e.opt_D),
            e.objective,
            lambda x=x_real: x.reshape(-1, 8, 8, 1),
            lambda z=draws: next(z),
        )
        values.append((V, J))
    return np.array(values), G.theta, D.theta


# What a reader types


def test_the_file_is_one_page_of_numpy():
    assert len(SOURCE.splitlines()) <= 140
    imported = {}
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = getattr(node, "module", None) or node.names[0].name
            imported[names] = node.col_offset
    assert imported == {"sys": 0, "itertools": 0, "numpy": 0, "matplotlib.pyplot": 4}
    assert "__main__" in SOURCE.split("import matplotlib")[0].splitlines()[-2]


def test_the_file_runs_and_draws_a_picture(tmp_path):
    short = tmp_path / "gan.py"
    assert SOURCE.count("turns=6000") == 1
    short.write_text(SOURCE.replace("turns=6000", "turns=2"), "utf-8")
    command = [sys.executable, short.name, str(DIGITS)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("turn    0   V -")
    assert (tmp_path / "generated.png").read_bytes()[16:24] == bytes(
        [0, 0, 0, 100, 0, 0, 0, 50]
    )


def test_it_reads_the_digits_as_the_package_does():
    data = load_digits()
    ours = data.scaled(data.pixels, "float64").reshape(-1, 64)
    x_real = np.load(DIGITS)["images"].reshape(-1, 64) / 8 - 1
    assert np.array_equal(x_real, ours)


def test_it_learns():
    """The distance to the data falls to less than half in 150 turns of 6000."""
    gan = loaded()
    G, D = players(gan)
    x = np.load(DIGITS)["images"].reshape(-1, 64) / 8 - 1
    z = np.random.default_rng(3).normal(size=(500, 32))
    before = sliced_wasserstein(gan.samples(G, z)[0], x)
    gan.train(G, D, x, 150)
    assert sliced_wasserstein(gan.samples(G, z)[0], x) < before / 2


def test_the_chapter_shows_the_whole_file_in_order():
    reader = pytest.importorskip("listings", reason="the docs extra is not installed")
    page = reader.listings(ROOT / "docs" / "book" / "30-onepage.md")
    shown = [n for x in page for n in x.lines if (ROOT / x.path) == FILE]
    assert shown == sorted(set(shown))
    lines = enumerate(SOURCE.splitlines(), 1)
    assert [n for n, text in lines if text.strip() and n not in shown] == []


# Beside the package


def test_the_first_weights_are_those_of_the_package():
    for ours, theirs in zip(players(loaded()), twins()[1:], strict=True):
        assert np.array_equal(ours.theta, theirs.theta)


def test_fifty_turns_are_those_of_the_package_bit_for_bit():
    expected = played_by_the_package(twinned=False)
    for ours, theirs in zip(played_by_the_file(loaded()), expected, strict=True):
        assert np.array_equal(ours, theirs)


def test_with_fast_twins_they_differ_by_rounding():
    expected = played_by_the_package(twinned=True)
    for ours, theirs in zip(played_by_the_file(loaded()), expected, strict=True):
        assert relative(ours - theirs, theirs) < 1e-12


# The gradients


class Noted:
    """A net of the file that does not move, and keeps the gradient it is given."""

    def __init__(self, net):
        self.net = net

    def __getattr__(self, name):
        return getattr(self.net, name)

    def ascend(self, dtheta):
        self.given = dtheta


def slope(f, net, v):
    """df/ds along theta + s v at s = 0, by the complex step."""
    theta = net.theta
    net.theta = theta + 1e-200j * v
    found = f().imag / 1e-200
    net.theta = theta
    return found


def errors(gan) -> dict[str, float]:
    """The relative error of each gradient of the file, along a random direction."""
    rng = np.random.default_rng(4)
    G, D = map(Noted, players(gan))
    for net in (G.net, D.net):  # biases that are not 0
        net.theta = net.theta + 0.1 * rng.normal(size=net.theta.shape)
    x_real, z = rng.uniform(-1, 1, (9, 64)), rng.normal(size=(7, 32))
    x_fake, found = gan.samples(G, z)[0], {}

    x, dy = rng.normal(size=(7, 32)), rng.normal(size=(7, 64))
    dx, dtheta = G.backward(dy, G.forward(x)[1])
    v, x_dot = rng.normal(size=G.theta.shape), rng.normal(size=x.shape)
    expected = slope(lambda: (dy * G.forward(x)[0]).sum(), G.net, v)
    found["dtheta"] = abs(dtheta @ v / expected - 1)
    expected = (dy * G.forward(x + 1e-200j * x_dot)[0]).sum().imag / 1e-200
    found["dx"] = abs((dx * x_dot).sum() / expected - 1)

    expected = slope(lambda: gan.g_step(G, D, z), G.net, v)
    gan.g_step(G, D, z)
    found["J"] = abs(-G.given @ v / expected - 1)
    found["D at rest"] = float(hasattr(D, "given"))
    v = rng.normal(size=D.theta.shape)
    expected = slope(lambda: gan.d_step(D, x_real, x_fake), D.net, v)
    gan.d_step(D, x_real, x_fake)
    found["V"] = abs(D.given @ v / expected - 1)
    return found


LIMIT = 1e-11  # as for `tinygan check`: rounding is 1e-14, the faults below > 0.1
LEAST = 1e-4  # Adam divides a factor of a gradient out again, except for its eps: the
# missing 1/N of G changes theta by 3e-4 only; rounding changes it by 1e-16


def test_every_gradient_is_right():
    assert all(error < LIMIT for error in errors(loaded()).values())


FAULTS = {
    "no 1/N of the real samples": (
        "sigmoid(-s_real) / len(s_real)",
        "sigmoid(-s_real)",
        {"V"},
    ),
    "no 1/N of G": ("-sigmoid(-s_fake) / len(s_fake)", "-sigmoid(-s_fake)", {"J"}),
    "the gradients of D move D in the step of G": (
        "dx_fake, _ = D.backward(ds_fake, c_D)",
        "dx_fake, of_D = D.backward(ds_fake, c_D)\n    D.ascend(-of_D)",
        {"D at rest"},
    ),
    "G goes up J": ("G.ascend(-dtheta)", "G.ascend(dtheta)", {"J"}),
    "the slope of tanh is forgotten": ("(1 - x_fake**2) * dx_fake", "dx_fake", {"J"}),
    "the slope of LeakyReLU is forgotten": (
        "np.where(x > 0, dx, 0.2 * dx)",
        "dx",
        {"dx", "dtheta", "J", "V"},
    ),
    "the minimax J has its value and not its slope": (
        "J = softplus(-s_fake).mean()",
        "J = -softplus(s_fake).mean()",
        {"J"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_by_the_gradients_and_beside_the_package(fault):
    right, wrong, names = FAULTS[fault]
    assert SOURCE.count(right) == 1
    gan = loaded(SOURCE.replace(right, wrong))
    assert {name for name, error in errors(gan).items() if error > LIMIT} == names
    expected, faulty = played_by_the_package(twinned=False), played_by_the_file(gan)
    pairs = zip(faulty, expected, strict=True)
    assert max(relative(ours - theirs, theirs) for ours, theirs in pairs) > LEAST
