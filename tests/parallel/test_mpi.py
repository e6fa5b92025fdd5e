"""Processes of MPI play one game: as one process does, and none waits for ever."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import tinygan
from tinygan.check.ranks import together
from tinygan.errors import BackendError, InputError
from tinygan.group import ALONE
from tinygan.parallel import machines, mpi
from tinygan.runs.checkpoint import read_manifest

HERE = pathlib.Path(__file__).parent
PATIENCE = 120  # seconds


# The protocol, with threads in the place of processes


def on_machines(local: int, work) -> list:
    """[work(group)] of each of two machines with `local` ranks, in order."""

    def machine(world):
        if local == 1:
            (group,) = machines.joined([ALONE], world)
            return [work(group)]
        sizes = world.all_gather(local)
        first, size = sum(sizes[: world.rank]), sum(sizes)
        return together(local, lambda r: work(machines.Machines(r, world, first, size)))

    return [found for ranks in together(2, machine) for found in ranks]


@pytest.mark.parametrize("local", [1, 3])
def test_the_ranks_of_two_machines_are_one_group(local):
    def work(group):
        value = np.arange(3.0) + group.rank
        gathered = group.all_gather((group.rank, value))
        total, count = group.all_reduce(value, group.rank + 1)
        group.barrier()
        return group.rank, group.size, gathered, total, count, group.place(2)

    found, n = on_machines(local, work), 2 * local
    for rank, (own, size, gathered, total, count, place) in enumerate(found):
        assert (own, size) == (rank, n) and place == (
            slice(2 * rank, 2 * rank + 2),
            2 * n,
        )
        assert [r for r, _ in gathered] == list(range(n))
        assert all(np.array_equal(v, np.arange(3.0) + r) for r, v in gathered)
        assert np.array_equal(total, n * np.arange(3.0) + n * (n - 1) / 2)
        assert count == n * (n + 1) // 2


def test_a_total_is_summed_over_machines_once():
    totals = {0: np.ones(4), 1: np.full(4, 10.0)}  # of each machine's ranks together

    def work(group):
        total = totals[group.rank // 3]
        group.add_machines(total)
        return total.copy()

    assert all((total == 11).all() for total in on_machines(3, work))


def test_without_mpirun_there_is_no_world(monkeypatch):
    for name in mpi.STARTED:
        monkeypatch.delenv(name, raising=False)
    assert mpi.world() is ALONE


def test_mpirun_without_mpi4py_is_refused(monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "4")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(BackendError, match=r"pip install 'tinygan\[mpi\]'"):
        mpi.world()


@pytest.mark.parametrize("failing, words", [(0, "no 0"), (1, "rank 1: no 1")])
def test_if_one_process_fails_at_the_start_all_end(failing, words):
    def start(world):
        try:
            with mpi.agreed(world):
                if world.rank == failing:
                    raise InputError(f"no {world.rank}")
        except (InputError, SystemExit) as e:
            return e
        return None

    first, second = together(2, start)
    assert str(first) == words and isinstance(first, InputError)
    assert isinstance(second, SystemExit) and second.code == 2


# With real processes


@pytest.fixture(scope="module")
def mpiexec() -> str:
    pytest.importorskip("mpi4py")
    beside = pathlib.Path(sys.executable).parent / "mpiexec"
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    if found is None:
        pytest.skip("there is no mpiexec")
    says = subprocess.run([found, "--version"], capture_output=True, text=True)
    if "HYDRA" not in says.stdout:  # whose variables and exit status are tested here
        pytest.skip("mpiexec is not MPICH's")
    return found


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    package = str(pathlib.Path(tinygan.__file__).parents[1])
    more = {"PYTHONPATH": package, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    return os.environ | more


def finished(command, environment, **more) -> subprocess.CompletedProcess:
    return subprocess.run(
        list(map(str, command)),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        **more,
    )


FAMILIES = [
    "mlp-digits",
    "dcgan-digits",  # BatchNorm
    "cgan-digits",
    "hinge-digits",
    "ragan-digits",
    "wgan-gp-digits",  # a gradient penalty
    "wgan-ring",  # a wrapped optimizer, and more steps of D
    "pacgan-grid",
    "progan-digits",  # MinibatchStd
    "vae-digits",
    "made-digits",
    "gru-names",
]
# RMSProp and the first steps of Adam divide a gradient by its own size. So a weight
# whose gradient is nearly 0 moves by the rounding of that gradient over 1e-8.
LOOSE = dict.fromkeys(("ragan-digits", "wgan-ring"), 1e-9)


def weights(file) -> tuple[dict, dict]:
    """The weights by name, and the bytes sent by recipe."""
    with np.load(file) as arrays:
        found = dict(arrays)
    return found, json.loads(str(found.pop("sent")))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The weights after some turns of one process."""
    out = tmp_path_factory.mktemp("alone") / "weights.npz"
    environment = {k: v for k, v in os.environ.items() if k not in mpi.STARTED}
    package = str(pathlib.Path(tinygan.__file__).parents[1])
    command = sys.executable, HERE / "on_mpi.py", out, 1, *FAMILIES
    done = finished(command, environment | {"PYTHONPATH": package})
    assert done.returncode == 0, done.stderr
    return weights(out)[0]


