"""The layouts of published sets of captions, each as a small copy made here."""

import json
import unicodedata

import pytest

from tinygan.data import load_captioned
from tinygan.data.files.containers import open_files
from tinygan.data.files.layouts import has_captions
from tinygan.errors import DataError


def shades(data) -> list[int]:
    """Which pictures were read: `drawn(k)` is all k."""
    return data.images.pixels[:, 0, 0, 0].tolist()


def refused(path) -> str:
    with pytest.raises(DataError) as error:
        load_captioned(path)
    sentence = str(error.value)
    assert sentence.startswith(str(path))
    assert "expected" in sentence and len(sentence) < 500 and "\n" not in sentence
    return sentence


def jpegs(drawn, where, n=3, name="{}.jpg"):
    """n pictures, n of them 0, 1, 2 ..."""
    return {f"{where}{name.format(k)}": drawn(k, "PNG") for k in range(n)}


def test_flickr8k_of_kaggle(lay, drawn):
    lines = [f'{k}.jpg,"A dog , number {j} ."' for k in range(3) for j in range(5)]
    table = "\n".join(["image,caption", *lines])
    data = load_captioned(lay({"captions.txt": table, **jpegs(drawn, "Images/")}))
    assert shades(data) == [0, 1, 2]
    assert data.counts.tolist() == [5, 5, 5]
    assert data.all_captions[0][4] == "A dog , number 4 ."
    assert data.images.notes[1] == (
        "3 pictures have 15 captions; training draws one of a picture's at random"
    )


def test_flickr8k_as_it_was_published(lay, drawn):
    n = 30
    lines = [f"{k}.jpg#{j}\tA dog, {j} ." for k in range(n) for j in range(2)]
    text = "\n".join([*lines, "2258277193_586949ec62.jpg.1#0\tPeople ."])
    experts = "\n".join(f"{k}.jpg\t{k}.jpg#2\t1\t1\t1" for k in range(n))
    files = {
        "Flickr8k_text/Flickr8k.token.txt": text,
        "Flickr8k_text/Flickr8k.lemma.token.txt": text.replace("dog", "dogs"),
        "Flickr8k_text/ExpertAnnotations.txt": experts,
        "Flickr8k_text/Flickr_8k.trainImages.txt": "0.jpg\n1.jpg\n",
        "Flickr8k_text/readme.txt": "Flickr8k, a set of pictures",
        **jpegs(drawn, "Flicker8k_Dataset/", n),
    }
    data = load_captioned(lay(files))
    assert shades(data) == list(range(n))
    assert data.all_captions[7] == ("A dog, 0 .", "A dog, 1 .")
    assert data.images.notes[0].startswith(
        "1 of 31 pictures is left out: Flickr8k_text/"
    )


def test_flickr30k(lay, drawn):
    """Its table has a line without its last separator."""
    lines = [f"{k}.jpg| {j}| Two dogs , {j} ." for k in range(12) for j in range(5)]
    lines[19] = "3.jpg| 4 Two dogs"
    table = "\n".join(["image_name| comment_number| comment", *lines])
    path = lay({"results.csv": table, **jpegs(drawn, "flickr30k_images/", 12)})
    data = load_captioned(path)
    assert data.counts.tolist() == [5, 5, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5]
    assert "line 21: expected 3 fields, found 2" in data.images.notes[1]


def coco(numbers, field="caption"):
    images = [{"id": 7 * k, "file_name": f"COCO_{k:012}.jpg"} for k in numbers]
    told = [
        {"image_id": 7 * k, "id": j, field: f"A cat {j}."}
        for j in range(2)
        for k in reversed(numbers)
    ]
    return json.dumps({"info": {}, "images": images, "annotations": told})


def test_coco(lay, drawn):
    path = lay(
        {
            "annotations/captions_val2014.json": coco(range(3)),
            "annotations/instances_val2014.json": coco(range(3), "bbox"),
            "annotations/captions_train2014.json": coco(range(3, 9)),
            **jpegs(drawn, "val2014/", name="COCO_{:012}.jpg"),
        }
    )
    data = load_captioned(path)
    assert shades(data) == [0, 1, 2]
    assert set(data.all_captions) == {("A cat 0.", "A cat 1.")}
    assert list(data.attributes) == []


def test_coco_with_both_parts_takes_the_one_for_training(lay, drawn):
    path = lay(
        {
            "annotations/captions_val2014.json": coco([0, 1]),
            "annotations/captions_train2014.json": coco([1, 2]),
            **jpegs(drawn, "images/", name="COCO_{:012}.jpg"),
        }
    )
    data = load_captioned(path)
    assert shades(data) == [1, 2]
    assert data.images.notes[0].endswith(
        "only annotations/captions_train2014.json is read"
    )


