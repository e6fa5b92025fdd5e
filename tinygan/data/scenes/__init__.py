"""Drawn pictures of digits with sentences about them: a toy whose truth is known."""
