"""Pictures: every pixel of a grid where it belongs; figures and films that open."""

import math
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tinygan import plots
from tinygan.data import TwoMoons, grid, mixture_1d, ring
from tinygan.runs.turn import Turns

BETWEEN = 64  # the grey between the images of a grid


# Pixels


def test_to_uint8_at_the_ends_the_middle_and_beyond():
    x = np.array([-1, -0.999, 0, 0.999, 1, -1.5, 7, -np.inf, np.inf])
    expected = [0, 0, 128, 255, 255, 0, 255, 0, 255]
    for dtype in (np.float32, np.float64):
        pixels = plots.to_uint8(x.astype(dtype))
        assert pixels.dtype == np.uint8 and pixels.tolist() == expected


def test_to_uint8_hits_every_level_in_order():
    levels = np.arange(256)
    x = (levels / 127.5 - 1).astype(np.float32)
    assert (plots.to_uint8(x) == levels).all()
    assert (np.diff(plots.to_uint8(np.linspace(-1, 1, 5001)).astype(int)) >= 0).all()


# Grids


def layout(images, columns, scale, gap):
    """The grid by definition: a pixel of an image is a square of the sheet."""
    N, H, W, C = images.shape
    h, w = H * scale + gap, W * scale + gap
    rows = -(-N // columns)
    sheet = np.full((rows * h + gap, columns * w + gap, 3), BETWEEN)
    for n in range(N):
        for i in range(H):
            for j in range(W):
                top = gap + n // columns * h + i * scale
                left = gap + n % columns * w + j * scale
                rgb = images[n, i, j] if C == 3 else [images[n, i, j, 0]] * 3
                for k in range(3):
                    level = round((float(rgb[k]) + 1) * 127.5)
                    sheet[top : top + scale, left : left + scale, k] = level
    return sheet


@settings(deadline=None)
@given(
    N=st.integers(1, 7),
    H=st.integers(1, 4),
    W=st.integers(1, 4),
    C=st.sampled_from([1, 3]),
    columns=st.one_of(st.none(), st.integers(1, 5)),
    scale=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_every_pixel_of_a_grid(N, H, W, C, columns, scale, seed):
    levels = np.random.default_rng(seed).integers(0, 256, (N, H, W, C))
    images = (levels / 127.5 - 1).astype(np.float32)
    across = columns or math.ceil(math.sqrt(N))
    sheet = plots.image_grid(images, columns, size=scale * across * (W + 1))
    assert sheet.dtype == np.uint8
    expected = layout(images, across, scale, max(1, scale // 2))
    np.testing.assert_array_equal(sheet, expected)


def test_a_known_grid():
    images = np.full((3, 1, 2, 1), -1.0)  # of 3 images, two are black, the last is
    images[2, 0] = [[1.0], [0.0]]  # white beside grey
    sheet = plots.image_grid(images, size=6)
    rows = [
        [64, 64, 64, 64, 64, 64, 64],
        [64, 0, 0, 64, 0, 0, 64],
        [64, 64, 64, 64, 64, 64, 64],
        [64, 255, 128, 64, 64, 64, 64],
        [64, 64, 64, 64, 64, 64, 64],
    ]
    assert sheet.shape == (5, 7, 3)
    for k in range(3):
        assert sheet[..., k].tolist() == rows


def test_the_grid_of_a_run_is_about_as_wide_as_said():
    for N, side, C in ((100, 8, 1), (100, 28, 1), (64, 32, 3), (1, 64, 3)):
        sheet = plots.image_grid(np.zeros((N, side, side, C)))
        columns = math.ceil(math.sqrt(N))
        assert 400 <= sheet.shape[1] <= 700
        assert sheet.shape[0] == sheet.shape[1]
        scale = np.argmax(sheet[sheet.shape[0] // columns // 2, 9:, 0] == BETWEEN) + 9
        assert scale >= side  # a pixel is at least one pixel


def test_four_channels_are_shown_over_white():
    """alpha rgb + (1 - alpha) white, with alpha = (a + 1)/2 of the fourth channel."""
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (2, 3, 3, 4))
    images[0, 0, 0, 3], images[0, 0, 1, 3], images[0, 0, 2] = -1, 1, 7
    level = (images.clip(-1, 1) + 1) / 2
    alpha = level[..., 3:]
    expected = np.rint(255 * (alpha * level[..., :3] + 1 - alpha))
    np.testing.assert_array_equal(plots.to_rgb(images), expected)
    assert plots.to_rgb(images)[0, 0, 0].tolist() == [255] * 3  # wholly transparent
    opaque = np.concatenate([images[..., :3], np.ones((2, 3, 3, 1))], axis=-1)
    sheet = plots.image_grid(images[..., :3])
    np.testing.assert_array_equal(plots.image_grid(opaque), sheet)


@pytest.mark.parametrize("C", [2, 5, 7])
def test_other_channels_lie_side_by_side(C):
    images = np.random.default_rng(C).uniform(-1, 1, (2, 3, 4, C))
    pixels = plots.to_rgb(images)
    assert pixels.shape == (2, 3, 4 * C, 3)
    for c in range(C):
        alone = plots.to_rgb(images[..., c : c + 1])
        np.testing.assert_array_equal(pixels[:, :, 4 * c : 4 * c + 4], alone)
    grey = pixels[..., :1]
    np.testing.assert_array_equal(pixels, np.repeat(grey, 3, axis=-1))
    assert plots.image_grid(images).shape[2] == 3


@pytest.mark.parametrize("C", [1, 2, 3, 4])
def test_nan_is_not_drawn_black(C):
    images = np.zeros((1, 2, 2, C), np.float32)
    images[0, 1, 0, C - 1] = np.nan
    pixels = plots.to_rgb(images)
    marked = (pixels == plots.MISSING).all(-1)
    assert np.argwhere(marked).tolist() == [[0, 1, 0 + 2 * (C == 2)]]
    with pytest.raises(ValueError, match=rf"found nan at \(0, 1, 0, {C - 1}\)"):
        plots.to_uint8(images)


def test_images_are_not_written_into():
    images = np.random.default_rng(0).uniform(-1, 1, (4, 3, 3, 1))
    before = images.copy()
    plots.image_grid(images)
    assert (images == before).all()


# Figures


def real(data) -> np.ndarray:
    """2,000 samples of a density."""
    return data.sample(2000, np.random.default_rng(1))


def red(pixels) -> np.ndarray:
    """Where the picture is about as red as what is generated."""
    r, g, b = np.moveaxis(pixels.astype(int), -1, 0)
    return (r > 120) & (r > g + 60) & (r > b + 60)


@pytest.mark.parametrize("data", [ring(), grid(), TwoMoons()], ids=repr)
def test_a_cloud_of_points(data):
    points = data.sample(300, np.random.default_rng(0)).astype(np.float32)
    cloud = plots.point_cloud(points, real(data), "step 3")
    assert cloud.dtype == np.uint8 and cloud.ndim == 3 and cloud.shape[2] == 3
    assert min(cloud.shape[:2]) > 300
    nowhere = plots.point_cloud(points + 1000, real(data), "step 3")
    assert nowhere.shape == cloud.shape
    assert red(cloud).sum() > red(nowhere).sum() + 50  # its legend has a red dot


def test_the_cloud_is_where_its_points_are():
    up, down = (
        red(plots.point_cloud(np.tile([[0.0, y]], (99, 1)), real(ring())))
        for y in (1, -1)
    )
    (y_up, x_up), (y_down, x_down) = (
        np.argwhere(p & ~q).mean(0) for p, q in ((up, down), (down, up))
    )
    assert y_up < y_down - 50  # rows count downwards
    assert x_up == pytest.approx(x_down, abs=2)


def test_a_histogram():
    data = mixture_1d()
    points = data.sample(500, np.random.default_rng(0))
    picture = plots.histogram(points, real(data), "step 3")
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    assert min(picture.shape[:2]) > 300
    left = plots.histogram(points[points < 0], real(data), "step 3")
    assert left.shape == picture.shape
    half = picture.shape[1] // 2
    assert red(picture)[100:, half:].sum() > red(left)[100:, half:].sum() + 1000


def test_the_picture_fits_the_samples():
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (5, 8, 8, 1))
    sheet = plots.picture(images, images)
    np.testing.assert_array_equal(sheet, plots.image_grid(images))
    np.testing.assert_array_equal(plots.picture(images, None), sheet)
    points = ring().sample(50, rng)
    cloud = plots.picture(points, real(ring()), "a")
    np.testing.assert_array_equal(cloud, plots.point_cloud(points, real(ring()), "a"))
    in_space = rng.standard_normal((2, 50, 3))  # generated and real, in 3-D
    cloud = plots.picture(*in_space)
    np.testing.assert_array_equal(cloud, plots.point_cloud(*in_space[..., :2]))
    for shape in ((2, 50, 1), (2, 50, 8, 3)):  # numbers, and sequences of vectors
        numbers = rng.standard_normal(shape)
        curve = plots.picture(*numbers, "a")
        np.testing.assert_array_equal(curve, plots.histogram(*numbers, "a"))


# Files


def test_a_png_holds_the_very_pixels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    plots.save_png(tmp_path / "x.png", pixels)
    with Image.open(tmp_path / "x.png") as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.array(image), pixels)
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]


@pytest.mark.parametrize("n", [1, 2, 7])
def test_a_gif_has_a_frame_for_each_png(tmp_path, n):
    frames = []
    for i in range(n):
        frames.append(tmp_path / f"{i}.png")
        plots.save_png(frames[-1], np.full((20, 30, 3), 9 + 30 * i, np.uint8))
    plots.save_gif(tmp_path / "x.gif", frames, seconds=1.4)
    with Image.open(tmp_path / "x.gif") as film:
        assert (film.format, film.size, film.n_frames) == ("GIF", (30, 20), n)
        durations, levels = [], []
        for i in range(n):
            film.seek(i)
            durations.append(film.info.get("duration"))
            levels.append(np.array(film.convert("RGB"))[5, 5].tolist())
        assert n == 1 or film.info["loop"] == 0
    assert levels == [[9 + 30 * i] * 3 for i in range(n)]
    if n > 1:
        assert durations == [1400 // n] * (n - 1) + [2000]


def frame(path, size=(30, 20), grey=9):
    """A picture of a film, as a PNG file."""
    plots.save_png(path, np.full((*size[::-1], 3), grey, np.uint8))
    return path


def test_a_gif_of_nothing_is_not_written(tmp_path):
    assert plots.save_gif(tmp_path / "x.gif", []) == []
    (tmp_path / "1.png").write_bytes(b"no picture")
    assert plots.save_gif(tmp_path / "x.gif", [tmp_path / "1.png"]) == ["1.png"]
    assert not (tmp_path / "x.gif").exists()


def bomb(width, height) -> bytes:
    """A PNG that promises more pixels than it has."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(100))
    chunks = (
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c))
        for c in (chunk, data, b"IEND")
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_damaged_picture_costs_its_frame_alone(tmp_path):
    frames = [frame(tmp_path / f"{i}.png", grey=30 * i) for i in range(8)]
    frames[0].write_bytes(frames[0].read_bytes()[:40])
    frames[1].write_bytes(b"")
    frames[2].write_bytes(bomb(60_000, 60_000))
    frames[3].write_bytes(bomb(30, 20))
    frame(frames[4], (40, 20))
    Image.new("RGB", (30, 20)).save(frames[5], "jpeg")
    left_out = plots.save_gif(tmp_path / "x.gif", frames)
    assert left_out == [f"{i}.png" for i in range(6)]
    with Image.open(tmp_path / "x.gif") as film:
        assert (film.size, film.n_frames) == ((30, 20), 2)


def test_a_film_that_is_too_long_shows_fewer_frames(tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "MOST_PIXELS", 30 * 20 * 4)
    frames = [frame(tmp_path / f"{i}.png", grey=30 * i) for i in range(7)]
    assert plots.save_gif(tmp_path / "x.gif", frames) == []
    with Image.open(tmp_path / "x.gif") as film:
        assert film.n_frames == 4
        film.seek(3)  # the last one is always there
        assert np.array(film.convert("RGB"))[5, 5].tolist() == [180] * 3


def metrics(steps):
    """Rows as a run logs them."""
    return [
        {"step": s, "V": -1.4 + s / 99, "J": 0.7, "D_x": 0.6, "D_Gz": 0.4}
        for s in steps
    ]


def curves(tmp_path, rows) -> np.ndarray:
    """The picture of the curves of these rows."""
    path = tmp_path / "losses.png"
    plots.plot_losses(path, rows, Turns.curves)
    with Image.open(path) as image:
        assert image.format == "PNG" and min(image.size) > 400
        return np.array(image.convert("RGB"))


def test_the_curves_of_a_run(tmp_path):
    steps = [20], [20, 40, 60], range(20, 2000, 20)
    pictures = [curves(tmp_path, metrics(s)).tobytes() for s in steps]
    assert len(set(pictures)) == 3


def test_a_run_without_rows_has_no_curves(tmp_path):
    plots.plot_losses(tmp_path / "losses.png", [], Turns.curves)
    assert not (tmp_path / "losses.png").exists()


NONSENSE = ["x", None, [1], {"a": 1}, True, math.nan, math.inf, -math.inf, 10**400]


def with_values(values: dict) -> list[dict]:
    """Rows of which each of these names is replaced in a row of its own, or missing."""
    rows = metrics(range(20, 140, 20))
    for row, (name, value) in zip(rows[1:], values.items(), strict=False):
        row.pop(name, None)
        if value is not MISSING:
            row[name] = value
    return rows


MISSING = object()
DAMAGED = ("step", "V", "D_x", "sliced_wasserstein")


def damaged_curves(path, value) -> np.ndarray:
    """The curves where the values of DAMAGED are this one. Their panels are not fitted
    to their labels, which takes half of the time of a figure.
    """

    def figure_of(width, height, rows=1):
        figure = plots.blank(width, height, layout="none")
        return figure, figure.subplots(rows, 1)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(plots, "_figure", figure_of)
        return curves(path, with_values(dict.fromkeys(DAMAGED, value)))


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    """The curves without the values of DAMAGED."""
    return damaged_curves(tmp_path_factory.mktemp("curves"), MISSING)


@pytest.mark.parametrize("value", [*NONSENSE, 1e300, -1e300], ids=lambda v: repr(v)[:9])
def test_a_damaged_value_costs_no_more_than_its_point(tmp_path, without, value):
    assert (damaged_curves(tmp_path, value) == without).all()


def test_rows_of_nothing_but_damage_are_drawn(tmp_path):
    rows = [{"step": value, "V": value} for value in NONSENSE] + [{}]
    assert curves(tmp_path, rows).shape == curves(tmp_path, metrics([1])).shape


@pytest.mark.parametrize("size", [1e29, 1e-300, 0.0])
def test_values_of_every_size_are_drawn(tmp_path, size):
    rows = [{"step": s, "V": size * s, "D_x": -size, "J": 7} for s in (0, 3, 10**17)]
    assert curves(tmp_path, rows) is not None
