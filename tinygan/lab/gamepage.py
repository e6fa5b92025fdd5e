"""The tab of the game: it plays, and shows what it plays.

A callback comes about every tenth of a second. It plays as many turns as fit, and then
draws one picture. So the page stays quick, whatever a turn takes. A browser that is
slower than that gets fewer pictures: it says when it has got one (`ECHO`), and the
next one waits for that. Words are dear: a browser lays out the whole page for each. So
they, the curves and the small pictures are renewed less often.
"""

import html
import time

from bokeh.layouts import column, row
from bokeh.models import (
    Button,
    ColumnDataSource,
    CustomJS,
    Div,
    LayoutDOM,
    Select,
    Toggle,
)

from ..errors import InputError, NonFiniteError
from .algorithm import lines
from .controls import Controls
from .fields import Fields
from .game import LiveGame
from .looks import GAME_LAYOUT, TABLE
from .pictures import Curves, Plane

EVERY = 90  # milliseconds from one picture to the next
SLACK = 0.012  # seconds of these for the browser's messages
LEAST = 0.03  # seconds of play before a picture
PACES = {  # (turns a second or None, whether a step is a move)
    "as fast as possible": (None, False),
    "10 turns a second": (10, False),
    "1 turn a second": (1, False),
    "1 move a second": (1, True),
}
ECHO = "echo.tags = [Date.now()]"  # in the browser, when it has got a picture
CURVES, WORDS = 3, 6  # pictures from one renewal to the next


