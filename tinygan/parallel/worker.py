"""Workers: a worker is a process that works on one part of every batch.

The first process puts a request into one mailbox. The worker answers in another one.
"""

import gc
import os
import pickle
import signal
import warnings
import weakref

from threadpoolctl import threadpool_limits

from ..errors import BackendError
from .mailbox import Mailbox, Signal

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
HANDLED = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))


class WorkerEndedError(BackendError):
    """A worker was ended from outside, for example because memory ran out."""


class Worker:
    """Another rank, as the first rank sees it: a process that waits for requests."""

    def __init__(self, rank, part):
        self.rank, self.part = rank, part
        self.inbox, self.outbox = Mailbox(), Mailbox()
        self.asked, self.answered = Signal(), Signal()
        parent = Parent()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        try:
            with warnings.catch_warnings():
                # BLAS starts its threads again after a fork; no other thread is needed
                warnings.simplefilter("ignore", DeprecationWarning)
                self.pid = os.fork()
            if self.pid == 0:
                try:
                    self._serve(parent, mask)
                finally:
                    os._exit(0)  # flush and close nothing of the parent's
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self.end = weakref.finalize(self, _end, self.pid, parent.pid)

    def ask(self, request) -> None:
        """Ask the process to work on a request."""
        self.inbox.put(request)
        self.asked.give()

    def answer(self):
        """The result of the request. Raises what the process raised, and
        WorkerEndedError if it has ended.
        """
        self.answered.take(self.check)
        result, error = self.outbox.get(copied=False)
        if error is not None:
            error = pickle.loads(error)
            raise error
        return result

    def check(self) -> None:
        """WorkerEndedError if the process has ended."""
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:  # somebody else has taken its status
            pid, status = self.pid, 0
        if pid != 0:
            self.end.detach()  # another process may get its number
            how = f" by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else ""
            raise WorkerEndedError(
                f"process {self.pid}, which works on a part of the batch, was ended"
                f"{how}; was there too little memory? --cores 1 needs no such process"
            )

    def wake(self) -> None:
        """Let the process go on if it is stopped (SIGSTOP)."""
        if self.end.alive:
            os.kill(self.pid, signal.SIGCONT)

    def _serve(self, parent: "Parent", mask) -> None:
        """Work on requests until the parent ends. The worker itself runs this.

        A signal may be sent to all processes of a group. The parent decides what it
        means, and this process goes on.
        """
        for number in HANDLED:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        threadpool_limits(1, user_api="blas")
        gc.freeze()  # memory from before the fork stays shared
        self.rank.local.exchange.watched = [parent]
        while True:
            self.asked.take(parent.check)
            try:
                self.outbox.put((self._work(*self.inbox.get(copied=True)), None))
            except Exception as e:
                self.rank.local.exchange.give_up()
                self.outbox.put((None, _pickled(e)))
            self.answered.give()

    def _work(self, method: str, arguments):
        self.rank.begin()
        return getattr(self.part, method)(*arguments)


def _pickled(error: Exception) -> bytes:
    try:
        return pickle.dumps(error)
    except Exception:  # such as an error whose class is local to a function
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))


class Parent:
    """The first rank, as the other ranks see it."""

    def __init__(self):
        self.pid = os.getpid()

    def check(self) -> None:
        """End this process if its parent has ended."""
        if os.getppid() != self.pid:
            os._exit(0)


def _end(pid: int, parent: int) -> None:
    """End the worker `pid`, if this process is its parent."""
    if os.getpid() != parent:
        return  # a copy of this object in another worker
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass  # it has ended already
