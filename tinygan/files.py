"""Files are written whole or not at all, on any file system; plain files are read.

A file is written under a temporary name beside its place, flushed to the disk, and
renamed. A crash at any moment leaves the old file or the new one.
"""

import contextlib
import errno
import io
import os
import pathlib
import re
import secrets
import stat
import time

TEMPORARY = re.compile(r"\.(.+)\.[0-9a-z_]{8}\.tmp", re.IGNORECASE)
PATIENCE = 1.0  # seconds to wait for another program that has the file open
# What a file system says if it cannot flush a file or a folder at all.
NO_FLUSH = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF}
NO_FLUSH |= {errno.EPERM, errno.EACCES, errno.EISDIR}


def write_atomically(path, write, patience: float = PATIENCE) -> None:
    """Call write(file) on a temporary file beside path, fsync it, rename it to path.

    The file gets the permissions that the umask leaves. Windows refuses to replace a
    file that another program has open: then this function tries again for `patience`
    seconds. Raises OSError, which names `path`.
    """
    path = pathlib.Path(path)
    with naming(path):
        fd, temporary = _create_beside(path)
        try:
            with _Buffered(io.FileIO(fd, "w")) as file:
                write(file)
                file.flush()
                _fsync(fd)
            _replace(temporary, path, patience)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        if os.name == "posix":  # the rename itself must reach the disk too
            _fsync_folder(path.parent)


@contextlib.contextmanager
def naming(path):
    """Within this context an OSError names the file `path`: the system names a file
    that it cannot open, but not the file that it cannot write to.
    """
    try:
        yield
    except OSError as e:
        why = e.strerror or str(e) or type(e).__name__
        raise OSError(e.errno or errno.EIO, why, str(path)) from e


def temporary_of(path) -> str | None:
    """The name of the file that `write_atomically` was writing when the program was
    ended, if `path` is such a leftover; None otherwise.
    """
    found = TEMPORARY.fullmatch(pathlib.Path(path).name)
    return found and found[1]


class _Buffered(io.BufferedWriter):
    """A file that does not tell its descriptor: C code that writes to a descriptor
    loses the reason if the disk is full.
    """

    def fileno(self):
        raise io.UnsupportedOperation("fileno")


def _create_beside(path: pathlib.Path) -> tuple[int, pathlib.Path]:
    """A new file that only this process writes: its descriptor and its path."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        with contextlib.suppress(FileExistsError):
            return os.open(temporary, flags, 0o666), temporary


def _replace(temporary, path, patience: float) -> None:
    until = time.monotonic() + patience
    while True:
        try:
            return os.replace(temporary, path)
        except PermissionError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.05)


def _fsync(fd: int) -> None:
    try:
        os.fsync(fd)
    except OSError as e:
        if e.errno not in NO_FLUSH:
            raise


def _fsync_folder(folder: pathlib.Path) -> None:
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # a folder that may be written but not read
    try:
        _fsync(fd)
    finally:
        os.close(fd)


def read_plain(path, most: int, links: bool = True) -> bytes:
    """The bytes of a regular file, at most `most`. A device or a pipe is not opened, so
    nothing hangs. Without `links` a link is not followed.

    Raises OSError if it is no regular file, larger, or cannot be read.
    """
    status = os.stat(path, follow_symlinks=links)
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "it is a link", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    flags = os.O_RDONLY | (0 if links else getattr(os, "O_NOFOLLOW", 0))
    for name in ("O_NONBLOCK", "O_BINARY", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    with open(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes", str(path))
    return data
