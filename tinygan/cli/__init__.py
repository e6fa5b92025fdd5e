"""The command line.

arguments.py    the options of each command, and the exit status
parser.py       the parser, whose errors are one sentence
values.py       what an option's text may be
commands.py     what each command does
terminal.py     output that no terminal, pipe or code page ends
"""

from .arguments import main

__all__ = ["main"]
