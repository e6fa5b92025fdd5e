"""A process that works on one part of every batch, and how it is asked and answers."""

import gc
import os
import pickle
import signal
import warnings
import weakref

from threadpoolctl import threadpool_limits

from ..errors import BackendError
from .mailbox import Mailbox, Signal


class Worker:
    """Another rank, as the first one sees it: a process that waits for requests."""

    def __init__(self, rank, part):
        self.rank, self.part = rank, part
        self.inbox, self.outbox = Mailbox(), Mailbox()
        self.asked, self.answered = Signal(), Signal()
        parent = Parent()
        with warnings.catch_warnings():
            # BLAS makes its threads anew after a fork, no other is needed here
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            try:
                self._serve(parent)
            finally:
                os._exit(0)  # nothing of the parent's is flushed or closed twice
        self.end = weakref.finalize(self, _end, self.pid, parent.pid)

    def ask(self, request) -> None:
        """Have the process work on a request."""
        self.inbox.put(request)
        self.asked.give()

    def answer(self):
        """What came of it. Raises what the process raised, BackendError if it has
        ended.
        """
        self.answered.take(self.check)
        result, error = self.outbox.get(copied=False)
        if error is not None:
            error = pickle.loads(error)
            raise error
        return result

    def check(self) -> None:
        """BackendError if the process has ended."""
        if os.waitpid(self.pid, os.WNOHANG) != (0, 0):
            self.end.detach()  # another one may get its number
            raise BackendError(
                "a process that works on a part of the batch was ended; was there too "
                "little memory? --cores 1 does without it"
            )

    def _serve(self, parent: "Parent") -> None:
        """Work on requests until the parent ends: in the process itself."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        threadpool_limits(1, user_api="blas")
        gc.freeze()  # what was there before stays shared
        self.rank.exchange.watched = [parent]
        while True:
            self.asked.take(parent.check)
            try:
                self.outbox.put((self._work(*self.inbox.get(copied=True)), None))
            except Exception as e:
                self.rank.exchange.give_up()
                self.outbox.put((None, _pickled(e)))
            self.answered.give()

    def _work(self, method: str, arguments):
        self.rank.begin()
        return getattr(self.part, method)(*arguments)


def _pickled(error: Exception) -> bytes:
    try:
        return pickle.dumps(error)
    except Exception:  # such as one of a class that stands in a function
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))


class Parent:
    """The first member, as the others see it."""

    def __init__(self):
        self.pid = os.getpid()

    def check(self) -> None:
        """End this process if its parent has ended."""
        if os.getppid() != self.pid:
            os._exit(0)


def _end(pid: int, parent: int) -> None:
    if os.getpid() != parent:
        return  # a copy of this object in another worker
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass  # it has ended before
