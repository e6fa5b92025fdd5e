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
import tempfile

import nox

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LOWER_BOUND = re.compile(r"([\w-]+)>=([\w.]+)")
# pyparsing 3.3 warns of what the oldest matplotlib calls, and a warning is an error.
OF_ITS_TIME = ["pyparsing<3.3"]
INSTALLED = r"""
import importlib.metadata, sys
found = {f"{d.name}=={d.version}" for d in importlib.metadata.distributions()}
print(sys.version, *sorted(found, key=str.casefold), sep="\n")
"""

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "uv|venv"  # uv is quicker
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
    pins.write_text("\n".join(lower_bounds() + OF_ITS_TIME), "utf-8")
    session.install("-e", ".[test]", "-c", str(pins))
    _test(session)


@nox.session(python=PYTHONS)
def minimal(session):
    """What a user does first, without any extra: train, sample, check."""
    session.install(".")
    session.run("python", "-c", INSTALLED)
    # elsewhere, so that the installed package is taken and not the checkout
    with tempfile.TemporaryDirectory() as folder, session.chdir(folder):
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
    session.run("python", "-c", INSTALLED)
    wanted = session.posargs or ("-n", "auto")
    session.run("python", "-m", "pytest", *wanted, env={"MPLBACKEND": "agg"})
