"""`tinygan check`: derivatives are certified here, not trusted.

`check_layer`, `check_objective`, `check_diversity`, `check_likelihood`,
`check_optimizer` and `check_penalty` compare one thing, tinygan's or your own, with
independent oracles (oracles.py). `assert_layer`, `assert_objective` and
`assert_gradient` raise in your own tests. `check_game` does so for whole moves.
`builtin_rows` checks all that tinygan brings, `recipe_rows` a whole recipe, and
`file_rows` what a user's own file defines. `Given` and `Cut` make the input of a layer
that takes tuples or integers, and `Flat` makes any layer one of vectors. `OneLogit`
wraps an objective on several heads.
"""

from .adapters import Cut, Flat, Given, OneLogit
from .asserts import adapted, assert_gradient, assert_layer, assert_objective
from .builtin import builtin_rows
from .file import file_rows
from .layers.cases import Case
from .layers.layer import check_layer
from .moves.diversity import check_diversity
from .moves.game import check_game
from .moves.likelihood import check_likelihood
from .moves.objective import check_objective
from .moves.optimizer import check_optimizer
from .moves.penalty import check_penalty
from .oracles import complex_step, finite_difference, relative
from .recipes.recipe import part, recipe_rows
from .report import Row
from .table import print_table

__all__ = [
    "Case",
    "Cut",
    "Flat",
    "Given",
    "OneLogit",
    "Row",
    "adapted",
    "assert_gradient",
    "assert_layer",
    "assert_objective",
    "builtin_rows",
    "check_diversity",
    "check_game",
    "check_layer",
    "check_likelihood",
    "check_objective",
    "check_optimizer",
    "check_penalty",
    "complex_step",
    "file_rows",
    "finite_difference",
    "part",
    "print_table",
    "recipe_rows",
    "relative",
]
