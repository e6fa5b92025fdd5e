"""What a file is, in words that its owner knows, from its first bytes.

A reader that expects pictures or arrays and finds something else says so: "found a JPEG
picture", "found a web page (HTML)". For some kinds there is also a way to go on.
"""

import re
import zlib

START = 512  # bytes that tell the kind; the mark of a tar archive is at 257

# (offset, bytes, kind): the first that fits is taken.
_MARKS = (
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"GIF8", "a GIF picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"II+\0", "a BigTIFF picture"),
    (0, b"MM\0+", "a BigTIFF picture"),
    (0, b"II\xbc\1", "a JPEG XR picture"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"8BPS", "a Photoshop picture"),
    (0, b"gimp xcf", "a GIMP picture"),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance HDR picture"),
    (0, b"\x0a\x05\x01", "a PCX picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (128, b"DICM", "a DICOM picture"),
    (344, b"n+1\0", "a NIfTI volume"),
    (0, b"SIMPLE  =", "a FITS file"),
    (0, b"\x93NUMPY", "a NumPy array (.npy)"),
    (0, b"MATLAB 7.3", "a MATLAB 7.3 file"),
    (0, b"MATLAB 5", "a MATLAB file"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"CDF\1", "a NetCDF file"),
    (0, b"CDF\2", "a NetCDF file"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"ARROW1", "an Arrow file"),
    (0, b"FEA1", "a Feather file"),
    (0, b"Obj\1", "an Avro file"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"\x1f\x8b", "a gzip file"),
    (0, b"\xfd7zXZ\0", "an xz file"),
    (0, b"BZh", "a bzip2 file"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (8, b"WAVE", "a WAV sound"),
    (8, b"AVI ", "an AVI film"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM film"),
    (0, b"OggS", "an Ogg sound or film"),
    (0, b"ID3", "an MP3 sound"),
    (0, b"\xff\xfb", "an MP3 sound"),
    (0, b"\xff\xfa", "an MP3 sound"),
    (0, b"\xff\xf3", "an MP3 sound"),
    (0, b"\xff\xf2", "an MP3 sound"),
    (0, b"\xff\xe3", "an MP3 sound"),
    (0, b"\xff\xe2", "an MP3 sound"),
    (0, b"fLaC", "a FLAC sound"),
    (8, b"AIFF", "an AIFF sound"),
    (8, b"AIFC", "an AIFF sound"),
    (0, b".snd", "an AU sound"),
    (0, b"MThd", "a MIDI file"),
    (0, b"\x7fELF", "a program"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (0, b"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19", "a PyTorch file"),
    (0, b"version https://git-lfs", "a Git LFS pointer"),
)
_BRANDS = {
    "a HEIC picture": ("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"),
    "an AVIF picture": ("avif", "avis"),
    "a Canon raw picture": ("crx ",),
    "an M4A sound": ("M4A ", "M4B "),
}
# Names, where the bytes alone do not tell.
_ENDINGS = {
    ".tga": "a TGA picture",
    ".csv": "a CSV table",
    ".tsv": "a TSV table",
    ".pkl": "a Python pickle",
    ".pickle": "a Python pickle",
    ".tfrecord": "a TFRecord file",
    ".tfrecords": "a TFRecord file",
    ".nii": "a NIfTI volume",
    ".cr2": "a raw picture",
    ".dng": "a raw picture",
    ".nef": "a raw picture",
    ".arw": "a raw picture",
}
_AGAIN = "the download failed, so fetch it again"
_SAVE = "numpy.savez('data.npz', images=..., labels=...)"
_SOUNDS = "the recipe wavegan-digits takes a folder of sounds"
_TO_NPZ = f"save its arrays with {_SAVE}"
_WAYS = {
    "a Git LFS pointer": "`git lfs pull` fetches the file itself",
    "a web page (HTML)": _AGAIN,
    "an empty file": _AGAIN,
    "a CSV table": "if labels are its first column, x = numpy.loadtxt(FILE, "
    "delimiter=',') and numpy.savez('data.npz', images=x[:, 1:], labels=x[:, 0]) "
    "convert it",
    "a TSV table": f"numpy.loadtxt reads its numbers, and {_SAVE} saves them",
    "a Parquet file": f"pandas.read_parquet reads it, and {_SAVE} saves its arrays",
    "an HDF5 file": f"h5py reads it, and {_SAVE} saves its arrays",
    "a MATLAB 7.3 file": f"h5py reads it, and {_SAVE} saves its arrays",
    "a PyTorch file": _TO_NPZ,
    "a safetensors file": _TO_NPZ,
    "a TFRecord file": _TO_NPZ,
    "a Python pickle": "a pickle can run code, so tinygan opens none; if you trust it, "
    "d = pickle.load(open(FILE, 'rb'), encoding='latin1') and numpy.savez("
    "'data.npz', images=d['data'], labels=d['labels']) convert CIFAR's, for example",
    "a HEIC picture": "convert it to PNG or JPEG",
    "an AVIF picture": "convert it to PNG or JPEG",
    "an SVG drawing": "convert it to PNG",
    "a zip archive": "give its path, or unpack it",
    "a PDF document": "convert it to PNG",
    **{
        f"{kind} sound": _SOUNDS
        for kind in ("a WAV", "a FLAC", "an MP3", "an AIFF", "an AU")
    },
    **{
        f"{kind} archive": "unpack it, and give the folder"
        for kind in ("a tar", "a 7z", "a RAR")
    },
    **{
        f"{kind} file": "unpack it, and give what is inside"
        for kind in ("an xz", "a bzip2", "a Zstandard")
    },
}


def kind_of(start: bytes, name: str = "") -> str | None:
    """What a file is, from its first bytes (`START` of them, or all) and its name.

    Returns words with their article, as "a JPEG picture", or None if they do not tell.
    """
    start = bytes(start)
    if not start:
        return "an empty file"
    if start[:2] == b"\x1f\x8b" and (inside := _unpacked(start)):
        kind = kind_of(inside, str(name).removesuffix(".gz"))
        return kind if kind is not None else "a gzip file"
    for offset, mark, kind in _MARKS:
        if start[offset : offset + len(mark)] == mark:
            return kind
    for test in (_boxed, _zipped, _binary, _textual):
        if kind := test(start):
            return kind
    lower = str(name).lower().removesuffix(".gz")
    ending = next((e for e in _ENDINGS if lower.endswith(e)), None)
    if ending:
        return _ENDINGS[ending]
    return "a text file" if _is_text(start) else None


def way_on(kind: str | None) -> str:
    """What to do with a file of this kind, or an empty string."""
    return _WAYS.get(kind or "", "")


def named(kind: str | None, start: bytes) -> str:
    """The kind with the way to go on, or the first bytes if the kind is not known."""
    if kind is None:
        return f"bytes {bytes(start[:4]).hex()}"
    return f"{kind}; {way_on(kind)}" if way_on(kind) else kind


def _unpacked(start: bytes) -> bytes:
    """The first bytes inside a gzip file, as many as there are."""
    try:
        return zlib.decompressobj(31).decompress(start, START)
    except zlib.error:
        return b""


def _boxed(start: bytes) -> str | None:
    """The ISO media formats: size, "ftyp", brand."""
    if start[4:8] != b"ftyp":
        return None
    brand = start[8:12].decode("latin-1")
    return next((k for k, brands in _BRANDS.items() if brand in brands), "an MP4 film")


def _zipped(start: bytes) -> str | None:
    """A zip archive, told apart by the name of its first member."""
    if start[:4] not in (b"PK\3\4", b"PK\5\6", b"PK\7\x08"):
        return None
    first = start[30 : 30 + int.from_bytes(start[26:28], "little")]
    if re.search(rb"(^|/)data\.pkl$|(^|/)\.format_version$", first):
        return "a PyTorch file"
    if first.startswith((b"[Content_Types].xml", b"mimetype")):
        return "an Office document"
    return "a NumPy archive (.npz)" if first.endswith(b".npy") else "a zip archive"


def _binary(start: bytes) -> str | None:
    """Formats whose mark is more than a fixed word."""
    if re.match(rb"P[1-7]\s", start):
        return "a PNM picture"
    if start[:2] == b"BM" and start[6:10] == bytes(4):
        return "a BMP picture"
    if start[:4] == b"\0\0\1\0" and start[5:6] == b"\0" and start[4] > 0:
        return "an icon (ICO)"
    if start[0] == 0x80 and start[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return "a Python pickle"
    if re.match(rb"(\(dp|\(lp|ccopy_reg|cnumpy)", start):
        return "a Python pickle"
    if start[8:10] == b'{"' and 2 < int.from_bytes(start[:8], "little") < 1 << 27:
        return "a safetensors file"
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") and b"\0" in start[2:6]:
        return "a text file in UTF-16"
    return None


def _textual(start: bytes) -> str | None:
    """Kinds of text, by how they begin."""
    if not _is_text(start):
        return None
    text = start.decode("latin-1").removeprefix("\xef\xbb\xbf").lstrip()
    lower = text.lower()
    if "<svg" in lower:
        return "an SVG drawing"
    if re.match(r"<!doctype html|<html|<head|<body|<script", lower):
        return "a web page (HTML)"
    if lower.startswith("<?xml"):
        return "a web page (HTML)" if "<html" in lower else "an XML file"
    if re.match(r'[{[]\s*("|[{[\]}]|-?\d)', text):
        return "a JSON file"
    lines = text.splitlines()[:-1] or text.splitlines()
    for mark, kind in ((",", "a CSV table"), ("\t", "a TSV table")):
        counts = {line.count(mark) for line in lines[:8] if line}
        if len(counts) == 1 and counts.pop() > 0:
            return kind
    return None


def _is_text(start: bytes) -> bool:
    return not re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]", start)
