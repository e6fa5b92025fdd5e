"""The version and the commit of tinygan that a run was made with.

config.json keeps them, so that the run can be repeated with the same code.
"""

import importlib.metadata
import json
import pathlib
import subprocess

from .. import __version__

ROOT = pathlib.Path(__file__).parents[2]  # the root of the checkout, if there is one
PATIENCE = 2.0  # seconds that git may take


def provenance() -> dict:
    """{"tinygan": the version, "commit": the git commit, or None if it is unknown}"""
    return {"tinygan": __version__, "commit": installed_commit() or checked_out()}


def installed_commit() -> str | None:
    """The commit that pip installed the package from, if it was given one (PEP 610)."""
    try:
        distribution = importlib.metadata.distribution("tinygan")
        about = json.loads(distribution.read_text("direct_url.json") or "{}")
        return about.get("vcs_info", {}).get("commit_id")
    except (importlib.metadata.PackageNotFoundError, OSError, ValueError):
        return None


def checked_out() -> str | None:
    """The commit of the checkout that the package is imported from; "-changed" is added
    if its files differ from that commit.
    """
    if not (ROOT / ".git").exists() or not (ROOT / "setup.cfg").exists():
        return None
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--", "tinygan")
    return f"{commit}-changed" if commit and changed else commit


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(ROOT), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() or None
