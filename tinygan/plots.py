"""Pictures: grids of images, clouds of points, a run's curves, and its film.

A picture is a uint8 array (height, width, 3) until it is saved. matplotlib is imported
only when a figure is drawn, and never needs a screen.
"""

import io
import json
import math
import pathlib

import numpy as np
from PIL import Image

from .files import write_atomically


def to_uint8(x) -> np.ndarray:
    """Samples in [-1, 1], of any shape, as pixels 0..255."""
    return np.clip(np.rint((np.asarray(x, np.float64) + 1) * 127.5), 0, 255).astype(
        "u1"
    )


def image_grid(images, columns: int | None = None, size: int = 560) -> np.ndarray:
    """Images (N, H, W, C), in [-1, 1], side by side, about `size` pixels wide.

    C is 1 (grey) or 3 (RGB). Every pixel is enlarged by the same whole number.
    """
    N, H, W, C = images.shape
    columns = columns or math.ceil(math.sqrt(N))
    rows = math.ceil(N / columns)
    scale = max(1, round(size / (columns * (W + 1))))
    gap = max(1, scale // 2)
    big = to_uint8(images).repeat(scale, axis=1).repeat(scale, axis=2)
    if C not in (1, 3):
        big = big[..., :1]
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


def save_png(path, pixels: np.ndarray) -> None:
    """Write a picture, (height, width, 3) bytes, to `path`, atomically."""
    image = Image.fromarray(pixels)
    write_atomically(path, lambda file: image.save(file, "png"))


def save_gif(path, frames: list[pathlib.Path], seconds: float = 6.0) -> None:
    """Write the PNG files `frames` to `path` as a looping film, and hold the last one
    for two seconds.
    """
    if not frames:
        return
    images = []
    for frame in frames:
        with Image.open(frame) as image:
            images.append(image.convert("P", palette=Image.Palette.ADAPTIVE, colors=64))
    each = max(40, int(1000 * seconds / len(images)))
    options = {"duration": [each] * (len(images) - 1) + [2000], "loop": 0}
    write_atomically(
        path,
        lambda file: images[0].save(
            file, "gif", save_all=True, append_images=images[1:], **options
        ),
    )


def plot_losses(path, metrics_path, curves) -> None:
    """Draw the curves of a run's metrics.jsonl, and below them the measures of the
    samples if there are any. curves: a {name: label} for each panel.
    """
    with open(metrics_path, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    if not rows:
        return
    measured = [row for row in rows if "sliced_wasserstein" in row]
    n = len(curves) + bool(measured)
    figure, panels = _figure(7, 0.8 + 2.4 * n, rows=n)
    panels = np.atleast_1d(panels)
    for axes, names in zip(panels, curves, strict=False):
        shown = {name: label for name, label in names.items() if name in rows[0]}
        for name, label in shown.items():
            _curve(axes, rows, name, label)
        axes.legend(fontsize=8)
        values = [row[name] for row in rows for name in shown]
        if "D_x" in shown and 0 <= min(values) <= max(values) <= 1:
            axes.axhline(0.5, color="0.5", lw=0.8, ls=":")  # a critic's scores are free
            axes.set_ylim(0, 1)
    if measured:
        _measures(panels[-1], measured)
    panels[-1].set_xlabel("step")
    save_png(path, render(figure))


def _measures(axes, rows: list[dict]) -> None:
    """The sliced Wasserstein distance and, for known modes, the high-quality share."""
    _curve(axes, rows, "sliced_wasserstein", "sliced Wasserstein distance")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, loc="upper left")
    if "high_quality" in rows[0]:
        right = axes.twinx()
        _curve(right, rows, "high_quality", "high quality (right)", color="tab:green")
        right.set_ylim(0, 1)
        right.legend(fontsize=8, loc="upper right")


def _curve(axes, rows, name: str, label: str, **style) -> None:
    x, y = [row["step"] for row in rows], [row[name] for row in rows]
    axes.plot(x, y, lw=1, label=label, **style)


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
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    with Image.open(buffer) as image:
        return np.array(image.convert("RGB"))
