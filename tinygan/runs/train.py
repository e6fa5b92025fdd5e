"""The training loop: play a run to its end, and write its folder.

The folder has config.json, metrics.jsonl, samples/, losses.png, training.gif and
checkpoint.npz (folder.py). Whatever ends the loop, the last good state is saved.
"""

import contextlib
import sys
import time

import numpy as np
from tqdm import tqdm

from ..errors import NonFiniteError, one_line
from ..parallel.worker import WorkerEndedError
from .folder import RunFolder
from .media import medium_of
from .notes import Screen, tell
from .run import Run
from .stopping import Stopped, stoppable

SAVE_EVERY = 60.0  # seconds
SHARE = 0.01  # of the time, for checkpoints by time
REPLAYS = 2  # of the same turns, before one process plays alone


def train(
    run: Run,
    folder: RunFolder,
    resume: bool = False,
    progress: bool = False,
    save_every: float = SAVE_EVERY,
) -> None:
    """Play the run to its last step, and write `folder` meanwhile.

    `run.step` tells how far the run came. With `resume` it goes on from the folder's
    checkpoint, or from step 0 if there is none. With `progress` a bar on stderr shows
    the quantities. `save_every`: seconds between two checkpoints, beside those that the
    experiment asks for. For a large state they are rarer, to take 1 % of the time.

    Ctrl-C, SIGTERM and SIGHUP end the run after the turn in progress: it is saved, and
    then Stopped is raised, a KeyboardInterrupt with the step. If a process that shares
    the batch is killed, the turns since the last good state are played again.

    Raises TakenError if another process trains in the folder, OSError if it cannot be
    written, and NonFiniteError, naming step, network and layer, if a value is not
    finite. The last good checkpoint stays as it was.
    """
    e = run.experiment
    with contextlib.ExitStack() as stack:
        stack.enter_context(folder.held())
        stop = stack.enter_context(stoppable(run.wake))
        keeper = _start(run, folder, resume, save_every)
        begun_at = run.step
        bar = stack.enter_context(_bar(run, progress))
        stack.enter_context(np.errstate(all="ignore"))  # _checked finds NaN, infinity
        stack.enter_context(run.computing())
        try:
            while run.step < e.steps and not stop:
                if not _turn(run, keeper, stack):
                    continue
                _write(run, folder, keeper, bar, run.step >= e.steps or bool(stop))
            if keeper.step < run.step:  # a signal came while the turn was written
                keeper.state, _ = _checked(run, keeper.state)
            keeper.save()
            if run.step > begun_at or begun_at == 0:
                folder.finish(run)
            else:
                folder.finish(run, folder.undrawn())
        except NonFiniteError:
            folder.report()
            raise
        except BaseException as error:
            keeper.rescue(error)
            if isinstance(error, KeyboardInterrupt):
                raise Stopped(keeper.saved) from error
            raise
        if stop:
            raise Stopped(run.step)


class _Keeper:
    """The last state that is known to be finite, and its checkpoint.

    seconds: the time between two checkpoints
    """

    def __init__(self, run: Run, folder: RunFolder, seconds: float):
        self.run, self.folder, self.seconds = run, folder, seconds
        self.state, self.saved = run.state(), -1
        self.when, self.cost = time.monotonic(), 0.0
        self.deaths, self.died_at = 0, -1  # of workers, since the state of which step

    @property
    def step(self) -> int:
        """The step of the state."""
        return int(self.state["step"])

    def due(self) -> bool:
        """True if it is time for a checkpoint."""
        pause = max(self.seconds, self.cost / SHARE)
        return time.monotonic() - self.when >= pause

    def save(self, needed: bool = True) -> None:
        """Write the checkpoint, unless it has this state already.

        If another program has the file open (Windows), and it is not `needed` now, the
        next checkpoint tries again.
        """
        if self.saved == self.step:
            return
        begun = time.monotonic()
        try:
            self.folder.save_checkpoint(self.run.on_host(self.state))
            self.saved = self.step
        except PermissionError as e:
            if needed:
                raise
            tell(f"{e.filename}: {e.strerror}; the next checkpoint tries again")
            begun = time.monotonic()
        self.when = time.monotonic()
        self.cost = self.when - begun

    def rescue(self, error: BaseException) -> None:
        """Save the last good state before the run ends by an error."""
        try:
            self.save()
        except OSError as e:
            if not isinstance(error, OSError):  # else the error says as much
                tell(f"{e.filename}: {e.strerror}; saved up to step {self.saved}")


