"""Certify a whole recipe: its networks, its objective, its moves, and two turns.

The networks are the recipe's own, with a few samples of its own data. `recipe_rows`
goes through the pieces, one after the other, and `part` gives one layer, objective,
penalty or optimizer of a recipe, to try it alone.
"""

import copy
from types import ModuleType

from ...errors import InputError
from ..report import Row
from .pieces import WHOLE, Pieces

MOST = 3  # wrong parts that a note names


def recipe_rows(
    recipe,
    seed=0,
    analytic=True,
    effort="normal",
    data=None,
    only=None,
    say=None,
    module=None,
) -> list[Row]:
    """Check a recipe: the name of one that tinygan brings, or the path of a file.

    data: the path that `tinygan train` gets as --data. only: the name of one piece, for
    instance "two turns". say: a function that is told what is checked now. module: that
    of the recipe, if it is loaded already.

    Raises InputError for a recipe that cannot be played, and for an unknown piece.
    """
    from ... import recipes

    module, pieces = _begun(recipe, seed, data, module)
    again = _again(pieces, analytic)
    rows, known = [], []
    with recipes.blamed(module):
        for name, check in pieces(analytic, effort):
            known.append(name)
            if only in (None, name):
                if say is not None:
                    say(name)
                found = check()
                _explain(found, rows, again.format(repr(name)))
                rows += found
    if not rows:
        raise InputError(f"{recipe}: no piece {only!r}, only {', '.join(known)}")
    return rows


def _explain(found: list[Row], before: list[Row], line: str) -> None:
    """Give each failure a line, and to one of the whole the parts that are wrong."""
    wrong = list(dict.fromkeys(row.name for row in before if not row.ok))
    parts = [name for name in wrong if WHOLE not in name]
    for row in found:
        if row.ok:
            continue
        net, whole, _ = row.name.partition(WHOLE)
        causes = [p for p in parts if p.startswith(f"{net}.")] if whole else parts
        if causes and not row.note and (whole or not row.line):
            row.note = f"perhaps because of {'; '.join(causes[:MOST])}"
        row.line = row.line or line


def _again(pieces: Pieces, analytic: bool) -> str:
    """A line that repeats one piece; its name belongs in the place of {}."""
    options = f", seed={pieces.seed}" if pieces.seed else ""
    options += "" if analytic else ", analytic=False"
    return f"print_table(recipe_rows({pieces.path}, only={{}}{pieces.more}{options}))"


def part(recipe, name: str, data=None):
    """A copy of one part of a recipe: the layer "G.1_Tanh", "objective", "opt_D",
    "penalties.0" or "diversity". InputError if there is no such part.
    """
    _, pieces = _begun(recipe, 0, data, None)
    parts = pieces.parts()
    if name not in parts:
        raise InputError(f"{recipe}: no part {name!r}, only {', '.join(parts)}")
    return copy.deepcopy(parts[name])


def _begun(recipe, seed: int, data, module) -> tuple[ModuleType, Pieces]:
    from ... import recipes

    module = recipes.find(str(recipe)) if module is None else module
    given = {} if data is None else {"data": str(data)}
    experiment = recipes.build(module, given)
    with recipes.blamed(module):
        return module, Pieces(experiment, seed, str(recipe), given.get("data"))
