"""The widgets of the game: they give the `Settings` that the user has chosen."""

from collections.abc import Callable

from bokeh.events import Tap
from bokeh.layouts import column, row
from bokeh.models import (
    Button,
    ColumnDataSource,
    Div,
    FreehandDrawTool,
    LayoutDOM,
    Select,
    Spinner,
    TextInput,
)
from bokeh.plotting import figure

from .densities import DATA, DRAWN, along
from .looks import BLUE
from .settings import (
    ACTIVATIONS,
    OBJECTIVES,
    OPTIMIZERS,
    TAMING,
    Settings,
)

WIDTH = 264  # of a full line of controls
HALF = (WIDTH - 10) // 2  # every widget has a margin of 5
REACH = 3.0  # of the canvas, to each side
WHOLE = ("k", "batch", "dim", "seed")
WEIGHTS = {"WGAN-GP": 1.0, "WGAN-GP, one-sided": 1.0, "R1": 0.1, "R2": 0.1}
WEIGHTS |= {"DRAGAN": 1.0, "drift": 0.01, "weight clipping": 0.2}
WEIGHTS |= {"gradient clipping": 1.0}  # what is worth trying first


class Controls:
    """The widgets, named as the fields of `Settings`. `changed` is called after the
    user has changed one, or has drawn.
    """

    def __init__(self, changed: Callable[[], None]):
        self.changed = changed
        first = Settings()
        self.widgets = {
            "data": Select(title="Data", options=[*DATA, DRAWN], width=WIDTH),
            "objective": Select(
                title="Objective", options=list(OBJECTIVES), width=WIDTH
            ),
            "penalty": Select(title="To tame D", options=list(TAMING), width=HALF),
            "weight": _number("its weight, or limit", 0.1, low=0),
            "hidden_G": TextInput(title="G, hidden layers", width=HALF),
            "hidden_D": TextInput(title="D, hidden layers", width=HALF),
            "activation": Select(
                title="Activation", options=list(ACTIVATIONS), width=HALF
            ),
            "optimizer": Select(
                title="Optimizer", options=list(OPTIMIZERS), width=HALF
            ),
            "lr_G": _number("rate of G", 1e-3, low=0),
            "lr_D": _number("rate of D", 1e-3, low=0),
            "k": _number("k, moves of D a turn", 1, low=1, high=100),
            "batch": _number("batch m", 32, low=1, high=8192),
            "kind": Select(
                title="Latents z", options=["normal", "uniform"], width=HALF
            ),
            "scale": _number("their scale", 0.5, low=0),
            "dim": _number("dimensions of z", 1, low=1, high=128),
            "seed": _number("seed", 1, low=0),
        }
        for name, widget in self.widgets.items():
            widget.value = getattr(first, name)
            widget.on_change("value", self._on_change)
        self.widgets["penalty"].on_change("value", self._on_penalty)
        self.canvas = Canvas(changed)
        self.widgets["data"].on_change("value", self._on_data)

    @property
    def settings(self) -> Settings:
        """The settings that the widgets show."""
        values = {name: w.value for name, w in self.widgets.items()}
        for name in WHOLE:  # the browser sends every number as it likes
            if isinstance(values[name], float) and values[name].is_integer():
                values[name] = int(values[name])
        return Settings(**values)

    @property
    def strokes(self) -> list[list[tuple[float, float]]]:
        """The strokes of the drawing, if the data are drawn."""
        return self.canvas.strokes if self.widgets["data"].value == DRAWN else []

    @property
    def layout(self) -> LayoutDOM:
        """The widgets in a column, two of them side by side where both are short."""
        w = self.widgets
        pairs = [("penalty", "weight"), ("hidden_G", "hidden_D")]
        pairs += [("activation", "optimizer"), ("lr_G", "lr_D"), ("k", "batch")]
        pairs += [("kind", "scale"), ("dim", "seed")]
        return column(
            w["data"],
            self.canvas.layout,
            w["objective"],
            *(row(w[a], w[b]) for a, b in pairs),
        )

    def _on_change(self, attr, old, new) -> None:
        self.changed()

    def _on_penalty(self, attr, old, new) -> None:
        """Another penalty has another weight that is worth trying first."""
        if new in WEIGHTS:
            self.widgets["weight"].value = WEIGHTS[new]
        self.widgets["weight"].disabled = new not in WEIGHTS

    def _on_data(self, attr, old, new) -> None:
        if new == DRAWN:
            self.canvas.open()
        self.canvas.layout.visible = new == DRAWN


def _number(title: str, step: float, low: float, high: float | None = None) -> Spinner:
    return Spinner(title=title, step=step, low=low, high=high, width=HALF)


class Canvas:
    """A square on which to draw data: a drag draws a stroke, a click adds a point. It
    is made when it is first opened.
    """

    def __init__(self, changed: Callable[[], None]):
        self.changed = changed
        self.source = ColumnDataSource({"xs": [], "ys": []})
        self.points = ColumnDataSource({"x": [], "y": []})
        self.source.on_change("data", self._on_change)
        self.layout = column(Div(), visible=False)

    def open(self) -> None:
        """Make the canvas, the first time."""
        if len(self.layout.children) > 1:
            return
        reach = (-REACH, REACH)
        plot = figure(
            width=WIDTH,
            height=WIDTH,
            x_range=reach,
            y_range=reach,
            toolbar_location=None,
            tools="",
            css_classes=["canvas"],
        )
        plot.grid.visible = plot.axis.visible = False
        lines = plot.multi_line("xs", "ys", source=self.source, color=BLUE, width=2)
        plot.scatter("x", "y", source=self.points, color=BLUE, size=7, alpha=0.5)
        tool = FreehandDrawTool(renderers=[lines])
        plot.add_tools(tool)
        plot.toolbar.active_drag = tool
        plot.on_event(Tap, self._on_tap)
        clear = Button(label="Clear the drawing", width=WIDTH)
        clear.on_click(self._on_clear)
        words = Div(text="Drag to draw a line, click to add a point.", width=WIDTH)
        self.layout.children = [words, plot, clear]

    @property
    def strokes(self) -> list[list[tuple[float, float]]]:
        """What is drawn: a list of points (x, y) for each stroke."""
        data = self.source.data
        return [
            list(zip(xs, ys, strict=True))
            for xs, ys in zip(data["xs"], data["ys"], strict=True)
        ]

    def _on_tap(self, event) -> None:
        data = self.source.data
        self.source.data = {
            "xs": [*data["xs"], [event.x]],
            "ys": [*data["ys"], [event.y]],
        }

    def _on_clear(self) -> None:
        self.source.data = {"xs": [], "ys": []}

    def _on_change(self, attr, old, new) -> None:
        points = [p for stroke in self.strokes for p in along(stroke)]
        x, y = zip(*points, strict=True) if points else ((), ())
        self.points.data = {"x": list(x), "y": list(y)}
        self.changed()
