"""The last good state of a run, and its checkpoint."""

import time

from .asking import Asked, row
from .folder import RunFolder
from .notes import tell
from .run import Run
from .writer import Writer

SHARE = 0.01  # of the time, for checkpoints by time


class NotFiniteError(Exception):
    """A number of the run's state after the turn `step` is not finite."""

    def __init__(self, step: int):
        super().__init__(f"step {step}: NaN or infinity")
        self.step = step


class Keeper:
    """The last state that is known to be finite, and its checkpoint.

    `state` is the last good one. `asked`, another or the same, is the last one that was
    asked for, and becomes good when the host has read its numbers.

    seconds: the time between two checkpoints
    """

    def __init__(self, run: Run, folder: RunFolder, seconds: float):
        self.run, self.folder, self.seconds = run, folder, seconds
        self.state = self.asked = run.state()
        self.saved, self.saving = -1, False  # which step; is a checkpoint asked for?
        self.when, self.cost = time.monotonic(), 0.0
        self.deaths, self.died_at = 0, -1  # of workers, since the state of which step

    @property
    def step(self) -> int:
        """The step of the last good state."""
        return int(self.state["step"])

    def due(self) -> bool:
        """True if it is time for a checkpoint."""
        pause = max(self.seconds, self.cost / SHARE)
        return not self.saving and time.monotonic() - self.when >= pause

    def check(self) -> Asked:
        """Ask for the present state: the row of the log. NotFiniteError, when the host
        reads it, if a number of the state is not finite.
        """
        state = self.asked = self.run.state()

        def use(found):
            if found is None:
                raise NotFiniteError(int(state["step"]))
            self.state = state
            return found

        return row(self.run, state).then(use)

    def checkpoint(self, needed: bool) -> Asked:
        """Ask for the state that was asked for last, and write the checkpoint when the
        host has it; `needed` as for `write`.
        """
        self.saving = True
        return Asked(self.asked, lambda host: self.write(host, needed))

    def write(self, arrays: dict, needed: bool) -> None:
        """Write the checkpoint of a good state, unless it has this state already.

        If another program has the file open (Windows), and it is not `needed` now, the
        next checkpoint tries again.
        """
        try:
            if self.saved != arrays["step"]:
                self._write(arrays, needed)
        finally:
            self.saving = False

    def _write(self, arrays: dict, needed: bool) -> None:
        begun = time.monotonic()
        try:
            self.folder.save_checkpoint(arrays)
            self.saved = int(arrays["step"])
        except PermissionError as e:
            if needed:
                raise
            tell(f"{e.filename}: {e.strerror}; the next checkpoint tries again")
            begun = time.monotonic()
        self.when = time.monotonic()
        self.cost = self.when - begun

    def save(self, needed: bool = True) -> None:
        """Write the checkpoint of the last good state now. The host waits for it."""
        if self.saved != self.step:
            self.write(self.run.on_host(self.state), needed)

    def rescue(self, error: BaseException, writer: Writer) -> None:
        """Save the last good state before the run ends by an error, once all is written
        that was asked for.
        """
        writer.drain()
        try:
            self.save()
        except OSError as e:
            if not isinstance(error, OSError):  # else the error says as much
                tell(f"{e.filename}: {e.strerror}; saved up to step {self.saved}")
