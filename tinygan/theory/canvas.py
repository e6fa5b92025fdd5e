"""A figure without a screen, and the colours of all of them.

matplotlib is imported only when a figure is drawn.
"""

import io

import numpy as np
from PIL import Image

# Told apart in print and by the colour-blind. Source: Okabe and Ito 2008.
BLUE, RED, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PINK, GREY, BLACK = "#CC79A7", "#BBBBBB", "#000000"


def subplots(rows: int, columns: int, width: float, height: float, **options):
    """(figure, axes (rows, columns)) of that size in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def pixels(figure) -> np.ndarray:
    """The figure as uint8 (height, width, 3)."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    with Image.open(buffer) as image:
        return np.array(image.convert("RGB"))
