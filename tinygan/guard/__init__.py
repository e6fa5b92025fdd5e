"""The guard: what refuses a slip that would otherwise be silent, or fail far away.

layers.py watches the first pass of a network. moves.py looks at the players of a move.
The checks of single arguments are in errors.py.
"""
