"""`tinygan data`: what the data are is said before an hour is spent on them."""

import csv
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tinygan.data.survey import SHOWN, survey
from tinygan.errors import DataError, InputError

RNG = np.random.default_rng(0)


def picture(H=8, W=8, C=3, kind="PNG") -> bytes:
    levels = RNG.integers(0, 256, (H, W, C), dtype=np.uint8)
    levels[0, 0], levels[-1, -1] = 0, 255
    file = io.BytesIO()
    Image.fromarray(levels[..., 0] if C == 1 else levels).save(file, kind)
    return file.getvalue()


def laid(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def facts(found) -> dict[str, list[str]]:
    """{what: the lines about it}."""
    rows: dict[str, list[str]] = {}
    for what, line in found.lines:
        what = what or list(rows)[-1]
        rows.setdefault(what, []).append(line)
    return rows


def test_a_folder_of_different_pictures(tmp_path):
    files = {f"{k}.png": picture(40, 60) for k in range(5)}
    files |= {"wide.jpg": picture(100, 300, kind="JPEG"), "tiny.png": picture(6, 5)}
    files |= {"broken.png": b"", "notes.txt": b"a", "Thumbs.db": b""}
    found = survey(laid(tmp_path / "photos", files))
    assert found.kind == "a folder of pictures"
    assert facts(found) == {
        "images": ["7"],
        "sizes": ["6 x 5 to 100 x 300 (height x width)", "most often 40 x 60 (5)"],
        "in training": ["32 x 32"],
        "channels": ["3 (colour)"],
        "pixels": ["uint8, 0 to 255", "0 is black, 255 is white"],
        "classes": ["none"],
    }
    text = found.text()
    assert text.startswith(f"{found.path}: a folder of pictures\n  images       7\n")
    assert "\n  note: 7 pictures with sides of 5 to 300 pixels: the middle" in text
    assert "\n  note: 1 picture of 7 smaller than 32 x 32: enlarged" in text
    assert "\n  note: broken.png skipped: an empty file" in text
    assert "\n  note: 1 other file left out: notes.txt" in text
    assert found.command == f"tinygan train --data {tmp_path / 'photos'} --size 32"
    assert found.samples.shape == (7, 32, 32, 3) and found.samples.dtype == np.float32
    assert found.samples.min() >= -1 and found.samples.max() <= 1


def test_classes_are_counted_once(tmp_path):
    files = {f"cat/{k}.png": picture(16, 16) for k in range(3)}
    files |= {f"d o g/{k}.png": picture(16, 16) for k in range(2)}
    found = survey(laid(tmp_path / "my pets", files), size=64, channels=4)
    assert facts(found)["classes"] == ["2: cat (3), d o g (2)"]
    assert facts(found)["size"] == ["16 x 16 (height x width)"]
    assert facts(found)["in training"] == ["64 x 64"]
    assert facts(found)["channels"] == ["4 (colour and transparency)"]
    assert found.text().count("cat (3)") == 1
    assert found.command == (
        f"tinygan train --data '{tmp_path / 'my pets'}' --size 64 --channels 4"
    )


def test_an_archive_with_captions(tmp_path):
    table = io.StringIO()
    rows = [["file", "caption", "mood"]]
    rows += [[f"{k}.png", f"a {'red' * (k % 2)} house", "glad"] for k in range(12)]
    rows[1][1] = "a\x1b[2J house"
    csv.writer(table).writerows(rows)
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("captions.csv", table.getvalue())
        for k in range(12):
            archive.writestr(f"{k}.png", picture(10, 14 + k % 2))
    found = survey(path)
    assert found.kind == "a zip archive of pictures with captions"
    assert facts(found)["captions"][0] == "12, of at most 3 words each"
    assert "a red house" in facts(found)["captions"][2]
    assert facts(found)["attributes"] == ["mood (1)"]
    assert found.text().replace("\n", "").isprintable()
    assert found.command == f"tinygan train text2character --data {path} --size 16"
    with pytest.raises(InputError, match="have neither"):
        survey(path, array="x")


def test_a_table_is_the_set_beside_it(tmp_path):
    files = {"images/1.png": picture(16, 16), "images/2.png": picture(16, 16)}
    folder = laid(tmp_path, files)
    for place in ("annotations", "."):
        table = folder / place / "mine.csv"
        table.parent.mkdir(exist_ok=True)
        table.write_text("file,caption\n1.png,a cat\n2.png,a dog\n")
        found = survey(table)
        assert found.kind == "a folder of pictures with captions"
        assert facts(found)["captions"] == ["2, of at most 2 words each", '"a cat"',
                                            '"a dog"']  # fmt: skip


def test_many_pictures_are_announced(tmp_path, monkeypatch):
    monkeypatch.setattr("tinygan.data.survey._MANY", 3)
    folder = laid(tmp_path, {f"{k}.png": picture() for k in range(4)})
    said = []
    survey(folder, say=said.append)
    assert said == ["reading 4 pictures"]


def test_arrays(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, RNG.integers(0, 256, (100, 28, 28), dtype=np.uint8))
    found = survey(path)
    assert found.kind == "a NumPy array (.npy)"
    assert facts(found)["images"] == ["100"] and facts(found)["size"] == ["28 x 28"]
    assert facts(found)["channels"] == ["1 (grey)"]
    assert found.command.endswith("--size 28")
    assert len(found.samples) == SHOWN
    first, last = found.data.pixels[[0, -1]]
    np.testing.assert_allclose(found.samples[0], first / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(found.samples[-1], last / 127.5 - 1, atol=1e-6)


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="expected a file, found none"):
        survey(tmp_path / "nothing")
    for name in ("x" * 5000, "x.csv" * 1000):
        with pytest.raises(DataError, match="File name too long"):
            survey(tmp_path / name)
    with pytest.raises(DataError, match="expected"):
        survey(laid(tmp_path / "notes", {"a.txt": b"a"}))
    with pytest.raises(DataError, match="cannot be read"):
        survey(laid(tmp_path / "broken", {"a.png": b"x", "b.png": picture()[:40]}))
