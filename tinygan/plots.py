"""Pictures: grids of images, clouds of points, a run's curves, and its film.

A picture is a uint8 array (height, width, 3) until it is saved. matplotlib is imported
only when a figure is drawn, and never needs a screen.
"""

import contextlib
import math
import pathlib
import warnings

import numpy as np
from PIL import Image, PngImagePlugin

from .errors import InputError
from .files import write_atomically

TEXT = "tinygan"  # the name of the text in a picture
MISSING = (255, 0, 255)  # the colour of a pixel that is NaN
MOST_FRAME = 1 << 25  # pixels of one picture of a film, 5792 x 5792
MOST_PIXELS = 1 << 28  # of a film
LARGEST = 1e30  # value of a curve: matplotlib's own numbers overflow far above


def to_uint8(x) -> np.ndarray:
    """Samples in [-1, 1], of any shape, as pixels 0..255. Raises InputError for NaN."""
    x = np.asarray(x, np.float64)
    if np.isnan(x).any():
        where = tuple(int(k) for k in np.argwhere(np.isnan(x))[0])
        raise InputError(f"expected samples in [-1, 1], found nan at {where}")
    return np.clip(np.rint((x + 1) * 127.5), 0, 255).astype("u1")


def to_rgb(images) -> np.ndarray:
    """Images (N, H, W, C), in [-1, 1], as pixels (N, H, W', 3) in bytes.

    1 channel is grey and 3 are RGB. 4 are RGB with transparency a, shown over white: a
    rgb + (1 - a) white. Any other number of channels is drawn side by side, each in
    grey, so W' = C W. A pixel with a NaN becomes magenta.
    """
    images = np.asarray(images)
    N, H, W, C = images.shape
    if C == 4:
        x = images.astype(np.float64)
        alpha = (x[..., 3:].clip(-1, 1) + 1) / 2
        images = alpha * x[..., :3].clip(-1, 1) + (1 - alpha)
    elif C not in (1, 3):
        images = np.moveaxis(images, 3, 2).reshape(N, H, C * W, 1)
    missing = np.isnan(images)
    pixels = to_uint8(np.where(missing, 0, images))
    pixels = np.broadcast_to(pixels, (*pixels.shape[:3], 3)).copy()
    pixels[missing.any(-1)] = MISSING
    return pixels


