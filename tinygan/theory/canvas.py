"""The figures of the theory: panels on a sheet, and the colours of all of them."""

from .. import plots

# Told apart in print and by the colour-blind. Source: Okabe and Ito 2008.
BLUE, RED, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PINK, GREY, BLACK = "#CC79A7", "#BBBBBB", "#000000"

pixels = plots.render


def subplots(rows: int, columns: int, width: float, height: float, **options):
    """(figure, axes (rows, columns)) of that size in inches."""
    figure = plots.blank(width, height, dpi=120)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)
