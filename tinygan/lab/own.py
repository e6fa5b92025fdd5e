"""The tab of a user's own run: walk in z, interpolate, ask for something."""

import html

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import (
    Button,
    ColumnDataSource,
    Div,
    LayoutDOM,
    Select,
    Slider,
    Spinner,
    TextInput,
)

from ..errors import InputError
from .looks import BLUE, GREY, RED, WRAP, curves, square
from .walk import PICTURE, POINT, SOUND, TEXT, Walk

SLIDERS = 6  # coordinates of z at a time
STRIP = 9  # samples on the way from A to B
CROWD = 300  # other samples around a point
WIDTH = 264
HALF = 127  # of two buttons side by side


class OwnPage:
    """The tab of a `Walk`."""

    def __init__(self, walk: Walk):
        self.walk, self.stale = walk, False
        low, high = walk.limits
        self.first = Spinner(
            title=f"Sliders from coordinate (of {walk.dim})",
            low=1,
            high=max(1, walk.dim - SLIDERS + 1),
            step=1,
            value=1,
            width=WIDTH,
        )
        self.first.on_change("value", self._on_first)
        self.sliders = [
            Slider(start=low, end=high, step=(high - low) / 200, value=0, width=WIDTH)
            for _ in range(min(SLIDERS, walk.dim))
        ]
        for slider in self.sliders:
            slider.on_change("value", self._on_slider)
        self.share = Slider(
            title="From A to B", start=0, end=1, step=0.01, value=0, width=WIDTH
        )
        self.share.on_change("value", self._on_share)
        self.new = _button("A new z", self._on_new, WIDTH)
        self.is_a = _button("z becomes A", self._on_a, HALF)
        self.is_b = _button("z becomes B", self._on_b, HALF)
        self.wish = self._wish()
        self.message = Div(css_classes=["own_message"], width=WIDTH)
        self.shown = Div(css_classes=["own_sample"], sizing_mode="stretch_width")
        self.way = Div(css_classes=["own_way"], sizing_mode="stretch_width")
        self.plot, self.source = self._plot()
        self._show_z()
        self.show()
        self._show_way()

    def _wish(self) -> list[LayoutDOM]:
        """The widgets that ask the generator for a class or a sentence."""
        walk = self.walk
        if not walk.asks:
            return []
        known = Select(
            title="A class" if walk.asks == "class" else "A known sentence",
            options=walk.choices,
            value=walk.asked,
            width=WIDTH,
        )
        known.on_change("value", self._on_wish)
        if walk.asks == "class":
            return [known]
        own = TextInput(title="A sentence of your own", width=WIDTH)
        own.on_change("value", self._on_wish)
        return [known, own]

    def _plot(self):
        """(a plot of the sample, its source) for sounds and points; None for others."""
        source = ColumnDataSource({"x": [], "y": []})
        if self.walk.shows == SOUND:
            plot = curves("The waveform", 200, y_range=(-1, 1))
            plot.xaxis.axis_label = "seconds"
            plot.line("x", "y", source=source, color=BLUE)
            return plot, source
        if self.walk.shows == POINT:
            plot = square("The sample at z (red) among others", 400)
            x, y = self.walk.made(self._crowd()).T
            plot.scatter(x, y, color=GREY, size=3)
            plot.scatter("x", "y", source=source, color=RED, size=12)
            return plot, source
        return None, source

    def _crowd(self) -> np.ndarray:
        return np.stack([self.walk.drawn(i) for i in range(CROWD)])

    @property
    def layout(self) -> LayoutDOM:
        """The whole tab."""
        walk = self.walk
        folder = html.escape(str(walk.folder.path))
        about = Div(
            text=f"<b>{folder}</b>, step {walk.folder.step():,}. It makes a "
            f"{walk.shows} from {walk.dim} numbers z.",
            width=WIDTH,
        )
        left = column(
            about,
            *self.wish,
            self.new,
            *([self.first] if walk.dim > SLIDERS else []),
            *self.sliders,
            row(self.is_a, self.is_b),
            self.share,
            self.message,
        )
        plot = [] if self.plot is None else [self.plot]
        right = column(
            self.shown, *plot, self.way, sizing_mode="stretch_width", min_width=300
        )
        return row(left, right, sizing_mode="stretch_width", styles=WRAP, spacing=20)

    # What is shown.

    def tick(self) -> None:
        """Show the sample again, if z has changed since the last call."""
        if self.stale:
            self.stale = False
            self.show()

    def show(self) -> None:
        """Show the sample at z."""
        try:
            (x,) = self.walk.made(self.walk.z[None])
        except InputError as e:
            self.say(str(e))
            return
        self.say("")
        if self.walk.shows == SOUND:
            t = np.arange(len(x)) / self.walk.rate
            self.source.data = {"x": t, "y": x}
        if self.walk.shows == POINT:
            self.source.data = {"x": [x[0]], "y": [x[1]]}
        self.shown.text = self._html(x, 320)

    def _show_way(self) -> None:
        """Show samples on the way from A to B."""
        z = np.stack([self.walk.between(t) for t in np.linspace(0, 1, STRIP)])
        try:
            samples = self.walk.made(z)
        except InputError as e:
            self.say(str(e))
            return
        if self.walk.shows == POINT:
            return
        parts = " ".join(self._html(x, 84) for x in samples)
        self.way.text = f"<p>From A to B:</p>{parts}"

    def _html(self, x, width: int) -> str:
        shows = self.walk.shows
        if shows == PICTURE:
            style = f"width: {width}px; image-rendering: pixelated"
            return f'<img alt="" style="{style}" src="{self.walk.picture(x)}">'
        if shows == SOUND:
            return f'<audio controls src="{self.walk.sound(x)}"></audio>'
        if shows == TEXT:
            line = html.escape(self.walk.text(x)) or "(an empty line)"
            size = "24px" if width > 100 else "15px"
            return f'<div style="font: {size} monospace">{line}</div>'
        return f"G(z) = ({x[0]:.3f}, {x[1]:.3f})"

    def say(self, sentence: str) -> None:
        """Show a sentence below the controls, or none."""
        text = html.escape(sentence)
        self.message.text = f'<b style="color: #B00">{text}</b>' if text else ""

    def _show_z(self) -> None:
        """The sliders show z."""
        first = self._offset()
        self.silent = True
        for i, slider in enumerate(self.sliders):
            slider.title = f"z[{first + i + 1}]"
            low, high = slider.start, slider.end
            slider.value = min(max(float(self.walk.z[first + i]), low), high)
        self.silent = False

    def _offset(self) -> int:
        most = self.walk.dim - len(self.sliders)
        return min(max(int(self.first.value or 1) - 1, 0), most)

    # What the user does.

    def _on_first(self, attr, old, new) -> None:
        self._show_z()

    def _on_slider(self, attr, old, new) -> None:
        if self.silent:
            return
        z, first = self.walk.z.copy(), self._offset()
        for i, slider in enumerate(self.sliders):
            z[first + i] = slider.value
        self.walk.z, self.stale = z, True

    def _on_share(self, attr, old, new) -> None:
        self.walk.z = self.walk.between(new).astype(np.float32)
        self.stale = True
        self._show_z()

    def _on_new(self) -> None:
        self.walk.renew()
        self._show_z()
        self.show()

    def _on_a(self) -> None:
        self.walk.a = self.walk.z
        self._show_way()

    def _on_b(self) -> None:
        self.walk.b = self.walk.z
        self._show_way()

    def _on_wish(self, attr, old, new) -> None:
        try:
            self.walk.ask(new)
        except InputError as e:
            self.say(str(e))
            return
        self.show()
        self._show_way()


def _button(label: str, act, width: int) -> Button:
    button = Button(label=label, width=width)
    button.on_click(act)
    return button
