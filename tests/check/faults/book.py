"""A book of faults: what is wrong, where, and the same thing without the fault."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

# The kinds of faults of layers. Those with True lie in forward or backward, in
# training and in float64: such a layer is also a function y = f(x, W) with a
# gradient by hand, and any other gradient checker can be asked about it.
LAYERS = {
    "formula of dx, dW or db": True,
    "error of 1e-9 to 1e-5": True,
    "some batch sizes only": True,
    "some shapes only": True,
    "some values of x only": True,
    "some parameters or state only": True,
    "overflow": True,
    "buffer, cache or counter": True,
    "writes into an argument": True,
    "evaluation only": False,
    "tangent passes": False,
    "other passes and None": False,
    "float32 and half": False,
    "order of memory": False,
    "state and resuming": False,
    "init, advance, divisible": False,
}
BETWEEN = re.compile(  # the words of a name
    r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z])(?<!loat)(?=[0-9])"
)
OTHERS = {"loss": True, "penalty": False, "optimizer": False}


@dataclass(frozen=True)
class Fault:
    """One fault. `make` and `twin` give fresh CHECKS entries with it and without it.

    what: the fault in words      seen_at: more input shapes at which it shows
    function: whether other gradient checkers can be asked about it
    """

    kind: str
    what: str
    make: Callable[[], list]
    twin: Callable[[], list]
    function: bool
    seen_at: tuple = ()


class Book(dict[str, Fault]):
    """{name of a fault: Fault}. Its methods are decorators of faulty classes.

    The name is that of the class, the docstring says what is wrong, and the twin is an
    instance of the parent, unless `twin` sets another.
    """

    def layer(
        self, kind: str, *shapes, seen_at=(), inside=None, function=None
    ) -> Callable[[type], type]:
        """A faulty layer, checked on `shapes`; `inside` builds a container around it.

        function: overrides whether the kind can be asked of other checkers
        """
        asked = LAYERS[kind] if function is None else function
        wrap = (lambda layer: layer) if inside is None else inside

        def entries(cls) -> Callable[[], list]:
            return lambda: [(wrap(cls()), shape) for shape in shapes]

        return self._note(kind, entries, asked, seen_at)

    def other(self, kind: str, *args, function=None) -> Callable[[type], type]:
        """A faulty loss, penalty or optimizer, made with `args`."""
        asked = OTHERS[kind] if function is None else function

        def entries(cls) -> Callable[[], list]:
            return lambda: [cls(*copy.deepcopy(args))]

        return self._note(kind, entries, asked, ())

    def twin(self, name: str, make: Callable[[], list]) -> None:
        """Set the twin of a fault whose parent is not its twin: CHECKS entries."""
        self[name] = replace(self[name], twin=make)

    def _note(self, kind, entries, asked, seen_at):
        def note(cls: type) -> type:
            name = BETWEEN.sub("_", cls.__name__).lower()
            if name in self or not cls.__doc__:
                raise ValueError(f"{name} is there already, or has no docstring")
            made, twin = entries(cls), entries(cls.__mro__[1])
            self[name] = Fault(kind, cls.__doc__, made, twin, asked, tuple(seen_at))
            return cls

        return note

    def checks(self) -> dict[str, list]:
        """{name: fresh CHECKS entries}"""
        return {name: fault.make() for name, fault in self.items()}
