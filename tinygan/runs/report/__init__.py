"""What runs tell, as one HTML file that works from the disk and loads nothing.

reading.py     what the folder of a run holds
film.py        its pictures over time, small enough for the page
panels.py      which curves there are
meanings.py    what they mean, in sentences
curves.py      curves as SVG
tables.py      facts, measures, options and versions as tables
page.py        all of it as HTML
"""

from .reading import Told, read
from .writing import MOST_RUNS, report, write

__all__ = ["MOST_RUNS", "Told", "read", "report", "write"]
