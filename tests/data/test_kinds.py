"""What a file is, from its first bytes: the words of every refusal."""

import gzip
import io
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from tinygan.data import load_images
from tinygan.data.files.kinds import START, kind_of, named, way_on
from tinygan.errors import DataError


def picture(format):
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, format)
    return file.getvalue()


def zipped(name):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "content")
    return file.getvalue()


def tarred():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return file.getvalue()


FORMATS = {"JPEG": "a JPEG", "PNG": "a PNG", "GIF": "a GIF", "BMP": "a BMP"}
FORMATS |= {"TIFF": "a TIFF", "PPM": "a PNM", "JPEG2000": "a JPEG 2000"}
KINDS = {f"{kind} picture": picture(f) for f, kind in FORMATS.items()}
KINDS |= {
    "a HEIC picture": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "an AVIF picture": b"\0\0\0\x1cftypavif\0\0\0\0",
    "an MP4 film": b"\0\0\0\x18ftypisom",
    "an SVG drawing": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org">',
    "a PDF document": b"%PDF-1.7\n",
    "a DICOM picture": bytes(128) + b"DICM",
    "a web page (HTML)": b"\n\n<!DOCTYPE html><html>",
    "an XML file": b'<?xml version="1.0"?><annotation>',
    "a JSON file": b'{"images": [1, 2]}',
    "a CSV table": b"label,p0,p1\n5,0,0\n1,0,",
    "a TSV table": b"a\tb\n1\t2\n",
    "a text file": b"some words\nand more, of them\n",
    "a text file in UTF-16": "words".encode("utf-16"),
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:",
    "an empty file": b"",
    "a Python pickle": pickle.dumps({"data": 1}, protocol=2),
    "a PyTorch file": zipped("archive/data.pkl"),
    "a NumPy archive (.npz)": zipped("images.npy"),
    "a zip archive": zipped("a.txt"),
    "an Office document": zipped("[Content_Types].xml"),
    "a safetensors file": (20).to_bytes(8, "little") + b'{"weight": {}}',
    "an HDF5 file": b"\x89HDF\r\n\x1a\n\0",
    "a MATLAB 7.3 file": b"MATLAB 7.3 MAT-file",
    "a MATLAB file": b"MATLAB 5.0 MAT-file",
    "a Parquet file": b"PAR1\x15\x04",
    "a tar archive": tarred(),
    "a 7z archive": b"7z\xbc\xaf\x27\x1c\0\4",
    "a RAR archive": b"Rar!\x1a\x07\1\0",
    "an xz file": b"\xfd7zXZ\0\0\4",
    "a WAV sound": b"RIFF\x24\0\0\0WAVEfmt ",
    "a FLAC sound": b"fLaC\0\0\0\x22",
    "an MP3 sound": b"\xff\xfb\x90\x64\0\0",
    "an AIFF sound": b"FORM\0\0\1\0AIFFCOMM",
    "an AU sound": b".snd\0\0\0\x18",
    "an M4A sound": b"\0\0\0\x18ftypM4A ",
    "a MIDI file": b"MThd\0\0\0\6",
    "a NumPy array (.npy)": b"\x93NUMPY\1\0v\0{'descr'",
}
READ = {"a MATLAB file", "a NumPy array (.npy)", "a NumPy archive (.npz)"}
READ |= {"a zip archive", "an Office document"}  # as zip archives


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_are_told_by_content(kind, tmp_path):
    start = KINDS[kind][:START]
    assert kind_of(start) == kind_of(start, "any.jpg") == kind
    assert way_on(kind) in named(kind, start)
    if start and kind not in READ:  # a zipped file is what is inside
        assert kind_of(gzip.compress(KINDS[kind], mtime=0)[:START]) == kind
    path = tmp_path / "name-without-an-ending"
    path.write_bytes(KINDS[kind])
    with pytest.raises(DataError) as refused:
        load_images(path)
    sentence = str(refused.value).removeprefix(str(path))
    assert len(sentence) < 400
    if kind not in READ:
        assert f"found {kind}" in sentence


@pytest.mark.parametrize(
    "start, name, kind",
    [
        (b"\0\0\2\0", "a.tga", "a TGA picture"),
        (b"1 2 3", "a.csv.gz", "a CSV table"),
        (b"(I1\n", "meta.pkl", "a Python pickle"),
        (b"\0\0\x08\x03", "train-images", None),
        (b"\x1f\x8b\x08", "x.gz", "a gzip file"),
        (gzip.compress(b"\0\0\x08\x03", mtime=0), "x.gz", "a gzip file"),
    ],
)
def test_names_help_where_the_content_does_not_tell(start, name, kind):
    assert kind_of(start, name) == kind


def test_random_bytes_have_a_kind_or_none():
    rng = np.random.default_rng(0)
    for _ in range(2000):
        start = rng.bytes(rng.integers(0, 40))
        words = named(kind_of(start), start)
        assert words.isprintable()
        assert words
