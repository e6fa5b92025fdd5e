"""How the page looks: colours, a palette for D's field, and what all figures share."""

import itertools

from bokeh.plotting import figure

# Source: Okabe and Ito 2008. The data are blue, G's samples are red.
BLUE, RED, GREEN, GREY, BLACK = "#0072B2", "#D55E00", "#009E73", "#999999", "#222222"
WRAP = {"flex-wrap": "wrap"}  # a row breaks where the window is narrow


def _mixed(a: str, b: str, share: float) -> str:
    """The colour on the way from a to b, each as #rrggbb."""
    parts = [
        round((1 - share) * int(a[i : i + 2], 16) + share * int(b[i : i + 2], 16))
        for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in parts)


def _ramp(*colours: str, n: int = 32) -> list[str]:
    """n steps from each colour to the next."""
    pairs = itertools.pairwise(colours)
    return [_mixed(a, b, i / n) for a, b in pairs for i in range(n)] + [colours[-1]]


FIELD = _ramp("#EE9C6F", "#FFFFFF", "#79B4DA")  # D = 0, 1/2, 1
BLUES = _ramp("#FFFFFF", "#79B4DA", "#003F66")
REDS = _ramp("#FFFFFF", "#EE9C6F", "#8A3A00")

PAGE = """\
{% block preamble %}
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font-family: system-ui, sans-serif; color: #222; background: #fff }
main { max-width: 1390px; margin: 0 auto; padding: 0 10px 20px }
h1 { font-size: 18px; margin: 8px 0 2px }
h1 + p { font-size: 13px; margin: 0 0 6px }
</style>
{% endblock %}
{% block contents %}
<main>
<h1>The laboratory of tinygan</h1>
<p>A game of two networks, played live. Nothing on this page comes from elsewhere.</p>
{% for root in roots %}{{ embed(root) }}{% endfor %}
</main>
{% endblock %}
"""

# Where the parts of the game are. On a phone the settings come last.
GAME_LAYOUT = """\
:host { display: grid !important; gap: 0 20px; align-items: start;
  grid-template: "buttons plane curves" auto "settings plane curves" 1fr
    / 276px minmax(300px, 500px) minmax(300px, 460px) }
@media (max-width: 1120px) { :host {
  grid-template: "buttons plane" auto "settings plane" auto "settings curves" 1fr
    / 276px minmax(300px, 500px) } }
@media (max-width: 640px) { :host {
  grid-template: "buttons" auto "plane" auto "curves" auto "settings" auto / 100% } }
.buttons { grid-area: buttons } .settings { grid-area: settings }
.plane { grid-area: plane } .curves { grid-area: curves }
"""

TABLE = """\
<style>
table { border-collapse: collapse; width: 100% }
td { padding: 2px 6px; border-bottom: 1px solid #ddd; font-size: 12px }
span { color: #666; font-variant-numeric: tabular-nums }
tr.next td { background: #FBF1D0 }
</style>
"""


def square(title: str, width: int, **options):
    """A figure of a square of the plane without tools, at most `width` pixels wide."""
    plot = figure(
        title=title,
        width=width,
        height=width,
        sizing_mode="scale_width",
        max_width=width,
        min_width=min(width // 2, 250),
        toolbar_location=None,
        tools="",
        **options,
    )
    plot.grid.visible = False
    _few_ticks(plot, 4)
    return plot


def _few_ticks(plot, n: int) -> None:
    """About n ticks on each axis: a browser measures every label in every picture."""
    for axis in plot.axis:
        axis.ticker.desired_num_ticks, axis.ticker.num_minor_ticks = n, 0


def curves(title: str, height: int = 190, **options):
    """A figure of curves over the turns, without tools."""
    plot = figure(
        title=title,
        height=height,
        sizing_mode="stretch_width",
        max_width=460,
        toolbar_location=None,
        tools="",
        output_backend="canvas",
        **options,
    )
    plot.xaxis.axis_label = "turns"
    _few_ticks(plot, 5)
    return plot


def tidy_legend(plot, above: bool = False) -> None:
    """A small legend in the corner at the top left, or above the plot, in a line."""
    plot.legend.location = "top_left"
    if above:
        plot.add_layout(plot.legend[0], "above")
        plot.legend.orientation, plot.legend.border_line_color = "horizontal", None
        plot.legend.margin = 0
    plot.legend.padding, plot.legend.spacing = 3, 6 if above else 0
    plot.legend.label_text_font_size = "11px"
    plot.legend.background_fill_alpha = 0.7
    plot.legend.label_height = plot.legend.glyph_height = 14
