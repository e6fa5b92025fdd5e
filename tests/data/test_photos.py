"""Folders and zips of pictures: what is read, what is left out, and what is told."""

import io
import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from tinygan.data import load_images
from tinygan.data.files import containers, photos
from tinygan.data.files.albums import has_photos, quoted
from tinygan.data.files.containers import is_junk, open_files
from tinygan.data.files.photos import read_photos, usual_size
from tinygan.errors import DataError

RNG = np.random.default_rng(0)
HEIC = "a HEIC picture (convert it to PNG or JPEG)"
JUNK = {
    ".DS_Store": b"Bud1",
    "._a.png": b"\0\5\x16\7",
    "Thumbs.db": b"db",
    "desktop.ini": b"[x]",
    "__MACOSX/a.png": b"\0\5\x16\7",
    ".hidden/b.png": b"?",
}


def png(seed=0, H=6, W=6, C=3, kind="PNG", **options) -> bytes:
    """A picture of noise, as the bytes of a file."""
    levels = np.random.default_rng(seed).integers(0, 256, (H, W, C), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels[..., 0] if C == 1 else levels).save(file, kind, **options)
    return file.getvalue()


def plain(level, H=6, W=6) -> bytes:
    file = io.BytesIO()
    Image.new("L", (W, H), level).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(params=["folder", "zip", "zip with a folder at its top"])
def laid(request, tmp_path):
    """laid(files) puts them into a folder or an archive and returns its path."""
    count = iter(range(1000))

    def lay(files):
        path = tmp_path / f"set-{next(count)}"
        if request.param == "folder":
            for name, data in files.items():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                (path / name).write_bytes(data)
            return path
        top = "photos/" if "top" in request.param else ""
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(f"{top}{name}", data)
        return path

    return lay


def read(path, *args, **options):
    with open_files(path) as files:
        assert has_photos(files)
        return read_photos(files, *args, **options)


def refusal(path, *args, **options) -> str:
    """The one sentence with which a folder or an archive is refused."""
    with pytest.raises(DataError) as refused, open_files(path) as files:
        read_photos(files, *args, **options)
    sentence = str(refused.value)
    assert sentence.startswith(str(path)) or sentence.startswith("expected")
    assert sentence.isprintable() and "expected" in sentence
    return sentence


# Layouts


def test_a_flat_folder_is_read_in_the_order_of_names(laid):
    names = ["b.JPG", "a.png", "c", "10.png", "x.jpeg", "2.bin"]
    files = {n: png(k) for k, n in enumerate(names)}
    images = read(laid(files | JUNK))
    expected = [Image.open(io.BytesIO(files[n])) for n in sorted(names)]
    np.testing.assert_array_equal(images.pixels, np.stack(expected))
    assert (images.low, images.high) == (0, 255)
    assert images.labels is None and images.names == () and images.notes == ()


def test_class_folders_are_labels(laid):
    """As torchvision's ImageFolder: sorted folders are 0, 1, 2 ..."""
    files = {"dog/2.png": png(0), "cat/1.png": png(1), "cat/x/3.jpg": png(2)}
    files["Ähre/0.png"] = png(3)
    images = read(laid(files | JUNK | {"LICENSE.txt": b"free"}))
    assert images.names == ("cat", "dog", "Ähre") and images.classes == 3
    assert images.labels.tolist() == [0, 0, 1, 2]
    assert images.notes[0] == "3 classes by folder: cat (2), dog (1), Ähre (1)"
    (note,) = images.notes[1:]
    assert note.startswith("1 other file left out: ") and "LICENSE.txt" in note
    first = np.asarray(Image.open(io.BytesIO(files["cat/1.png"])))
    np.testing.assert_array_equal(images.pixels[0], first)


def test_pictures_beside_class_folders(laid):
    files = {"cat/1.png": png(), "dog/1.png": png(), "1.png": png(), "2.png": png()}
    images = read(laid(files))
    assert len(images) == 4 and images.labels is None
    (note,) = images.notes
    assert (
        note == "2 pictures lie beside 2 folders with 2: all are read, without classes"
    )
    mixed = read(laid({"x/1.png": png(), "0.png": png()}))
    assert mixed.notes[0].startswith("1 picture lies beside 1 folder with 1: all are")


def test_one_folder_is_no_class(laid):
    for files in ({"cat/1.png": png()}, {"a/b/c/1.png": png(), "a/b/c/2.png": png()}):
        images = read(laid(files))
        assert images.labels is None and images.notes == ()


