"""Arrays of pictures in every order that people have, and what black and white are."""

import io
import tracemalloc

import numpy as np
import pytest

from tinygan.data import load_images, read_array
from tinygan.data.files.fold import planes_last
from tinygan.errors import DataError, InputError

N = 40


def smooth(*shape):
    """Bytes (*shape) of pictures (N, H, W[, C]) whose neighbours differ little, as in
    photographs. Each channel and each picture has its own slope.
    """
    N, H, W, C = (*shape, 1)[:4]
    n, h, w, c = np.ogrid[:N, :H, :W, :C]
    x = 40 * c + (3 + n % 3) * h + (1 + n % 2) * w + n
    return np.clip(x * 255 / x.max(), 0, 255).astype(np.uint8).reshape(shape)


@pytest.fixture
def saved(tmp_path):
    """saved(array, name) writes a .npy file; saved(name=array, ...) writes a .npz."""

    def save(array=None, name="x.npy", **arrays):
        path = tmp_path / (name if array is not None else "x.npz")
        if array is not None:
            np.save(path, array)
        else:
            np.savez(path, **arrays)
        return path

    return save


def refusal(path, **options):
    """The sentence with which load_images refuses a file."""
    with pytest.raises(DataError) as refused:
        load_images(path, **options)
    sentence = str(refused.value)
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
    assert len(sentence) - len(str(path)) < 400
    return sentence.removeprefix(str(path))


# Orders of the axes: each makes the same pictures


GREY, COLOUR = smooth(N, 28, 28, 1), smooth(N, 32, 32, 3)
ORDERS = {
    "(N, H, W)": (GREY, lambda x: x[..., 0]),
    "(N, H, W, 1)": (GREY, lambda x: x),
    "(N, 1, H, W)": (GREY, lambda x: x.transpose(0, 3, 1, 2)),
    "(N, H W)": (GREY, lambda x: x.reshape(N, 784)),
    "(N, 1, H W)": (GREY, lambda x: x.reshape(N, 1, 784)),
    "(N, H W, 1)": (GREY, lambda x: x.reshape(N, 784, 1)),
    "(N, 1, H W, 1)": (GREY, lambda x: x.reshape(N, 1, 784, 1)),
    "(N, 1, H, W, 1)": (GREY, lambda x: x[:, None]),
    "(N, 1, 1, H, W)": (GREY, lambda x: x.transpose(0, 3, 1, 2)[:, None]),
    "(H, W, N)": (GREY, lambda x: x[..., 0].transpose(1, 2, 0)),
    "(H, W, 1, N)": (GREY, lambda x: x.transpose(1, 2, 3, 0)),
    "(H W, N)": (GREY, lambda x: x.reshape(N, 784).T),
    "(N, H, W, 3)": (COLOUR, lambda x: x),
    "(N, 3, H, W)": (COLOUR, lambda x: x.transpose(0, 3, 1, 2)),
    "(H, W, 3, N)": (COLOUR, lambda x: x.transpose(1, 2, 3, 0)),
    "(N, 3 H W)": (COLOUR, lambda x: x.transpose(0, 3, 1, 2).reshape(N, 3072)),
    "(N, H W 3)": (COLOUR, lambda x: x.reshape(N, 3072)),
    "(N, 3, H W)": (COLOUR, lambda x: x.transpose(0, 3, 1, 2).reshape(N, 3, 1024)),
    "(N, H W, 3)": (COLOUR, lambda x: x.reshape(N, 1024, 3)),
    "(3 H W, N)": (COLOUR, lambda x: x.transpose(0, 3, 1, 2).reshape(N, 3072).T),
    "(N, 1, H, W, 3)": (COLOUR, lambda x: x[:, None]),
}
USUAL = {"(N, H, W)", "(N, H, W, 1)", "(N, H, W, 3)"}


@pytest.mark.parametrize("dtype", ["u1", ">f4"])
@pytest.mark.parametrize("order", ORDERS)
def test_every_order_makes_the_same_pictures(saved, order, dtype):
    pictures, arrange = ORDERS[order]
    array = arrange(pictures).astype(dtype)
    if array.shape[:2] == (28, 28) and array.ndim == 3:  # may be 28 pictures of 28 x 40
        assert "transpose(2, 0, 1)" in refusal(saved(array))
        path = saved(images=array, labels=np.arange(N))  # 40 labels decide
    else:
        path = saved(array)
    images = load_images(path)
    np.testing.assert_array_equal(images.pixels, pictures)
    assert images.pixels.flags.c_contiguous
    told = [note for note in images.notes if "read as" in note]
    assert len(told) == (order not in USUAL)
    for note in told:
        assert str(images.shape[0]) in note
        assert str(array.shape) in note


