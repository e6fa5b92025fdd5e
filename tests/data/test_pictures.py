"""One picture file: every format that is read comes back, all else is one sentence."""

import contextlib
import io
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tinygan.data.files import pictures
from tinygan.data.files.formats import format_of
from tinygan.data.files.pictures import decoded, measured, resized
from tinygan.errors import DataError

RNG = np.random.default_rng(0)
# Smooth colours, which a lossy format keeps.
SMOOTH = np.zeros((16, 24, 3), np.uint8)
SMOOTH[..., 0] = np.arange(16)[:, None] * 10
SMOOTH[..., 1] = np.arange(24) * 8
SMOOTH[..., 2] = 90


def saved(image, kind, **options) -> bytes:
    """A Pillow image, or an array, as the bytes of a file."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def refusal(data, name="x.png", size=None, channels=3) -> str:
    """The one sentence with which a picture is refused."""
    with pytest.raises(DataError) as refused:
        decoded(data, size, name, channels)
    sentence = str(refused.value)
    assert sentence.startswith(f"{name}: expected ")
    assert "0x" not in sentence and "<" not in sentence  # no object of Python
    assert sentence.isprintable() and len(sentence) < 300
    return sentence


EXACT = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "BMP": {},
    "TIFF": {},
    "PPM": {},
    "PCX": {},
    "TGA": {},
}
Image.init()
LOSSY = {k: {"quality": 95} for k in ("JPEG", "AVIF") if k in Image.SAVE}


@pytest.mark.parametrize("kind", [*EXACT, *LOSSY, "GIF"])
def test_the_content_decides_the_format(kind):
    data = saved(SMOOTH, kind, **(EXACT | LOSSY).get(kind, {}))
    name = "drawing.TGA" if kind == "TGA" else "no-ending"
    assert format_of(data[:32], name) == kind
    pixels = decoded(data, None, name)
    assert pixels.shape == (16, 24, 3) and pixels.dtype == np.uint8
    if kind in EXACT:
        np.testing.assert_array_equal(pixels, SMOOTH)
    assert np.abs(pixels.astype(int) - SMOOTH).max() < 12
    assert measured(data, name) == (16, 24)
    if kind != "TGA":
        np.testing.assert_array_equal(decoded(data, None, "wrong.txt"), pixels)
        np.testing.assert_array_equal(decoded(data, None, "wrong.tga"), pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_tiffs_of_eight_bits(mode):
    image = Image.fromarray(SMOOTH)
    image = image.quantize() if mode == "P" else image.convert(mode)
    data = saved(image, "TIFF")
    if mode == "YCbCr":
        try:
            Image.open(io.BytesIO(data)).load()
        except OSError:
            pytest.skip("this Pillow does not read such a file of its own")
    pixels = decoded(data, None, "x.tif")
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_pictures_stand_upright(kind, orientation):
    """The eight ways to hold a camera, by the table of the EXIF standard."""
    saved_as = {
        1: SMOOTH,
        2: SMOOTH[:, ::-1],
        3: SMOOTH[::-1, ::-1],
        4: SMOOTH[::-1],
        5: SMOOTH.transpose(1, 0, 2),
        6: np.rot90(SMOOTH),  # the viewer turns it clockwise
        7: SMOOTH[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(SMOOTH, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(kind, {})
    data = saved(np.ascontiguousarray(saved_as), kind, exif=exif, **options)
    pixels = decoded(data, None, "x")
    assert pixels.shape == (16, 24, 3)
    assert np.abs(pixels.astype(int) - SMOOTH).max() < 12
    assert measured(data, "x") == (16, 24)
    small = decoded(data, 4, "x").astype(int)
    assert np.abs(small - resized(SMOOTH[None], 4)[0]).max() < 12
    assert pictures.read_picture(data, 4, 3, "x")[1:3] == (16, 24)


def test_a_damaged_exif_block_is_no_fault():
    for exif in (b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0" + bytes(40)):
        data = saved(SMOOTH, "JPEG", quality=95, exif=exif)
        assert np.abs(decoded(data, None, "x").astype(int) - SMOOTH).max() < 12


def test_grey_of_sixteen_bits_is_divided_by_257():
    levels = np.array([[0, 128, 129, 257, 32_896, 65_535]], np.uint16)
    for kind in ("PNG", "TIFF"):
        assert decoded(saved(levels, kind), None, "x", 1)[..., 0].tolist() == [
            [0, 0, 1, 1, 128, 255]
        ]
    pgm = b"P5 3 1 65535\n" + np.array([0, 257, 65_535], ">u2").tobytes()
    assert decoded(pgm, None, "x", None)[..., 0].tolist() == [[0, 1, 255]]
    big = saved(
        Image.frombytes("I;16B", (6, 1), levels.astype(">u2").tobytes()), "TIFF"
    )
    assert decoded(big, None, "x", 1)[0, :, 0].tolist() == [0, 0, 1, 1, 128, 255]


def test_channels_are_grey_colour_or_with_transparency():
    rgba = np.dstack([SMOOTH, np.full((16, 24), 51, np.uint8)])  # alpha 0.2
    rgba[0, 0, 3] = 0
    data = saved(rgba, "PNG")
    white = np.rint(SMOOTH * 0.2 + 255 * 0.8)
    white[0, 0] = 255
    np.testing.assert_allclose(decoded(data, None, "x"), white, atol=1)
    np.testing.assert_array_equal(decoded(data, None, "x", 4), rgba)
    assert decoded(data, None, "x", None).shape == (16, 24, 3)
    luma = white @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(decoded(data, None, "x", 1)[..., 0], luma, atol=1.5)
    opaque = decoded(saved(SMOOTH, "PNG"), None, "x", 4)
    assert (opaque[..., 3] == 255).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "P", "RGBA"])
def test_a_picture_whose_channels_are_equal_is_grey(mode):
    grey = Image.fromarray(SMOOTH[..., 1])
    image = grey.convert("1").convert(mode) if mode == "P" else grey.convert(mode)
    for size in (None, 8):
        pixels = decoded(saved(image, "PNG"), size, "x", None)
        assert pixels.shape[-1] == 1
    one = SMOOTH.copy()
    one[...] = one[..., :1]
    one[3, 4, 2] += 1  # one pixel of colour
    assert decoded(saved(one, "PNG"), None, "x", None).shape[-1] == 3


def test_transparency_does_not_bleed_when_it_is_scaled():
    """Hidden colours have no weight: red beside transparent green stays red."""
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[:, :4] = 255, 0, 0, 255
    rgba[:, 4:] = 0, 255, 0, 0
    small = decoded(saved(rgba, "PNG"), 3, "x", 4)
    seen = small[..., 3] > 20
    assert seen.any() and small[seen][:, 1].max() <= 2
    over_white = decoded(saved(rgba, "PNG"), 3, "x")
    assert (over_white[..., 0] == 255).all()
    np.testing.assert_array_equal(resized(rgba[None], 3)[0], small)


@pytest.mark.parametrize("H, W", [(480, 640), (641, 479), (300, 300)])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_large_jpeg_is_decoded_small(H, W, progressive):
    """libjpeg halves the picture on the way; that may not change what is seen."""
    small = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((W, H), Image.Resampling.BICUBIC)
    data = saved(image, "JPEG", quality=95, progressive=progressive)
    (left, top), side = ((W - min(H, W)) // 2, (H - min(H, W)) // 2), min(H, W)
    square = image.crop((left, top, left + side, top + side))
    expected = np.asarray(square.resize((32, 32), Image.Resampling.LANCZOS))
    difference = np.abs(decoded(data, 32, "x").astype(int) - expected)
    assert difference.mean() < 3 and difference.max() < 25


def test_only_the_first_picture_of_a_file_is_read():
    frames = [Image.new("RGB", (9, 7), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "PNG", "WEBP", "TIFF", "MPO"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        picture = pictures.read_picture(data, None, None, "x")
        assert picture.traits == ("animated",)
        assert picture.pixels[3, 3, 0] > 250 and picture.pixels[3, 3, 2] < 5


def _chunk(name, data):
    crc = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)


def png_of(W, H, *chunks) -> bytes:
    """A PNG of a few bytes that says it is W x H."""
    head = struct.pack(">2I5B", W, H, 8, 2, 0, 0, 0)
    end = _chunk(b"IDAT", b"") + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + b"".join(chunks) + end


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)
TIFF = saved(SMOOTH, "TIFF")
REFUSED = {
    "empty": (b"", "x.png", "found an empty file"),
    "text": (b"a red house\n", "x.png", "found a text file"),
    "web page": (b"<!DOCTYPE html><html>404", "x.jpg", "found a web page (HTML)"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\n", "x.png", "Git LFS"),
    "heic": (HEIC, "x.HEIC", "a HEIC picture (convert it to PNG or JPEG)"),
    "heic as jpg": (HEIC, "x.jpg", "a HEIC picture (convert it to PNG or JPEG)"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "x.svg", "an SVG drawing"),
    "raw": (TIFF, "IMG.NEF", "a raw picture of a camera (convert it to PNG or JPEG)"),
    "pdf": (b"%PDF-1.7\n", "x.pdf", "found a PDF document"),
    "icon": (
        saved(SMOOTH[:8, :8], "ICO", sizes=[(8, 8)]),
        "x.ico",
        "found an icon (ICO)",
    ),
    "jpeg 2000": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(30), "x.jp2", "a JPEG 2000"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "x.eps", "found a PostScript document"),
    "header": (b"\x89PNG\r\n\x1a\n" + bytes(30), "x.png", "a sound PNG image, found"),
    "noise as tga": (b"\x07" * 60, "x.tga", "expected a sound TGA image, found damage"),
    "large": (png_of(6000, 6000), "x.png", "at most 33554432 pixels, found 6000 x"),
    "vast": (png_of(60_000, 60_000), "x.png", "at most 33554432 pixels, found many"),
    "floats": (saved(np.ones((4, 4), np.float32), "TIFF"), "x.tif", "found floats"),
    "32 bits": (saved(np.ones((4, 4), np.int32), "TIFF"), "x.tif", "found 32 bits"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("size", [None, 8])
def test_other_files_are_named(case, size):
    data, name, found = REFUSED[case]
    assert found in refusal(data, name, size)


@pytest.mark.parametrize("kind", [*EXACT, *LOSSY, "GIF"])
def test_cut_files_are_damaged(kind):
    noise = RNG.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    data = saved(noise, kind, **(EXACT | LOSSY).get(kind, {}))
    name = "x.tga" if kind == "TGA" else "x"
    for keep in (len(data) // 2, len(data) // 4):
        sentence = refusal(data[:keep], name)
        assert "found damage (" in sentence, sentence


def test_libtiff_prints_nothing(capfd):
    """It writes to the process's stderr, past Python."""
    noise = RNG.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    data = saved(noise, "TIFF", compression="tiff_lzw")
    strip = data.index(b"\x80") + 40
    for k in range(strip, strip + 400, 20):
        mutant = data[:k] + b"\xff\xff" + data[k + 2 :]
        with contextlib.suppress(DataError):
            decoded(mutant, None, "x")
    assert capfd.readouterr() == ("", "")
    os.write(2, b"still there")
    assert capfd.readouterr().err == "still there"