def test_annotations_without_captions(lay, drawn):
    pictures = jpegs(drawn, "", name="COCO_{:012}.jpg")
    sentence = refused(lay({"captions_x.json": coco(range(3), "bbox"), **pictures}))
    assert "captions_x.json: expected annotations with a caption, found" in sentence


def test_splits_of_karpathy(lay, drawn):
    images = [
        {
            "filename": f"{k}.jpg",
            "filepath": "val2014",
            "split": "train",
            "sentences": [
                {"raw": f"A cat {j}.", "tokens": ["a"]} for j in range(k + 1)
            ],
        }
        for k in range(3)
    ]
    table = json.dumps({"images": images, "dataset": "flickr8k"})
    path = lay({"dataset_flickr8k.json": table, **jpegs(drawn, "imgs/")})
    data = load_captioned(path)
    assert data.counts.tolist() == [1, 2, 3]
    assert data.captions == ["A cat 0."] * 3


BIRD = "001.Black_footed_Albatross"


@pytest.mark.parametrize("texts", ["text", "CUB_200_2011/text_c10"])
def test_cub(lay, drawn, texts):
    files = {"CUB_200_2011/images.txt": f"1 {BIRD}/bird_0.jpg\n2 {BIRD}/bird_1.jpg\n"}
    files["CUB_200_2011/image_class_labels.txt"] = "1 1\n2 1\n"
    for k in range(2):
        files[f"CUB_200_2011/images/{BIRD}/bird_{k}.jpg"] = drawn(k)
        files[f"CUB_200_2011/images/002.Other/bird_{k}.jpg"] = drawn(9 + k)
        files[f"{texts}/{BIRD}/bird_{k}.txt"] = "a grey wing\na beak\n\n"
        files[f"{texts}/002.Other/bird_{k}.txt"] = f"a blue wing {k}"
    data = load_captioned(lay(files))
    told = dict(zip(shades(data), data.all_captions, strict=True))
    assert told == {
        0: ("a grey wing", "a beak"),
        1: ("a grey wing", "a beak"),
        9: ("a blue wing 0",),
        10: ("a blue wing 1",),
    }


def test_oxford_flowers(lay, drawn):
    files = jpegs(drawn, "jpg/", name="image_{:05}.jpg")
    for k in range(3):
        text = f"text_c10/class_{77 + k:05}/image_{k:05}.txt"
        files[text] = "petals, white\npurple stigma"
    data = load_captioned(lay(files))
    assert shades(data) == [0, 1, 2]
    assert data.all_captions[2] == ("petals, white", "purple stigma")


