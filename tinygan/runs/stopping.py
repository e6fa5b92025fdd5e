"""Stop a run from outside: Ctrl-C, or the signals by which a system ends a program.

A signal is a wish. The turn in progress is played to its end, the state is saved, and
then the run stops.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Callable

ECHO = 1.0  # seconds: `timeout`, shells and terminals send one signal several times
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last one is Windows'
SIGNALS = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))


class Stopped(KeyboardInterrupt):
    """The run was stopped from outside, and was saved at the step `step`."""

    def __init__(self, step: int):
        super().__init__(f"stopped; saved at step {step}")
        self.step = step


class Stop:
    """Whether a run is to stop. `wanted` calls: once if a signal arrives first."""

    def __init__(self, wanted: Callable[[], None] = lambda: None):
        self.since: float | None = None
        self.wanted = wanted

    def __bool__(self):
        return self.since is not None

    def handle(self, number: int, frame) -> None:
        """Note the wish to stop. A second Ctrl-C, or another signal more than ECHO
        seconds later, raises KeyboardInterrupt.
        """
        now = time.monotonic()
        if self.since is None:
            self.since = now
            self.wanted()
        elif number == signal.SIGINT or now - self.since > ECHO:
            raise KeyboardInterrupt


@contextlib.contextmanager
def interruptible():
    """Within this context SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does,
    so that files are closed and temporary files deleted.
    """

    def interrupt(number, frame):
        raise KeyboardInterrupt

    with _handled({n: interrupt for n in SIGNALS if n != signal.SIGINT}):
        yield


@contextlib.contextmanager
def stoppable(wanted: Callable[[], None] = lambda: None):
    """A `Stop` for this context. In other threads than the main one, and for a SIGHUP
    that was ignored before (by nohup), nothing changes.
    """
    stop = Stop(wanted)
    with _handled(dict.fromkeys(SIGNALS, stop.handle)):
        yield stop


@contextlib.contextmanager
def _handled(handlers: dict):
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.getsignal(number) for number in handlers}
    hangup = getattr(signal, "SIGHUP", None)
    if kept.get(hangup) is signal.SIG_IGN:
        del kept[hangup]
    try:
        for number in kept:
            signal.signal(number, handlers[number])
        yield
    finally:
        for number, previous in kept.items():
            # None: the handler was not made by Python, and cannot be put back
            signal.signal(number, signal.SIG_DFL if previous is None else previous)
