"""Checkpoints: whole or absent, and never trusted.

A file that is damaged or hostile gives one CheckpointError of one line that names it,
whatever was done to it, and costs no more memory than the networks' own arrays.
"""

import io
import json
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import time
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygan
from tinygan import files
from tinygan.errors import CheckpointError
from tinygan.files import write_atomically
from tinygan.runs.checkpoint import (
    FORMAT,
    MANIFEST,
    MAX_MANIFEST,
    VERSION,
    load_checkpoint,
    read_manifest,
    save_checkpoint,
)
from tinygan.runs.folder import RunFolder

ARRAYS = {
    "G.theta": np.linspace(-1, 1, 7, dtype=np.float32),
    "D.state.1_BatchNorm.mean": np.arange(3, dtype=np.float32),
    "log": np.arange(8, dtype=np.float32).reshape(2, 4),
    "step": np.int64(12),
}
EXPECTED = {name: (np.shape(a), np.asarray(a).dtype) for name, a in ARRAYS.items()}


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(
        (a[k].shape, a[k].dtype) == (np.shape(b[k]), np.asarray(b[k]).dtype)
        and a[k].tobytes() == np.asarray(b[k]).tobytes()
        for k in a
    )


def refused(path, expected=EXPECTED) -> str:
    """The one line with which the checkpoint is refused."""
    with pytest.raises(CheckpointError) as e:
        load_checkpoint(path, expected)
    sentence = str(e.value)
    assert str(path) in sentence
    assert len(sentence.splitlines()) == 1, sentence
    assert "expected" in sentence and "found" in sentence
    return sentence


def npy(array, **kwargs) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), **kwargs)
    return file.getvalue()


def header(text: str, version=1) -> bytes:
    """A .npy file with this header and no values."""
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + size + text.encode("latin-1")


def archive(path, members: dict, method=zipfile.ZIP_STORED, manifest=None):
    """A hand-made checkpoint: raw members beside a sound manifest."""
    sound = {"format": FORMAT, "version": VERSION, "step": 12}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as z:
        z.writestr(MANIFEST, json.dumps(sound) if manifest is None else manifest)
        for name, data in members.items():
            z.writestr(f"{name}.npy", data, method)
    return path


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "c.npz"
    save_checkpoint(path, ARRAYS, {"step": 12, "recipe": "mine"})
    return path.read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("checkpoints")


# What is written comes back


@settings(deadline=None)
@given(
    arrays=st.dictionaries(
        st.text("abG.0_", min_size=1, max_size=8).filter(lambda s: s != "."),
        hnp.arrays(
            st.sampled_from(["f4", "f8", "i8", "u1", "?"]),
            hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
        ).filter(lambda a: np.isfinite(a).all()),
        max_size=4,
    ),
    step=st.integers(0, 2**60),
)
def test_round_trip(folder, arrays, step):
    path = folder / "round.npz"
    save_checkpoint(path, arrays, {"step": step})
    expected = {k: (a.shape, a.dtype) for k, a in arrays.items()}
    found, manifest = load_checkpoint(path, expected)
    assert same(found, arrays)
    about = {"format": FORMAT, "version": VERSION, "tinygan": tinygan.__version__}
    assert manifest == {**about, "step": step}
    assert read_manifest(path) == manifest
    for array in found.values():  # it is the reader's own, to write into
        assert array.flags.writeable and array.flags.owndata


def test_numpy_opens_it(folder, sound):
    path = folder / "numpy.npz"
    path.write_bytes(sound)
    with np.load(path, allow_pickle=False) as file:
        assert same({k: file[k] for k in file.files if k != MANIFEST}, ARRAYS)
        assert json.loads(file[MANIFEST])["recipe"] == "mine"


def test_fortran_and_noncontiguous_arrays_come_back_in_c_order(folder):
    path, a = folder / "order.npz", np.arange(24.0).reshape(4, 6)
    # as columns first the shape would be right and the numbers in the wrong places
    save_checkpoint(path, {"a": a[::2, ::3]}, {})
    found, _ = load_checkpoint(path, {"a": ((2, 2), "f8")})
    np.testing.assert_array_equal(found["a"], a[::2, ::3])
    archive(path, {"a": npy(np.asfortranarray(a))})
    refused(path, {"a": ((4, 6), "f8")})


def test_objects_are_not_written(folder):
    with pytest.raises(ValueError, match="Object"):
        save_checkpoint(folder / "o.npz", {"a": np.array([{}], object)}, {})
    assert not (folder / "o.npz").exists()


