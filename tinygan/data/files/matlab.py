"""MATLAB files, through SciPy if it is installed. SVHN is published as one."""

import os
from typing import BinaryIO

import numpy as np

from ...errors import DataError
from .arrays import MAX_BYTES
from .kinds import way_on

_KINDS = {"logical": "b", "char": "O", "single": "f", "double": "f"}


def read_matlab(file: BinaryIO, path, choose):
    """(choice, {name: array}): `choose` picks among {name: (kind, shape)}, as
    `choice.chosen` does, and only the arrays that it picks are read.

    Raises DataError if SciPy is not installed, and if it cannot read the file.
    """
    try:
        from scipy.io import loadmat, whosmat
    except ImportError as e:
        raise DataError(
            f"{path}: expected SciPy to be installed, because this is a MATLAB file, "
            f"found none; `pip install scipy` brings it"
        ) from e
    try:
        listed = whosmat(file)
        found = {}
        for name, shape, kind in listed:
            kind = _KINDS.get(kind, kind[0] if kind[:3] in ("int", "uin") else "O")
            found[name] = kind, tuple(int(n) for n in shape)
    except NotImplementedError as e:
        raise DataError(
            f"{path}: expected a MATLAB file before version 7.3, found version 7.3 "
            f"({way_on('a MATLAB 7.3 file')})"
        ) from e
    except Exception as e:  # SciPy raises whatever it stumbles on
        raise _damaged(path, e) from e
    choice = choose(found)
    names = [n for n in (choice.pictures, choice.labels) if n is not None]
    promised = sum(8 * int(np.prod(found[n][1], dtype=object)) for n in names)
    size = os.fstat(file.fileno()).st_size
    if promised > 8 * MAX_BYTES or promised > 8 * (1 << 12) * size:
        raise DataError(
            f"{path}: expected arrays of at most {MAX_BYTES} bytes, found "
            f"{', '.join(f'{n} {found[n][1]}' for n in names)} in {size} bytes"
        )
    try:
        file.seek(0)
        arrays = loadmat(file, variable_names=names)
        return choice, {n: np.asarray(arrays[n]) for n in names}
    except Exception as e:
        raise _damaged(path, e) from e


def _damaged(path, error: Exception) -> DataError:
    why = f"{type(error).__name__}: {error}"[:100]
    return DataError(f"{path}: expected a MATLAB file, found damage ({why})")
