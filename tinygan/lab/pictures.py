"""The pictures of the game: the plane on the left, the curves on the right."""

import math

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import (
    CheckboxButtonGroup,
    ColumnDataSource,
    Div,
    LayoutDOM,
    LinearColorMapper,
    Span,
)

from .fields import Comparison, Fields, arrows, equilibrium
from .game import LiveGame
from .looks import (
    BLACK,
    BLUE,
    BLUES,
    FIELD,
    GREEN,
    GREY,
    RED,
    REDS,
    curves,
    square,
    tidy_legend,
)

SAMPLES = 300  # dots of each kind
ROLL, FINE = 4000, 4  # points of a curve, and of its part of a picture
LAYERS = ("data", "samples", "arrows", "G's sheet")


class Image:
    """An image (64, 64) in a plot, with a palette from `low` to `high`."""

    def __init__(self, plot, palette, low=None, high=None):
        self.source = ColumnDataSource({"image": []})
        self.mapper = LinearColorMapper(
            palette=palette, low=low, high=high, nan_color="rgba(0, 0, 0, 0)"
        )
        self.renderer = plot.image(
            "image", 0, 0, 1, 1, source=self.source, color_mapper=self.mapper
        )
        self.plot = plot

    def place(self, region) -> None:
        """Cover this region of the plane, and show no more than it."""
        glyph = self.renderer.glyph
        glyph.x, glyph.y, glyph.dw, glyph.dh = region.x, region.y, *2 * (region.width,)
        for axis, start in (
            (self.plot.x_range, region.x),
            (self.plot.y_range, region.y),
        ):
            axis.start, axis.end = start, start + region.width

    def show(self, values) -> None:
        """Show these values, (64, 64)."""
        self.source.data = {"image": [np.asarray(values, np.float32)]}


class Plane:
    """The pictures in the plane: the game, and beside it p, q and D*."""

    def __init__(self):
        self.plot = square(
            "", 500, css_classes=["game"], x_range=(0, 1), y_range=(0, 1)
        )
        self.field = Image(self.plot, FIELD, 0, 1)
        names = ("real", "fake", "arrows", "sheet")
        columns = ("x y", "x y", "x0 y0 x1 y1 angle", "xs ys")
        self.sources = {
            name: ColumnDataSource({c: [] for c in each.split()})
            for name, each in zip(names, columns, strict=True)
        }
        s, plot = self.sources, self.plot
        sheet = plot.multi_line("xs", "ys", source=s["sheet"], color=RED, alpha=0.35)
        real = plot.scatter("x", "y", source=s["real"], color=BLUE, size=4, alpha=0.6)
        fake = plot.scatter("x", "y", source=s["fake"], color=RED, size=4, alpha=0.8)
        shaft = plot.segment(
            *("x0", "y0", "x1", "y1"), source=s["arrows"], color=BLACK, width=1.2
        )
        head = plot.scatter(
            *("x1", "y1"),
            source=s["arrows"],
            marker="triangle",
            angle="angle",
            size=6,
            color=BLACK,
        )
        self.layers = ([real], [fake], [shaft, head], [sheet])
        self.toggles = CheckboxButtonGroup(labels=list(LAYERS), active=[0, 1, 2])
        self.toggles.on_change("active", self._on_toggle)
        self.steep = 0.0  # the length of a long arrow
        sheet.visible = False
        small = [square(title, 160, x_range=(0, 1), y_range=(0, 1)) for title in BESIDE]
        for plot in small:
            plot.axis.visible = False
            plot.title.text_font_size = "12px"
        self.p, self.q = Image(small[0], BLUES, 0), Image(small[1], REDS, 0)
        self.best = Image(small[2], FIELD, 0, 1)
        self.small = small
        self.note = Div(text="", sizing_mode="stretch_width")

    @property
    def layout(self) -> LayoutDOM:
        """All of it in a column."""
        return column(
            self.toggles,
            self.plot,
            row(*self.small, sizing_mode="stretch_width", max_width=500),
            self.note,
            sizing_mode="stretch_width",
            max_width=500,
            min_width=300,
        )

    def _on_toggle(self, attr, old, new) -> None:
        for i, renderers in enumerate(self.layers):
            for renderer in renderers:
                renderer.visible = i in new

    def begin(self, fields: Fields) -> None:
        """Show a new game: its region, its data, their density."""
        for image in (self.field, self.p, self.q, self.best):
            image.place(fields.region)
        x = fields.game.real(SAMPLES)
        self.sources["real"].data = {"x": x[:, 0], "y": x[:, 1]}
        self.p.show(fields.p)
        self.p.mapper.high = self.q.mapper.high = float(fields.p.max())
        if fields.belief:
            self.field.mapper.low, self.field.mapper.high = 0, 1

    def show(self, fields: Fields) -> None:
        """D's field, the samples, the arrows and the sheet, as they are now."""
        D, look = fields.D, fields.game.look(SAMPLES)
        if not fields.belief:
            self.field.mapper.low, self.field.mapper.high = _ends(D)
        self.field.show(D)
        x, y = np.asarray(look.x_fake, np.float32).T
        self.sources["fake"].data = {"x": x, "y": y}
        if 2 in self.toggles.active:
            self._show_arrows(look, fields)
        if 3 in self.toggles.active:
            xs, ys = fields.sheet()
            self.sources["sheet"].data = {"xs": xs, "ys": ys}

    def _show_arrows(self, look, fields: Fields) -> None:
        found = arrows(look, fields.region.width)
        step = found.x1 - found.x0
        self.sources["arrows"].data = {
            "x0": found.x0[:, 0],
            "y0": found.x0[:, 1],
            "x1": found.x1[:, 0],
            "y1": found.x1[:, 1],
            "angle": np.arctan2(step[:, 1], step[:, 0]) - math.pi / 2,
        }
        self.steep = found.steep

    def tell(self, fields: Fields) -> None:
        """What the colours and the arrows mean now, in words."""
        what = "D(x)" if fields.belief else "the score s(x)"
        low, high = self.field.mapper.low, self.field.mapper.high
        self.plot.title.text = f"colours: {what}, from {low:.3g} to {high:.3g}"
        self.note.text = (
            "Arrows: −N dJ/dx at G's samples, where G is told to move them. A long one "
            f"is {self.steep:.2g}. p and q are blurred by h = {fields.h:.2f}: p_h "
            "exactly, q_h from 4,000 samples of G. D* = p_h/(p_h + q_h)."
        )

    def compare(self, found: Comparison) -> None:
        """Show q and D*."""
        self.q.show(found.q)
        self.best.show(found.best)


