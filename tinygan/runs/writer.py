"""Who writes what is due after a turn: the loop itself, or a thread beside it.

While a file is written or a picture drawn, a device could play turns. So there the loop
only asks for what is due (asking.py), and goes on. A thread waits until it has come,
looks whether it is finite, and writes it. It does one thing after the other, in the
order in which they were asked for, so the folder is the same as if the loop had waited.
It never asks the device for anything.

A NumPy array needs no waiting, and the thread would take a core from the turns. There
the loop writes itself.
"""

import queue
import threading

import numpy as np

from ..backend import Backend
from .asking import Ask

MOST = 2  # jobs that wait beside the one that is written; then the loop waits


def writer_for(backend: Backend) -> "Writer":
    """The writer for runs on this backend."""
    return WriterThread(backend) if backend.overlaps else Writer(backend)


class Writer:
    """Writes at once. A context, which ends when nothing is written any more."""

    def __init__(self, backend: Backend):
        self.backend = backend

    def put(self, due: list[Ask]) -> None:
        """Ask for these, and let the host read them, in their order. Raises what it
        raises when it reads, here or in a later call.
        """
        for ask in due:
            arrays, read = ask()
            read(self.backend.later(arrays)())

    def check(self) -> None:
        """Raise what a job has raised, once."""

    def drain(self) -> None:
        """Wait until all is written, or until a job has failed."""

    def finish(self) -> None:
        """Wait until all is written. Raises what a job has raised."""
        self.drain()
        self.check()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class WriterThread(Writer):
    """Writes in a thread. After a job that has raised something no other is done."""

    def __init__(self, backend: Backend):
        super().__init__(backend)
        self.jobs: queue.Queue = queue.Queue(MOST)
        self.error: BaseException | None = None
        self.over = False
        self.thread = threading.Thread(target=self._work, daemon=True)

    def put(self, due):
        self.check()
        if not due:
            return
        asked = [ask() for ask in due]
        came = [self.backend.later(one.arrays) for one in asked]

        def job():
            for (_, read), arrays in zip(asked, came, strict=True):
                read(arrays())

        self.jobs.put(job)

    def _work(self) -> None:
        with np.errstate(all="ignore"):  # as the loop does
            while (job := self.jobs.get()) is not None:
                try:
                    if not self.over:
                        job()
                except BaseException as error:
                    self.error, self.over = error, True
                finally:
                    del job  # and what it holds on the device
                    self.jobs.task_done()

    def check(self):
        error, self.error = self.error, None
        if error is not None:
            raise error

    def drain(self):
        self.jobs.join()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.jobs.put(None)
        self.thread.join()
