"""Small wrong changes to the mathematics, one at a time: `python -m tests.mutants`.

changes.py       every change that can be made to a file
relevant.py      the files that are changed, and the tests that are to notice it
equivalent.toml  changes that no test can notice, each with the reason
campaign.py      make a change in a copy of the package, and see what notices it
plugin.py        the settings of the tests during a campaign: the same draws each time

A mutant is one change. It is killed if `tinygan check` or a test fails. One that lives
shows a line that no test holds, unless the change is equivalent.
"""
