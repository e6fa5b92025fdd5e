"""pytest runs every code block of the book; see book_blocks.py for how."""

from book_blocks import sybil

pytest_collect_file = sybil().pytest()
