"""Checks of what a move is made of: objectives, penalties, optimizers, whole moves."""