class GamePage:
    """A game and its pictures, for one window of a browser."""

    def __init__(self):
        self.controls = Controls(self.changed)
        self.plane, self.curves = Plane(), Curves()
        self.status = Div(css_classes=["status"], width=264)
        echo = ColumnDataSource()  # nothing shows it, so its change draws nothing
        got = CustomJS(args={"echo": echo}, code=ECHO)
        self.plane.sources["fake"].js_on_change("data", got)
        echo.on_change("tags", self.on_shown)
        self.message = Div(css_classes=["message"], width=264)
        self.algorithm = Div(
            css_classes=["algorithm"], sizing_mode="stretch_width", visible=False
        )
        self.buttons = {
            "play": Button(label="Play", button_type="primary", width=127),
            "again": Button(label="Back to the start", width=127),
            "turn": Button(label="One turn", width=81),
            "move_D": Button(label="D moves", width=81),
            "move_G": Button(label="G moves", width=81),
        }
        for name, button in self.buttons.items():
            button.on_click(getattr(self, f"on_{name}"))
        self.plane.toggles.on_change("active", lambda attr, old, new: self.draw())
        self.pace = Select(
            title="Pace", options=list(PACES), value=next(iter(PACES)), width=264
        )
        self.show_me = Toggle(label="Show me Algorithm 1", width=264)
        self.show_me.on_click(self.on_show_me)
        self.playing, self.owed = False, 0.0  # owed: turns of the pace not played yet
        self.waiting = False  # for the browser to show a picture
        self.late = False  # a picture was due while the browser was busy
        self.pictures, self.speed, self.drawing = 0, Speed(), 0.03
        self.began = time.perf_counter()
        self.strokes: list = []  # of drawn data
        self.begin(LiveGame())

    @property
    def layout(self) -> LayoutDOM:
        """The whole tab."""
        b = self.buttons
        buttons = column(
            row(b["play"], b["again"]),
            row(b["turn"], b["move_D"], b["move_G"]),
            self.pace,
            self.status,
            self.message,
            self.show_me,
        )
        parts = {
            "buttons": buttons,
            "plane": self.plane.layout,
            "curves": self.curves.layout(self.algorithm),
            "settings": self.controls.layout,
        }
        for name, part in parts.items():
            part.css_classes = [name]
        return row(
            *parts.values(), sizing_mode="stretch_width", stylesheets=[GAME_LAYOUT]
        )

    # The game.

    def begin(self, game: LiveGame) -> None:
        """Show a game from its start."""
        self.game, self.fields = game, Fields(game)
        self.plane.begin(self.fields)
        self.curves.begin(self.fields)
        self.say("")
        self.draw()

    def changed(self) -> None:
        """The user has changed a setting: go on with it, or begin a new game."""
        settings, strokes = self.controls.settings, self.controls.strokes
        try:
            if strokes == self.strokes and self.game.retune(settings):
                self.say("")
                self.draw()
            else:
                self.begin(LiveGame(settings, strokes))
                self.strokes = strokes
        except InputError as e:
            self.say(str(e))

    def say(self, sentence: str) -> None:
        """Show a sentence beside the controls, or none."""
        text = html.escape(sentence)
        self.message.text = f'<b style="color: #B00">{text}</b>' if text else ""

    def tick(self) -> None:
        """Play for a part of the time until the next picture, then draw it."""
        if not self.playing:
            return
        now = time.perf_counter()
        since, self.began = now - self.began, now
        try:
            self._play(since)
            self.game.check()
        except (InputError, NonFiniteError) as e:
            self.stop()
            self.say(f"{e}. The game is back where all was finite.")
        if self.waiting:
            self.late = True
        else:
            self._draw_next()

    def _draw_next(self) -> None:
        start = time.perf_counter()
        self.pictures += 1
        self.speed.drew()
        self.draw(self.pictures % CURVES == 0, self.pictures % WORDS == 0)
        self.waiting, self.late = True, False
        self.drawing += 0.2 * (time.perf_counter() - start - self.drawing)

    def on_shown(self, attr, old, new) -> None:
        """The browser has shown the last picture. Draw the next one, if it is late."""
        self.waiting = False
        if self.late and self.playing:
            self._draw_next()

    def _play(self, since: float) -> None:
        pace, moves = PACES[self.pace.value]
        if pace is None:
            budget = max(LEAST, EVERY / 1000 - self.drawing - SLACK)
            self.speed.note(self.game.play(budget))
            return
        self.owed = min(self.owed + since * pace, 2.0)
        n, self.owed = int(self.owed), self.owed % 1
        for _ in range(n):
            (self.game.move if moves else self.game.turn)()
        self.speed.note(n)

    def draw(self, curves: bool = True, words: bool = True) -> None:
        """Draw the present moment: the plane, perhaps the curves, perhaps the rest."""
        self.plane.show(self.fields)
        if curves:
            self.curves.show(self.game)
        if words:
            found = self.fields.compare()
            self.plane.compare(found)
            self.curves.compare(self.game, found)
            self.plane.tell(self.fields)
            self.tell(found.modes)

    def tell(self, modes: str) -> None:
        """Say in words where the game is."""
        if self.show_me.active:
            self.algorithm.text = table(self.game)
        told = f"<b>Turn {self.game.step:,}</b>"
        if self.game.moves:
            told += f" and {self.game.moves} of {self.game.k} moves of D"
        if self.playing:
            told += f"<br>{self.speed.turns:.0f} turns and "
            told += f"{self.speed.pictures:.0f} pictures a second"
        self.status.text = told + (f"<br>{modes}" if modes else "")

    def stop(self) -> None:
        """Pause."""
        self.playing = False
        self.buttons["play"].label = "Play"

    # The buttons.

    def on_play(self) -> None:
        """Play, or pause."""
        if self.playing:
            self.stop()
            self.draw()
        else:
            self.playing, self.speed, self.owed = True, Speed(), 1.0
            self.waiting = False
            self.began = time.perf_counter()
            self.buttons["play"].label = "Pause"

    def on_again(self) -> None:
        """Back to the start, with the same seed."""
        self.game.reset()
        self.begin(self.game)

    def on_turn(self) -> None:
        """One turn, or what is left of it."""
        self._alone(self.game.turn)

    def on_move_D(self) -> None:
        """One move of D alone."""
        self._alone(self.game.move_D)

    def on_move_G(self) -> None:
        """One move of G alone."""
        self._alone(self.game.move_G)

    def _alone(self, move) -> None:
        self.stop()
        try:
            move()
            self.game.check()
        except (InputError, NonFiniteError) as e:
            self.say(str(e))
        self.draw()

    def on_show_me(self, active: bool) -> None:
        """Show the eight lines of Algorithm 1, or hide them."""
        self.algorithm.visible = active
        self.draw()


class Speed:
    """Turns and pictures a second, of about the last two seconds."""

    def __init__(self):
        self.notes = [(time.perf_counter(), 0, 0)]  # when, turns, pictures

    def note(self, turns: int) -> None:
        """So many turns were played."""
        now = time.perf_counter()
        self.notes = [n for n in self.notes if now - n[0] < 2] + [(now, turns, 0)]

    def drew(self) -> None:
        """A picture was drawn."""
        self.notes.append((time.perf_counter(), 0, 1))

    def _rate(self, which: int) -> float:
        seconds = max(self.notes[-1][0] - self.notes[0][0], 1e-3)
        return sum(note[which] for note in self.notes[1:]) / seconds

    @property
    def turns(self) -> float:
        """Turns a second."""
        return self._rate(1)

    @property
    def pictures(self) -> float:
        """Pictures a second."""
        return self._rate(2)


def table(game: LiveGame) -> str:
    """The eight lines of Algorithm 1 as an HTML table. The next move is marked."""
    rows = "".join(
        f"<tr{' class=next' if line.next else ''}>"
        f'<td style="padding-left: {6 + 20 * line.depth}px">{html.escape(line.words)}'
        f"<br><span>{html.escape(line.numbers)}</span></td></tr>"
        for line in lines(game)
    )
    return f"{TABLE}<table>{rows}</table>"
