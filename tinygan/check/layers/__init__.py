"""Checks of a layer: the plain case, generated cases, and what a failure means."""
