"""Overrides that nobody calls: a method under an old or a misspelled name.

A class with a `_step`, which is called `step` now, works as if the method were not
there. No derivative shows it.
"""

import difflib
import types

from ..layers import Layer
from ..likelihood import Likelihood
from ..objectives import Diversity, Objective
from ..optim import Optimizer
from ..penalties import Penalty

OLD = {  # {base: {a name of version 0.1: its name now}}
    Layer: {
        "backward_keeping": "backward",
        "tangent_weights": "tangent_backward",
        "weigh": "weight_grad",
    },
    Optimizer: {"_step": "step"},
}
HOOKS = {
    Layer: (
        *("build", "init", "forward", "backward", "backward_weights", "tangent"),
        *("tangent_backward", "advance", "children", "state", "divisible"),
        *("linear", "adjoint", "weight_grad", "f", "slope", "curvature"),
    ),
    Objective: ("value", "d_grads", "g_value", "g_grad", "beliefs", "of_samples"),
    Penalty: ("accumulate", "phi", "points", "uniform", "divisible"),
    Optimizer: (
        *("direction", "step", "ascend", "descend", "prepare", "state", "load_state"),
        *("clipped", "moments", "divisible"),
    ),
    Diversity: ("value", "grad", "paired"),
    Likelihood: ("parameters", "numbers", "log_p", "grad", "mean", "sample"),
}
ALIKE = 0.8  # from here on, two names look like a slip: d_grad for d_grads


def dead_overrides(thing) -> list[str]:
    """A sentence for each method of the thing's own classes that is never called."""
    base = next(base for base in HOOKS if isinstance(thing, base))
    own = [cls for cls in type(thing).__mro__ if not _is_ours(cls)]
    used = {name for cls in own for name in _names_in(vars(cls).values())}
    used |= {name for cls in own for name in _names_around(cls)}
    known = {name for cls in type(thing).__mro__ if _is_ours(cls) for name in vars(cls)}
    sentences = []
    for cls in own:
        for name, value in vars(cls).items():
            if name in known or not isinstance(value, types.FunctionType):
                continue
            hooks = [hook for hook in HOOKS[base] if hasattr(type(thing), hook)]
            now = OLD.get(base, {}).get(name)
            if now is None and name not in used:
                now = _meant(name, hooks)
            if now is not None:
                sentences.append(
                    f"{cls.__name__}.{name} is never called: the method is `{now}`"
                )
    return sentences


def _meant(name: str, hooks) -> str | None:
    """The hook that a name looks like, up to case, underscores and a letter or two."""
    plain = {hook.replace("_", ""): hook for hook in hooks}
    found = difflib.get_close_matches(
        name.lower().replace("_", ""), list(plain), n=1, cutoff=ALIKE
    )
    return plain[found[0]] if found else None


def _is_ours(cls: type) -> bool:
    return cls is object or cls.__module__.partition(".")[0] == "tinygan"


def _names_in(values) -> set[str]:
    """Every name and attribute that the code of these functions mentions."""
    names, todo = set(), [*values]
    while todo:
        value = todo.pop()
        if isinstance(value, property):
            todo += [value.fget, value.fset]
        code = getattr(value, "__wrapped__", value)
        code = getattr(getattr(code, "__func__", code), "__code__", code)
        if isinstance(code, types.CodeType):
            names |= {*code.co_names}
            todo += code.co_consts
    return names


def _names_around(cls: type) -> set[str]:
    """The names that the functions of the class's module mention."""
    functions = [v for v in vars(cls).values() if isinstance(v, types.FunctionType)]
    around = getattr(functions[0], "__wrapped__", functions[0]) if functions else None
    beside = around.__globals__.values() if around else ()
    return _names_in([v for v in beside if isinstance(v, types.FunctionType)])
