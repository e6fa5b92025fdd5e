"""The players of a move: two networks, their optimizers, an objective, penalties.

A class in place of an object, or an objective that returns another thing than it
should, is refused before a move, in words. tinygan's own objectives are not tried.
"""

import numpy as np

from ..errors import InputError, instance, shown
from ..objectives import Objective
from ..optim import Optimizer
from ..penalties import Penalty
from ..values import is_tuple, mapped, shape_of, zeros

_FIT: dict = {}  # the kinds of players looked at: is the objective tinygan's own?


def fit(move: str, objective, D, opt, penalties=(), rng=None, G=None) -> None:
    """InputError unless these can play `move`, in which `opt` moves a network."""
    kinds = (move, type(objective), type(D), type(opt), type(penalties), type(G))
    ours = _FIT.get(kinds)
    if ours is None:
        nets = {"D": D} if move == "d_step" else {"D": D, "G": G}
        _require(move, objective, nets, opt, penalties)
        ours = _FIT[kinds] = is_ours(objective)
    if rng is not None:
        instance(move, "rng", rng, np.random.Generator, "np.random.default_rng(0)")
    for penalty in penalties:
        if not isinstance(penalty, Penalty):
            instance(move, "penalty", penalty, Penalty, "R1(10)")
    objective.expects(D.out_shape)
    if not ours and "_tried" not in vars(objective):
        try_objective(objective, D)
        vars(objective)["_tried"] = True


def _require(move: str, objective, nets: dict, opt, penalties) -> None:
    for name, net in nets.items():
        if isinstance(net, type) or not hasattr(net, "zero_grad"):
            raise InputError(
                f"{move} expects a Net as {name}, got {shown(net)}; "
                f"write {name} = Net(tree, in_shape)"
            )
    which = "opt_D" if move == "d_step" else "opt_G"
    instance(move, which, opt, Optimizer, "Adam(1e-3)")
    instance(move, "objective", objective, Objective, "NonSaturating()")
    if not isinstance(penalties, list | tuple):
        raise InputError(
            f"{move} expects a list of penalties, got {shown(penalties)}; "
            "write [R1(10)]"
        )


def is_ours(thing) -> bool:
    """Whether the class of a thing is tinygan's own."""
    return type(thing).__module__.partition(".")[0] == "tinygan"


def try_objective(objective, D) -> None:
    """InputError unless an objective returns numbers, and gradients like its logits."""
    host = zeros(D.out_shape, 3, "float32")
    s = mapped(D.backend.asarray, host)
    kind = type(objective).__name__
    for name, v in (("value", objective.value(s, s)), ("g_value", _J(objective, s))):
        scalar(kind, name, v)
    ds = objective.d_grads(s, s)
    if not (isinstance(ds, tuple | list) and len(ds) == 2):
        raise InputError(
            f"{kind}: d_grads must return (ds_real, ds_fake), got {shown(ds)}"
        )
    real = s if objective.paired else None
    for name, d in (("d_grads", ds[0]), ("d_grads", ds[1])):
        _like_logits(kind, name, d, D.out_shape)
    _like_logits(kind, "g_grad", objective.g_grad(s, real), D.out_shape)


def _J(objective, s):
    return objective.g_value(s, s if objective.paired else None)


def scalar(owner, name: str, v):
    """v itself, a number or a 0-d array. InputError for anything else."""
    if v is None or getattr(v, "shape", ()) != () or isinstance(v, str | tuple | list):
        who = owner if isinstance(owner, str) else type(owner).__name__
        raise InputError(f"{who}: {name} must return one number, got {shown(v)}")
    return v


def _like_logits(kind: str, name: str, d, shape) -> None:
    if not is_tuple(shape) and shape_of(d) != tuple(shape):
        raise InputError(
            f"{kind}: {name} must return a gradient like the logits (N, 1), "
            f"got {shown(d)}"
        )