@pytest.mark.parametrize("folder", ["", "train/"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_hugging_faces_image_folder(lay, drawn, folder, kind):
    if kind == "csv":
        table = "\n".join(["file_name,text", *(f"{k}.jpg,a cat {k}" for k in range(3))])
    else:
        rows = [
            {
                "file_name": f"{k}.jpg",
                "text": f"a cat {k}",
                "hue": ["red\u2028", 1][k % 2],
            }
            for k in range(3)
        ]
        table = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n"
    files = {f"{folder}metadata.{kind}": table, **jpegs(drawn, folder)}
    if folder:
        files |= {f"test/metadata.{kind}": table, **jpegs(drawn, "test/")}
    data = load_captioned(lay(files))
    assert data.captions == ["a cat 0", "a cat 1", "a cat 2"]
    assert list(data.attributes) == (["hue"] if kind == "jsonl" else [])
    assert any("only train/" in note for note in data.images.notes) == bool(folder)


@pytest.mark.parametrize("ending", [".txt", ".TXT", ".caption"])
def test_texts_beside_pictures(lay, drawn, ending):
    files = jpegs(drawn, "", 4, "{}.png") | {"readme.txt": "Cats.", ".DS_Store": b"x"}
    files |= {
        f"{k}{ending}": f"\N{BYTE ORDER MARK}a cat {k}\r\na cat" for k in range(3)
    }
    data = load_captioned(lay(files))
    assert data.all_captions[1] == ("a cat 1", "a cat")
    assert "1 of 4 pictures have no text and are left out" in data.images.notes


def test_few_texts_for_many_pictures(lay, drawn):
    files = jpegs(drawn, "", 5, "{}.png") | {"3.txt": "a cat", "4.txt": "a cat"}
    sentence = refused(lay(files))
    assert "expected a text for each picture, found 2 texts for 5 pictures" in sentence


RECORDS = [
    {"image": f"{k}.jpg", "caption": f"a cat {k}", "big": k > 0} for k in range(3)
]


@pytest.mark.parametrize(
    "name, content",
    [
        ("captions.json", RECORDS),
        ("anything.json", {"version": 1, "data": RECORDS}),
        ("captions.json", {f"{k}.jpg": f"a cat {k}" for k in range(3)}),
        ("captions.json", {f"{k}.jpg": [f"a cat {k}", "a dog"] for k in range(3)}),
        ("captions.json", {str(k): f"a cat {k}" for k in range(3)}),
    ],
)
def test_other_json(lay, drawn, name, content):
    path = lay({name: json.dumps(content), **jpegs(drawn, "img/")})
    data = load_captioned(path)
    assert data.captions == ["a cat 0", "a cat 1", "a cat 2"]
    assert shades(data) == [0, 1, 2]
    if isinstance(content, list):
        assert data.attributes["big"][0] == ("False", "True")


@pytest.mark.parametrize(
    "text, found",
    [
        ("{", "captions.json: expected JSON, found damage (Expecting"),
        ("[" * 100_000, "captions.json: expected JSON, found damage ("),
        ("9" * 10_000, "captions.json: expected JSON, found damage ("),
        ("[]", "captions.json: expected COCO's images and annotations, or a list"),
        ("3", "captions.json: expected COCO's images and annotations, or a list"),
        ("{}", "captions.json: expected COCO's images and annotations, or a list"),
        ('[{"image": "0.jpg"}]', "record 1: expected a record with file_name and text"),
        ('[{"image": 3, "text": "a"}]', "record 1: expected a record with file_name"),
        (
            '[{"image": "0.jpg", "text": [3]}]',
            "record 1: expected a record with file_na",
        ),
        ('[{"image": "../0.jpg", "text": "a"}]', "expected a file below the table"),
        (
            '{"images": [{"id": 1}], "annotations": [{"caption": "a"}]}',
            "annotation 1: ",
        ),
    ],
)
def test_json_that_is_refused(lay, drawn, text, found):
    assert found in refused(lay({"captions.json": text, **jpegs(drawn, "")}))


# Which table, and which file


TABLE = "".join(f"{k}.jpg,a cat {k}\n" for k in range(3))


@pytest.mark.parametrize(
    "name",
    [
        *("Captions.csv", "CAPTIONS.CSV", "captions.txt", "metadata.csv", "labels.csv"),
        *("annotations.csv", "my cats.csv", "cats.tsv", "list.txt", "Metadata.TXT"),
    ],
)
@pytest.mark.parametrize("around", ["", "cats/", "cats/2024/"])
def test_a_table_of_any_name_in_folders_around_everything(lay, drawn, name, around):
    files = {f"{around}{name}": TABLE, **jpegs(drawn, around), "__MACOSX/._x.jpg": b"x"}
    path = lay(files | {f"{around}.DS_Store": b"x", f"{around}other.json": '{"a": 1}'})
    data = load_captioned(path)
    assert shades(data) == [0, 1, 2]
    assert data.captions == ["a cat 0", "a cat 1", "a cat 2"]


def test_the_path_may_be_the_table(tmp_path, drawn):
    for name, data in jpegs(drawn, "cats/").items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "cats" / "captions.csv").write_text(TABLE)
    (tmp_path / "cats" / "other.csv").write_text(TABLE.replace("cat", "dog"))
    data = load_captioned(tmp_path / "cats" / "other.csv")
    assert data.captions == ["a dog 0", "a dog 1", "a dog 2"]
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "captions_x.json").write_text(json.dumps({"0.jpg": "a cow"}))
    data = load_captioned(tmp_path / "texts" / "captions_x.json")
    assert (data.captions, shades(data)) == (["a cow"], [0])


def test_two_tables_that_fit(lay, drawn):
    pictures = jpegs(drawn, "")
    sentence = refused(lay({"a.csv": TABLE, "b.csv": TABLE, **pictures}))
    assert "expected one table of captions, found a.csv, b.csv (give the" in sentence
    other = "x.jpg,a\ny.jpg,b\n"
    data = load_captioned(lay({"a.csv": TABLE, "b.csv": other, **pictures}))
    assert data.captions[2] == "a cat 2"
    data = load_captioned(lay({"captions.csv": TABLE, "b.csv": TABLE, **pictures}))
    assert data.captions[2] == "a cat 2"


def test_a_wrong_table_of_the_right_name_is_not_passed_over(lay, drawn):
    files = {"captions.csv": "a,b,c\nd,e,f\n", "other.csv": TABLE, **jpegs(drawn, "")}
    assert "captions.csv, line 1: expected names of columns" in refused(lay(files))