@pytest.mark.parametrize("side", [8, 16, 20, 28, 64])
def test_flat_squares_of_every_size(saved, side):
    images = load_images(saved(smooth(3, side, side).reshape(3, -1)))
    assert images.shape == (side, side, 1)


def test_colours_without_a_slope_are_planes_as_in_cifar(saved):
    images = load_images(saved(np.full((4, 3072), 7.0)))
    assert images.shape == (32, 32, 3)
    assert "one plane of colour after another" in images.notes[0]


def test_noise_of_few_pictures_is_read_by_its_smoothness(saved):
    rng = np.random.default_rng(0)
    x = smooth(6, 16, 16, 3) // 2 + rng.integers(0, 20, (6, 16, 16, 3), "u1")
    flat = load_images(saved(x.reshape(6, -1)))
    np.testing.assert_array_equal(flat.pixels, x)
    assert "one pixel after another" in flat.notes[0]


def test_one_picture_in_colour(saved):
    images = load_images(saved(smooth(1, 30, 40, 3)[0]))
    assert images.pixels.shape == (1, 30, 40, 3)
    assert "1 picture of 30 x 40 x 3" in images.notes[0]


@pytest.mark.parametrize(
    "shape, words",
    [
        ((28, 28, 60), ["28 pictures of 28 x 60", "60 pictures of 28 x 28"]),
        ((64, 64), ["64 pictures of 8 x 8", "1 picture of 64 x 64"]),
        ((1024, 784, 3), ["1 picture of 1024 x 784 x 3", "reshape(1024, 28, 28, 3)"]),
        ((40, 785), ["images=x[:, 1:], labels=x[:, 0]", "28 x 28"]),
        ((40, 800), ["800 numbers are no square"]),
        ((784,), ["x.reshape(1, 28, 28)"]),
        ((60,), ["found (60,)"]),
        ((), ["found ()"]),
        ((10, 4), ["expected images (N, H, W)"]),  # a table, no pictures of 2 x 2
        ((5, 8, 16, 16, 3), ["films are x.reshape(-1, 16, 16, 3)"]),
        ((5, 16, 16, 7), ["1 to 4 channels"]),
    ],
)
def test_where_no_reading_or_several_fit_they_are_shown(saved, shape, words):
    sentence = refusal(saved(np.zeros(shape)))
    for word in words:
        assert word in sentence


def test_a_demanded_shape_decides(saved):
    path = saved(smooth(28, 28, 60))
    assert load_images(path, shape=(28, 28, 1)).pixels.shape == (60, 28, 28, 1)
    assert load_images(path, shape=(28, 60, 1)).pixels.shape == (28, 28, 60, 1)
    wide = saved(smooth(40, 20, 40).reshape(40, 800))
    assert load_images(wide, shape=(20, 40, 1)).shape == (20, 40, 1)
    assert load_images(saved(np.zeros((40, 3, 4)))).shape == (3, 4, 1)  # as it stands


def test_planes_are_laid_together_in_their_own_memory():
    x = np.arange(2 * 3 * 50, dtype=np.int32).reshape(2, 3, 50)
    expected, memory = x.transpose(0, 2, 1).copy(), x.ctypes.data
    y = planes_last(x)
    np.testing.assert_array_equal(y, expected)
    assert y.ctypes.data == memory


# Black and white


RANGES = [  # least, most, (black, white)
    (0, 1, (0, 1)),
    (0, 1.0000004, (0, 1)),
    (-1e-9, 1, (0, 1)),
    (0.2, 0.3, (0, 1)),
    (0.001, 0.999, (0, 1)),
    (-1, 1, (-1, 1)),
    (-1.00000000575, 1.00000000575, (-1, 1)),
    (-0.5, 0.5, (-0.5, 0.5)),
    (-0.5, 1, (-1, 1)),
    (-0.8, 0.1, (-1, 1)),
    (0, 255, (0, 255)),
    (0, 200, (0, 255)),
    (3, 255.4, (0, 255)),
    (-127.5, 127.5, (-128, 127)),
    (-128, 127, (-128, 127)),
    (0, 65535, (0, 65535)),
    (12, 40000, (0, 65535)),
]