@pytest.mark.parametrize("train, other", [("train", "val"), ("Train", "Test")])
@pytest.mark.parametrize("inner", ["", "images/"])
def test_of_train_and_val_train_is_read(laid, train, other, inner):
    files = {f"{train}/{inner}{c}/{k}.png": png() for c in "xyz" for k in range(2)}
    files |= {f"{other}/{inner}{c}/9.png": png() for c in "xyz"}
    images = read(laid(files))
    assert images.names == ("x", "y", "z") and len(images) == 6
    assert images.notes[0] == (
        f"{train}/ is read: 6 pictures; 3 in {other}/ are left out"
    )


def test_a_class_may_be_called_train(laid):
    files = {f"{c}/1.png": png() for c in ("bus", "car", "train")}
    assert read(laid(files)).names == ("bus", "car", "train")
    halves = read(laid({f"{c}/1.png": png() for c in ("test", "val")}))
    assert halves.labels is None and len(halves) == 2
    assert halves.notes == ("test and val are not taken as classes",)


def test_more_folders_than_classes_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr("tinygan.data.files.albums.MOST_CLASSES", 3)
    for k in range(4):
        (tmp_path / f"{k}").mkdir()
        (tmp_path / f"{k}" / "x.png").write_bytes(png(k))
    images = read(tmp_path)
    assert images.labels is None and len(images) == 4
    assert "4 folders are more than 3 classes" in images.notes[0]


# What is left out


def test_broken_pictures_are_skipped_and_told(laid):
    files = {f"{k}.png": png(k) for k in range(9)}
    files |= {"cut.jpg": png(kind="JPEG")[:150], "empty.png": b""}
    files |= {f"h{k}.heic": b"\0\0\0\x18ftypheic" + bytes(20) for k in range(5)}
    images = read(laid(files))
    assert len(images) == 9
    cut, empty, heic = images.notes
    top = "photos/" if "photos/" in cut else ""
    assert cut.startswith(f"{top}cut.jpg skipped: damage (")
    assert empty.startswith(f"{top}empty.png skipped: an empty file")
    names = ", ".join(f"{top}h{k}.heic" for k in range(3))
    assert heic == f"{names} and 2 more skipped: {HEIC}"


def test_a_class_without_a_sound_picture_is_none(laid):
    files = {"a/1.png": png(), "b/1.png": b"", "c/1.png": png(), "c/2.png": png()}
    images = read(laid(files))
    assert images.names == ("a", "c") and images.labels.tolist() == [0, 1, 1]
    assert "no picture of b can be read: no class" in images.notes


def test_a_folder_of_broken_pictures_is_refused(laid):
    heic = b"\0\0\0\x18ftypheic" + bytes(20)
    sentence = refusal(laid({"1.heic": heic}))
    assert "it cannot be read: " in sentence
    assert "1.heic is a HEIC picture (convert it to PNG or JPEG)" in sentence
    files = {"1.png": png(), "2.png": b"", "3.png": b"<html>", "Thumbs.db": b""}
    assert "2 of 3 cannot be read" in refusal(laid(files))


def test_folders_without_pictures(laid):
    path = laid({"notes.txt": b"a", "x.h5": b"\x89HDF\r\n\x1a\n", ".DS_Store": b""})
    with open_files(path) as files:
        assert not has_photos(files)
    sentence = refusal(path)
    assert "expected pictures, found " in sentence and "x.h5" in sentence
    assert "found an empty folder" in refusal(laid({".DS_Store": b""}))


@pytest.mark.parametrize("name", [*JUNK, "a/$RECYCLE.BIN/x.png", "@eaDir/x.jpg"])
def test_files_that_are_left_behind(name):
    assert is_junk(name) and not is_junk("a.png") and not is_junk("DS_Store/x.y.png")


def test_many_classes_with_long_names_fit_into_a_note(laid):
    files = {f"{k}{'x' * 200}\x1b/1.png": png(k) for k in range(30)}
    images = read(laid(files))
    assert images.classes == 30 and "".join(images.names).isprintable()
    assert all(len(note) < 500 and note.isprintable() for note in images.notes)


def test_names_are_safe_to_print():
    assert quoted("a b.png") == "a b.png" and quoted("é😀.png") == "é😀.png"
    assert quoted("\x1b[31m.png") == "'\\x1b[31m.png'"
    assert quoted("a\udc80") == "'a\\udc80'" and len(quoted("x" * 5000)) == 60


# Sizes and channels


