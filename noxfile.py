"""The tests on every Python, with the newest dependencies and with the oldest.

    nox                                  all sessions
    nox -s tests-3.13                    one Python, with the newest dependencies
    nox -s oldest -- tests/test_net.py   some tests, with the oldest dependencies

nox makes a virtual environment for each session. It skips a session, and says so, if
the session's Python is not installed.
"""

import configparser
import pathlib
import re

import nox

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LOWER_BOUND = re.compile(r"([\w-]+)>=([\w.]+)")

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False  # nor where $CI is set


@nox.session(python=PYTHONS)
def tests(session):
    """All tests, with the newest dependencies."""
    session.install("-e", ".[test]")
    _test(session)


@nox.session(python=PYTHONS[0])
def oldest(session):
    """All tests, with the oldest dependencies that setup.cfg allows."""
    pins = pathlib.Path(session.create_tmp()) / "oldest.txt"
    pins.write_text("".join(f"{pin}\n" for pin in lower_bounds()), "utf-8")
    session.install("-e", ".[test]", "-c", str(pins))
    _test(session)


@nox.session(python=PYTHONS)
def minimal(session):
    """What a user does first, without any extra: train, sample, check."""
    session.install(".")
    session.run("python", "-m", "pip", "freeze")
    session.chdir(session.create_tmp())  # the installed package, not the checkout
    session.run("tinygan", "train", "--steps", "20", "--out", "run")
    session.run("tinygan", "sample", "run", "--n", "16", "--out", "digits.png")
    session.run("tinygan", "check", *session.posargs)


def lower_bounds() -> list[str]:
    """setup.cfg's lower bounds as exact versions, such as numpy==2.0."""
    setup = configparser.ConfigParser()
    setup.read("setup.cfg", "utf-8")
    required = setup["options"]["install_requires"].splitlines()
    required += setup["options.extras_require"]["test"].splitlines()
    found = map(LOWER_BOUND.match, required)
    return ["{}=={}".format(*bound.groups()) for bound in found if bound]


def _test(session) -> None:
    session.run("python", "-m", "pip", "freeze")
    wanted = session.posargs or ("-n", "auto")
    session.run("python", "-m", "pytest", *wanted, env={"MPLBACKEND": "agg"})
