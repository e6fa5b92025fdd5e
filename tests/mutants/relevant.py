"""The files that hold mathematics, and the tests that are to notice a change of each.

The tests run in this order, up to the first that fails: the nearest come first.
"""

import pathlib

ROOT = pathlib.Path(__file__).parents[2]

CERTIFIED = (["check"], ["check", "--plain"])  # what `tinygan` is asked to do

DEFAULTS = "tests/test_defaults.py"
PASSES = ["tests/layers", "tests/fast/test_twins.py"]
FORMULAS = ["tests/objectives", "tests/penalties"]
OTHERS = ["tests/test_net.py", "tests/test_torch.py", "tests/test_mistakes.py"]
CONDITIONS = ["tests/runs/test_conditional.py", "tests/runs/test_text.py"]
GROUPS = ["tests/parallel"]

TESTS = {
    "tinygan/layers/conditional": [
        "tests/layers/test_conditional_layers.py",
        *(*PASSES, *FORMULAS, *CONDITIONS, *GROUPS),
    ],
    "tinygan/layers": [*PASSES, *FORMULAS, *OTHERS, *CONDITIONS, *GROUPS],
    "tinygan/objectives": [*FORMULAS, *OTHERS, *CONDITIONS, *GROUPS],
    "tinygan/penalties": ["tests/penalties", *OTHERS, *CONDITIONS, *GROUPS],
    "tinygan/optim": ["tests/optim", "tests/fast/test_twins.py", *OTHERS, *GROUPS],
    "tinygan/measures": ["tests/measures", *CONDITIONS],
    "tinygan/ops.py": [*FORMULAS, *PASSES, *OTHERS],
    "tinygan/values.py": [*PASSES, *FORMULAS, *OTHERS, *CONDITIONS, *GROUPS],
    "tinygan/gan.py": [*OTHERS, *FORMULAS, *CONDITIONS],
    "tinygan/net.py": [*OTHERS, *PASSES, *FORMULAS, *CONDITIONS, *GROUPS],
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
    return list(dict.fromkeys([DEFAULTS, *TESTS[name]]))


def certified(file: str) -> tuple[list[str], ...]:
    """What `tinygan` is asked to certify first. It knows nothing of the measures."""
    return () if file.startswith("tinygan/measures/") else CERTIFIED
