"""The embedded list of names: 32,033 first names, of which 29,494 are distinct.

The list is names.txt of makemore (A. Karpathy, 2022), unchanged but for its
compression. Licence and attribution: NAMES_LICENSE.txt.
"""

import gzip
from importlib import resources

from .lines import Lines


def load_names() -> Lines:
    """The names as lines (N, 16): the letters a to z, and END behind each."""
    file = resources.files(__package__) / "names.txt.gz"
    text = gzip.decompress(file.read_bytes()).decode("ascii")
    return Lines.of(text.split(), length=16)
