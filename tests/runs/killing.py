"""A process that is killed at its n-th file operation, for the tests of lost work.

An operation is whatever changes or reads the run's folder: open, rename, delete, make a
folder, list it, lock it, flush a file to the disk, and the first half of what is
written into a file.
"""

import io
import os
import signal
import sys

EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.listdir"}
EVENTS |= {"os.scandir", "os.truncate", "os.link", "fcntl.flock"}


class Killer:
    """Counts the file operations under `folder`, and acts before the n-th one.

    act: a function; by default the process kills itself, as a lost machine would.
    """

    def __init__(self, folder, n: int = -1, act=None):
        self.folder, self.n, self.count = str(folder), n, 0
        self.act = act or (lambda: os.kill(os.getpid(), signal.SIGKILL))
        self.pid = os.getpid()

    def arm(self) -> None:
        """From now on. An audit hook stays for the rest of the process."""
        fsync, write = os.fsync, io.FileIO.write
        killer = self

        def flushed(fd):
            killer.step(fd)
            fsync(fd)
            killer.step(fd)

        class Halves(io.FileIO):
            halved = False

            def write(self, data):
                if self.halved or len(data) < 2:
                    return write(self, data)
                self.halved, data = True, memoryview(data).cast("B")
                killer.step(self.fileno())
                done = write(self, data[: len(data) // 2])
                killer.step(self.fileno())
                return done

        os.fsync = flushed
        io.FileIO = Halves
        sys.addaudithook(self.hear)

    def hear(self, event, arguments) -> None:
        """Count an audit event."""
        if event in EVENTS and arguments:
            self.step(arguments[0])

    def step(self, where) -> None:
        """Count an operation on a path or a descriptor, and act if it is the n-th."""
        if os.getpid() != self.pid or not self._is_inside(where):
            return
        if self.count == self.n:
            self.count += 1
            self.act()
        else:
            self.count += 1

    def _is_inside(self, where) -> bool:
        try:
            if isinstance(where, int):
                where = os.readlink(f"/proc/self/fd/{where}")
            return os.path.abspath(os.fsdecode(where)).startswith(self.folder)
        except (OSError, TypeError, ValueError):
            return False


def in_a_fork(work) -> int:
    """Run work() in a forked process that writes into nothing; its exit status, or
    minus the signal that ended it.
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            status = work()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
