"""The command line.

arguments.py    the commands, and their exit status
options.py      the options of each command
parser.py       the parser, whose errors are one sentence
values.py       what an option's text may be
commands.py     what each command does
checking.py     what `tinygan check` does
reporting.py    what `tinygan report` does
folders.py, compare.py, consent.py, copies.py    runs that are taken up again
terminal.py     output that no terminal, pipe or code page ends
"""

from .arguments import main

__all__ = ["main"]
