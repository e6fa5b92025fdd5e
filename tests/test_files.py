"""Files are written whole or not at all, on file systems of many kinds."""

import errno
import io
import os
import pathlib
import stat
import sys

import pytest

from tinygan import files
from tinygan.files import naming, temporary_of, write_atomically

posix = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")


def write(path, text=b"new", **options):
    write_atomically(path, lambda file: file.write(text), **options)


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "file.txt"
    found.write_bytes(b"old")
    return found


def test_a_file_is_replaced_whole(path):
    write(path)
    assert path.read_bytes() == b"new" and os.listdir(path.parent) == [path.name]


def test_an_error_leaves_the_old_file_and_nothing_else(path):
    def fails(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, fails)
    assert path.read_bytes() == b"old" and os.listdir(path.parent) == [path.name]


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002, 0o027])
def test_the_umask_decides_who_may_read(umask, path):
    before = os.umask(umask)
    try:
        write(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


@posix
def test_a_file_system_without_permissions_will_do(path, monkeypatch):
    """FAT, exFAT and network shares refuse to change them."""

    def refused(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    for name in ("chmod", "fchmod", "chown"):
        monkeypatch.setattr(os, name, refused)
    write(path)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_flush_will_do(error, path, monkeypatch):
    def refused(fd):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "fsync", refused)
    write(path)
    assert path.read_bytes() == b"new"


@posix
def test_a_folder_that_cannot_be_opened_will_do(path, monkeypatch):
    real = os.open

    def refused(name, flags, *rest, **options):
        if pathlib.Path(name) == path.parent:
            raise PermissionError(errno.EACCES, "Permission denied", str(name))
        return real(name, flags, *rest, **options)

    monkeypatch.setattr(os, "open", refused)
    write(path)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_a_flush_that_fails_is_told_and_names_the_file(error, path, monkeypatch):
    def fails(fd):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match=os.strerror(error)) as e:
        write(path)
    assert e.value.filename == str(path) and e.value.errno == error
    assert path.read_bytes() == b"old" and os.listdir(path.parent) == [path.name]


def test_a_missing_folder_names_the_file(tmp_path):
    with pytest.raises(FileNotFoundError) as e:
        write(tmp_path / "nowhere" / "file.txt")
    assert e.value.filename == str(tmp_path / "nowhere" / "file.txt")


@pytest.mark.parametrize("refusals", [0, 1, 5])
def test_a_file_that_is_open_elsewhere_is_tried_again(refusals, path, monkeypatch):
    replace, calls, slept = os.replace, [], []

    def refused(a, b):
        calls.append(b)
        if len(calls) <= refusals:
            raise PermissionError(errno.EACCES, "Access is denied", str(a), 5, str(b))
        replace(a, b)

    monkeypatch.setattr(os, "replace", refused)
    monkeypatch.setattr(files.time, "sleep", slept.append)
    write(path, patience=1e6)
    assert path.read_bytes() == b"new" and len(slept) == refusals


def test_at_last_it_is_told(path, monkeypatch):
    def refused(a, b):
        raise PermissionError(errno.EACCES, "Access is denied", str(a), 5, str(b))

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(PermissionError, match="Access is denied") as e:
        write(path, patience=0)
    assert e.value.filename == str(path)
    assert path.read_bytes() == b"old" and os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is Linux's")
def test_a_full_disk_keeps_its_reason():
    """Also for code that would write to a descriptor, and lose the reason."""

    def save(file):
        from PIL import Image

        with pytest.raises(OSError, match="fileno"):
            file.fileno()
        Image.new("L", (600, 600)).save(file, "gif")

    full = files._Buffered(io.FileIO("/dev/full", "w"))
    with pytest.raises(OSError, match="No space left") as e, naming("here"):
        save(full)
    with pytest.raises(OSError, match="No space left"):
        full.close()  # it tries to write the rest
    assert e.value.filename == "here"


def test_leftovers_are_told_from_files_of_others(path):
    seen = []

    def look(file):
        (leftover,) = set(os.listdir(path.parent)) - {path.name}
        seen.append(temporary_of(path.parent / leftover))

    write_atomically(path, look)
    assert seen == ["file.txt"]
    assert temporary_of(".checkpoint.npz.8xw3_sxw.tmp") == "checkpoint.npz"
    for other in ("x.tmp", ".x.tmp", "file.txt", ".file.txt.12345678.bak", ".a.1.tmp"):
        assert temporary_of(other) is None
