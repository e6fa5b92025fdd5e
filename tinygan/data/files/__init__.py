"""Readers for the user's own files. None of them trusts what it reads.

source.py       the bytes of a file that may be damaged, and errors of one sentence
containers.py   the files of a folder or a zip archive, by name
kinds.py        what a file is, from its first bytes
images.py       `load_images`: images of any kind
single.py       the arrays of one file
sets.py         files that make one data set, as those of MNIST
idx.py          the IDX format
arrays.py       the .npy and .npz formats
cifar.py        CIFAR's binary version
matlab.py       MATLAB files
choice.py       which of several arrays are the pictures
fold.py         the order of an array's axes
ranges.py       which numbers are black and white
labels.py       labels become classes
found.py        what the readers of arrays hand on
photos.py       all pictures of a folder as one array
albums.py       which files are pictures or sounds, and which classes they have
pictures.py     one picture file becomes an array
formats.py      which formats of pictures are read
sounds.py       `read_sounds`: all sounds of a folder as one array
wav.py          the WAV format
audio.py        one sound file of any format becomes samples
naming.py       classes from the names of files
lines.py        `read_lines`: the lines of a text file
captioned.py    images with captions
layouts.py      where the captions of a folder are
tree.py         the files of a folder, by the names that tables give them
tables.py       a table as lines: encoding, separator, quotes
columns.py      which column of a table is what
records.py      captions in JSON
"""
