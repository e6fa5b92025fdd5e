"""The figures of the theory: their panels, and the colours that all of them use."""

from .. import plots

# They differ in print, and to the colour-blind. Source: Okabe and Ito 2008.
BLUE, RED, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PINK, GREY, BLACK = "#CC79A7", "#BBBBBB", "#000000"
# The book's dark theme shows black as light grey and white as black, but not these.
DARK, LIGHT = "#010101", "#fefefe"  # text on a ground with a colour of its own

pixels = plots.render


def subplots(rows: int, columns: int, width: float, height: float, **options):
    """(figure, axes): width x height inches, and an array (rows, columns) of axes."""
    figure = plots.blank(width, height, dpi=120)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)
