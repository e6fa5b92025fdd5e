"""Hostile values of every option are refused at once, in one sentence."""

import argparse
import os

import pytest

from tinygan.cli import arguments, values
from tinygan.cli.arguments import main

NO_NUMBERS = [
    *("", " ", "x", "1.5", "1e3", "0x10", "1_0", " 5", "5 ", "+5", "-5", "--5", "5\n"),
    *("\u0663", "\uff15", "\u00b2", "\u2460", "5\u0663", "nan", "inf", "None", "[5]"),
    *("5,0", "5;", "1" * 5000, str(10**30), "\x1b[31m5", "\ud800"),
]
NO_RATES = [
    *("", " ", "x", "0", "0.0", "-0.1", "+0.1", "1_0.0", " 0.1", "0.1 ", "\u0663.1"),
    *(
        "nan",
        "inf",
        "-inf",
        "1e400",
        "0x1p-3",
        "1e-400",
        "0,1",
        ".",
        "e5",
        "1e",
        "1" * 999,
    ),
]
NO_NAMES = ["", " ", "\t", "a\0b"]


def commands() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    (subparsers,) = (
        action
        for action in arguments._parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return subparsers.choices


def options():
    """(command, option, type) of every option and argument that has a type."""
    for command, parser in commands().items():
        for action in parser._actions:
            if action.type is not None:
                yield command, action


HOSTILE = {
    values.positive: ["0", "00", *NO_NUMBERS],
    values.turns: ["0", str(10**15 + 1), *NO_NUMBERS],
    values.natural: [str(2**63), *NO_NUMBERS],
    values.port: ["65536", *NO_NUMBERS],
    values.rate: NO_RATES,
    values.black_and_white: [
        "",
        "1",
        "1,0",
        "0,0",
        "0,nan",
        "0,inf",
        "\u0663,4",
        "1_0,20",
        "0;1",
    ],
    values.kinds: [
        *("", " ", ",", "color", "COLOUR", "colour,", "colour, cutout", "all", "1"),
        *("cutout,cutout", "colour;cutout", "a\0b", "\x1b[31m", "x" * 5000),
    ],
    values.template: [
        *("", " ", "*", "label", "{}", "{LABEL}", "{label}{label}", "{label:9}_*"),
        *("{label}\n", "{label}\0", "\x1b[31m{label}", "x" * 5000, "{label}\ud800"),
    ],
    values.name: NO_NAMES,
    values.path: NO_NAMES,
}
CASES = [
    pytest.param(command, action, value, id=f"{command} {action.dest}={value[:9]!r}")
    for command, action in options()
    for value in HOSTILE.get(action.type, ())
]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys, *arguments) -> str:
    """The one line with which these arguments are refused."""
    capsys.readouterr()
    try:
        status = main(list(arguments))
    except SystemExit as e:
        status = e.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "") and err.endswith("\n")
    line = err.removesuffix("\n")
    assert line.startswith("tinygan") and len(line) <= 520
    assert line.isprintable(), line
    return line


def test_every_option_has_a_type_that_is_tried():
    kinds = {action.type for _, action in options()}
    assert kinds <= {*HOSTILE, values.positive}, kinds - set(HOSTILE)
    assert len(CASES) > 300
    free = {
        (command, action.dest)
        for command, parser in commands().items()
        for action in parser._actions
        if action.type is None and action.nargs != 0 and not action.choices
    }
    assert {dest for _, dest in free} <= {"text", "to", "array"}  # sentences, a name


@pytest.mark.parametrize("command, action, value", CASES)
def test_a_hostile_value_is_refused(capsys, here, command, action, value):
    if action.option_strings:
        given = [f"{action.option_strings[-1]}={value}"]
        needed = ["run"] if command in ("sample", "evaluate") else []
    else:
        given, needed = ["--", value], []
    line = refused(capsys, command, *needed, *given)
    name = action.option_strings[-1] if action.option_strings else "argument"
    assert name in line and "expected" in line
    assert os.listdir(here) == []