NFC, NFD = (unicodedata.normalize(form, "é ü.png") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    "file, written",
    [
        *((NFD, NFC), (NFC, NFD), ("IMG.PNG", "img.png"), ("img/0.png", "0.png")),
        *(("x/img/0.png", "img/0.png"), ("0.png", "./0.png"), ("0.jpeg", "0")),
        *(
            ("a/1.2.png", "1.2"),
            ("img/0.png", "set/img/0.png"),
            ("😀 猫.png", "😀 猫.png"),
        ),
        *(("0#1.png", "0#1.png"), ("0.png", "0.png#1"), ("Img/0.png", "img/0.PNG")),
    ],
)
def test_a_picture_is_found_by_its_name(lay, drawn, file, written):
    path = lay({"captions.csv": f"file,caption\n{written},a cat\n", file: drawn(5)})
    assert shades(load_captioned(path)) == [5]


def test_names_that_fit_several_files(lay, drawn):
    files = {"a/0.png": drawn(1), "b/0.png": drawn(2), "captions.csv": "0.png,a cat\n"}
    sentence = refused(lay(files))
    assert (
        "line 1: expected one file '0.png', found 'a/0.png' and 'b/0.png'" in sentence
    )
    files["c/0.png"], files["c/captions.csv"] = drawn(3), files.pop("captions.csv")
    assert shades(load_captioned(lay(files))) == [3]


def test_a_picture_of_another_folder_is_not_taken(lay, drawn):
    """cat/0.png is no dog, although its name is the same."""
    table = "cat/0.png,a cat\ndog/0.png,a dog\n"
    assert "expected the file" in refused(
        lay({"captions.csv": table, "cat/0.png": drawn(1)})
    )
    assert "expected the file" in refused(
        lay({"captions.csv": table, "0.png": drawn(1)})
    )


def test_folders_without_captions(lay, drawn):
    sentence = refused(lay(jpegs(drawn, "cats/")))
    assert "found 3 pictures and no table; without captions, the recipe" in sentence
    sentence = refused(lay(jpegs(drawn, "") | {"captions.xlsx": b"PK\3\4"}))
    assert "found captions.xlsx (save it as CSV in UTF-8)" in sentence
    assert "found 0 pictures and no table" in refused(lay({"x.bin": b"x"}))


def test_odd_names_are_escaped(lay, drawn):
    name = "a\x1b[31m" + "b" * 150 + ".csv"
    sentence = refused(lay({name: TABLE.encode("utf-16-le"), **jpegs(drawn, "")}))
    assert sentence.isprintable()


@pytest.mark.parametrize(
    "files, expected",
    [
        ({"captions.csv": TABLE}, True),
        ({"captions.csv": "0.jpg,红色的猫\n1.jpg,猫\n2.jpg,一只猫\n"}, True),
        ({"captions.csv": b"\xff\n"}, True),
        ({"a/Captions.TXT": "0.jpg,a\n1.jpg,b\n2.jpg,b\n"}, True),
        ({"labels.csv": "image,label\n0.jpg,cat\n1.jpg,dog\n2.jpg,cat\n"}, False),
        ({"0.txt": "a cat", "1.txt": "a dog"}, True),
        ({"readme.txt": "a cat"}, False),
        ({"0.txt": "0 0.5 0.5 0.2 0.2", "1.txt": "3 0.1 0.2 0.3 0.4\n"}, False),
        ({"boxes.csv": "image,box\n0.jpg,1 2 3 4\n1.jpg,5 6 7 8\n"}, False),
        ({"train.csv": "image,tags\n0.jpg,haze road\n1.jpg,clear sky\n"}, True),
        ({}, False),
    ],
)
def test_whether_there_are_captions(lay, drawn, files, expected):
    with open_files(lay(files | jpegs(drawn, ""))) as opened:
        assert has_captions(opened) == expected


# Sizes and channels


def test_a_size_and_channels(lay, drawn):
    files = {"0.png": drawn(9, shape=(20, 12)), "1.png": drawn(9, shape=(30, 30))}
    path = lay({"captions.csv": "0.png,a\n1.png,b\n", **files})
    sentence = refused(path)
    assert (
        "line 2: expected an image of 20 x 12 as the first, found 30 x 30" in sentence
    )
    assert "(--size 16 scales the middle square of each to 16 x 16)" in sentence
    for channels in (None, 1, 3, 4):
        data = load_captioned(path, size=8, channels=channels)
        assert data.images.pixels.shape == (2, 8, 8, channels or 3)
    with pytest.raises(ValueError, match="1, 3 or 4 channels, got 2"):
        load_captioned(path, size=8, channels=2)