def test_a_size_crops_and_scales(laid):
    wide, tall = np.zeros((8, 24), np.uint8), np.zeros((30, 10), np.uint8)
    wide[:, 8:16], tall[10:20] = 200, 200  # the squares in the middle
    files = {}
    for name, image in (("a.png", wide), ("b.png", tall), ("c.png", tall[10:20])):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG")
        files[name] = file.getvalue()
    images = read(laid(files), 9)
    assert images.pixels.shape == (3, 9, 9, 1) and (images.pixels == 200).all()
    assert images.notes[:3] == (
        "3 pictures with sides of 8 to 30 pixels: the middle square of each is scaled "
        "to 9 x 9",
        "1 picture of 3 smaller than 9 x 9: enlarged",
        "every picture is grey: 1 channel",
    )
    sentence = refusal(laid(files))
    assert "expected pictures of one size, found 3 pictures with sides of" in sentence
    assert sentence.endswith("--size 16 makes them equal")


def test_the_size_that_is_suggested():
    from collections import Counter

    assert usual_size(Counter({(480, 640): 5, (9, 9): 2})) == 64
    assert usual_size(Counter({(100, 70): 1})) == 64
    assert usual_size(Counter({(40, 300): 1})) == 32
    assert usual_size(Counter({(3, 3): 1})) == 16


def test_one_coloured_picture_makes_all_coloured(laid):
    grey = {f"{k}.png": png(k, C=1) for k in range(4)}
    path = laid(grey)
    images = read(path)
    assert images.shape == (6, 6, 1)
    first = np.asarray(Image.open(io.BytesIO(grey["0.png"])))
    np.testing.assert_array_equal(images.pixels[0, ..., 0], first)
    mixed = read(laid(grey | {"2b.png": png(9)}))
    assert mixed.shape == (6, 6, 3)
    np.testing.assert_array_equal(mixed.pixels[0], np.stack([first] * 3, -1))
    assert (mixed.pixels[3] != mixed.pixels[3, ..., :1]).any()
    assert read(path, None, 3).shape == (6, 6, 3)
    assert read(path, 4, 4).shape == (4, 4, 4)
    assert read(laid({"a.png": png(1)}), None, 1).shape == (6, 6, 1)


def test_transparency_and_depth_are_told(laid):
    deep = io.BytesIO()
    Image.fromarray(np.full((6, 6), 40_000, np.uint16)).save(deep, "PNG")
    files = {"a.png": png(C=4), "b.png": deep.getvalue()}
    images = read(laid(files))
    assert (images.pixels[1] == 156).all()
    assert images.notes == (
        "1 picture of 2 with transparency, laid over white (--channels 4 keeps it)",
        "1 picture of 16 bits: 0 to 65535 is scaled to 0 to 255",
    )
    assert len(read(laid(files), channels=4).notes) == 1


@pytest.mark.parametrize("size, channels", [(0, None), (5000, None), (8, 2), (8, 5)])
def test_options_that_cannot_be(laid, size, channels):
    assert "expected" in refusal(laid({"a.png": png()}), size, channels)


def test_dark_pictures_are_not_trained_on(laid):
    """Masks, for instance, whose pixels are the numbers of classes."""
    path = laid({f"{k}.png": plain(k) for k in range(3, 8)})
    assert "--range" in refusal(path)
    images = read(path, range=(3, 7))
    assert images.scaled(images.pixels[[0, -1], 0, 0, 0]).tolist() == [-1, 1]


def test_limits(laid, monkeypatch):
    path = laid({f"{k}.png": png(k) for k in range(3)})
    monkeypatch.setattr(photos, "MOST_BYTES", 3 * 6 * 6 * 3)
    assert len(read(path)) == 3
    monkeypatch.setattr(photos, "MOST_BYTES", 3 * 6 * 6 * 3 - 1)
    assert "found 3 pictures of 6 x 6 x 3; a smaller --size" in refusal(path)
    assert len(read(path, 4)) == 3
    monkeypatch.setattr(photos, "MOST_FILE_BYTES", 50)
    assert "3 of 3 cannot be read" in refusal(path, 4)


# Folders as they are on disks


def test_links_stay_inside(tmp_path):
    outside, folder = tmp_path / "outside.png", tmp_path / "set"
    (folder / "sub").mkdir(parents=True)
    outside.write_bytes(png(5))
    (folder / "a.png").write_bytes(png(1))
    (folder / "sub" / "b.png").write_bytes(png(2))
    (folder / "inside.png").symlink_to("sub/b.png")
    (folder / "out.png").symlink_to(outside)
    (folder / "lost.png").symlink_to("nowhere.png")
    (folder / "me.png").symlink_to("me.png")
    (folder / "sub" / "loop").symlink_to("..")
    (folder / "elsewhere").symlink_to(tmp_path)
    images = read(folder)
    assert len(images) == 3  # a, inside, sub/b
    np.testing.assert_array_equal(images.pixels[1], images.pixels[2])
    notes = "; ".join(images.notes)
    assert "elsewhere, out.png left out: a link that leads out of the folder" in notes
    assert "lost.png left out: a link to nothing" in notes
    assert "sub/loop left out: a link to a folder" in notes
    with open_files(folder) as files, pytest.raises(DataError, match="leads out"):
        files.read("out.png", 1 << 20)
    with open_files(folder) as files, pytest.raises(DataError, match="leads out"):
        files.start("elsewhere/outside.png", 9)