def test_a_text_that_unpacks_to_gigabytes_is_not_unpacked():
    text = zlib.compress(bytes(1 << 26), 9)
    bomb = png_of(4, 4, _chunk(b"zTXt", b"Comment\0\0" + text))
    assert "found damage" in refusal(bomb)


def test_text_as_pixels_is_read_if_it_is_short():
    """Pillow takes minutes for a megabyte of comments in such a file."""
    words = b"# a comment\n# another 9 9\n"
    plain = b"P3 2 1 # wide\n" + words + b"255\n1 2 3 # red\n4 5 6\n"
    assert decoded(plain, None, "x").tolist() == [[[1, 2, 3], [4, 5, 6]]]
    binary = b"P6\n" + words + b"2 1 255\n" + bytes([1, 35, 3, 4, 5, 6])
    assert decoded(binary, None, "x").tolist() == [[[1, 35, 3], [4, 5, 6]]]
    assert "bytes of text" in refusal(plain + b"#\n" * (1 << 20))
    far = b"P6\n" + b"#\n" * (1 << 20) + b"2 1 255\n" + bytes(6)
    assert "in the first 4096 bytes" in refusal(far)


@given(st.binary(max_size=60), st.sampled_from(["x.png", "x.tga", "x"]), st.data())
def test_mutants_are_read_or_refused(noise, name, data):
    kind = data.draw(st.sampled_from([*EXACT, *LOSSY, "GIF"]))
    content = bytearray(FILES[kind])
    for byte in noise:
        content[data.draw(st.integers(0, len(content) - 1))] = byte
    try:
        assert decoded(bytes(content), 8, name).shape == (8, 8, 3)
    except DataError as e:
        assert str(e).startswith(f"{name}: expected") and str(e).isprintable()


