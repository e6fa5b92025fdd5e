"""Readers of image files: what is well formed comes back, all else is one DataError."""

import gzip
import io
import os
import re
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygan.data import load_images, read_array, read_idx
from tinygan.data.files import arrays as readers
from tinygan.errors import DataError, one_line

ARRAY_CODES = ["<f4", ">f4", "<f2", ">f8", "u1", "i1", ">u2", "<i4", ">i8"]
IDX_CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx(array):
    """The array as the bytes of an IDX file."""
    code = IDX_CODES[array.dtype.str[1:]]
    head = struct.pack(f">2xBB{array.ndim}I", code, array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def npy(array, **kwargs):
    """The array as the bytes of a .npy file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), **kwargs)
    return file.getvalue()


def npz(savez=np.savez, **arrays):
    """The arrays as the bytes of a .npz file."""
    file = io.BytesIO()
    savez(file, **arrays)
    return file.getvalue()


def archive(data, name="images.npy", method=zipfile.ZIP_DEFLATED):
    """A zip archive of one member with these bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        z.writestr(name, data, method)
    return file.getvalue()


def header(text):
    """A .npy file of version 1 with this header and no values."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin-1")


PIXELS = np.arange(0, 240, 10, dtype=np.uint8).reshape(2, 3, 4)
WELL_FORMED = {
    "idx": idx(PIXELS),
    "idx.gz": gzip.compress(idx(PIXELS), mtime=0),
    "npy": npy(PIXELS),
    "npz": npz(images=PIXELS),
    "deflated.npz": npz(np.savez_compressed, images=PIXELS),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """file(data, name) writes a file anew and returns its path."""
    folder = tmp_path_factory.mktemp("files")

    def write(data, name="some-file"):
        path = folder / name
        path.unlink(missing_ok=True)  # truncating it instead may wait for the disk
        path.write_bytes(data)
        return path

    return write


def refusal(reader, path, *args):
    """The one sentence with which the reader refuses the file."""
    with pytest.raises(DataError) as refused:
        reader(path, *args)
    sentence = str(refused.value)
    start = one_line(str(path)) if len(str(path)) < 200 else str(path)[:60]
    assert sentence.startswith(start)
    assert "expected" in sentence and len(sentence) <= 500
    assert "\n" not in sentence
    return sentence


# What is well formed


shapes = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5)


@given(
    array=st.sampled_from(list(IDX_CODES)).flatmap(
        lambda code: hnp.arrays(np.dtype(code), shapes)
    ),
    zipped=st.booleans(),
)
def test_idx_round_trip(file, array, zipped):
    data = idx(array)
    read = read_idx(file(gzip.compress(data, 1) if zipped else data))
    assert read.dtype == array.dtype
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, array)
    read += read.dtype.type(1)  # the caller's own, to write on


@given(
    array=st.sampled_from(ARRAY_CODES).flatmap(
        lambda code: hnp.arrays(np.dtype(code), shapes)
    ),
    fortran=st.booleans(),
    version=st.sampled_from([(1, 0), (2, 0), (3, 0)]),
    save=st.sampled_from([None, np.savez, np.savez_compressed]),
)
def test_array_round_trip(file, array, fortran, version, save):
    array = np.asarray(array, order="F" if fortran else "C")
    data = npy(array, version=version) if save is None else npz(save, x=array)
    read = read_array(file(data))
    assert read.dtype == array.dtype.newbyteorder("=")
    assert read.flags.c_contiguous
    np.testing.assert_array_equal(read, array)


def test_array_names_of_npz(file):
    x, y = np.zeros(2), np.ones(3)
    assert read_array(file(npz(alone=y))).shape == (3,)
    assert read_array(file(npz(x_train=y, y_train=x))).shape == (3,)
    assert read_array(file(npz(arr_0=x, images=y))).shape == (3,)
    sentence = refusal(read_array, file(npz(this=x, that=y)))
    assert "images, x, x_train, arr_0" in sentence
    assert "found this (2,), that (3,)" in sentence
    assert read_array(file(npz(this=x, that=y)), "that").shape == (3,)
    assert "named other, found this" in refusal(
        read_array, file(npz(this=x, that=y)), "other"
    )
    assert "found none" in refusal(read_array, file(npz()))


@pytest.mark.parametrize("kind", WELL_FORMED)
def test_load_images_goes_by_content(file, kind):
    images = load_images(file(WELL_FORMED[kind], "no-extension"), shape=(3, 4, 1))
    np.testing.assert_array_equal(images.pixels[..., 0], PIXELS)
    assert (images.low, images.high) == (0, 255)
    assert images.labels is None


@pytest.mark.parametrize("end", ["", ".gz"])
def test_load_images_of_a_folder(tmp_path, end):
    pack = gzip.compress if end else bytes
    (tmp_path / f"train-images-idx3-ubyte{end}").write_bytes(pack(idx(PIXELS)))
    assert load_images(tmp_path).labels is None
    labels = tmp_path / f"train-labels-idx1-ubyte{end}"
    labels.write_bytes(pack(idx(np.array([7, 9], np.uint8))))
    images = load_images(str(tmp_path), shape=(3, 4, 1))
    assert images.labels.tolist() == [0, 1]
    assert images.names == ("7", "9")
    np.testing.assert_array_equal(images.pixels[..., 0], PIXELS)
    labels.write_bytes(pack(idx(np.array([7, 9, 1], np.uint8))))
    with pytest.raises(DataError, match=r"expected 2 labels.*found.*\(3,\)"):
        load_images(tmp_path)
    labels.write_bytes(pack(idx(np.array([7, 9], np.uint8))[:-1]))
    with pytest.raises(DataError, match=r"train-labels.*at offset 8, found only 1"):
        load_images(tmp_path)


@pytest.mark.parametrize(
    "least, most, dtype, ends",
    [
        (0, 1, "f4", (0, 1)),
        (0.2, 0.3, "f8", (0, 1)),
        (-0.5, 1, "f2", (-1, 1)),
        (0, 255, "f4", (0, 255)),
        (0, 200, "i4", (0, 255)),
        (0, 1, "u1", (0, 1)),
        (-1, 1, "i1", (-1, 1)),
    ],
)
def test_black_and_white_follow_the_range(file, least, most, dtype, ends):
    path = file(npy(np.linspace(least, most, 8).reshape(2, 2, 2).astype(dtype)))
    images = load_images(path)
    assert (images.low, images.high) == ends
    assert images.pixels.dtype == dtype


# What is not


@pytest.mark.parametrize("least, most", [(-2, 2), (0, 256), (-1, 255)])
def test_other_ranges_are_refused(file, least, most):
    path = file(npy(np.linspace(least, most, 8).reshape(2, 2, 2)))
    assert f"found {least} to {most}" in refusal(load_images, path)


def test_pixels_that_are_not_finite_are_named(file):
    pixels = np.zeros((2, 3, 4), np.float32)
    pixels[1, 2, 0] = np.nan
    assert "found nan at (1, 2, 0)" in refusal(load_images, file(npy(pixels)))


def test_shapes_are_checked(file):
    gray, rgb = np.zeros((2, 8, 9)), np.zeros((2, 8, 9, 3))
    assert load_images(file(npy(rgb)), shape=(8, 9, 3)).shape == (8, 9, 3)
    sentence = refusal(load_images, file(npy(gray)), (8, 9, 3))
    assert "shape (8, 9, 3), found (8, 9, 1); --channels 3 makes them so" in sentence
    sentence = refusal(load_images, file(npy(rgb)), (16, 16, 1))
    assert "found (8, 9, 3); --size 16 --channels 1 makes them so" in sentence
    flat = file(npy(np.zeros((2, 3, 9, 2))))  # 3 rows, which no order makes a picture
    assert refusal(load_images, flat, (3, 9, 1)).endswith(
        "found (3, 9, 2); --channels 1 makes them so"
    )
    many = file(npy(np.zeros((2, 8, 8, 7))))
    assert "1 to 4 channels, found (8, 8, 7)" in refusal(load_images, many)
    assert load_images(many, shape=(8, 8, 7)).shape == (8, 8, 7)


def test_paths_that_are_no_files(tmp_path):
    for reader in (read_idx, read_array, load_images):
        assert "found none" in refusal(reader, tmp_path / "missing")
    for reader in (read_idx, read_array):
        assert "found a folder" in refusal(reader, tmp_path)
    assert "expected pictures" in refusal(load_images, tmp_path)
    assert "readable" in refusal(read_idx, tmp_path / ("n" * 5000))
    assert "found none" in refusal(read_idx, tmp_path / "nul\0byte")


def test_files_without_permission(tmp_path, monkeypatch):
    path = tmp_path / "secret"
    path.write_bytes(idx(PIXELS))

    def denied(*args):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", denied)
    assert "readable file (Permission denied)" in refusal(load_images, path)


@pytest.mark.parametrize("kind", WELL_FORMED)
def test_every_truncation_is_refused(file, kind):
    data = WELL_FORMED[kind]
    for n in range(len(data)):
        refusal(load_images, file(data[:n]))


def test_truncation_names_offset_and_counts(file):
    data = idx(PIXELS)
    for reader, found in ((read_idx, data), (load_images, gzip.compress(data))):
        assert reader(file(found)) is not None
    for pack in (bytes, gzip.compress):
        sentence = refusal(read_idx, file(pack(data[:-5])))
        assert "24 bytes of values at offset 16, found only 19" in sentence
        sentence = refusal(read_idx, file(pack(data[:9])))
        assert "12 bytes of IDX sizes at offset 4, found only 5" in sentence
        assert "4 bytes of IDX magic at offset 0, found only 0" in refusal(
            read_idx, file(pack(b""))
        )
        sentence = refusal(read_idx, file(pack(data + b"\0")))
        assert "the end at offset 40, found more" in sentence
    start = len(npy(PIXELS)) - 24
    sentence = refusal(read_array, file(npy(PIXELS)[:-1]))
    assert f"24 bytes of values at offset {start}, found only 23" in sentence
    assert "found more" in refusal(read_array, file(npy(PIXELS) + b"\0"))


def _reads_or_refuses(path):
    try:
        load_images(path)
    except DataError as e:
        assert str(e).startswith(str(path))


@pytest.mark.parametrize("kind", WELL_FORMED)
@given(data=st.data())
def test_mutated_files_are_read_or_refused(file, kind, data):
    content = bytearray(WELL_FORMED[kind])
    at = st.integers(0, len(content) - 1)
    for place, byte in data.draw(
        st.lists(st.tuples(at, st.integers(0, 255)), min_size=1, max_size=8)
    ):
        content[place] = byte
    _reads_or_refuses(file(content))


@pytest.mark.parametrize("kind", WELL_FORMED)
def test_every_byte_mutated(file, kind):
    content = WELL_FORMED[kind]
    for place in range(len(content)):
        for change in (0x01, 0x80, 0xFF):
            mutated = bytearray(content)
            mutated[place] ^= change
            _reads_or_refuses(file(mutated))


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\0\0", b"\x1f\x8b\x08\0", b"PK"])
)
def test_noise_is_refused(file, noise, start):
    _reads_or_refuses(file(start + noise))


def _header(shape="(2, 2)", descr="'|u1'", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


@pytest.mark.parametrize(
    "data, found",
    [
        (idx(PIXELS)[1:], "found bytes 00080300"),
        (b"\0\0\x07\x01", "found bytes 00000701"),
        (idx(np.zeros((0, 28, 28), "u1")), "found shape (0, 28, 28)"),
        (struct.pack(">2xBB3I", 8, 3, 1 << 31, 1 << 31, 1 << 31), "found shape"),
        (struct.pack(">2xBB", 8, 255) + b"\0\0\0\1" * 255, "at most 32 axes"),
        (struct.pack(">2xBBI", 14, 1, (4 << 30) // 8 + 1), "1 to 4294967296 bytes"),
        (npy(PIXELS).replace(b"NUMPY\x01", b"NUMPY\x09"), "found bytes 934e554d5059"),
        (npy(np.array([[{}]]), allow_pickle=True), "real numbers"),
        (npy(np.zeros(2, "f4,i4")), "real numbers"),
        (npy(np.zeros(2, "U3")), "found dtype '<U3'"),
        (npy(np.zeros(2, complex)), "found dtype '<c16'"),
        (npy(np.zeros((0, 3))), "found shape (0, 3)"),
        (header(_header(shape="(2, -2)")), "found shape (2, -2)"),
        (header(_header(shape="(-2, -2)")), "found shape (-2, -2)"),
        (header(_header(shape="(True,)")), "found shape (True,)"),
        (header(_header(shape="[2]")), "found shape [2]"),
        (header(_header(shape="(2.0,)")), "found shape (2.0,)"),
        (header(_header(shape=f"({2**70}, 1)")), "found shape"),
        (header(_header(shape="(" + "9" * 5000 + ",)")), ".npy header"),
        (header(_header(shape="(" + "1, " * 40 + ")")), "at most 32 axes"),
        (header(_header(descr="None")), "found dtype None"),
        (header(_header(shape="(2).bit_length()")), "values of a .npy header"),
        (header("{'descr': '|u1'}"), "found shape None"),
        (header("[1, 2]"), "values of a .npy header"),
        (header("(" * 3000), "values of a .npy header"),
        (header("-" * 9000 + "1"), "values of a .npy header"),
        (header("1" + "+1" * 4000), "values of a .npy header"),
        (header("{'descr': '\\d'}"), "real numbers"),
        (header("\0"), "values of a .npy header"),
        (header(" " * 10_001), "at most 10000 bytes"),
        (header(_header()), "4 bytes of values at offset"),
        (b"\x93NUMPY\x02\0\xff\xff\xff\xff", "at most 10000 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_headers(file, data, found):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # by Python's own parser, of the header
        assert found in refusal(load_images, file(data))
        if data.startswith(b"\x93NUMPY"):
            path = file(archive(data))
            assert found in refusal(load_images, path)
            assert "images.npy" in refusal(load_images, path)


def test_damaged_streams(file):
    data = bytearray(gzip.compress(idx(PIXELS)))
    data[-5] ^= 1  # the checksum
    assert "CRC" in refusal(read_idx, file(data))
    assert "damaged" in refusal(read_idx, file(data[:-3]))
    assert "damaged" in refusal(read_idx, file(gzip.compress(idx(PIXELS)) + b"tail"))
    stored = npz(images=PIXELS)
    place = stored.index(PIXELS.tobytes())
    mutated = stored[:place] + b"\xff" + stored[place + 1 :]
    assert "CRC" in refusal(read_array, file(mutated))


def test_archives_that_are_not_read(file):
    locked = bytearray(npz(images=PIXELS))
    locked[locked.index(b"PK\1\2") + 8] |= 1
    assert "found it encrypted" in refusal(read_array, file(locked))
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        sentence = refusal(read_array, file(archive(npy(PIXELS), method=method)))
        assert f"found compression method {method}" in sentence
    assert "damage" in refusal(read_array, file(b"PK\3\4" + bytes(100)))
    renamed = archive(npy(PIXELS), name="n" * 60_000).replace(b"n", b"m", 1)
    assert len(refusal(read_array, file(renamed))) < 400
    assert ".npy magic" in refusal(read_array, file(archive(b"not an array", "x")))


def test_archives_with_damaged_directories(file):
    """Each makes zipfile raise another kind of error."""
    name = bytearray(npz(images=PIXELS))
    entry = name.index(b"PK\1\2")
    name[entry + 9] |= 8  # the name is UTF-8, it says
    name[entry + 46] = 0xFF
    far = zipfile.ZipInfo("images.npy")
    far.extra = struct.pack("<HHQ", 1, 8, 2**64 - 1)  # where the member starts
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as z:
        z.writestr(far, npy(PIXELS))
    far = bytearray(content.getvalue())
    entry = far.index(b"PK\1\2")
    far[entry + 42 : entry + 46] = b"\xff" * 4  # look in the extra field
    new = bytearray(npz(images=PIXELS))
    new[new.index(b"PK\1\2") + 6] = 99  # needs version 9.9 to be unpacked
    for data, cause in (
        (name, UnicodeDecodeError),
        (far, ValueError),
        (new, NotImplementedError),
    ):
        with pytest.raises(DataError, match="found damage") as refused:
            read_array(file(data))
        assert isinstance(refused.value.__cause__, cause)


def test_pickles_are_never_loaded(file, tmp_path):
    trap = tmp_path / "trap"

    class Mine:
        def __reduce__(self):
            return os.mkdir, (str(trap),)

    array = np.array([Mine(), Mine()], dtype=object)
    for data in (npy(array, allow_pickle=True), npz(images=array)):
        assert "found dtype '|O'" in refusal(read_array, file(data))
    assert not trap.exists()


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">2xBB3I", 8, 3, 3, 1 << 15, 1 << 15),
        gzip.compress(struct.pack(">2xBB3I", 8, 3, 3, 1 << 15, 1 << 15)),
        header(_header(shape="(3, 32768, 32768)")),
        archive(header(_header(shape="(3, 32768, 32768)"))),
        gzip.compress(idx(np.zeros((1, 2, 2), "u1")) + bytes(1 << 26), 1),
        archive(npy(np.zeros((1, 2, 2), "u1")) + bytes(1 << 26)),
        archive(bytes(1 << 26), name="x"),
    ],
    ids=["idx", "gz", "npy", "npz", "gzip bomb", "zip bomb", "no array"],
)
def test_memory_is_bounded_by_what_is_there(file, data):
    """Neither 3 GiB that are only promised nor 64 MiB that nobody asked for."""
    path = file(data)
    tracemalloc.start()
    try:
        sentence = refusal(load_images, path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
    assert re.search(r"found (only \d+|more bytes|bytes 0000)", sentence)


def test_the_cap_is_on_the_array(file, monkeypatch):
    monkeypatch.setattr(readers, "MAX_BYTES", 24)
    assert read_idx(file(idx(PIXELS))).nbytes == 24
    monkeypatch.setattr(readers, "MAX_BYTES", 23)
    for kind in WELL_FORMED:
        assert "1 to 23 bytes" in refusal(load_images, file(WELL_FORMED[kind]))
