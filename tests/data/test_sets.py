"""Data sets as people have them on disk: names in a .npz, labels, IDX, CIFAR, SVHN."""

import gzip
import io
import pickle
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest

from tinygan.data import load_images, read_array
from tinygan.errors import DataError

RNG = np.random.default_rng(0)
N = 40
PIXELS = RNG.integers(0, 256, (N, 28, 28), "u1")
OTHERS = RNG.integers(0, 256, (8, 28, 28), "u1")
LABELS = np.arange(N) % 10


def idx(array):
    """The array as the bytes of an IDX file."""
    code = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}[
        array.dtype.str[1:]
    ]
    head = struct.pack(f">2xBB{array.ndim}I", code, array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def npy(array):
    """The array as the bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays):
    """The arrays as the bytes of a .npz file."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


IMAGES, CLASSES = idx(PIXELS), idx(LABELS.astype("u1"))
TEST_IMAGES, TEST_CLASSES = idx(OTHERS), idx(np.arange(8, dtype="u1"))


@pytest.fixture
def folder(tmp_path):
    """folder({name: bytes}) writes the files, and returns their folder."""

    def write(files, name="data"):
        for key, data in files.items():
            path = tmp_path / name / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return tmp_path / name

    return write


def zipped(folder, top=""):
    """All files of a folder as a zip archive beside it, below `top`."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                name = f"{top}{file.relative_to(folder).as_posix()}"
                archive.write(file, name)
                if top:
                    archive.writestr(f"__MACOSX/{top}._{file.name}", b"\0\5\x16\7")
    return path


def refusal(path, **options):
    """The sentence with which load_images refuses a path."""
    with pytest.raises(DataError) as refused:
        load_images(path, **options)
    sentence = str(refused.value)
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
    assert len(sentence) - len(str(path)) < 450
    return sentence.removeprefix(str(path))


# Names in a .npz


NAMES = [
    "images labels",
    "images label",
    "image label",
    "Images Labels",
    "imgs labels",
    "imgs targets",
    "x y",
    "X Y",
    "X y",
    "x_train y_train x_test y_test",
    "X_train Y_train X_test Y_test X_val Y_val",
    "train_images train_labels val_images val_labels test_images test_labels",
    "train_x train_y test_x test_y",
    "trainX trainY testX testY",
    "xtrain ytrain xtest ytest",
    "x-train y-train x-test y-test",
    "data labels",
    "data target",
    "data fine_labels",
    "features targets",
    "arr_0 arr_1",
    "pixels class",
    "faces identity",
    "anything number",
    "train_data train_labels test_data test_labels",
]


@pytest.mark.parametrize("names", NAMES)
def test_pictures_and_labels_are_found_by_their_names(folder, names):
    arrays = {}
    for name in names.split():
        is_other = any(word in name.lower() for word in ("test", "val"))
        is_label = name.lower().strip("_-").replace("arr_1", "label").endswith(
            ("y", "label", "labels", "target", "targets", "class", "identity", "number")
        ) or name.lower().startswith("y")
        pictures, labels = (OTHERS, LABELS[:8]) if is_other else (PIXELS, LABELS)
        arrays[name] = labels if is_label else pictures
    path = folder({"x.npz": npz(**arrays)}) / "x.npz"
    images = load_images(path)
    np.testing.assert_array_equal(images.pixels[..., 0], PIXELS)
    np.testing.assert_array_equal(images.labels, LABELS)
    np.testing.assert_array_equal(read_array(path), PIXELS)
    if "test" in names.lower():
        assert "left out" in images.notes[0]
    shuffled = dict(reversed(arrays.items()))
    path.write_bytes(npz(**shuffled))
    assert (load_images(path).labels == LABELS).all()


def test_a_test_set_alone_is_read(folder):
    path = folder({"x.npz": npz(x_test=OTHERS, y_test=LABELS[:8])}) / "x.npz"
    assert len(load_images(path)) == 8
    assert load_images(path).labels.tolist() == list(range(8))


def test_dsprites_has_pictures_and_no_plain_labels(folder):
    arrays = {
        "metadata": np.array({"title": "dSprites"}, dtype=object),
        "imgs": (PIXELS > 100).astype("u1"),
        "latents_classes": RNG.integers(0, 3, (N, 6)),
        "latents_values": RNG.random((N, 6)),
    }
    images = load_images(folder({"d.npz": npz(**arrays)}) / "d.npz")
    assert (images.low, images.high) == (0, 1)
    assert images.labels is None
    assert "latents_classes" in images.notes[-1]


def test_arrays_that_are_no_labels_are_left_out(folder):
    for other in (
        {"labels": np.array([{}] * N, dtype=object)},
        {"y": RNG.random(N)},
        {"y": RNG.random((N, 4))},
        {"y": np.arange(N) - 3},
        {"ids": np.arange(N)},
        {"serial": np.arange(N)},
        {"threes": np.zeros(3, int)},
        {"first_label": LABELS, "second_label": LABELS},
    ):
        path = folder({"x.npz": npz(images=PIXELS, **other)}) / "x.npz"
        images = load_images(path)
        assert images.labels is None, other
        if "y" in other or "labels" in other or "first_label" in other:
            assert next(iter(other)) in images.notes[-1]
    assert "x.npz: labels: expected 40 labels" in refusal(
        folder({"x.npz": npz(images=PIXELS, labels=LABELS[1:])}) / "x.npz"
    ).replace(": labels: ", "x.npz: labels: ")


def test_several_arrays_of_pictures_are_listed_and_one_is_named(folder):
    arrays = {"cats": PIXELS, "dogs": OTHERS, "cat_labels": LABELS}
    path = folder({"x.npz": npz(**arrays)}) / "x.npz"
    sentence = refusal(path)
    assert "found cats (40, 28, 28), dogs (8, 28, 28), cat_labels (40,)" in sentence
    assert "--array NAME" in sentence
    assert (load_images(path, array="dogs").pixels[..., 0] == OTHERS).all()
    cats = load_images(path, array="cats.npy")
    assert (cats.labels == LABELS).all()
    assert "named birds, found cats" in refusal(path, array="birds")
    one = folder({"x.npy": npy(PIXELS)}) / "x.npy"
    assert "because one is named, found a NumPy array" in refusal(one, array="x")
    many = folder({"x.npz": npz(**{f"a{k}": OTHERS for k in range(20)})}) / "x.npz"
    assert "and 12 more" in refusal(many)


def test_names_of_classes_in_a_npz(folder):
    names = np.array(["zero", "one", *"23456789", "ten"])
    path = folder({"x.npz": npz(x=PIXELS, y=LABELS, label_names=names)}) / "x.npz"
    images = load_images(path)
    assert images.classes == 11  # an eleventh, of which there is no picture
    assert images.names[:2] == ("zero", "one")
    each = np.array([f"picture {k}" for k in range(N)])  # of pictures, not of classes
    path = folder({"x.npz": npz(x=PIXELS, y=LABELS, names=each)}) / "x.npz"
    assert load_images(path).names == tuple("0123456789")


def test_words_for_each_picture_are_classes_unless_they_are_captions(folder):
    kinds = np.array(["smileys", "animals"])[LABELS % 2]
    texts = np.array([f"a caption {k % 3}" for k in range(N)])
    arrays = {"images": PIXELS, "captions": texts, "categories": kinds, "files": texts}
    images = load_images(folder({"x.npz": npz(**arrays)}) / "x.npz")
    assert images.names == ("animals", "smileys")
    assert "categories" in images.notes[-1]


# Labels of many forms


def hot(labels, K):
    return np.eye(K)[labels]


LABEL_FORMS = [  # labels, y, names, word of a note
    (LABELS, LABELS, None, None),
    (LABELS[:, None], LABELS, None, None),
    (LABELS[None], LABELS, None, None),
    (LABELS.astype(">i2"), LABELS, None, None),
    (LABELS.astype("f4"), LABELS, None, None),
    (hot(LABELS, 10), LABELS, None, "one-hot"),
    (hot(LABELS, 10).astype("u1"), LABELS, None, "one-hot"),
    (hot(LABELS, 10).astype(bool), LABELS, None, "one-hot"),
    (LABELS > 4, LABELS > 4, None, None),
    (LABELS + 1, LABELS, [str(k + 1) for k in range(10)], "labels 1 to 10 taken as"),
    (LABELS * 100, LABELS, [str(100 * k) for k in range(10)], "0 to 900 with gaps"),
    (
        5 + 4 * (LABELS % 2),
        LABELS % 2,
        ["5", "9"],
        "labels 5, 9 taken as classes 0 to 1",
    ),
    (2 * (LABELS % 2) - 1, LABELS % 2, ["-1", "1"], "labels -1, 1 taken as"),
    (np.full(N, 7), np.zeros(N), ["7"], "labels 7 taken as class 0"),
    (np.array(["dog", "cat"])[LABELS % 2], 1 - LABELS % 2, ["cat", "dog"], None),
    (np.array([b"dog", b"cat"])[LABELS % 2], 1 - LABELS % 2, ["cat", "dog"], None),
]


@pytest.mark.parametrize("labels, y, names, word", LABEL_FORMS)
def test_labels_become_classes(folder, labels, y, names, word):
    path = folder({"x.npz": npz(images=PIXELS, labels=labels)}) / "x.npz"
    images = load_images(path)
    np.testing.assert_array_equal(images.labels, y)
    assert images.classes == len(set(np.asarray(y).tolist()))
    assert images.names == tuple(names or map(str, range(images.classes)))
    assert any(word in note for note in images.notes) if word else not images.notes


def test_a_thousand_classes_and_no_more(folder):
    pixels = RNG.integers(0, 256, (1001, 5, 5), "u1")
    path = folder({"x.npz": npz(x=pixels, y=np.arange(1001) % 1000)}) / "x.npz"
    assert load_images(path).classes == 1000
    path = folder({"x.npz": npz(x=pixels, y=np.arange(1001))}) / "x.npz"
    assert "at most 1000 classes, found 1001" in load_images(path).notes[-1]


# Files beside each other


@pytest.mark.parametrize(
    "pictures, labels",
    [
        ("x_train.npy", "y_train.npy"),
        ("X.npy", "y.npy"),
        ("images.npy", "labels.npy"),
        ("k49-train-imgs.npz", "k49-train-labels.npz"),
        ("kmnist-train-imgs.npz", "kmnist-train-labels.npz"),
    ],
)
def test_labels_in_a_file_beside(folder, pictures, labels):
    def packed(name, array):
        return npz(arr_0=array) if name.endswith("z") else npy(array)

    files = {pictures: packed(pictures, PIXELS), labels: packed(labels, LABELS)}
    files |= {
        name.replace("train", "test"): packed(name, array)
        for name, array in ((pictures, OTHERS), (labels, LABELS[:8]))
        if "train" in name
    }
    where = folder(files)
    for path in (where / pictures, where, zipped(where), zipped(where, "top/")):
        images = load_images(path)
        np.testing.assert_array_equal(images.pixels[..., 0], PIXELS)
        np.testing.assert_array_equal(images.labels, LABELS)


def test_quickdraw_files_are_chosen_by_name(folder):
    flat = PIXELS.reshape(N, 1, 784)
    where = folder({"cat.npy": npy(flat), "dog.npy": npy(flat[:8]), "a.txt": b"text"})
    assert "found cat (40, 1, 784), dog (8, 1, 784)" in refusal(where)
    assert len(load_images(where, array="dog")) == 8
    assert load_images(where / "cat.npy").shape == (28, 28, 1)


def test_gzipped_npy(folder):
    path = folder({"x.npy.gz": gzip.compress(npy(PIXELS))}) / "x.npy.gz"
    np.testing.assert_array_equal(load_images(path).pixels[..., 0], PIXELS)


# IDX


def mnist(train, labels="", test="t10k"):
    """The four files of MNIST, their names after these of the train set."""
    labels = labels or train.replace("images", "labels").replace("idx3", "idx1")
    files = {train: IMAGES, labels: CLASSES}
    if test:
        files[train.replace("train", test)] = TEST_IMAGES
        files[labels.replace("train", test)] = TEST_CLASSES
    return {n: gzip.compress(d) if n.endswith("gz") else d for n, d in files.items()}


LAYOUTS = {
    "MNIST": mnist("train-images-idx3-ubyte"),
    "gzipped": mnist("train-images-idx3-ubyte.gz"),
    "train only": mnist("train-images-idx3-ubyte", test=""),
    "Kaggle": mnist("train-images.idx3-ubyte"),
    "Kaggle, a folder per file": {
        f"{n}/{n}": d for n, d in mnist("train-images-idx3-ubyte").items()
    },
    "Kaggle, both": mnist("train-images.idx3-ubyte")
    | {f"{n}/{n}": d for n, d in mnist("train-images-idx3-ubyte").items()},
    "torchvision": {
        f"MNIST/raw/{n}": d
        for n, d in (
            mnist("train-images-idx3-ubyte") | mnist("train-images-idx3-ubyte.gz")
        ).items()
    },
    "Fashion-MNIST": {
        f"FashionMNIST/raw/{n}": d
        for n, d in mnist("train-images-idx3-ubyte.gz").items()
    },
    "QMNIST": mnist(
        "qmnist-train-images-idx3-ubyte.gz", "qmnist-train-labels-idx2-int.gz", "test"
    ),
    "underscores": mnist("train_images_idx3_ubyte"),
    "capitals": {n.upper(): d for n, d in mnist("train-images-idx3-ubyte").items()},
    "without an ending": mnist("train-images"),
    "without a split": mnist("images-idx3-ubyte", test=""),
}
eight = np.zeros((N, 8), ">i4")
eight[:, 0], eight[:, 1] = LABELS, np.arange(N)
LAYOUTS["QMNIST"]["qmnist-train-labels-idx2-int.gz"] = gzip.compress(idx(eight))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_idx_in_every_layout(folder, layout):
    files = LAYOUTS[layout]
    where = folder(files | {"readme.txt": b"hello"})
    first = (
        min(n for n in files if "image" in n.lower() and "train" in n.lower())
        if (layout != "without a split")
        else "images-idx3-ubyte"
    )
    for path in (where, where / first, zipped(where), zipped(where, "top/")):
        images = load_images(path)
        np.testing.assert_array_equal(images.pixels[..., 0], PIXELS)
        np.testing.assert_array_equal(images.labels, LABELS)


def test_the_test_set_is_read_if_it_is_alone_or_named(folder):
    files = mnist("train-images-idx3-ubyte")
    where = folder(files)
    assert "is read, the test set is left out" in load_images(where).notes[0]
    test = load_images(where / "t10k-images-idx3-ubyte")
    assert (len(test), test.classes) == (8, 8)
    alone = {n: d for n, d in files.items() if n.startswith("t10k")}
    images = load_images(folder(alone, "alone"))
    assert (len(images), images.notes) == (8, ())


def test_several_sets_are_listed_and_one_is_named(folder):
    sets = {}
    for name, labels in (("balanced", LABELS % 5), ("letters", LABELS)):
        files = mnist(f"emnist-{name}-train-images-idx3-ubyte.gz")
        files[f"emnist-{name}-train-labels-idx1-ubyte.gz"] = idx(labels.astype("u1"))
        sets |= files
    where = folder(sets)
    assert "says which, as balanced, letters" in refusal(where)
    letters = where / "emnist-letters-train-images-idx3-ubyte.gz"
    assert load_images(letters).classes == 10
    for path in (where, zipped(where), zipped(where, "gzip/")):
        assert load_images(path, array="letters").classes == 10
        assert load_images(path, array="balanced").classes == 5
        assert "expected arrays, one named digits" in refusal(path, array="digits")
    raw = {f"{s}/raw/train-images-idx3-ubyte": IMAGES for s in ("MNIST", "KMNIST")}
    root = folder(raw, "root")
    assert "says which, as KMNIST, MNIST" in refusal(root)
    assert len(load_images(root, array="KMNIST")) == N


def test_emnist_is_turned_and_has_letters_as_names(folder):
    files = mnist("emnist-letters-train-images-idx3-ubyte", test="test")
    files["emnist-letters-train-labels-idx1-ubyte"] = idx((LABELS + 1).astype("u1"))
    mapping = "\n".join(f"{k} {64 + k} {96 + k}" for k in range(1, 11))
    files["emnist-letters-mapping.txt"] = mapping.encode()
    images = load_images(folder(files))
    np.testing.assert_array_equal(images.pixels[..., 0], PIXELS.transpose(0, 2, 1))
    np.testing.assert_array_equal(images.labels, LABELS)
    assert images.names[:2] == ("A/a", "B/b")
    assert any("turned" in note for note in images.notes)
    del files["emnist-letters-mapping.txt"]
    assert load_images(folder(files, "no mapping")).names[0] == "1"


@pytest.mark.parametrize(
    "labels, found",
    [
        (LABELS[1:].astype("u1"), "found uint8 of shape (39,)"),
        (LABELS + 0.5, "whole numbers of shape (40,), found 0.5 at 0"),
        (np.zeros((N, 3), "u1"), "found uint8 of shape (40, 3)"),
        ((LABELS - 5).astype("i1"), "found -5 to 4"),
        (PIXELS, "found uint8 of shape (40, 28, 28)"),
    ],
)
def test_faults_of_labels_name_their_file(folder, labels, found):
    where = folder(
        {"train-images-idx3-ubyte": IMAGES, "train-labels-idx1-ubyte": idx(labels)}
    )
    sentence = refusal(where)
    assert sentence.startswith("/train-labels-idx1-ubyte: expected")
    assert found in sentence


@pytest.mark.parametrize(
    "data, found",
    [
        (b"<!DOCTYPE html><html><body>404</body></html>", "a web page (HTML)"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "`git lfs pull`"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture"),
        (b"\0\0\0\0abcd", "bytes 00000000"),
    ],
)
def test_other_things_under_the_name_of_an_idx_file(folder, data, found):
    for name in ("train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"):
        where = folder({name: data}, f"as {name}")
        sentence = refusal(where)
        assert sentence.startswith(f"/{name}: expected an IDX")
        assert found in sentence


# CIFAR and SVHN


COLOUR = RNG.integers(0, 256, (N, 32, 32, 3), "u1")
PLANES = COLOUR.transpose(0, 3, 1, 2).reshape(N, 3072)


def records(pixels, *labels):
    return np.column_stack([*labels, pixels]).astype("u1").tobytes()


def test_cifar_10_in_its_binary_version(folder):
    names = "airplane automobile bird cat deer dog frog horse ship truck"
    files = {
        "data_batch_1.bin": records(PLANES[:30], LABELS[:30]),
        "data_batch_2.bin": records(PLANES[30:], LABELS[30:]),
        "test_batch.bin": records(PLANES[:5], LABELS[:5]),
        "batches.meta.txt": names.replace(" ", "\n").encode() + b"\n\n",
        "readme.html": b"<html></html>",
    }
    where = folder({f"cifar-10-batches-bin/{n}": d for n, d in files.items()})
    for path in (where, where / "cifar-10-batches-bin", zipped(where)):
        images = load_images(path)
        np.testing.assert_array_equal(images.pixels, COLOUR)
        np.testing.assert_array_equal(images.labels, LABELS)
        assert images.names == tuple(names.split())
        assert "the test set is left out" in images.notes[0]
    one = load_images(where / "cifar-10-batches-bin" / "data_batch_2.bin")
    np.testing.assert_array_equal(one.pixels, COLOUR[30:])
    assert one.labels.tolist() == LABELS[30:].tolist()


def test_cifar_100_has_fine_labels(folder):
    files = {
        "train.bin": records(PLANES, LABELS // 2, LABELS * 11),
        "test.bin": records(PLANES[:5], LABELS[:5], LABELS[:5]),
        "fine_label_names.txt": "\n".join(f"fine{k}" for k in range(100)).encode(),
        "coarse_label_names.txt": "\n".join(f"c{k}" for k in range(20)).encode(),
    }
    images = load_images(folder(files))
    np.testing.assert_array_equal(images.pixels, COLOUR)
    np.testing.assert_array_equal(images.labels, LABELS * 11)
    assert (images.classes, images.names[99]) == (100, "fine99")


def test_records_that_are_not_whole_or_have_no_class(folder):
    good = records(PLANES, LABELS)
    where = folder({"data_batch_1.bin": good[:-1]})
    assert "records of 3073 bytes" in refusal(where)
    assert "CIFAR's .bin" in refusal(where / "data_batch_1.bin")
    wrong = folder({"data_batch_1.bin": records(PLANES, LABELS + 90)}, "wrong")
    assert "labels from 0 to 9, found 99" in refusal(wrong)
    assert "found 0 bytes" in refusal(folder({"data_batch_1.bin": b""}, "empty"))


def test_a_pickle_is_never_opened_and_says_how_to_convert(folder):
    data = pickle.dumps({"data": PLANES, "labels": LABELS}, protocol=2)
    where = folder({"cifar-10-batches-py/data_batch_1": data})
    for path in (where, where / "cifar-10-batches-py" / "data_batch_1"):
        sentence = refusal(path)
        assert "a Python pickle" in sentence
        assert (
            "numpy.savez('data.npz', images=d['data'], labels=d['labels'])" in sentence
        )
    # The sentence is right.
    with open(where / "cifar-10-batches-py" / "data_batch_1", "rb") as file:
        d = pickle.load(file, encoding="latin1")
    images = load_images(
        folder({"x.npz": npz(images=d["data"], labels=d["labels"])}) / "x.npz"
    )
    np.testing.assert_array_equal(images.labels, LABELS)
    assert images.shape == (32, 32, 3)


def test_svhn_as_an_archive_of_its_arrays(folder):
    arrays = {"X": COLOUR.transpose(1, 2, 3, 0), "y": (LABELS + 1)[:, None]}
    images = load_images(folder({"train_32x32.npz": npz(**arrays)}) / "train_32x32.npz")
    np.testing.assert_array_equal(images.pixels, COLOUR)
    np.testing.assert_array_equal(images.labels, (LABELS + 1) % 10)
    assert images.names == tuple("0123456789")
    assert any("10 is the digit 0" in note for note in images.notes)


def element(kind, data, order="<"):
    """An element of a MATLAB file."""
    if 0 < len(data) <= 4:
        return struct.pack(f"{order}I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(f"{order}II", kind, len(data)) + data + bytes(-len(data) % 8)


def mat(deflated, order="<", flags=0, **arrays):
    """The arrays as the bytes of a MATLAB file."""
    mark = b"IM" if order == "<" else b"MI"
    file = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(f"{order}H", 256) + mark
    types = {"u1": (9, 2), "i1": (8, 1), "f8": (6, 9), "f4": (7, 7), "i4": (12, 5)}
    for name, x in arrays.items():
        cls, kind = types[x.dtype.str[1:]]
        x = x.astype(x.dtype.newbyteorder(order))
        body = element(6, struct.pack(f"{order}II", flags << 8 | cls, 0), order)
        body += element(5, struct.pack(f"{order}{x.ndim}i", *x.shape), order)
        body += element(1, name.encode(), order)
        body += element(kind, x.tobytes("F"), order)
        body = struct.pack(f"{order}II", 14, len(body)) + body
        if deflated:
            packed = zlib.compress(body)
            body = struct.pack(f"{order}II", 15, len(packed)) + packed
        file += body
    return file


SVHN = {"X": COLOUR.transpose(1, 2, 3, 0), "y": (LABELS + 1)[:, None].astype("u1")}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflated", [False, True])
def test_svhn_as_it_is_published(folder, deflated, order):
    path = folder({"x.mat": mat(deflated, order, **SVHN)}) / "x.mat"
    test = {"X": SVHN["X"][..., :5], "y": SVHN["y"][:5]}
    files = {
        f"{n}_32x32.mat": mat(deflated, order, **a)
        for n, a in (("train", SVHN), ("test", test))
    }
    where = folder(files, "svhn")
    for place in (path, where, zipped(where)):
        images = load_images(place)
        np.testing.assert_array_equal(images.pixels, COLOUR)
        np.testing.assert_array_equal(images.labels, (LABELS + 1) % 10)
    assert "train_32x32.mat is read, 1 more left out" in images.notes


@pytest.mark.parametrize("compressed", [False, True])
def test_matlab_files_that_scipy_writes(folder, compressed):
    scipy_io = pytest.importorskip("scipy.io")
    file = io.BytesIO()
    arrays = {**SVHN, "some": {"struct": 1}, "text": "words", "small": np.eye(2)}
    arrays["y"] = arrays["y"].astype(float)
    scipy_io.savemat(file, arrays, do_compression=compressed)
    path = folder({"x.mat": file.getvalue()}) / "x.mat"
    images = load_images(path)
    np.testing.assert_array_equal(images.pixels, COLOUR)
    np.testing.assert_array_equal(images.labels, (LABELS + 1) % 10)


def test_matlab_arrays_are_chosen_as_in_a_npz(folder):
    path = folder({"x.mat": mat(True, a=PIXELS, b=OTHERS)}) / "x.mat"
    assert "found a (40, 28, 28), b (8, 28, 28)" in refusal(path)
    assert (load_images(path, array="b").pixels[..., 0] == OTHERS).all()
    bits = (PIXELS > 99).astype("u1")
    path = folder({"x.mat": mat(False, flags=2, x=bits)}) / "x.mat"
    assert (load_images(path).high, load_images(path).pixels.max()) == (1, 1)
    path = folder({"x.mat": mat(False, flags=8, x=PIXELS)}) / "x.mat"
    assert "expected real numbers" in refusal(path)
    data = b"MATLAB 7.3 MAT-file, Platform: GLNX86".ljust(600)
    path = folder({"new.mat": data}) / "new.mat"
    assert "a MATLAB 7.3 file; h5py reads it" in refusal(path)


def test_matlab_files_that_are_damaged(folder):
    small = {"X": COLOUR[:3].transpose(1, 2, 3, 0)[::4, ::4], "y": np.ones((3, 1))}
    for deflated in (False, True):
        data = mat(deflated, X=small["X"])
        for n in range(0, len(data), 23):
            refusal(folder({"x.mat": data[:n]}) / "x.mat")
        data = mat(deflated, **small)
        rng = np.random.default_rng(0)
        for _ in range(100):
            mutated = bytearray(data)
            mutated[rng.integers(0, 300 if rng.random() < 0.7 else len(data))] ^= 1 << 7
            path = folder({"x.mat": bytes(mutated)}) / "x.mat"
            try:
                load_images(path)
            except DataError as e:
                assert str(e).startswith(str(path))
    flipped = bytearray(mat(True, X=SVHN["X"]))
    flipped[-1] ^= 1  # the checksum
    assert "damaged" in refusal(folder({"x.mat": bytes(flipped)}) / "x.mat")


def test_a_matlab_file_that_promises_too_much(folder):
    huge = np.zeros((1, 1), "u1")
    data = mat(False, X=huge).replace(
        element(5, struct.pack("<2i", 1, 1)),
        element(5, struct.pack("<2i", 1 << 30, 64)),
    )
    assert "1 to 4294967296 bytes" in refusal(folder({"x.mat": data}) / "x.mat")
    bomb = mat(True, X=np.zeros((1 << 12, 1 << 12), "u1"))
    path = folder({"x.mat": bomb}) / "x.mat"
    tracemalloc.start()
    try:
        refusal(path, array="Y")  # 16 MiB that nobody asked for
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


# Folders and archives of other things


def test_folders_without_data_say_what_is_there(folder):
    assert "found no files" in refusal(folder({"sub/.hidden": b""}, "empty"))
    where = folder({"notes.txt": b"hello\n", "z.pdf": b"%PDF-1.4"})
    assert "found a text file (notes.txt and 1 more)" in refusal(where)
    assert "found a text file (notes.txt and 1 more)" in refusal(zipped(where))
    assert "expected arrays, one named x" in refusal(where, array="x")


def test_a_preview_beside_an_array_does_no_harm(folder):
    png = b"\x89PNG\r\n\x1a\n" + bytes(20)
    images = load_images(folder({"set.npz": npz(x=PIXELS), "preview.png": png}))
    assert len(images) == N
    assert "1 picture beside the arrays is left out" in images.notes[-1]


def test_labels_alone_are_no_pictures(folder):
    path = folder({"train-labels-idx1-ubyte": CLASSES}) / "train-labels-idx1-ubyte"
    assert "found (40,); are these labels?" in refusal(path)


def test_idx_in_a_zip_that_is_damaged(folder):
    where = folder(mnist("train-images-idx3-ubyte", test=""))
    data = bytearray(zipped(where).read_bytes())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        at = archive.getinfo("train-images-idx3-ubyte").header_offset + 200
    data[at] ^= 0xFF
    path = folder({"x.zip": bytes(data)}) / "x.zip"
    assert "train-images-idx3-ubyte" in refusal(path)


# Damage: no other error than a DataError, whatever is in the file

MUTANTS = 120
TINY = np.tile(np.arange(36, dtype="u1").reshape(6, 6) * 7, (3, 1, 1))


def archive(method=zipfile.ZIP_DEFLATED, **files):
    """The files as the bytes of a zip archive. __ in a name is a -."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as z:
        for name, data in files.items():
            z.writestr(name.replace("__", "-"), data)
    return packed.getvalue()


LABEL = np.array([0, 1, 2], "u1")
BOTH = {"train__images": idx(TINY), "train__labels": idx(LABEL)}
FILES = {"x.npy": npy(TINY), "y.npy": npy(LABEL), "t.txt": b"text"}
WORDS = np.array(["cat", "dog", "cat"])
DAMAGED = {
    "idx in a zip": archive(**BOTH),
    "idx stored in a zip": archive(zipfile.ZIP_STORED, **BOTH),
    "gzipped idx in a zip": archive(train__images=gzip.compress(idx(TINY), mtime=0)),
    "npy in a zip": archive(**FILES),
    "npz in a zip": archive(**{"x.npz": npz(x=TINY), "t.txt": b"text"}),
    "matlab in a zip": archive(**{"train.mat": mat(True, X=TINY)}),
    "npz with labels": npz(
        images=TINY / 255, labels=np.eye(3), names=np.repeat("a", 4)
    ),
    "npz with words": npz(images=TINY, labels=WORDS),
    "column-major npy": npy(np.asfortranarray(TINY.astype(">f4"))),
    "gzipped npy": gzip.compress(npy(TINY), mtime=0),
    "matlab": mat(False, X=TINY, y=np.ones((3, 1))),
    "deflated matlab": mat(True, X=TINY, y=np.ones((3, 1))),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_mutants_are_read_or_refused(tmp_path, kind):
    assert load_images(_written(tmp_path, DAMAGED[kind])).shape == (6, 6, 1)
    data, rng = DAMAGED[kind], np.random.default_rng(0)
    for _ in range(MUTANTS):
        mutant = bytearray(data)
        for _ in range(rng.integers(1, 5)):
            mutant[rng.integers(len(mutant))] = rng.integers(256)
        if rng.random() < 0.3:
            a, b, n = rng.integers(len(mutant), size=3) // [1, 1, 4]
            mutant[a : a + n] = mutant[b : b + n]
        elif rng.random() < 0.2:
            del mutant[rng.integers(len(mutant)) :]
        path = _written(tmp_path, bytes(mutant))
        try:
            load_images(path)
        except DataError as e:
            assert str(e).startswith(str(path))


def _written(folder, data):
    path = folder / "x"
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    return path
