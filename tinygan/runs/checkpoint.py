"""Checkpoints: one .npz file and nothing that could run code.

The file is a zip of a `manifest.json` and one uncompressed `.npy` per array, so
`numpy.load` opens it too. It is written under another name, flushed to the disk, and
renamed over the old file: whatever happens, there is a whole checkpoint. Reading trusts
nothing: the file is this archive and nothing besides, and an array is read only if its
name, shape and dtype are what the networks expect and its numbers are possible.
"""

import io
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
    read. Raises CheckpointError if an array is missing, damaged or of another kind, if
    a number is NaN or infinite, if a count of steps is negative, or if the manifest has
    another step.
    """
    with _Archive(path) as archive:
        manifest = archive.manifest()
        arrays = {name: archive.array(name, *e) for name, e in expected.items()}
        if "step" in arrays and arrays["step"] != manifest.get("step"):
            found = f"{reprlib.repr(manifest.get('step'))} in the manifest"
            raise archive.fault("step", f"the step {arrays['step']}, found {found}")
    return arrays, manifest


def _is_count(name: str) -> bool:
    """Whether an array holds a count of steps: the run's, or an optimizer's."""
    return name == "step" or name.endswith(".opt.t")


class _Archive:
    """A zip opened for reading; every failure is a CheckpointError with its path."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def __enter__(self):
        try:
            if not self.path.is_file():
                raise FileNotFoundError("no such file")
            self.zip = zipfile.ZipFile(self.path)
            try:
                self._check_whole()
            except BaseException:
                self.zip.close()
                raise
        except Exception as e:  # zipfile raises many kinds on bad bytes
            why = getattr(e, "strerror", None) or e
            raise CheckpointError(
                f"{self.path}: expected a checkpoint (.npz), found none ({why})"
            ) from e
        return self

    def __exit__(self, *_):
        self.zip.close()

    def _check_whole(self) -> None:
        """ValueError unless the file is one archive, from its first byte to its last,
        in which each name is there once.
        """
        members = self.zip.infolist()
        if len(members) != len(self.zip.NameToInfo):
            raise ValueError("two members of one name")
        if not members or min(m.header_offset for m in members) != 0:
            raise ValueError("no member at its first byte")
        file = self.zip.fp
        file.seek(-22, io.SEEK_END)
        end = file.read(22)  # the end of the central directory, without a comment
        if not end.startswith(b"PK\5\6") or not end.endswith(b"\0\0"):
            raise ValueError("bytes behind its end")

    def manifest(self) -> dict:
        raw = self._read(MANIFEST, lambda file: file.read(MAX_MANIFEST))
        try:
            manifest = json.loads(raw)
        except (ValueError, RecursionError) as e:
            raise self.fault(MANIFEST, f"JSON, found something else ({e})") from e
        found = manifest.get("format") if isinstance(manifest, dict) else None
        if found != FORMAT:
            raise self.fault(MANIFEST, f"format {FORMAT!r}, found {found!r}")
        if manifest.get("version") != VERSION:
            found, writer = manifest.get("version"), manifest.get("tinygan", "0.1.0")
            raise self.fault(
                MANIFEST,
                f"checkpoint format {VERSION}, which tinygan {__version__} reads, "
                f"found format {found!r}, written by tinygan {reprlib.repr(writer)}",
            )
        return manifest

    def array(self, name: str, shape: tuple, dtype) -> np.ndarray:
        if f"{name}.npy" not in self.zip.NameToInfo:
            raise self.fault(name, f"an array of this name, found none{OTHER}")

        def read(file):
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise self.fault(name, f"a version 1.0 array, found {version}")
            found, fortran, kind = np.lib.format.read_array_header_1_0(file)
            if found != shape or kind != np.dtype(dtype) or fortran:
                want = f"{np.dtype(dtype)} {shape}"
                raise self.fault(name, f"{want}, found {kind} {found}{OTHER}")
            size = kind.itemsize * int(np.prod(found, dtype=object))
            raw = file.read(size + 1)
            if len(raw) != size:
                raise self.fault(name, f"{size} bytes of data, found {len(raw)}")
            return np.frombuffer(raw, kind).reshape(found).copy()

        array = self._read(f"{name}.npy", read)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            bad = array[~np.isfinite(array)].flat[0]
            raise self.fault(name, f"finite numbers, found {bad}")
        if _is_count(name) and not (array >= 0).all():
            raise self.fault(name, f"a count of steps, found {array.min()}")
        return array

    def _read(self, member: str, read):
        try:
            info = self.zip.getinfo(member)
        except KeyError as e:
            raise self.fault(member, "it to be there, found no such member") from e
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise self.fault(member, "plain stored bytes, found them packed")
        try:
            with self.zip.open(info) as file:
                return read(file)
        except CheckpointError:
            raise
        except Exception as e:  # zipfile and numpy.format raise many kinds on bad bytes
            where = f"sound bytes at offset {info.header_offset}"
            raise self.fault(member, f"{where}, found damage ({e})") from e

    def fault(self, member: str, expected: str) -> CheckpointError:
        """A CheckpointError that says what was expected and found in a member."""
        return CheckpointError(f"{self.path}: {member}: expected {expected}")