def test_other_members_are_not_read(folder, sound):
    path = folder / "more.npz"
    path.write_bytes(sound)
    with zipfile.ZipFile(path, "a") as z:
        z.writestr("../../outside.npy", b"no array at all")
        z.writestr("more.npy", npy(np.array([{}], object)))
    found, _ = load_checkpoint(path, EXPECTED)
    assert same(found, ARRAYS)
    assert not (path.parent.parent.parent / "outside.npy").exists()


# What is wrong is refused, in a line


@pytest.mark.parametrize(
    "shape, dtype",
    [((8,), "f4"), ((7, 1), "f4"), ((), "f4"), ((7,), "f8"), ((7,), ">f4")],
)
def test_another_shape_or_dtype_is_refused_with_both(folder, sound, shape, dtype):
    path = folder / "shape.npz"
    path.write_bytes(sound)
    sentence = refused(path, {"G.theta": (shape, dtype)})
    assert "G.theta" in sentence and "float32 (7,)" in sentence
    assert f"{np.dtype(dtype)} {shape}" in sentence


def test_a_missing_array_file_or_folder(folder, sound, tmp_path):
    path = folder / "missing.npz"
    path.write_bytes(sound)
    assert "H.theta: expected" in refused(path, {"H.theta": ((7,), "f4")})
    refused(folder / "nowhere.npz")
    refused(folder / "nowhere" / "c.npz")
    refused(folder)
    refused(tmp_path / ("n" * 300 + ".npz"))


@pytest.mark.parametrize("allowed", [object, "f4"])
def test_a_pickle_is_never_loaded(folder, allowed):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(folder / "exploded"),)

    data = npy(np.array([Bomb()], object), allow_pickle=True)
    path = archive(folder / "pickle.npz", {"a": data})
    refused(path, {"a": ((1,), allowed)})
    assert not (folder / "exploded").exists()


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "no JSON",
        "[]",
        "null",
        '"tinygan-checkpoint"',
        "{}",
        '{"format": "other", "version": 1}',
        '{"format": "two\\nlines", "version": 1}',
        '{"format": "tinygan-checkpoint"}',
        '{"format": "tinygan-checkpoint", "version": 2}',
        '{"format": "tinygan-checkpoint", "version": "two\\nlines"}',
        "[" * 100_000,
        b"\xff\xfe\xfd",
        '{"version": ' + "9" * 5000 + "}",
        " " * (MAX_MANIFEST + 1) + "{}",
    ],
    ids=lambda m: repr(m[:30]),
)
def test_a_manifest_that_is_none(folder, manifest):
    path = archive(folder / "manifest.npz", {"a": npy(np.zeros(3))}, manifest=manifest)
    assert MANIFEST in refused(path, {"a": ((3,), "f8")})
    with pytest.raises(CheckpointError):
        read_manifest(path)


def test_another_format_is_refused_by_the_version_that_wrote_it(folder):
    """A run of a later version, say; one of version 0.1.0 did not name its writer."""
    for about, writer in (({"tinygan": "7.1"}, "7.1"), ({}, "0.1.0")):
        manifest = json.dumps({"format": FORMAT, "version": 9, **about})
        path = archive(folder / "later.npz", {"a": npy(np.zeros(3))}, manifest=manifest)
        sentence = refused(path, {"a": ((3,), "f8")})
        assert f"found format 9, written by tinygan '{writer}'" in sentence
        here = f"checkpoint format {VERSION}, which tinygan {tinygan.__version__} reads"
        assert here in sentence


def test_without_a_manifest_it_is_no_checkpoint(folder):
    np.savez(folder / "plain.npz", a=np.zeros(3))
    assert MANIFEST in refused(folder / "plain.npz", {"a": ((3,), "f8")})


@pytest.mark.parametrize("step", ["", ', "step": "x"', ', "step": [1]'])
def test_a_manifest_without_a_step_is_refused_by_the_run(tmp_path, step):
    manifest = f'{{"format": "{FORMAT}", "version": {VERSION}{step}}}'
    archive(tmp_path / "checkpoint.npz", {}, manifest=manifest)
    with pytest.raises(CheckpointError, match="step"):
        RunFolder(tmp_path, {}).step()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUM",
        b"PK\x03\x04" * 9,
        npy(np.zeros(3))[:-1],
        npy(np.zeros(3)) + b"\0",
        npy(np.zeros(3), version=(2, 0)),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (3L,), }\n"),
        header("{'descr': '<f8', 'fortran_order': True, 'shape': (3,), }\n"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }\n"),
        header("{'descr': '|O', 'fortran_order': False, 'shape': (3,), }\n"),
        header("__import__('os').abort()\n"),
        header("(" * 9000 + ")" * 900),
        header("{'descr': '<f8'," + " " * 20_000 + "}"),  # numpy warns in three lines
        header("{'descr': '<f8',\n\n'shape': }"),
        header("\0\n\r\n"),
    ],
    ids=lambda d: repr(d[:48]),
)
def test_an_array_that_is_none(folder, data):
    path = archive(folder / "array.npz", {"a": data})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, about headers of Python 2
        assert "a" in refused(path, {"a": ((3,), "f8")})


