"""What `tinygan report` does: the runs' page is written, and what is wrong is said."""

import pathlib

from ..errors import InputError
from .terminal import complain, say

SUFFIXES = ".html", ".htm"


def report(args) -> int:
    """Write the report of one run, or of several side by side.

    Raises InputError if a folder is no run's or its log has no rows, and for an --out
    that cannot be.
    """
    from ..runs.report import write

    out = _place(args.out, args.folders)
    told = write(args.folders, out)
    for run in told:
        if run.bad:
            n = len(run.bad)
            lines = f"{n} lines, such as line" if n > 1 else "line"
            complain(
                f"{run.name}/metrics.jsonl: expected rows of JSON, found none in "
                f"{lines} {run.bad[0]}; the report leaves them out"
            )
        for finding in run.findings:
            say(f"{run.name}: {finding.sentence}")
    say(f"open {out} in a browser ({out.stat().st_size / 1e6:.1f} MB)")
    return 0


def _place(out: pathlib.Path | None, folders: list[str]) -> pathlib.Path:
    """Where the report is written: `out`; that of one run in its folder; that of
    several as report.html, or report-2.html ..., in the present folder.
    """
    from ..runs.owned import REPORT, refuse_own_files

    if out is None and len(folders) == 1:
        return pathlib.Path(folders[0]) / REPORT
    n, path = 1, out or pathlib.Path(REPORT)
    while out is None and path.exists():
        n += 1
        path = pathlib.Path(REPORT).with_stem(f"report-{n}")
    if path.suffix.lower() not in SUFFIXES or path.is_dir():
        raise InputError(f"--out {path}: expected a name ending in .html")
    if not path.parent.is_dir():
        raise InputError(f"--out {path}: expected a file in a folder that exists")
    own = pathlib.Path(folders[0]) / REPORT
    if not (len(folders) == 1 and path.resolve() == own.resolve()):
        refuse_own_files(path)
    return path
