"""The training loop: play a run to its end, and write its folder.

The folder has config.json, metrics.jsonl, samples/, losses.png, training.gif and
checkpoint.npz (folder.py).
"""

import contextlib
import signal
import sys
import threading

import numpy as np
from tqdm import tqdm

from ..errors import NonFiniteError
from .folder import RunFolder
from .run import Run


def train(
    run: Run, folder: RunFolder, resume: bool = False, progress: bool = False
) -> None:
    """Play the run to its last step, or until Ctrl-C, and write `folder` meanwhile.

    `run.step` tells how far the run came. With `resume` it goes on from the folder's
    checkpoint. With `progress` a bar on stderr shows the quantities.

    Raises NonFiniteError, naming step, network and layer, if a value is not finite. The
    last good checkpoint stays as it was.
    """
    e = run.experiment
    if resume:
        run.load(folder.load_checkpoint(run.on_host(run.state())))
        folder.write_config()
        folder.forget_after(run.step - run.step % e.log_every)
    else:
        folder.picture(run)
    good = run.state()
    bar = tqdm(
        total=e.steps,
        initial=run.step,
        unit="step",
        disable=not progress,
        mininterval=0.1 if sys.stderr.isatty() else 10,  # a log file needs fewer lines
    )
    silent = np.errstate(all="ignore")  # _checked finds NaN and infinity
    with bar, silent, run.computing(), _interruptible() as stop:
        end = run.step >= e.steps
        while not end:
            run.turn()
            bar.update()
            end = run.step >= e.steps or stop.is_set()
            if run.step % e.log_every == 0 or end:
                good, row = _checked(run, good)
                if _picture_due(run):
                    row |= run.measures()
                folder.log(row)
                bar.set_postfix(_labelled(run, row), refresh=False)
            if run.step % e.checkpoint_every == 0 or end:
                folder.save_checkpoint(run.on_host(good))
            if run.step % e.picture_every == 0 or end:
                folder.picture(run)
    folder.finish(run)


def _checked(run: Run, good: dict) -> tuple[dict, dict]:
    """(the run's state, its logged means); NonFiniteError unless all is finite."""
    values, state = run.fetch(), run.state()
    if not run.finite(state):
        raise NonFiniteError(run.diagnose(good))
    means = values.mean(axis=0, dtype=np.float64)
    row = dict(zip(run.game.quantities, map(float, means), strict=True))
    return state, {"step": run.step} | {name: row[name] for name in run.game.logged}


def _picture_due(run: Run) -> bool:
    """True if a picture is drawn at some step of the last log interval."""
    e, last = run.experiment, run.step - 1
    first = last - last % e.log_every
    due = run.step // e.picture_every > first // e.picture_every
    return due or run.step == e.steps


def _labelled(run: Run, row: dict) -> dict[str, str]:
    """The quantities of a row as the progress bar shows them."""
    labels = run.game.quantities.items()
    return {label: f"{row[name]:.3f}" for name, label in labels if name in row}


@contextlib.contextmanager
def _interruptible():
    """An event that Ctrl-C (or SIGTERM) sets, so that a step is never cut in two.

    A second Ctrl-C interrupts at once. Outside the main thread nothing is caught.
    """
    stop = threading.Event()

    def handler(number, frame):
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    old = {s: signal.signal(s, handler) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, previous in old.items():
            signal.signal(number, previous)