@pytest.mark.parametrize("least, most, ends", RANGES)
def test_the_values_decide_black_and_white(saved, least, most, ends):
    x = np.linspace(least, most, 2 * 64).reshape(2, 8, 8)
    images = load_images(saved(x))
    assert (images.low, images.high) == ends
    np.testing.assert_array_equal(images.pixels[..., 0], np.clip(x, *ends))
    (note,) = images.notes
    assert f"{ends[0]:g} is black, {ends[1]:g} is white" in note
    scaled = images.scaled(images.pixels)
    assert -1 <= scaled.min() < scaled.max() <= 1


@pytest.mark.parametrize(
    "values, ends",
    [
        ((0, 1), (0, 1)),
        ((0, 255), (0, 255)),
        ((0, 40), (0, 255)),
        ((-1, 1), (-1, 1)),
        ((-128, 127), (-128, 127)),
        ((0, 65535), (0, 65535)),
    ],
)
def test_the_same_values_have_the_same_range_whatever_their_type(saved, values, ends):
    x = np.resize(values, (2, 8, 8))
    for dtype in ("u1", "i1", "u2", "i2", ">i4", "i8", "u8", "f2", "f4", "f8"):
        with np.errstate(over="ignore"):
            same = x.astype(dtype)
        if (same == x).all():
            images = load_images(saved(same))
            assert (images.low, images.high) == ends, dtype
            assert images.pixels.dtype == np.dtype(dtype).newbyteorder("=")


def test_truth_values_are_black_and_white(saved):
    x = np.resize([True, False, False], (2, 8, 8))
    images = load_images(saved(x))
    assert (images.low, images.high) == (0, 1)
    np.testing.assert_array_equal(images.pixels[..., 0], x)


@pytest.mark.parametrize("dtype", ["u1", "f4", "i8"])
@pytest.mark.parametrize("most", [2, 16, 25])
def test_what_is_nearly_black_is_refused_and_a_range_decides(saved, most, dtype):
    x = np.resize(np.arange(most + 1), (2, 8, 8)).astype(dtype)
    sentence = refusal(saved(x))
    assert f"range=(0, {most})" in sentence
    assert f"--range 0,{most}" in sentence
    images = load_images(saved(x), range=(0, most))
    assert (images.low, images.high) == (0, most)
    assert images.scaled(images.pixels).max() == 1
    assert load_images(saved(x), range=(0, 255)).high == 255  # if it is meant


@pytest.mark.parametrize(
    "least, most, words",
    [
        (-2, 2, "found -2 to 2"),
        (-0.4242, 2.8215, "found -0.4242 to 2.8215"),
        (-0.156, 1.165, "found -0.156 to 1.165"),
        (-0.156, 0.98, "range=(0, 1)"),
        (-1.2, 1, "found -1.2 to 1"),
        (0, 256, "found 0 to 256"),
        (0, 4095, "range=(0, 4095)"),
        (-1000, 3000, "found -1000 to 3000"),
        (0.5, 0.52, "fill a tenth of 0 to 1"),
        (1000, 1000, "found 1000 to 1000"),
    ],
)
def test_other_ranges_are_asked_for(saved, least, most, words):
    path = saved(np.linspace(least, most, 2 * 64).reshape(2, 8, 8))
    sentence = refusal(path)
    assert words in sentence
    assert "--range" in sentence
    if least < most:
        images = load_images(path, range=(least, most))
        assert (images.low, images.high) == (least, most)


def test_a_given_range_clips_what_is_beyond(saved):
    x = np.linspace(-0.156, 1.165, 2 * 64).reshape(2, 8, 8)
    for dtype in ("f2", "f4", "f8"):
        images = load_images(saved(x.astype(dtype)), range=(0.1, 0.9))
        assert images.low <= images.pixels.min() < images.pixels.max() <= images.high
        assert "% are beyond and clipped" in images.notes[0]
    whole = np.resize(np.arange(200), (2, 10, 10)).astype("u1")
    images = load_images(saved(whole), range=(-0.5, 99.5))
    assert (images.pixels.min(), images.pixels.max()) == (0, 99)
    assert load_images(saved(whole), range=(-1, 300)).pixels.max() == 199
    assert "the given range" in refusal(saved(whole), range=(500, 600))


@pytest.mark.parametrize("range", [(1, 0), (0, 0), (0, np.nan), (0,), "ab", 3])
def test_a_range_is_two_numbers(saved, range):
    with pytest.raises(InputError, match="range expects two numbers, black < white"):
        load_images(saved(GREY), range=range)


