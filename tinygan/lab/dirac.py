"""The tab of the Dirac-GAN: its phase portrait, with a start that one can drag.

All numbers come from tinygan.theory: the field from the objective and the penalty, the
paths from the real d_step and g_step, the eigenvalues by complex steps.
"""

import html
import math

import numpy as np
from bokeh.events import Pan, Tap
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, Div, LayoutDOM, Select, Slider

from ..theory.convergence import OBJECTIVES, REGULARISERS, method, spectrum
from ..theory.dirac import DiracGAN, eigenvalues, field, predicted_eigenvalues
from ..theory.play import Turn, multipliers, verdict
from .looks import BLACK, BLUE, GREEN, GREY, RED, WRAP, square, tidy_legend

REACH = 2.4
TURNS = 300
ARROWS = 21  # along each side
PATHS = {"alternating": (True, BLUE), "simultaneous": (False, RED)}


class Portrait:
    """What the tab shows, as numbers: the field, two paths, and words about them.

    objective, regulariser: names of tinygan.theory.convergence
    """

    def __init__(self, objective: str, regulariser: str, eta: float):
        self.game: DiracGAN = method(objective, regulariser)
        self.eta = eta

    def field(self) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, 2) of a lattice, and the arrows (n, 2) of the field there, each of
        the length of a cell or, near rest, shorter.
        """
        line = np.linspace(-REACH, REACH, ARROWS)
        points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
        with np.errstate(all="ignore"):
            v = np.array([field(self.game, *p) for p in points]).real
        v = np.nan_to_num(v)
        cell = 2 * REACH / (ARROWS - 1)
        length = np.hypot(*v.T)[:, None]
        return points, 0.8 * cell * v / np.maximum(length, 0.15)

    def path(self, start, alternating: bool) -> np.ndarray:
        """The points of at most 300 turns from `start`, (n, 2)."""
        turn = Turn(self.game, self.eta, alternating=alternating)
        with np.errstate(all="ignore"):
            return turn.trajectory(start, TURNS)

    def words(self, paths: dict[str, np.ndarray]) -> list[str]:
        """Sentences about the eigenvalues, and about each path (n, 2), by its name."""
        told = []
        if self.game.obstacle:
            told.append(f"There is no Jacobian at (0, 0): {self.game.obstacle}.")
            values = None
        else:
            values = predicted_eigenvalues(self.game)
            measured = spectrum(eigenvalues(self.game))
            told.append(
                f"Eigenvalues at (0, 0): {spectrum(values)} in theory, {measured} by "
                "complex steps."
            )
        for name, points in paths.items():
            alternating, _ = PATHS[name]
            sentence = f"With {name} steps play {verdict(points, TURNS)}"
            if values is not None:
                rho = np.abs(multipliers(values, self.eta, alternating)).max()
                sentence += f"; near (0, 0) a turn stretches distances by {rho:.4f}"
            told.append(f"{sentence}.")
        return [sentence.replace("+-", "±") for sentence in told]


class DiracPage:
    """The tab: choose a method, drag the start."""

    def __init__(self):
        self.objective = Select(
            title="Objective", options=list(OBJECTIVES), value="minimax", width=264
        )
        self.regulariser = Select(
            title="Regulariser", options=list(REGULARISERS), value="none", width=264
        )
        self.eta = Slider(
            title="Learning rate η",
            start=0.01,
            end=1.0,
            step=0.01,
            value=0.1,
            width=264,
        )
        for widget in (self.objective, self.regulariser):
            widget.on_change("value", self._on_method)
        self.eta.on_change("value_throttled", self._on_method)
        self.words = Div(css_classes=["dirac_words"], width=264)
        self.plot = self._plot()
        self.start, self.moved = (1.0, 1.0), False
        self.show()

    def _plot(self):
        reach = (-REACH, REACH)
        plot = square("", 620, x_range=reach, y_range=reach, css_classes=["dirac"])
        plot.xaxis.axis_label = "θ, where G's point is (the data are at 0)"
        plot.yaxis.axis_label = "ψ, the slope of D"
        self.field = ColumnDataSource(
            {c: [] for c in ("x0", "y0", "x1", "y1", "angle")}
        )
        ends = ("x0", "y0", "x1", "y1")
        plot.segment(*ends, source=self.field, color=GREY, width=1)
        plot.scatter(
            *("x1", "y1"),
            source=self.field,
            marker="triangle",
            angle="angle",
            size=4,
            color=GREY,
        )
        self.paths = {}
        for name, (_, colour) in PATHS.items():
            self.paths[name] = ColumnDataSource({"x": [], "y": []})
            label = f"{name} steps"
            plot.line(
                *("x", "y"),
                source=self.paths[name],
                color=colour,
                width=1.6,
                legend_label=label,
            )
        plot.scatter(0, 0, marker="cross", size=16, color=GREEN, line_width=3)
        self.point = ColumnDataSource({"x": [1.0], "y": [1.0]})
        plot.scatter(
            "x", "y", source=self.point, size=14, color=BLACK, legend_label="start"
        )
        tidy_legend(plot)
        plot.on_event(Pan, self._on_point)
        plot.on_event(Tap, self._on_point)
        return plot

    @property
    def layout(self) -> LayoutDOM:
        """The whole tab."""
        about = Div(
            text="The data are one point at 0. G makes one point at θ. D has one "
            "weight, s = ψ x. Grey: the field that play follows for tiny steps. "
            "<b>Drag the start</b>, or click.",
            width=264,
        )
        left = column(about, self.objective, self.regulariser, self.eta, self.words)
        return row(
            left, self.plot, sizing_mode="stretch_width", styles=WRAP, spacing=20
        )

    def show(self) -> None:
        """Draw the field of the method that is chosen, and its paths."""
        self.portrait = Portrait(
            self.objective.value, self.regulariser.value, self.eta.value
        )
        points, v = self.portrait.field()
        ends = points + v
        self.field.data = {
            "x0": points[:, 0],
            "y0": points[:, 1],
            "x1": ends[:, 0],
            "y1": ends[:, 1],
            "angle": np.arctan2(v[:, 1], v[:, 0]) - math.pi / 2,
        }
        self._show_paths()

    def tick(self) -> None:
        """Draw the paths again if the start has moved since the last call."""
        if self.moved:
            self.moved = False
            self._show_paths()

    def _show_paths(self) -> None:
        found = {}
        for name, (alternating, _) in PATHS.items():
            found[name] = self.portrait.path(self.start, alternating)
            x, y = np.clip(found[name], -1e6, 1e6).T
            self.paths[name].data = {"x": x, "y": y}
        words = map(html.escape, self.portrait.words(found))
        self.words.text = "".join(f"<p>{sentence}</p>" for sentence in words)

    def _on_method(self, attr, old, new) -> None:
        self.show()

    def _on_point(self, event) -> None:
        if event.x is None or event.y is None:
            return
        x, y = (min(max(float(v), -REACH), REACH) for v in (event.x, event.y))
        self.start, self.moved = (x, y), True
        self.point.data = {"x": [x], "y": [y]}
