"""The guard: what refuses a slip that would otherwise be silent, or fail far away.

layers.py watches the first pass of a network, moves.py looks at the players of a move,
and logits.py at the logits of an objective.
The checks of single arguments are in errors.py.
"""
