"""The command line: arguments.py reads it, commands.py does what it says."""

from .arguments import main

__all__ = ["main"]
