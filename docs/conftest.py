"""pytest runs every code block of the book; see book_blocks.py for how."""

import os
import tempfile

from book_blocks import sybil

pytest_collect_file = sybil().pytest()

STATE = tempfile.TemporaryDirectory(prefix="tinygan_state_")
os.environ["TINYGAN_STATE"] = STATE.name
