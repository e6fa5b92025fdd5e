"""The command `tinygan check`, its report, and the lines that it gives to paste."""

import io
import subprocess
import sys

import pytest

import tinygan
from tinygan import check, cli, fast
from tinygan.check import Row, print_table
from tinygan.check.paste import self_contained
from tinygan.cli import checking
from tinygan.userfile import load_module

LAYER = """import numpy as np
import tinygan as tg


class Bad(tg.Layer):
    def forward(self, x, train=True):
        return x**3, (x,)

    def backward(self, dy, cache, param_grads=True):
        return 2 * cache[0] ** 2 * dy


class Sized(Bad):
    def __init__(self, n):
        self.n = n
"""
CHECKS = LAYER + "\n\nCHECKS = [tg.Tanh(), (Sized(3), (4,)), Bad()]\n"
RECIPE = (
    LAYER
    + """
from tinygan.data import ring
from tinygan.runs import Experiment, Latent


def recipe(steps=10, batch=8, seed=0):
    return Experiment(
        G=tg.Sequential(tg.Dense(4), Sized(3), tg.Dense(2)),
        D=tg.Sequential(tg.Dense(4), tg.Tanh(), tg.Dense(1)),
        shape=(2,),
        data=ring,
        latent=Latent(3),
        objective=tg.Hinge(),
        opt_G=tg.Adam(0.1),
        opt_D=tg.Adam(0.1),
        steps=steps,
        batch=batch,
        seed=seed,
    )
"""
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *words) -> tuple[int, str, str]:
    status = cli.main(["check", *map(str, words)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def pasted(line: str, folder) -> str:
    """What Python prints if one pastes the line, in a folder: the failure again."""
    root = tinygan.__path__[0].removesuffix("/tinygan")
    done = subprocess.run(
        [sys.executable, "-c", line],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PYTHONPATH": root, "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    found = "FAILS" in done.stdout or "AssertionError" in done.stderr
    assert found, (done.stdout, done.stderr)
    return done.stdout + done.stderr


def lines_of(out: str) -> list[str]:
    """The lines to paste in a report."""
    lines = (line.strip() for line in out.splitlines())
    return [line for line in lines if line.startswith(("from ", "import "))]


# What it takes.


def test_a_file_a_recipe_and_a_name(capsys, here):
    (here / "layer.py").write_text(
        LAYER.split("class Sized")[0].replace("2 * c", "3 * c")
    )
    status, out, err = run(capsys, "layer.py")
    assert (status, err) == (0, "") and out.endswith("1 things, 3 checks, 0 failures\n")
    status, out, _ = run(capsys, "mlp-ring")
    assert status == 0 and "two turns" in out and "a turn on CuPy: host reads: 0" in out
    (here / "recipe.py").write_text(RECIPE)
    status, out, _ = run(capsys, "recipe.py")
    assert status == 1 and "FAILS  G.1_Sized on (4,): dx: error" in out


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["mlp-rnig"], "recipe 'mlp-rnig' is unknown; did you mean mlp-ring"),
        (["nowhere.py"], "nowhere.py: expected a Python file, found none"),
        (["dcgan-mnist"], "this recipe needs --data FOLDER"),
        (["pictures", "--data", "nowhere"], "nowhere"),
        (["mlp-ring", "--data", "x"], "this recipe does not take --data"),
        (["empty.py"], "expected a Layer, Objective, Optimizer, Penalty or Diversity"),
        (["layer.py", "--data", "x"], "has no recipe, so it takes no --data"),
        (["sized.py"], "Sized needs arguments"),
        (["raises.py"], "raises.py, line 15: ZeroDivisionError"),
        (["--seed", "-1", "layer.py"], "--seed"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(capsys, here, words, sentence):
    (here / "empty.py").write_text("x = 1\n")
    (here / "layer.py").write_text(LAYER)
    (here / "sized.py").write_text(LAYER)
    raises = RECIPE.replace("self.n = n\n", "self.n = 1 / 0\n")
    (here / "raises.py").write_text(raises)
    try:
        status, out, err = run(capsys, *words)
    except SystemExit as e:  # the parser's own
        status, (out, err) = e.code, capsys.readouterr()
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert sentence in err


def test_options_reach_the_checks(capsys, here, monkeypatch):
    (here / "layer.py").write_text(LAYER)
    seen = []

    def rows(path, seed, analytic, effort, data, say):
        seen.append((path, seed, analytic, effort, data, fast.is_plain()))
        return [Row("a", "b", 0.0, 0.0)]

    monkeypatch.setattr(check, "file_rows", rows)
    with fast.plain(False):
        run(capsys, "layer.py")
        run(capsys, "x", "--thorough", "--finite", "--seed", 3, "--plain")
        run(capsys, "x", "--data", "some/../folder")
    assert seen[:2] == [
        ("layer.py", 0, True, "normal", None, False),
        ("x", 3, False, "thorough", None, True),
    ]
    assert seen[2][4].endswith("folder")


def test_the_help_has_examples(capsys):
    with pytest.raises(SystemExit):
        cli.main(["check", "--help"])
    out = capsys.readouterr().out
    for word in ("--thorough", "--finite", "--plain", "--seed", "--data", "examples:"):
        assert word in out
    assert "tinygan check my_recipe.py" in out


# What it shows meanwhile.


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_progress_is_shown_on_a_terminal_only(capsys, here, monkeypatch, stream):
    (here / "layer.py").write_text(CHECKS)
    monkeypatch.setattr(checking, "PATIENCE", -1.0)
    monkeypatch.setattr(sys, "stderr", stream())
    cli.main(["check", "layer.py"])
    said = sys.stderr.getvalue()
    if stream is Terminal:
        assert "\rchecking CHECKS[0]" in said and "checking CHECKS[1][0]" in said
        assert said.endswith(" \r")  # the line is gone
    else:
        assert said == ""


def test_a_quick_check_shows_no_progress(here, monkeypatch):
    (here / "layer.py").write_text(LAYER.split("class Sized")[0])
    monkeypatch.setattr(checking, "PATIENCE", 60.0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert cli.main(["check", "layer.py"]) == 1
    assert sys.stderr.getvalue() == ""


# Lines to paste.


def test_the_line_of_a_class_repeats_its_failure(capsys, here):
    (here / "my_layer.py").write_text(LAYER.split("class Sized")[0])
    _, out, _ = run(capsys, "my_layer.py", "--seed", 5)
    for line in lines_of(out):
        assert "from my_layer import Bad; " in line and "Bad(), (6,)" in line
    assert "dx: error " in pasted(lines_of(out)[0], here)


def test_the_lines_of_checks(capsys, here):
    (here / "my_layer.py").write_text(CHECKS)
    _, out, _ = run(capsys, "my_layer.py")
    first, *_, last = lines_of(out)
    assert (
        "_layer(CHECKS[1][0], (4,)" in first and "from my_layer import CHECKS" in first
    )
    assert "_layer(CHECKS[2], (6,)" in last
    for line in (first, last):
        assert "dx: error " in pasted(line, here)


@pytest.mark.parametrize("name", ["my layer.py", "types.py", "sub/my_layer.py", "abs"])
def test_a_file_that_cannot_be_imported_by_its_name(capsys, here, name):
    """A name that is none in Python, one of Python's own, another folder."""
    path = here / "deep" / "my_layer.py" if name == "abs" else here / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(LAYER.split("class Sized")[0])
    _, out, _ = run(capsys, path if name == "abs" else name)
    line = lines_of(out)[0]
    assert "load_module(" in line
    assert "dx: error " in pasted(line, here)


def test_the_lines_of_a_recipe(capsys, here):
    (here / "my_recipe.py").write_text(RECIPE)
    _, out, _ = run(capsys, "my_recipe.py", "--seed", 2)
    lines = lines_of(out)
    layer, move = lines[0], lines[-1]
    assert "part('my_recipe.py', 'G.1_Sized')" in layer
    assert "only='the moves, Hinge()', seed=2" in move
    assert "dx: error " in pasted(layer, here)
    assert "FAILS  g_step, Hinge()" in pasted(move, here)


def test_the_lines_of_a_recipe_say_where_its_data_are(capsys, here):
    text = RECIPE.replace("seed=0):", "seed=0, data=None):\n    open(data).close()")
    (here / "my_recipe.py").write_text(text)
    (here / "numbers.txt").write_text("")
    assert "TypeError" in run(capsys, "my_recipe.py")[2]
    _, out, _ = run(capsys, "my_recipe.py", "--data", "numbers.txt")
    lines = lines_of(out)
    for line in (lines[0], lines[-1]):
        assert f"data={str(here / 'numbers.txt')!r}" in line
    assert "dx: error " in pasted(lines[0], here)
    assert "FAILS  g_step, Hinge()" in pasted(lines[-1], here)


def test_what_a_line_needs_is_imported(here):
    (here / "mine.py").write_text(LAYER + "from tinygan.layers import Dense\n")
    module = load_module("mine.py")

    def line(text):
        return self_contained(text, module, "mine.py")

    assert line("print(Bad(), tg.Tanh(), np.pi)") == (
        "import numpy as np; import tinygan as tg; from mine import Bad; "
        "print(Bad(), tg.Tanh(), np.pi)"
    )
    assert line("Dense(3)") == "from tinygan import Dense; Dense(3)"
    assert line("is_tuple(3)") == "from tinygan.values import is_tuple; is_tuple(3)"
    assert (
        line("slopes(2)")
        == "from tinygan.check.moves.objective import slopes; slopes(2)"
    )
    assert line("[a for a in (1, 2)]") == "[a for a in (1, 2)]"
    assert line("not python (") == "not python ("
    assert self_contained("check_layer(Tanh(), (3,))") == (
        "from tinygan import Tanh; from tinygan.check import check_layer; "
        "check_layer(Tanh(), (3,))"
    )


# The report.


def report(rows) -> tuple[bool, list[str]]:
    said: list[str] = []
    return print_table(rows, said.append), said


def test_a_failure_is_told_in_full():
    row = Row("Mine() on (3,)", "dx", 0.25, 1e-11, "the sign\nis\n\nlost", "repeat(1)")
    ok, said = report([row, Row("Mine() on (3,)", "finite", 0.0, 1e-6)])
    assert not ok
    i = said.index("FAILS  Mine() on (3,): dx: error 0.25, at most 1e-11 allowed")
    assert said[i + 1 : i + 3] == ["       the sign is lost", "       repeat(1)"]
    assert said[-1] == "1 things, 2 checks, 1 failures"


def test_a_failure_without_a_note_is_told_what_it_means():
    _, said = report([Row("Mine()", "dJ/ds finite", 1.0, 1e-6)])
    assert "       g_grad does not return the derivative of g_value" in said


def test_what_failures_share_is_told_once():
    rows = [Row("a", q, 1.0, 0.0, "the same", "again()") for q in ("dx", "finite")]
    _, said = report([*rows, Row("b", "dx", 1.0, 0.0, "the same", "again()")])
    assert said.count("       the same") == said.count("       again()") == 2
    assert sum(line.startswith("FAILS") for line in said) == 3


def test_a_wide_name_fits_the_table_and_keeps_its_end():
    name = f"Sequential({', '.join(['Dense(4)'] * 30)}) on (28, 28, 1)"
    _, said = report([Row(name, "dx", 0.0, 1.0), Row("a\nb", "dx", 2.0, 1.0)])
    row = next(line for line in said if line.startswith("Sequential"))
    assert "..." in row and "on (28, 28, 1) " in row[:61]
    assert any(line.startswith("a b ") for line in said)
    assert all("\n" not in line for line in said)


def test_many_failures_are_counted_and_not_all_told():
    rows = [Row(f"thing {i}", "dx", 1.0, 0.0, "wrong") for i in range(200)]
    ok, said = report(rows)
    assert not ok and said[-1] == "200 things, 200 checks, 200 failures"
    assert sum("1e+00!" in line for line in said) == 200
    assert len([line for line in said if line.startswith("FAILS")]) == 21
    assert "FAILS  180 more things, marked with ! in the table" in said


def test_notes_of_what_is_right_stand_below_the_table_once():
    note = "not analytic: judged by finite differences"
    rows = [Row(f"thing {i}", q, 0.0, 1.0, note) for i in range(5) for q in ("a", "b")]
    rows.append(Row("turn", "a", 0.0, 1.0, "note: host reads: 3"))
    rows.append(Row("turn", "b", 0.0, 1.0, "what a failure would mean"))
    ok, said = report(rows)
    assert ok
    notes = [line for line in said if line.startswith("note")]
    assert notes == [
        f"note   thing 0; thing 1; thing 2 and 2 more: {note}",
        "note   turn: host reads: 3",
    ]
    assert "what a failure would mean" not in " ".join(said)