@pytest.mark.parametrize(
    "n, cores",
    [
        (3, 1),
        (2, 2),
        pytest.param(2, 1, marks=pytest.mark.slow),
        pytest.param(4, 1, marks=pytest.mark.slow),
    ],
)
def test_n_processes_play_as_one(n, cores, mpiexec, environment, alone, tmp_path):
    """In float64, with parts that are not equal."""
    out = tmp_path / "weights.npz"
    names = FAMILIES if (n, cores) != (2, 2) else FAMILIES[:2]
    command = mpiexec, "-n", n, sys.executable, HERE / "on_mpi.py", out, cores, *names
    done = finished(command, environment)
    assert done.returncode == 0, done.stderr
    found, sent = weights(out)
    assert {key.partition(".")[0] for key in found} == set(names)
    for key, theta in found.items():
        error = np.abs(theta - alone[key]).max() / np.abs(theta).max()
        assert error <= LOOSE.get(key.partition(".")[0], 1e-12), (key, error)
    # What a turn sends: each gradient once, a few statistics, and that it begins.
    for name in "mlp-digits", "dcgan-digits":
        size = sum(theta.nbytes for key, theta in found.items() if name in key)
        bytes_sent = sent[name]
        assert bytes_sent["gradients"] == 2 * size
        assert bytes_sent["orders"] < 2 * 100
        assert bytes_sent.get("statistics", 0) < 0.05 * size
        assert bytes_sent["gathered"] < 2 * 23 * 100  # logits


TRAIN = "train", "mlp-digits", "--quiet", "--cores", "1"


