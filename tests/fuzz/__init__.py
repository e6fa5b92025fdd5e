"""Damaged and hostile files, by the thousands: `python -m tests.fuzz --n 10000`.

mutants.py     what becomes of a sound file
targets.py     the twelve kinds of files, and how tinygan reads each
campaign.py    read many mutants of a target in a process of its own, and count

Each mutant must be read, or refused by a documented error: one line of at most 500
characters, without control characters, within 5 seconds of the processor and 1 GB.
"""
