"""Readers for the user's own files. None of them trusts what it reads.

source.py       the bytes of a file that may be damaged, and errors of one sentence
containers.py   the files of a folder or a zip archive, by name
kinds.py        what a file is, from its first bytes
images.py       `load_images`: images of any kind
idx.py          the arrays of MNIST
arrays.py       the arrays of .npy and .npz files
photos.py       all pictures of a folder as one array
albums.py       which files are pictures, and which classes they have
pictures.py     one picture file becomes an array
formats.py      which formats of pictures are read
captioned.py    images with captions
layouts.py      where the captions of a folder are
tree.py         the files of a folder, by the names that tables give them
tables.py       a table as lines: encoding, separator, quotes
columns.py      which column of a table is what
records.py      captions in JSON
"""
