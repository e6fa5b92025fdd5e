"""Readers for the user's own files. None of them trusts what it reads.

source.py       the bytes of a file that may be damaged, and errors of one sentence
containers.py   the files of a folder or a zip archive, by name
arrays.py       images from IDX, .npy and .npz files
captioned.py    images with captions
layouts.py      where the captions of a folder are
tree.py         the files of a folder, by the names that tables give them
tables.py       a table as lines: encoding, separator, quotes
columns.py      which column of a table is what
records.py      captions in JSON
"""
