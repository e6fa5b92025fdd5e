"""A graph of the stand-in: launches that are recorded once, and then done again.

While a GPU captures a graph, a launch computes nothing: the kernel and the addresses of
its arrays are noted. So is it here. What a launch returns is memory full of NaN, until
the graph runs. Each run computes all launches again, from and into the same memory. A
number that the host passed stays as it was. The host may neither read from the device
nor send to it.
"""

import contextlib

import numpy as np

__all__ = ["Graph", "recording"]

_open: list["Graph"] = []  # at most one


class Graph:
    """The launches that were recorded."""

    def __init__(self):
        self.steps: list[tuple] = []

    def __len__(self):
        return len(self.steps)

    def note(self, f, args, kwargs):
        """Note f(...), and return the memory of its result."""
        result = kwargs.get("out")
        if result is None and f.__name__ in ("copyto", "_put"):
            result = args[0]
        if result is not None:  # f writes where the caller says
            self.steps.append((f, args, kwargs, None))
            return result
        result = soiled(np.array(f(*args, **kwargs)))
        if result.dtype.kind in "iu":
            result.fill(0)  # it may be an index, and what it finds has to have a shape
        self.steps.append((f, args, kwargs, result))
        return result

    def launch(self) -> None:
        """Run the graph."""
        with np.errstate(all="ignore"):
            for f, args, kwargs, result in self.steps:
                y = f(*args, **kwargs)
                if result is not None:
                    result[...] = y


@contextlib.contextmanager
def recording():
    """Within this context launches are recorded in the Graph that it yields.

    RuntimeError within another such context.
    """
    if _open:
        raise RuntimeError("a graph is being captured already")
    _open.append(Graph())
    try:
        yield _open[-1]
    finally:
        _open.clear()


def recorded(f, args, kwargs):
    """f(...) as host memory; while a graph is recorded, the memory of its result."""
    return _open[-1].note(f, args, kwargs) if _open else np.asarray(f(*args, **kwargs))


def refuse(what: str, n: int) -> None:
    """RuntimeError for a host read or an upload while a graph is recorded."""
    if _open and n and what in ("host_reads", "uploads"):
        raise RuntimeError(f"{what}: not permitted while a graph is captured")


def soiled(a):
    """The array, full of what nobody should read: NaN, or the largest integer."""
    dirt = {"f": np.nan, "c": np.nan, "b": True}
    a.fill(dirt[a.dtype.kind] if a.dtype.kind in dirt else np.iinfo(a.dtype).max)
    return a
