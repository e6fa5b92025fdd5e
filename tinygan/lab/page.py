"""The page: a tab for the game, one for the Dirac-GAN, and one for a user's own run."""

import html
from collections.abc import Callable

from bokeh.document import Document
from bokeh.layouts import column
from bokeh.models import Div, TabPanel, Tabs

from ..errors import InputError
from .dirac import DiracPage
from .gamepage import EVERY, GamePage
from .looks import PAGE
from .own import OwnPage
from .walk import Walk

NO_RUN = (
    "<p>Here you can walk through the latents of a generator that you have trained. "
    "Start the laboratory with the folder of its run:</p><pre>tinygan lab RUN</pre>"
)


class Page:
    """The page for one window of a browser: its own game, its own walk.

    walk: makes the `Walk` of the user's run, or is None without a run
    """

    def __init__(self, walk: Callable[[], Walk] | None = None):
        self.game = GamePage()
        self.dirac: DiracPage | None = None  # made when its tab is first opened
        self.dirac_tab = column(Div(), sizing_mode="stretch_width")
        self.own: OwnPage | None = None
        tabs = [
            TabPanel(child=self.game.layout, title="The game"),
            TabPanel(child=self.dirac_tab, title="The Dirac-GAN"),
            TabPanel(child=self._own(walk), title="Your own run"),
        ]
        self.tabs = Tabs(tabs=tabs, sizing_mode="stretch_width")
        self.tabs.active = 0 if walk is None else 2
        self.tabs.on_change("active", self._on_tab)

    def show(self, doc: Document) -> None:
        """Put the page into a document, and let it play."""
        doc.title, doc.template = "tinygan lab", PAGE
        doc.add_root(self.tabs)
        doc.add_periodic_callback(self.tick, EVERY)

    def _own(self, walk: Callable[[], Walk] | None):
        if walk is None:
            return Div(text=NO_RUN, css_classes=["own_none"])
        try:
            self.own = OwnPage(walk())
        except InputError as e:
            return Div(
                text=f"<p>{html.escape(str(e))}</p>", css_classes=["own_refused"]
            )
        return self.own.layout

    def tick(self) -> None:
        """What happens about ten times a second."""
        self.game.tick()
        if self.dirac is not None:
            self.dirac.tick()
        if self.own is not None:
            self.own.tick()

    def _on_tab(self, attr, old, new) -> None:
        if new == 1 and self.dirac is None:
            self.dirac = DiracPage()
            self.dirac_tab.children = [self.dirac.layout]
