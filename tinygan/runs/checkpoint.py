"""Checkpoints: one .npz file and nothing that could run code.

The file is a zip of a `manifest.json` and one uncompressed `.npy` per array, so
`numpy.load` opens it too. It is written under another name, flushed to the disk, and
renamed over the old file: whatever happens, there is a whole checkpoint. Reading trusts
nothing: an array is read only if its name, shape and dtype are what the networks
expect.
"""

import json
import pathlib
import reprlib
import zipfile

import numpy as np

from .. import __version__
from ..errors import CheckpointError
from ..files import PATIENCE, write_atomically

FORMAT = "tinygan-checkpoint"
VERSION = 1  # of the format: which arrays a file holds, and their names
MANIFEST = "manifest.json"
MAX_MANIFEST = 1 << 22  # bytes
OTHER = "; is it of another architecture?"


def save_checkpoint(path, arrays: dict, manifest: dict, patience=PATIENCE) -> None:
    """Write host arrays {"G.theta": ..., ...} and a manifest for JSON to `path`.

    patience: seconds to wait for another program that has the file open (Windows)
    """
    about = {"format": FORMAT, "version": VERSION, "tinygan": __version__}
    manifest = {**about, **manifest}

    def write(file):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(
                        member, np.asarray(array), allow_pickle=False
                    )

    write_atomically(path, write, patience)


def read_manifest(path) -> dict:
    """The manifest of the checkpoint at `path`; CheckpointError if it has none."""
    with _Archive(path) as archive:
        return archive.manifest()


def load_checkpoint(path, expected: dict) -> tuple[dict, dict]:
    """(arrays, manifest) of the checkpoint at `path`.

    `expected` maps each name that must be there to (shape, dtype). Other arrays are not
    read. Raises CheckpointError if an array is missing, damaged or of another kind.
    """
    with _Archive(path) as archive:
        manifest = archive.manifest()
        arrays = {name: archive.array(name, *e) for name, e in expected.items()}
    return arrays, manifest


class _Archive:
    """A zip opened for reading; every failure is a CheckpointError with its path."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def __enter__(self):
        try:
            if not self.path.is_file():
                raise FileNotFoundError("no such file")
            self.zip = zipfile.ZipFile(self.path)
        except Exception as e:  # zipfile raises many kinds on bad bytes
            why = getattr(e, "strerror", None) or e
            raise CheckpointError(
                f"{self.path}: expected a checkpoint (.npz), found none ({why})"
            ) from e
        return self

    def __exit__(self, *_):
        self.zip.close()

    def manifest(self) -> dict:
        raw = self._read(MANIFEST, lambda file: file.read(MAX_MANIFEST))
        try:
            manifest = json.loads(raw)
        except (ValueError, RecursionError) as e:
            raise self._error(MANIFEST, f"JSON, found something else ({e})") from e
        found = manifest.get("format") if isinstance(manifest, dict) else None
        if found != FORMAT:
            raise self._error(MANIFEST, f"format {FORMAT!r}, found {found!r}")
        if manifest.get("version") != VERSION:
            found, writer = manifest.get("version"), manifest.get("tinygan", "0.1.0")
            raise self._error(
                MANIFEST,
                f"checkpoint format {VERSION}, which tinygan {__version__} reads, "
                f"found format {found!r}, written by tinygan {reprlib.repr(writer)}",
            )
        return manifest

    def array(self, name: str, shape: tuple, dtype) -> np.ndarray:
        if f"{name}.npy" not in self.zip.NameToInfo:
            raise self._error(name, f"an array of this name, found none{OTHER}")

        def read(file):
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise self._error(name, f"a version 1.0 array, found {version}")
            found, fortran, kind = np.lib.format.read_array_header_1_0(file)
            if found != shape or kind != np.dtype(dtype) or fortran:
                want = f"{np.dtype(dtype)} {shape}"
                raise self._error(name, f"{want}, found {kind} {found}{OTHER}")
            size = kind.itemsize * int(np.prod(found, dtype=object))
            raw = file.read(size + 1)
            if len(raw) != size:
                raise self._error(name, f"{size} bytes of data, found {len(raw)}")
            return np.frombuffer(raw, kind).reshape(found).copy()

        return self._read(f"{name}.npy", read)

    def _read(self, member: str, read):
        try:
            info = self.zip.getinfo(member)
        except KeyError as e:
            raise self._error(member, "it to be there, found no such member") from e
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise self._error(member, "plain stored bytes, found them packed")
        try:
            with self.zip.open(info) as file:
                return read(file)
        except CheckpointError:
            raise
        except Exception as e:  # zipfile and numpy.format raise many kinds on bad bytes
            where = f"sound bytes at offset {info.header_offset}"
            raise self._error(member, f"{where}, found damage ({e})") from e

    def _error(self, member: str, expected: str) -> CheckpointError:
        expected = " ".join(expected.split())  # NumPy's errors have several lines
        return CheckpointError(f"{self.path}: {member}: expected {expected}")