BESIDE = ("p: the data", "q: G's samples", "D* = p/(p + q)")


def _ends(values) -> tuple[float, float]:
    """The lowest and the highest of the values that are finite, a little apart."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return low, high + 1e-6 * (1 + abs(high))


class Curves:
    """V and J, the beliefs, and the divergences, over the turns."""

    def __init__(self):
        self.values = ColumnDataSource(
            {name: [] for name in ("turn", "V", "J", "D_x", "D_Gz")}
        )
        self.found = ColumnDataSource({name: [] for name in ("turn", "V_best", "jsd")})
        self.rest = Span(dimension="width", line_dash="dashed", line_color=GREY)
        self.game = self._plot(
            "", (("V", BLUE, "V, D ascends"), ("J", RED, "J, G descends"))
        )
        self.game.add_layout(self.rest)
        self.best = self.game.line(
            *("turn", "V_best"),
            source=self.found,
            color=GREEN,
            legend_label="V(D*) = 2 JSD − log 4",
        )
        self.beliefs = self._plot("", (("D_x", BLUE, "to x"), ("D_Gz", RED, "to G(z)")))
        self.distance = curves("", 150, y_range=(0, 0.72))
        self.distance.yaxis.ticker = [0, 0.2, 0.4, 0.6]
        self.distance.line(*("turn", "jsd"), source=self.found, color=GREEN)
        for plot in (self.game, self.beliefs):
            tidy_legend(plot, above=True)

    def _plot(self, title: str, names):
        plot = curves(title)
        for name, colour, label in names:
            plot.line(
                *("turn", name), source=self.values, color=colour, legend_label=label
            )
        return plot

    def layout(self, below: LayoutDOM) -> LayoutDOM:
        """The three plots in a column, with something below the first."""
        return column(
            self.game,
            below,
            self.beliefs,
            self.distance,
            sizing_mode="stretch_width",
            max_width=460,
            min_width=300,
        )

    def begin(self, fields: Fields) -> None:
        """Empty curves, and the V at which this objective's game is at rest."""
        for source in (self.values, self.found):
            source.data = {name: [] for name in source.data}
        V = equilibrium(fields.game.experiment.objective)
        self.rest.location = V
        known = " = −log 4" if abs(V + math.log(4)) < 1e-6 else ""
        self.game.title.text = f"The game; at rest V would be {V:.3f}{known} (dashed)"
        self.best.visible = self.game.legend[0].items[2].visible = fields.is_log_game
        what = "D(x)" if fields.belief else "as the log has it"
        self.beliefs.title.text = f"D's mean answer, {what}"
        self.shown = 0

    def show(self, game: LiveGame) -> None:
        """Add what was played since the last call. A picture adds at most FINE points,
        the means of its turns, if there were more.
        """
        new = game.total - self.shown
        self.shown = game.total
        if new == 0:
            return
        rows = np.array(game.history[-new:])
        if new > FINE:
            rows = np.array([a.mean(axis=0) for a in np.array_split(rows, FINE)])
        turn, V, J, D_x, D_Gz, _ = rows.T
        point = {"turn": turn, "V": V, "J": J, "D_x": D_x, "D_Gz": D_Gz}
        self.values.stream(point, rollover=ROLL)

    def compare(self, game: LiveGame, found: Comparison) -> None:
        """Add the divergences of this moment."""
        V = found.V
        jsd = (V + math.log(4)) / 2
        point = {"turn": [game.step], "V_best": [V], "jsd": [jsd]}
        self.found.stream(point, rollover=ROLL)
        self.distance.title.text = (
            f"JSD(p, q) = {jsd:.3f} (at most log 2), KL(p‖q) = {found.kl:.2f}"
        )
