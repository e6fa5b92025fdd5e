"""The IDX format, in which MNIST is published."""

import struct

import numpy as np

from .arrays import values
from .source import Source, open_file

TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_idx(path) -> np.ndarray:
    """The array of an IDX file, plain or gzipped, whatever its name.

        0 0 type K | n_1 ... n_K | n_1 * ... * n_K values

    Type and K have one byte each, a size has four; sizes and values are big-endian. The
    array is in the machine's byte order. Source: Y. LeCun et al., The MNIST database.

    Raises DataError if the file cannot be read or does not have exactly this format, or
    if the array is empty or larger than MAX_BYTES.
    """
    with open_file(path) as file:
        source = Source.unzipped(file, path)
        magic = source.read(4, "IDX magic")
        if magic[:2] != b"\0\0" or magic[2] not in TYPES:
            source.offset = 0
            raise source.error("an IDX magic 0000 type axes", f"bytes {magic.hex()}")
        sizes = source.read(4 * magic[3], "IDX sizes")
        return values(source, TYPES[magic[2]], struct.unpack(f">{magic[3]}I", sizes))
