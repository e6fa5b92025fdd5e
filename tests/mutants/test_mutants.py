"""The campaign of mutants does what it says; a campaign of 100 runs if asked for.

The marker `slow` has it: `pytest -m slow tests/mutants`, an hour on one core.
"""

import ast
import textwrap

import pytest

from . import campaign as campaign_module
from . import relevant
from .campaign import Copy, Result, campaign, drawn, equivalent, key, summary
from .changes import changes_of
from .relevant import ROOT, changed_files

SOURCE = textwrap.dedent('''
    """A docstring of 1 line."""
    def f(x, axis: int = 0) -> "1":
        """x + 1"""
        x += 2 * x.sum(axis=-1)
        x = x.reshape(-1)
        if not x.any() and axis < 3:
            raise ValueError(f"{x + 1}" "1")
        return min(x[1:], -x)  # a comment: 1 + 1

    def __repr__(self):
        return 1 + 1
''')
BECOMES = {
    "axis: int = 0": {"axis: int = (1)"},
    "x += 2": {
        *("x = 2 * x.sum(axis=-1)", "x -= 2 * x.sum(axis=-1)"),
        *("x += (2 / x.sum(axis=-1))", "x += (3) * x.sum(axis=-1)"),
        *("x += 2 * x.sum(axis=(1))", "x += 2 * x.sum(axis=-(2))"),
    },
    "if not": {
        "if (not (not x.any() and axis < 3)):",
        "if (not x.any() or axis < 3):",
        "if (x.any()) and axis < 3:",
        "if not (x.all)() and axis < 3:",
        "if not x.any() and (axis <= 3):",
        "if not x.any() and (axis > 3):",
        "if not x.any() and axis < (4):",
    },
    "return min": {
        "return (max)(x[1:], -x)  # a comment: 1 + 1",
        "return min(x[1 + 1:], -x)  # a comment: 1 + 1",
        "return min(x[(2):], -x)  # a comment: 1 + 1",
        "return min(x[1:], (x))  # a comment: 1 + 1",
    },
}


def test_the_changes_of_a_source_are_these():
    """And none of docstrings, annotations, errors, f-strings and __repr__."""
    found = changes_of("f.py", SOURCE)
    expected = {line for lines in BECOMES.values() for line in lines}
    lines = {change.becomes.removeprefix("def f(x, ") for change in found}
    lines = {line.removesuffix(') -> "1":') for line in lines}
    assert lines == expected
    assert len(found) == len(expected)
    for change in found:
        start = SOURCE.splitlines()[change.line - 1].strip()
        assert change.was == start
        assert any(words in start for words in BECOMES)


def test_every_change_of_the_mathematics_is_one_of_a_program():
    """It keeps the numbers of the lines; here is a part of the changes."""
    changes = drawn()
    assert len(changes) > 2000 and changes == drawn() != drawn(seed=8)
    for change in changes[:200]:
        source = (ROOT / change.file).read_text("utf-8")
        text = change.applied(source)
        assert text.count("\n") == source.count("\n")
        assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(source)), str(change)


def test_every_file_has_tests_that_exist():
    files = changed_files()
    assert "tinygan/layers/dense.py" in files and "tinygan/ops.py" in files
    for file in files:
        assert all((ROOT / name).exists() for name in relevant.tests_of(file))


def test_what_is_said_to_be_equivalent_is_a_change_of_today():
    today = {key(change) for change in drawn()}
    gone = [known for known in equivalent() if known not in today]
    assert not gone, gone


# One mutant


@pytest.fixture
def copy(tmp_path, monkeypatch):
    monkeypatch.setattr(campaign_module, "COPIED", ("tinygan/ops.py",))
    (tmp_path / "tinygan").mkdir()
    return Copy(str(tmp_path))


@pytest.mark.parametrize(
    "statuses, verdict",
    [
        ([1], "check"),
        ([0, 0, 1], "tests"),
        ([0, None], "timed out"),
        ([0] * 99, "survived"),
    ],
)
def test_the_first_command_that_fails_gives_the_verdict(copy, statuses, verdict):
    change = next(c for c in drawn() if c.file == "tinygan/ops.py")
    path, seen = copy.root / change.file, []
    before = path.read_text("utf-8")

    def run(command):
        changed = path.read_text("utf-8") != before
        if not changed:  # the unchanged package passes
            return 0, ""
        seen.append(command)
        return statuses[len(seen) - 1], "why"

    copy.run = run
    result = copy.judge(3, change)
    assert result.verdict == verdict
    assert path.read_text("utf-8") == before
    assert seen and all(isinstance(command, list) for command in seen)


def test_a_package_that_fails_by_itself_is_no_kill(copy):
    change = next(c for c in drawn() if c.file == "tinygan/ops.py")
    copy.run = lambda command: (1, "broken")
    with pytest.raises(RuntimeError, match=r"without a change, .*broken"):
        copy.judge(0, change)


def test_a_command_that_hangs_is_ended(copy, monkeypatch):
    monkeypatch.setattr(campaign_module, "LEAST", 0.2)
    monkeypatch.setattr(campaign_module, "PATIENCE", 0)
    assert copy.run(["sleep", "60"])[0] is None
    assert copy.run(["true"]) == (0, "")
    assert copy.run(["false"])[0] == 1


def test_the_summary_counts_what_is_equivalent_apart():
    (change, *_) = drawn()
    verdicts = ["check", "tests", "tests", "survived", "equivalent"]
    results = [Result(i, change, verdict) for i, verdict in enumerate(verdicts)]
    lines = summary(results)
    assert lines[0] == f"survived, number 3: {change}"
    assert lines[-1] == "killed 3 of 4 that are not equivalent: 75.0 %"


@pytest.mark.slow
def test_of_a_hundred_mutants_98_are_killed():
    results = list(campaign(range(100), drawn()))
    print("\n".join(summary(results)))
    judged = [r for r in results if r.verdict != "equivalent"]
    assert sum(r.verdict != "survived" for r in judged) >= 0.98 * len(judged)