def test_a_run_of_three_goes_on_with_two_and_with_one(mpiexec, environment, tmp_path):
    start = sys.executable, "-m", "tinygan"
    small = "--batch", "16", "--out", tmp_path / "run"
    steps = {}
    for n, words in (
        (3, (*TRAIN, "--steps", "3", *small)),
        (2, ("train", "--resume", tmp_path / "run", "--steps", "5", "--quiet")),
        (1, ("train", "--resume", tmp_path / "run", "--steps", "7", "--quiet")),
    ):
        launch = (mpiexec, "-n", n) if n > 1 else ()
        done = finished((*launch, *start, *words), environment, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("steps into") == 1  # one process speaks
        steps[n] = read_manifest(tmp_path / "run" / "checkpoint.npz")["step"]
    assert steps == {3: 3, 2: 5, 1: 7}
    rows = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    straight = (*start, *TRAIN, "--steps", 7, "--batch", 16, "--out", tmp_path / "one")
    assert finished(straight, environment, cwd=tmp_path).returncode == 0
    expected = (tmp_path / "one" / "metrics.jsonl").read_text().splitlines()
    last, wanted = json.loads(rows[-1]), json.loads(expected[-1])
    assert last["step"] == wanted["step"] == 7
    assert last["D_x"] == pytest.approx(wanted["D_x"], rel=1e-4)


@pytest.mark.parametrize(
    "words, sentence",
    [
        (("train", "nothing"), "tinygan: recipe 'nothing' is unknown"),
        ((*TRAIN, "--batch", "2"), "2 processes cannot share this game: a batch of 2"),
    ],
)
def test_a_mistake_is_told_once(mpiexec, environment, tmp_path, words, sentence):
    start = mpiexec, "-n", "2", sys.executable, "-m", "tinygan"
    done = finished((*start, *words), environment, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert sentence in done.stderr and os.listdir(tmp_path) == []


BAD_RANK = """
import os
from tinygan import Adam, Dense, NonSaturating
from tinygan.data import ring
from tinygan.runs import Experiment, Latent


def data():
    data, plain = ring(), ring().batches

    def batches(*arguments):
        batch = plain(*arguments)

        def some(i):
            if i >= 30 and os.environ.get("PMI_RANK", "0") == "1":
                raise OSError(5, "the disk is gone")
            return batch(i)

        some.divisible = True
        return some

    data.batches = batches
    return data


def recipe(steps=100_000, batch=16, lr=1e-3, seed=0):
    return Experiment(
        G=Dense(2), D=Dense(1), shape=(2,), data=data, latent=Latent(2),
        objective=NonSaturating(), opt_G=Adam(lr), opt_D=Adam(lr), steps=steps,
        batch=batch, seed=seed, checkpoint_every=10,
    )
"""


def test_a_process_that_fails_ends_all(mpiexec, environment, tmp_path):
    (tmp_path / "mine.py").write_text(BAD_RANK)
    start = mpiexec, "-n", "2", sys.executable, "-m", "tinygan"
    words = "train", "mine.py", "--cores", "1", "--quiet", "--out", "run"
    done = finished((*start, *words), environment, cwd=tmp_path)
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line.startswith("tinygan:")]
    assert len(said) == 1 and "rank 1: " in said[0] and "the disk is gone" in said[0]
    step = read_manifest(tmp_path / "run" / "checkpoint.npz")["step"]
    assert step in (20, 30)  # the first process may have been about to save


def begun(mpiexec, environment, tmp_path) -> subprocess.Popen:
    """Two processes that train for a long time, after their first rows."""
    start = mpiexec, "-n", "2", sys.executable, "-m", "tinygan"
    process = subprocess.Popen(
        [*start, *TRAIN, "--steps", "1000000", "--out", "run"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    rows, until = tmp_path / "run" / "metrics.jsonl", time.monotonic() + PATIENCE
    while not (rows.exists() and rows.stat().st_size) and time.monotonic() < until:
        time.sleep(0.1)
    return process


def test_ctrl_c_saves_once(mpiexec, environment, tmp_path):
    process = begun(mpiexec, environment, tmp_path)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert out.count("stopped at step") == 1
    step = read_manifest(tmp_path / "run" / "checkpoint.npz")["step"]
    assert f"stopped at step {step} of" in out and step >= 20


def test_a_dead_process_ends_all(mpiexec, environment, tmp_path):
    process = begun(mpiexec, environment, tmp_path)
    ranks = [
        pid
        for pid in filter(str.isdigit, os.listdir("/proc"))
        if environment_of(pid).get("PMI_RANK") and str(tmp_path) == cwd_of(pid)
    ]
    (second,) = [pid for pid in ranks if environment_of(pid)["PMI_RANK"] == "1"]
    os.kill(int(second), signal.SIGKILL)
    begun_at = time.monotonic()
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0 and time.monotonic() - begun_at < 30
    assert read_manifest(tmp_path / "run" / "checkpoint.npz")["step"] >= 0


def environment_of(pid: str) -> dict[str, str]:
    try:
        lines = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    except OSError:
        return {}
    return dict(line.partition("=")[::2] for line in lines)


def cwd_of(pid: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""
