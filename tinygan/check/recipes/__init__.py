"""Checks of a whole recipe: its parts, two turns, and a turn on the stand-in."""