def _start(run: Run, folder: RunFolder, resume: bool, seconds: float) -> _Keeper:
    """Load the checkpoint, or write the first one: from here on, a run that is killed
    can be resumed.
    """
    if resume and folder.checkpoint.exists():
        run.load(folder.load_checkpoint(run.on_host(run.state())))
        folder.write_config()
        folder.rewind(run)
        keeper = _Keeper(run, folder, seconds)
        keeper.saved = run.step
        return keeper
    if resume:
        tell(f"{folder.path}: has no checkpoint, so the run begins at step 0")
        folder.write_config()
    keeper = _Keeper(run, folder, seconds)
    folder.begin({**run.game.facts(), "norms": run.vitals(keeper.state)[1]})
    keeper.save()
    folder.picture(run)
    return keeper


def _turn(run: Run, keeper: _Keeper, stack: contextlib.ExitStack) -> bool:
    """Play a turn. False if a process was killed meanwhile: then the run is at the last
    good state again, whose turns will give the same numbers. After REPLAYS one process
    plays alone.
    """
    divided = run.divided
    try:
        run.turn()
        return True
    except WorkerEndedError as error:
        if run.world.size > 1:  # the other machines cannot play the turn again
            raise
        at = run.step
        keeper.deaths = keeper.deaths + 1 if keeper.died_at == keeper.step else 1
        keeper.died_at = keeper.step
        keeper.save(needed=False)  # this process may be the next
        run.load(keeper.state)
        if keeper.deaths > REPLAYS:
            run.alone()
        who = "by new processes" if run.divided else "by one process, which goes on"
        tell(f"step {at + 1}: {error}; it is played again from step {run.step} {who}")
        return False
    finally:
        if divided and not run.divided:
            stack.enter_context(run.computing())  # BLAS gets the other cores


def _write(run: Run, folder: RunFolder, keeper: _Keeper, bar, end: bool) -> None:
    """Write what is due after a turn; `end` is True after the last one."""
    e = run.experiment
    bar.update(run.step - bar.n)
    log, timed = run.step % e.log_every == 0 or end, keeper.due()
    if log or timed:
        run.expect_agreement()
        keeper.state, row = _checked(run, keeper.state)
    if log:
        if _picture_due(run):
            row |= run.measures()
        folder.log(row)
        bar.set_postfix(_labelled(run, row), refresh=False)
    if run.step % e.checkpoint_every == 0 or end or timed:
        keeper.save(needed=end)
    if run.step % e.picture_every == 0 or end:
        folder.picture(run)
        if not bar.disable:
            for line in medium_of(e).lines(run):
                bar.write(f"    {one_line(line)}", file=sys.stderr)


def _checked(run: Run, good: dict) -> tuple[dict, dict]:
    """(the run's state, its logged means); NonFiniteError unless all is finite."""
    values, state = run.fetch(), run.state()
    finite, norms = run.vitals(state)
    if not finite:
        raise NonFiniteError(run.diagnose(good))
    means = values.mean(axis=0, dtype=np.float64)
    row = dict(zip(run.game.quantities, map(float, means), strict=True))
    row = {name: row[name] for name in run.game.logged}
    row |= {f"norm_{player}": norm for player, norm in norms.items()}
    return state, {"step": run.step} | run.place() | row


def _picture_due(run: Run) -> bool:
    """True if a picture is drawn at some step of the last log interval."""
    e, last = run.experiment, run.step - 1
    first = last - last % e.log_every
    due = run.step // e.picture_every > first // e.picture_every
    return due or run.step == e.steps


def _bar(run: Run, progress: bool):
    """The progress bar on stderr; a log file needs fewer lines than a terminal."""
    screen = Screen(sys.stderr) if sys.stderr is not None else None
    return tqdm(
        total=run.experiment.steps,
        initial=run.step,
        unit="step",
        file=screen,
        disable=not progress or screen is None,
        mininterval=0.1 if screen is not None and screen.isatty() else 10,
    )


def _labelled(run: Run, row: dict) -> dict[str, str]:
    """The quantities of a row as the progress bar shows them."""
    labels = run.game.quantities.items()
    shown = {label: f"{row[name]:.3f}" for name, label in labels if name in row}
    return {name: f"{value:.3g}" for name, value in run.place().items()} | shown