def test_an_absurd_shape_costs_no_memory(folder):
    size = 10**15
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({size},), }}\n"
    path = archive(folder / "absurd.npz", {"a": header(text) + b"little"})
    assert _peak(lambda: refused(path, {"a": ((3,), "f8")})) < 1 << 20
    many = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {(1,) * 3000}, }}\n"
    path = archive(folder / "absurd.npz", {"a": header(many)})
    assert _peak(lambda: refused(path, {"a": ((3,), "f8")})) < 1 << 22


def test_a_promise_of_gigabytes_in_the_archive_costs_no_memory(folder):
    path = archive(folder / "promise.npz", {"a": npy(np.zeros(3))})
    raw = bytearray(path.read_bytes())
    place = raw.rindex(b"PK\x01\x02")  # the central directory's entry of a.npy
    raw[place + 20 : place + 28] = struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0)
    path.write_bytes(raw)
    assert _peak(lambda: refused(path, {"a": ((3,), "f8")})) < 1 << 20
    manifest = raw.index(b"PK\x01\x02")  # and of the manifest
    raw[manifest + 20 : manifest + 28] = struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0)
    path.write_bytes(raw)
    assert _peak(lambda: refused(path, {"a": ((3,), "f8")})) < 3 * MAX_MANIFEST


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_packed_member_is_refused_before_it_is_unpacked(folder, method):
    zeros = bytes(8 << 20)
    path = archive(folder / "bomb.npz", {"a": npy(np.zeros(3)) + zeros}, method)
    assert path.stat().st_size < 1 << 17
    assert _peak(lambda: refused(path, {"a": ((3,), "f8")})) < 1 << 20
    with zipfile.ZipFile(path, "w") as z:
        z.writestr(MANIFEST, zeros, method)
    assert _peak(lambda: refused(path, {"a": ((3,), "f8")})) < 1 << 20


def changed(path, sound, **arrays):
    """The sound checkpoint, whole and with right checksums, with other numbers."""
    names = {name.replace("_", "."): array for name, array in arrays.items()}
    save_checkpoint(path, {**ARRAYS, **names}, {"step": 12, "recipe": "mine"})
    expected = {k: (np.shape(a), np.asarray(a).dtype) for k, a in names.items()}
    return path, EXPECTED | expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused(folder, sound, value):
    bad = ARRAYS["G.theta"].copy()
    bad[3] = value
    sentence = refused(*changed(folder / "nan.npz", sound, G_theta=bad))
    assert f"G.theta: expected finite numbers, found {value}" in sentence


@pytest.mark.parametrize("name", ["step", "G_opt_t"])
def test_a_negative_count_is_refused(folder, sound, name):
    path, expected = changed(folder / "count.npz", sound, **{name: np.int64(-5)})
    sentence = refused(path, expected)
    assert f"{name.replace('_', '.')}: expected a count of steps, found -5" in sentence


def test_another_step_than_the_manifest_is_refused(folder, sound):
    path, expected = changed(folder / "step.npz", sound, step=np.int64(13))
    assert "the step 13, found 12 in the manifest" in refused(path, expected)


def test_a_file_that_is_more_than_the_archive_is_refused(folder, sound):
    path = folder / "around.npz"
    for raw in (b"MZ" + sound, sound + b"\0", sound + sound, sound[:-2] + b"\1\0x"):
        path.write_bytes(raw)
        refused(path)
    path.write_bytes(sound)
    with zipfile.ZipFile(path, "a") as z, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        z.writestr("G.theta.npy", npy(ARRAYS["G.theta"] + 1))
    assert "two members of one name" in refused(path)