@pytest.mark.parametrize(
    "value, dtype, ends", [(0, "u1", (0, 255)), (0, "f4", (0, 1)), (9, "u1", (0, 255))]
)
def test_equal_pixels_are_read_and_told(saved, value, dtype, ends):
    images = load_images(saved(np.full((2, 8, 8), value, dtype)))
    assert (images.low, images.high) == ends
    assert "all pixels are equal" in images.notes[-1]


def test_bytes_need_no_word(saved):
    assert load_images(saved(GREY)).notes == ()


# Channels and sizes


def test_transparency_is_laid_over_white(saved):
    x = smooth(4, 8, 8, 4)
    x[..., 3] = np.resize([0, 255, 51], (4, 8, 8))
    images = load_images(saved(x))
    a = x[..., 3:] / 255
    expected = a * x[..., :3] + (1 - a) * 255
    np.testing.assert_allclose(images.pixels, expected, atol=0.5001)
    assert any("over white" in note for note in images.notes)
    for options in ({"channels": 4}, {"shape": (8, 8, 4)}):
        np.testing.assert_array_equal(load_images(saved(x), **options).pixels, x)
    half = load_images(saved(x / 127.5 - 1))  # the same in another range
    np.testing.assert_allclose(half.pixels, expected / 127.5 - 1, atol=1e-12)


def test_channels_are_made_on_request(saved):
    colour = saved(COLOUR)
    grey = load_images(colour, channels=1).pixels
    weights = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(grey[..., 0], COLOUR @ weights, atol=0.5001)
    path = saved(GREY, "grey.npy")
    assert (load_images(path, channels=3).pixels == GREY).all()
    four = load_images(path, channels=4).pixels
    assert (four[..., :3] == GREY).all()
    assert (four[..., 3] == 255).all()
    two = saved(smooth(4, 8, 8, 2), "two.npy")
    assert load_images(two).shape == (8, 8, 2)
    assert "found 2" in refusal(two, channels=3)
    with pytest.raises(InputError, match="1, 3 or 4 channels, got 2"):
        load_images(path, channels=2)


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_a_size_crops_the_middle_square_and_scales(saved, dtype):
    x = np.zeros((3, 20, 40, 1), dtype)
    x[:, :, 10:30] = 255  # the middle square
    images = load_images(saved(x), size=8, shape=(8, 8, 1))
    assert images.shape == (8, 8, 1)
    assert (images.pixels == 255).all()
    assert "pictures of 20 x 40 scaled to 8 x 8" in images.notes[-1]
    for size in (0, 5000):
        with pytest.raises(InputError, match="size from 1 to 4096"):
            load_images(saved(x), size=size)


# Memory


@pytest.mark.parametrize("dtype", ["f4", ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("first", [False, True])
def test_memory_is_once_the_array(tmp_path, dtype, order, first, monkeypatch):
    monkeypatch.setattr("tinygan.data.files.arrays._SLAB", 1 << 18)
    monkeypatch.setattr("tinygan.data.files.fold._CHUNK", 1 << 18)
    shape = (64, 3, 100, 100) if first else (64, 100, 100, 3)  # 7.7 MB
    x = np.linspace(0, 1, 64 * 30000).astype(dtype).reshape(shape)
    np.save(tmp_path / "x.npy", np.asarray(x, order=order))
    tracemalloc.start()
    try:
        images = load_images(tmp_path / "x.npy")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(
        images.pixels, x.transpose(0, 2, 3, 1) if first else x
    )
    assert peak < 1.25 * x.nbytes


@pytest.mark.parametrize("slab", [1, 100, 1 << 20])
def test_column_major_arrays_of_every_shape(tmp_path, slab, monkeypatch):
    monkeypatch.setattr("tinygan.data.files.arrays._SLAB", slab)
    for shape in ((5,), (4, 3), (2, 3, 4), (2, 1, 3, 5), (3, 1)):
        x = np.arange(np.prod(shape), dtype=">i4").reshape(shape)
        file = io.BytesIO()
        np.lib.format.write_array(file, np.asfortranarray(x))
        (tmp_path / "x.npy").write_bytes(file.getvalue())
        read = read_array(tmp_path / "x.npy")
        np.testing.assert_array_equal(read, x)
        assert read.flags.c_contiguous
        assert read.dtype.isnative


def test_a_constant_set_is_asked_for_a_range_that_can_be(tmp_path):
    np.save(tmp_path / "x.npy", np.full((3, 8, 8), 1000.0))
    with pytest.raises(DataError, match="--range 0,2000"):
        load_images(tmp_path / "x.npy")
    assert load_images(tmp_path / "x.npy", range=(0, 2000)).high == 2000