FILES = {k: saved(SMOOTH, k, **(EXACT | LOSSY).get(k, {})) for k in EXACT | LOSSY}
FILES["GIF"] = saved(SMOOTH, "GIF")


# Arrays in memory


@pytest.mark.parametrize("C", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8", "f2", "i2", "u2", "?"])
def test_arrays_are_scaled_as_files_are(C, dtype):
    levels = RNG.integers(90, 165, (2, 12, 20, C), dtype=np.uint8)
    levels[..., 3:4] = 255  # opaque, if it is transparency
    levels[0, 0, 0], levels[0, 0, 1, :3] = 255, 0  # the range, beside the square
    pixels = levels > 127 if dtype == "?" else levels.astype(dtype)
    out = resized(pixels, 5)
    assert out.shape == (2, 5, 5, C) and out.dtype == pixels.dtype
    assert out.min() >= pixels.min() and out.max() <= pixels.max()
    if dtype == "?":
        return
    for n in range(2):
        for c in range(C):
            image = Image.fromarray(levels[n, ..., c])
            expected = decoded(saved(image, "PNG"), 5, "x", 1)[..., 0]
            difference = np.abs(out[n, ..., c].astype(float) - expected)
            assert difference.max() <= 1  # one is rounded, the other is not


def test_arrays_of_this_size_are_left_alone():
    pixels = RNG.normal(size=(3, 6, 6, 2))
    assert resized(pixels, 6) is pixels
    before = pixels.copy()
    resized(pixels, 9)
    np.testing.assert_array_equal(pixels, before)
    constant = np.full((1, 5, 9, 1), 0.25)
    assert (resized(constant, 3) == 0.25).all()