@pytest.mark.parametrize(
    "kind, text, value",
    [
        (values.positive, "1", 1),
        (values.positive, "007", 7),
        (values.port, "0", 0),
        (values.port, "65535", 65535),
        (values.positive, str(10**9), 10**9),
        (values.turns, str(10**15), 10**15),
        (values.natural, "0", 0),
        (values.natural, str(2**63 - 1), 2**63 - 1),
        (values.rate, "2e-4", 2e-4),
        (values.rate, ".5", 0.5),
        (values.rate, "1.", 1.0),
        (values.rate, "1E+1", 10.0),
        (values.name, " a b ", " a b "),
    ],
)
def test_sound_values_are_taken(kind, text, value):
    assert kind(text) == value and type(kind(text)) is type(value)


@pytest.mark.parametrize(
    "given, near",
    [
        (["trian"], "train"),
        (["recipe"], "recipes"),
        (["evalute", "x"], "evaluate"),
        (["train", "--stepz", "3"], "--steps"),
        (["train", "--seeds=3"], "--seed"),
        (["sample", "x", "--lable", "3"], "--label"),
        (["train", "--backend", "numpi"], "numpy"),
    ],
)
def test_a_wrong_name_brings_the_nearest(capsys, given, near):
    assert f"did you mean {near}?" in refused(capsys, *given)


def test_a_name_that_is_near_nothing_brings_the_list(capsys):
    line = refused(capsys, "\x1b[31mxyzzy")
    assert all(command in line for command in commands())
    assert "see tinygan --help" in refused(capsys, "train", "--qqqq")


@pytest.mark.parametrize("command", [None, *commands()])
def test_help_fits_eighty_columns(capsys, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([*filter(None, [command]), "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("command", ["train", "sample", "evaluate"])
def test_help_names_every_kind_of_data(capsys, command):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for kind in ("folder", "zip", "IDX", ".npy", ".npz", "CIFAR", "SVHN", "captions"):
        assert kind in text


NAMES = ["x\x1b[31m", "x\ny", "\u202ex", "\u8fd0\u884c", "x" * 200, "a b", "-x", "x;y"]
NAMES += ["\udcff", "con", "nul", "..."]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_out_takes_every_name_and_prints_it_safely(capsys, here, monkeypatch, name):
    from tinygan import plots

    blank = lambda *_: plots.np.zeros((4, 4, 3), "u1")  # noqa: E731
    monkeypatch.setattr(plots, "picture", blank)
    monkeypatch.setattr(plots, "plot_losses", lambda *_: None)
    options = ["--steps", "1", "--batch", "4", "--cores", "1", "--quiet"]
    assert main(["train", "mlp-ring", *options, f"--out={name}"]) == 0
    assert os.path.exists(os.path.join(name, "config.json"))
    out, err = capsys.readouterr()
    assert all(line.isprintable() for line in (out + err).splitlines())
    out = f"{name[:99]}.npy"
    assert main(["sample", "--n", "2", f"--out={out}", "--", name]) == 0
    assert os.path.exists(out)


def test_absurd_numbers_are_refused_before_memory_is_touched(capsys, here, monkeypatch):
    import tracemalloc

    from tinygan.runs import memory

    assert main(["train", "mlp-ring", "--steps=1", "--batch=4", "--quiet"]) == 0
    before = sorted(os.listdir(here / "runs"))
    monkeypatch.setattr(memory, "free_bytes", lambda: 1 << 30)
    run = "runs/mlp-ring"
    tracemalloc.start()
    for given in (
        ["train", "mlp-ring", "--quiet", "--batch", str(10**9)],
        ["train", "dcgan-digits", "--quiet", "--batch", str(10**6)],
        ["sample", run, "--n", str(10**9)],
        ["sample", run, "--n", str(10**9), "--out", "x.npy"],
        ["evaluate", run, "--n", str(10**9)],
    ):
        line = refused(capsys, *given)
        assert "free memory of 1.0 GiB" in line
        assert given[-2] in line or "--n" in line
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()
    assert sorted(os.listdir(here / "runs")) == before