def image_grid(images, columns: int | None = None, size: int = 560) -> np.ndarray:
    """Images (N, H, W, C), in [-1, 1], side by side, about `size` pixels wide.

    `to_rgb` gives their colours. Every pixel is enlarged by the same whole number.
    """
    images = to_rgb(images)
    N, H, W, _ = images.shape
    columns = columns or math.ceil(math.sqrt(N))
    rows = math.ceil(N / columns)
    scale = max(1, round(size / (columns * (W + 1))))
    gap = max(1, scale // 2)
    big = images.repeat(scale, axis=1).repeat(scale, axis=2)
    h, w = H * scale + gap, W * scale + gap
    sheet = np.full((rows * h + gap, columns * w + gap, 3), 64, np.uint8)
    for n in range(N):
        y, x = divmod(n, columns)
        top, left = y * h + gap, x * w + gap
        sheet[top : top + H * scale, left : left + W * scale] = big[n]
    return sheet


def point_cloud(points, real, title: str = "") -> np.ndarray:
    """Generated points (N, d), d >= 2, over real ones: the first two coordinates."""
    figure, axes = _figure(5.6, 5.6)
    real, points = (np.asarray(a)[:, :2] for a in (real, points))
    low, high = real.min(axis=0), real.max(axis=0)
    margin = 0.15 * (high - low) + 1e-3
    axes.plot(*real.T, ".", ms=4, color="0.75", label="data")
    axes.plot(*points.T, ".", ms=2, color="tab:red", label="generated")
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
    axes.set_aspect("equal")
    axes.legend(loc="upper right", framealpha=0.9)
    axes.set_title(title)
    return render(figure)


def histogram(numbers, real, title: str = "") -> np.ndarray:
    """A histogram of generated numbers over one of real numbers, both of any shape."""
    figure, axes = _figure(5.6, 4.0)
    real, numbers = np.ravel(real), np.ravel(numbers)
    low, high = real.min(), real.max()
    margin = 0.15 * (high - low) + 1e-3
    bins = np.linspace(low - margin, high + margin, 81)
    axes.hist(real, bins, density=True, color="0.75", label="data")
    axes.hist(numbers, bins, density=True, color="tab:red", alpha=0.6, label="G(z)")
    axes.legend()
    axes.set_title(title)
    return render(figure)


def picture(samples, real, title: str = "", columns: int | None = None) -> np.ndarray:
    """The picture that fits the samples: an image grid, a point cloud or a histogram.

    `real` is a batch of real samples (N, *shape), which a grid does not need.
    """
    if samples.ndim == 4:
        return image_grid(samples, columns)
    if samples.ndim == 2 and samples.shape[1] > 1:
        return point_cloud(samples, real, title)
    return histogram(samples, real, title)


def text_picture(lines, title: str = "") -> np.ndarray:
    """A picture of lines of text, one below the other."""
    figure = blank(6, 0.5 + 0.2 * max(1, len(lines)), layout="none")
    figure.suptitle(title, fontsize=10)
    height, inch = figure.get_figheight(), 0.2
    for i, line in enumerate(lines):
        y = 1 - (0.5 + inch * (i + 0.5)) / height
        plain = line.replace("$", r"\$")  # no formula
        figure.text(0.02, y, plain, family="monospace", fontsize=9, va="center")
    return render(figure)


def save_png(path, pixels: np.ndarray, text: str = "") -> None:
    """Write a picture, (height, width, 3) bytes, to `path`, atomically. The file also
    holds the `text` that it shows, under the name TEXT.
    """
    image, info = Image.fromarray(pixels), PngImagePlugin.PngInfo()
    if text:
        info.add_itxt(TEXT, text)
    write_atomically(path, lambda file: image.save(file, "png", pnginfo=info))


def save_gif(path, frames: list[pathlib.Path], seconds: float = 6.0) -> list[str]:
    """Write the PNG files `frames` to `path` as a looping film, and hold the last one
    for two seconds.

    Return the names of frames that were left out: damaged files, and pictures of
    another size than the last sound one. A film has at most MOST_PIXELS in all, and
    shows every second or third frame if there are more.
    """
    sound = {frame: size for frame in frames if (size := _png_size(frame))}
    if not sound:
        return [frame.name for frame in frames]
    W, H = [*sound.values()][-1]
    alike = [frame for frame, size in sound.items() if size == (W, H)]
    every = math.ceil(len(alike) * W * H / MOST_PIXELS)
    chosen = set(alike[::-every])
    images = {f: image for f in alike if f in chosen and (image := _read_frame(f))}
    shown = [*images.values()]
    if shown:
        each = max(40, int(1000 * seconds / len(shown)))
        options = {"duration": [each] * (len(shown) - 1) + [2000], "loop": 0}
        write_atomically(
            path,
            lambda file: shown[0].save(
                file, "gif", save_all=True, append_images=shown[1:], **options
            ),
        )
    bad = set(frames) - set(alike) | chosen - set(images)
    return [frame.name for frame in frames if frame in bad]


def _png_size(frame) -> tuple[int, int] | None:
    """(width, height) of a PNG file that may be shown, None if it is none."""
    with _damage_tolerated(), Image.open(frame, formats=["PNG"]) as image:
        W, H = image.size
        return (W, H) if W * H <= MOST_FRAME else None
    return None


def _read_frame(frame) -> Image.Image | None:
    """The picture of a PNG file in 64 colours, None if the file is damaged."""
    with _damage_tolerated(), Image.open(frame, formats=["PNG"]) as image:
        colours = image.convert("RGB")
        return colours.convert("P", palette=Image.Palette.ADAPTIVE, colors=64)
    return None


@contextlib.contextmanager
def _damage_tolerated():
    """Within this context the errors of a damaged picture are passed over: Pillow's
    decoders raise whatever they stumble on.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(Exception):
            yield


def plot_losses(path, rows: list[dict], curves) -> None:
    """Draw the curves of a run's rows of metrics, and below them the measures of the
    samples if there are any. curves: a {name: label} for each panel. Where the rows say
    at which level of a growing network they are, a line marks the beginning of each
    level, and its fade is shaded.

    A value that is no finite number is left out.
    """
    if not rows:
        return
    measured = _points(rows, "sliced_wasserstein")
    n = len(curves) + bool(measured)
    figure, panels = _figure(7, 0.8 + 2.4 * n, rows=n)
    panels = np.atleast_1d(panels)
    for axes, names in zip(panels, curves, strict=False):
        shown = {name: points for name in names if (points := _points(rows, name))}
        for name, points in shown.items():
            _curve(axes, points, names[name])
        if shown:
            axes.legend(fontsize=8)
        values = [value for points in shown.values() for _, value in points]
        if "D_x" in shown and 0 <= min(values) <= max(values) <= 1:
            axes.axhline(0.5, color="0.5", lw=0.8, ls=":")  # a critic's scores are free
            axes.set_ylim(0, 1)
    if measured:
        _measures(panels[-1], measured, _points(rows, "high_quality"))
    for axes in panels:
        _levels(axes, rows)
    panels[-1].set_xlabel("step")
    save_png(path, render(figure))


def _points(rows: list[dict], name: str) -> list[tuple[int, float]]:
    """(step, value) of the rows that have a value of this name that can be drawn."""
    return [
        (row["step"], value)
        for row in rows
        if _drawable(row.get("step")) and _drawable(value := row.get(name))
    ]


def _drawable(value) -> bool:
    return type(value) in (int, float) and -LARGEST < value < LARGEST


def _levels(axes, rows: list[dict]) -> None:
    """Where each level of a growing network begins, how large it is, and its fade."""
    pixels, alphas = (dict(_points(rows, name)) for name in ("pixels", "alpha"))
    steps: dict[float, list] = {}
    for step, level in _points(rows, "level"):
        steps.setdefault(level, []).append(step)
    for first, *more in steps.values():
        fade = [step for step in more if alphas.get(step, 1) < 1]
        axes.axvline(first, color="0.6", lw=0.8)
        if fade:
            axes.axvspan(first, fade[-1], color="0.9", zorder=0)
        if first in pixels:
            text, units = f" {pixels[first]:g}x{pixels[first]:g}", "axes fraction"
            axes.annotate(text, (first, 0.02), xycoords=("data", units), fontsize=7)


def _measures(axes, distances, shares) -> None:
    """The sliced Wasserstein distance and, for known modes, the high-quality share."""
    _curve(axes, distances, "sliced Wasserstein distance")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, loc="upper left")
    if shares:
        right = axes.twinx()
        _curve(right, shares, "high quality (right)", color="tab:green")
        right.set_ylim(0, 1)
        right.legend(fontsize=8, loc="upper right")


def _curve(axes, points, label: str, **style) -> None:
    axes.plot(*zip(*points, strict=True), lw=1, label=label, **style)


def _figure(width: float, height: float, rows: int = 1):
    figure = blank(width, height, layout="tight")
    return figure, figure.subplots(rows, 1)


def blank(width: float, height: float, dpi: int = 100, layout: str = "constrained"):
    """An empty matplotlib figure, width x height inches, that needs no screen."""
    from matplotlib import rcParams
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # matplotlib obeys a matplotlibrc in the present folder, which may be a stranger's.
    rcParams["text.usetex"] = False  # LaTeX would be run
    figure = Figure(figsize=(width, height), dpi=dpi, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def render(figure) -> np.ndarray:
    """A figure as a picture."""
    figure.canvas.draw()  # savefig would draw it twice: once to know the layout
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
