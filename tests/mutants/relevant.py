"""The files that hold mathematics, and the tests that are to notice a change of each.

The tests run in this order, up to the first that fails: the nearest come first.
"""

import pathlib

ROOT = pathlib.Path(__file__).parents[2]

CERTIFIED = (["check"], ["check", "--plain"])  # with the fast twins, and without

PROMISES = ["tests/test_defaults.py", "tests/layers/test_protocol.py"]  # quick ones
PROMISES += ["tests/test_arguments.py"]
LAYERS = ["tests/layers", "tests/fast/test_twins.py"]
LOSSES = ["tests/objectives"]
PENALTIES = ["tests/penalties/test_penalties.py"]
GAMES = ["tests/test_net.py", "tests/test_torch.py"]
CONDITIONS = ["tests/runs/test_conditional.py"]
GROUPS = ["tests/parallel/test_gathered.py"]

TESTS = {
    "tinygan/layers/conditional": [
        "tests/layers/test_conditional_layers.py",
        *(*LAYERS, *CONDITIONS, *GROUPS),
    ],
    "tinygan/layers": [*LAYERS, *PENALTIES, *GROUPS],
    "tinygan/objectives": [*LOSSES, *CONDITIONS, *GAMES, *GROUPS],
    "tinygan/penalties": ["tests/penalties", *CONDITIONS, *GROUPS],
    "tinygan/optim": ["tests/optim", "tests/fast/test_twins.py", *GAMES, *GROUPS],
    "tinygan/measures": ["tests/measures"],
    "tinygan/ops.py": [*LOSSES, *LAYERS],
    "tinygan/values.py": ["tests/test_net.py", *CONDITIONS, *LAYERS, *GROUPS],
    "tinygan/gan.py": [*GAMES, *LOSSES, *CONDITIONS],
    "tinygan/net.py": [
        *GAMES,
        "tests/runs/test_slips.py",
        *CONDITIONS,
        *LAYERS,
        *GROUPS,
    ],
}


def changed_files() -> list[str]:
    """The files that are changed, by name: they define more than they import."""
    found = []
    for name in TESTS:
        path = ROOT / name
        files = path.rglob("*.py") if path.is_dir() else [path]
        found += [f.relative_to(ROOT).as_posix() for f in files]
    return sorted({f for f in found if not f.endswith("__init__.py")})


def tests_of(file: str) -> list[str]:
    """The tests of a file, each file or folder once."""
    name = max((n for n in TESTS if file.startswith(n)), key=len)
    return list(dict.fromkeys([*PROMISES, *TESTS[name]]))


def certified(file: str) -> tuple[list[str], ...]:
    """What `tinygan` is asked to certify first. It knows nothing of the measures."""
    return () if file.startswith("tinygan/measures/") else CERTIFIED
