"""Files are written whole or not at all, and read if they are plain files."""

import errno
import os
import pathlib
import stat
import tempfile


def write_atomically(path, write) -> None:
    """Call write(file) on a temporary file beside path, fsync it, rename it to path.

    A crash at any moment leaves either the old file or the new one.
    """
    path = pathlib.Path(path)
    fd, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}.", suffix=".tmp"
    )
    try:
        with os.fdopen(fd, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        pathlib.Path(temporary).unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the rename itself must reach the disk too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


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
