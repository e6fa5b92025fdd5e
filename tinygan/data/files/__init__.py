"""Readers for the user's own files. None of them trusts what it reads.

source.py       the bytes of a file that may be damaged, and errors of one sentence
containers.py   the files of a folder or a zip archive, by name
arrays.py       images from IDX, .npy and .npz files
captioned.py    images with a table of captions
"""
