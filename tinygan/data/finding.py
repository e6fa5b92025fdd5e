"""What a survey has found, and how it is told."""

from dataclasses import dataclass, field

import numpy as np

from .captioned import Captioned
from .images import Images
from .lines import Lines
from .sounds import Sounds

CLASSES = 10  # by name


@dataclass
class Survey:
    """What `survey` has found.

    `lines` are (what, the finding), `notes` sentences. `samples` are some of the data
    in [-1, 1] as a network gets them: images (n, H, W, C), or sounds (n, T), `rate`
    samples a second. They are None for text, whose lines can be read; and if a library
    is needed to read the data, and then `data` are None, too. `command` is a line that
    trains on the data.
    """

    path: str
    kind: str
    data: Images | Captioned | Sounds | Lines | None
    lines: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    samples: np.ndarray | None = None
    rate: int | None = None
    command: str = ""

    def text(self) -> str:
        """The finding as text, a line for each fact and each note."""
        width = max(len(what) for what, _ in self.lines)
        facts = [f"  {what:<{width}}  {found}" for what, found in self.lines]
        notes = [f"  note: {note}" for note in self.notes]
        return "\n".join([f"{self.path}: {self.kind}", *facts, *notes])


def evenly(n: int, most: int) -> np.ndarray:
    """At most `most` indices below n, evenly spread."""
    return np.linspace(0, n - 1, min(most, n)).astype(int)