def test_pipes_and_odd_names_do_not_stop_it(tmp_path):
    (tmp_path / "a.png").write_bytes(png(1))
    os.mkfifo(tmp_path / "pipe.png")
    with open(os.path.join(os.fsencode(tmp_path), b"\xff\x1b[2J.png"), "wb") as file:
        file.write(b"broken")
    with open(os.path.join(os.fsencode(tmp_path), b"\xfe.png"), "wb") as file:
        file.write(png(2))
    images = read(tmp_path)
    assert len(images) == 2
    notes = "; ".join(images.notes)
    assert "pipe.png left out: neither a file nor a folder" in notes
    assert notes.isprintable() and "skipped: " in notes


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads all")
def test_what_may_not_be_read_is_told(tmp_path):
    for name in ("a.png", "b.png", "closed.png", "sub/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(png())
    (tmp_path / "closed.png").chmod(0)
    (tmp_path / "sub").chmod(0)
    try:
        notes = "; ".join(read(tmp_path).notes)
    finally:
        (tmp_path / "sub").chmod(0o700)
    assert "closed.png skipped: not readable (expected" in notes
    assert "sub left out: Permission denied" in notes


def test_folders_that_cannot_be_listed(tmp_path, monkeypatch):
    """The same for root, who may read all."""
    scan = os.scandir

    def scandir(path):
        if str(path).endswith(os.path.join("set", "sub/")):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    folder = tmp_path / "set"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.png").write_bytes(png())
    monkeypatch.setattr(os, "scandir", scandir)
    assert read(folder).notes == ("sub left out: Permission denied",)
    monkeypatch.setattr(os, "scandir", lambda path: scandir("set/sub/"))
    assert "expected a readable file (Permission denied)" in refusal(folder)


def test_a_vast_folder_is_refused(tmp_path, monkeypatch):
    for k in range(4):
        (tmp_path / f"{k}.png").write_bytes(png())
    monkeypatch.setattr(containers, "MOST_FILES", 3)
    assert "at most 3 files, found more" in refusal(tmp_path)


def test_archives_of_other_systems(tmp_path):
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("set\\cat\\1.png", "set\\dog\\1.png"):
            member = zipfile.ZipInfo("x")
            member.filename = name  # as programs for Windows wrote it
            archive.writestr(member, png())
        archive.writestr("./set/dog/2.png", png())
        archive.writestr("__MACOSX/set/._1.png", b"x")
        link = zipfile.ZipInfo("set/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("../../up.png", png())
    images = read(path)
    assert images.names == ("cat", "dog") and images.labels.tolist() == [0, 1, 1]
    assert images.notes[-1] == "set/link.png left out: a link"


def test_damaged_members_are_skipped(tmp_path):
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(5):
            archive.writestr(f"{k}.png", png(k))
    data = bytearray(path.read_bytes())
    place = data.index(png(2))
    data[place + 60] ^= 255  # the CRC no longer fits
    entry = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)
    data[entry + 8] |= 1  # 1.png says that it is encrypted
    path.write_bytes(data)
    images = read(path)
    assert len(images) == 3
    (note,) = images.notes
    assert note == "1.png, 2.png skipped: not readable"


def test_the_size_of_a_recipe_is_suggested(laid):
    path = laid({"1.png": png(1, 9, 7), "2.png": png(2)})
    with pytest.raises(DataError, match=r"; --size 28 makes them equal$"):
        load_images(path, shape=(28, 28, 1))
    with pytest.raises(DataError, match=r"--channels 1"):
        load_images(path, shape=(28, 28, 1), size=28)
    assert load_images(path, (28, 28, 1), size=28, channels=1).shape == (28, 28, 1)


def test_load_images_reads_them(laid):
    path = laid({"cat/1.png": png(1, 9, 7), "dog/2.png": png(2)} | JUNK)
    images = load_images(str(path), size=5, channels=1)
    assert images.shape == (5, 5, 1) and images.names == ("cat", "dog")