def _peak(call) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_directory_at_an_offset_beyond_all_numbers(folder, sound):
    """A zip64 end record whose offsets fit in no signed 64-bit number."""
    end = sound.rindex(b"PK\x05\x06")
    record = struct.pack(
        "<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, *[2**64 - 1] * 4
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    path = folder / "beyond.npz"
    path.write_bytes(sound[:end] + record + locator + sound[end:])
    refused(path)


# Whatever is done to the bytes


def loads_the_same_or_is_refused(path, raw):
    path.write_bytes(raw)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found, manifest = load_checkpoint(path, EXPECTED)
        except CheckpointError as e:
            sentence = str(e)
            assert str(path) in sentence and len(sentence.splitlines()) == 1, sentence
        else:
            assert same(found, ARRAYS) and manifest["step"] == 12


@settings(deadline=None)
@given(data=st.data())
def test_truncated_anywhere(folder, sound, data):
    n = data.draw(st.integers(0, len(sound) - 1))
    (folder / "truncated.npz").write_bytes(sound[:n])
    refused(folder / "truncated.npz")


@settings(deadline=None)
@given(data=st.data())
def test_mutated_anywhere(folder, sound, data):
    raw = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] = data.draw(st.integers(0, 255))
    loads_the_same_or_is_refused(folder / "mutated.npz", bytes(raw))


@pytest.mark.parametrize("value", [0x00, 0x01, 0x7F, 0xFF])
def test_every_byte_of_the_directory_and_the_headers_mutated(folder, sound, value):
    starts = [i for i in range(len(sound)) if sound[i : i + 2] == b"PK"]
    directory = sound.index(b"PK\x01\x02")
    places = {i + n for i in starts if i < directory for n in range(30)}
    places |= set(range(directory, len(sound)))
    for place in sorted(places):
        raw = bytearray(sound)
        raw[place] = value
        loads_the_same_or_is_refused(folder / "byte.npz", bytes(raw))


@settings(deadline=None)
@given(data=st.data())
def test_pieces_left_out_doubled_or_put_in(folder, sound, data):
    i = data.draw(st.integers(0, len(sound)))
    j = data.draw(st.integers(i, len(sound)))
    piece = data.draw(
        st.one_of(st.just(b""), st.just(sound[i:j] * 2), st.binary(max_size=40))
    )
    loads_the_same_or_is_refused(folder / "pieces.npz", sound[:i] + piece + sound[j:])


@settings(deadline=None)
@given(raw=st.binary(max_size=200))
@example(b"PK\x05\x06" + bytes(18))  # the smallest archive of all
def test_any_bytes(folder, raw):
    (folder / "any.npz").write_bytes(raw)
    refused(folder / "any.npz")


# Written whole or not at all


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, lambda file: file.write(b"old"))

    def fail(file):
        file.write(b"new, but not all of ")
        file.flush()
        assert path.read_bytes() == b"old"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
    write_atomically(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_system_that_fails_leaves_the_old_file(tmp_path, monkeypatch, function):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, function, fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_bytes_reach_the_disk_before_the_name(tmp_path, monkeypatch):
    calls, path = [], tmp_path / "file"
    fsync, replace = os.fsync, os.replace

    def fsynced(fd):
        name = os.readlink(f"/proc/self/fd/{fd}") if os.path.exists("/proc") else ""
        calls.append(("fsync", pathlib.Path(name).parent, os.fstat(fd).st_size))
        fsync(fd)

    def replaced(old, new):
        calls.append(("replace", pathlib.Path(old).parent, os.stat(old).st_size))
        assert pathlib.Path(new) == path
        replace(old, new)

    monkeypatch.setattr(files.os, "fsync", fsynced)
    monkeypatch.setattr(files.os, "replace", replaced)
    write_atomically(path, lambda file: file.write(b"12345"))
    assert [name for name, *_ in calls] == ["fsync", "replace", "fsync"]
    assert calls[0][2] == calls[1][2] == 5
    assert calls[1][1] == tmp_path  # on the same file system, or it were no rename
    if calls[0][1].name:
        assert calls[0][1] == tmp_path and calls[2][1] == tmp_path.parent


def test_a_folder_that_is_not_there_is_the_callers_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "none" / "file", lambda file: None)
    assert os.listdir(tmp_path) == []


WRITER = """
import sys
import numpy as np
from tinygan.runs.checkpoint import save_checkpoint
step = 0
while True:
    step += 1
    a = np.full(200_000, step, np.int64)
    save_checkpoint(sys.argv[1], {"a": a}, {"step": step})
    if step == 3:
        print("going", flush=True)
"""


def test_kill_9_while_it_is_written_again_and_again(tmp_path):
    path, rng = tmp_path / "checkpoint.npz", random.Random(1)
    left_behind = 0
    for _ in range(6):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"going\n"
            time.sleep(rng.uniform(0, 0.03))
            process.kill()
        assert process.returncode == -signal.SIGKILL
        arrays, manifest = load_checkpoint(path, {"a": ((200_000,), "i8")})
        assert manifest["step"] >= 3 and (arrays["a"] == manifest["step"]).all()
        left_behind = len(os.listdir(tmp_path)) - 1
        assert [p.name for p in tmp_path.glob("*.npz")] == [path.name]
    assert left_behind <= 6
