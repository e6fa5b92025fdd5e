"""The training loop: play a run to its end, and write its folder.

The folder has config.json, metrics.jsonl, samples/, losses.png, training.gif and
checkpoint.npz (folder.py). Whatever ends the loop, the last good state is saved.
"""

import contextlib
import sys

import numpy as np
from tqdm import tqdm

from ..errors import NonFiniteError, one_line
from ..parallel.worker import WorkerEndedError
from . import asking
from .asking import Ask, Asked
from .folder import RunFolder
from .keeper import Keeper, NotFiniteError
from .media import medium_of
from .notes import Screen, tell
from .run import Run
from .stopping import Stop, Stopped, stoppable
from .writer import Writer, writer_for

SAVE_EVERY = 60.0  # seconds
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
    with contextlib.ExitStack() as stack:
        stack.enter_context(folder.held())
        stop = stack.enter_context(stoppable(run.wake))
        keeper = _start(run, folder, resume, save_every)
        begun_at = run.step
        bar = stack.enter_context(_bar(run, progress))
        stack.enter_context(np.errstate(all="ignore"))  # the keeper finds NaN, infinity
        stack.enter_context(run.computing())
        writer = stack.enter_context(writer_for(run.backend))
        try:
            _play(run, folder, keeper, writer, bar, stop, stack)
            if run.step > begun_at or begun_at == 0:
                folder.finish(run)
            else:
                folder.finish(run, folder.undrawn())
        except NonFiniteError:
            folder.report()
            raise
        except BaseException as error:
            keeper.rescue(error, writer)
            if isinstance(error, KeyboardInterrupt):
                raise Stopped(keeper.saved) from error
            raise
        if stop:
            raise Stopped(run.step)


def _start(run: Run, folder: RunFolder, resume: bool, seconds: float) -> Keeper:
    """Load the checkpoint, or write the first one: from here on, a run that is killed
    can be resumed.
    """
    if resume and folder.checkpoint.exists():
        run.load(folder.load_checkpoint(run.on_host(run.state())))
        folder.write_config()
        folder.rewind(run)
        keeper = Keeper(run, folder, seconds)
        keeper.saved = run.step
        return keeper
    if resume:
        tell(f"{folder.path}: has no checkpoint, so the run begins at step 0")
        folder.write_config()
    keeper = Keeper(run, folder, seconds)
    folder.begin({**run.game.facts(), "norms": run.vitals(keeper.state)[1]})
    keeper.save()
    folder.picture(medium_of(run.experiment), run.shown())
    return keeper


def _play(
    run: Run,
    folder: RunFolder,
    keeper: Keeper,
    writer: Writer,
    bar,
    stop: Stop,
    stack: contextlib.ExitStack,
) -> None:
    """Play to the end, or until `stop`, and save the last state. NonFiniteError if a
    number of a state is not finite: the turns beyond it are forgotten.
    """
    e = run.experiment
    try:
        while run.step < e.steps and not stop:
            writer.check()
            if _turn(run, keeper, stack):
                end = run.step >= e.steps or bool(stop)
                writer.put(_due(run, folder, keeper, bar, end))
        if keeper.asked["step"] < run.step:  # a signal came while the turn was written
            writer.put([keeper.check])
        writer.finish()
    except NotFiniteError as found:
        raise NonFiniteError(run.diagnose(keeper.state, found.step)) from None
    keeper.save()


def _turn(run: Run, keeper: Keeper, stack: contextlib.ExitStack) -> bool:
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


def _due(run: Run, folder: RunFolder, keeper: Keeper, bar, end: bool) -> list[Ask]:
    """What is to be written after a turn; `end` is True after the last one."""
    e, due = run.experiment, []
    bar.update(run.step - bar.n)
    log, timed = run.step % e.log_every == 0 or end, keeper.due()
    if log or timed:
        run.expect_agreement()
        due += _logged(run, folder, keeper, bar) if log else [keeper.check]
    if run.step % e.checkpoint_every == 0 or end or timed:
        due.append(lambda: keeper.checkpoint(needed=end))
    if run.step % e.picture_every == 0 or end:
        due.append(lambda: _pictured(run, folder, bar))
    return due


def _logged(run: Run, folder: RunFolder, keeper: Keeper, bar) -> list[Ask]:
    """The state's row of the log, measures if they are due, and the end of both: the
    row is written.
    """
    quantities, place, row = run.game.quantities, run.place(), {}

    def write(_):
        folder.log(row)
        bar.set_postfix(_labelled(quantities, place, row), refresh=False)

    due = [lambda: keeper.check().then(row.update)]
    if _picture_due(run):
        due.append(lambda: asking.measures(run).then(row.update))
    return [*due, lambda: Asked({}, write)]


def _pictured(run: Run, folder: RunFolder, bar) -> Asked:
    """A picture, and lines of samples for the terminal if there is one."""
    medium = medium_of(run.experiment)

    def write(shown):
        folder.picture(medium, shown)
        if not bar.disable:
            for line in medium.lines(shown.samples):
                bar.write(f"    {one_line(line)}", file=sys.stderr)

    return asking.picture(run).then(write)


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


def _labelled(quantities: dict, place: dict, row: dict) -> dict[str, str]:
    """A row's place and its quantities as the progress bar shows them."""
    labels = quantities.items()
    shown = {label: f"{row[name]:.3f}" for name, label in labels if name in row}
    return {name: f"{value:.3g}" for name, value in place.items()} | shown
