"""Derivatives are certified here, not trusted: `tinygan check`.

`check_layer`, `check_objective`, `check_diversity`, `check_optimizer` and
`check_penalty` hold anything that keeps the protocols against independent oracles
(oracles.py); `builtin_rows` does so for all that tinygan brings, `file_rows` for what a
user's own file defines. `Given` and `Cut` stand before a layer that takes tuples or
integers, `OneLogit` around an objective on several heads.
"""

from .adapters import Cut, Given, OneLogit
from .builtin import builtin_rows
from .diversity import check_diversity
from .game import check_game
from .layer import Row, check_layer
from .objective import check_objective
from .optimizer import check_optimizer
from .oracles import complex_step, finite_difference, relative
from .penalty import check_penalty
from .table import file_rows, print_table

__all__ = [
    "Cut",
    "Given",
    "OneLogit",
    "Row",
    "builtin_rows",
    "check_diversity",
    "check_game",
    "check_layer",
    "check_objective",
    "check_optimizer",
    "check_penalty",
    "complex_step",
    "file_rows",
    "finite_difference",
    "print_table",
    "relative",
]
