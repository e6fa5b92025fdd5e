"""The first pass of a network is watched: a layer that breaks the protocol is named.

A layer of one's own may forget to return a cache, return a dx of another shape, or set
`self.dW` where it has to add to it. Such a layer fails far from its line, or it trains
in silence and learns nothing. So a `Net` watches the first pass of each kind. Later
passes are not watched, and cost nothing.
"""

import contextlib

from ..errors import LayerError, ShapeError, shown
from ..values import Integers, as_shape, is_tuple, leaves, mapped, shape_of, size, spelt

PASSES = ("forward", "backward", "backward_weights", "tangent", "tangent_backward")
RETURNS = {
    "forward": "(y, cache)",
    "tangent": "(y_dot, cache_dot)",
    "tangent_backward": "(dx, dx_dot)",
}


@contextlib.contextmanager
def wrapped(layers, passes, around):
    """Within this context, around(path, layer, name, method) takes the place of each
    of these passes of each (path, layer).
    """
    before = [
        {k: v for k in passes if (v := vars(layer).get(k))} for _, layer in layers
    ]
    for path, layer in layers:
        for name in passes:
            setattr(layer, name, around(path, layer, name, getattr(layer, name)))
    try:
        yield
    finally:
        for (_, layer), attributes in zip(layers, before, strict=True):
            for name in passes:
                delattr(layer, name)
                if name in attributes:  # set by an outer context
                    setattr(layer, name, attributes[name])


def proving(layers):
    """Within this context, one of these (path, layer) that breaks the protocol raises
    LayerError.
    """
    return wrapped(layers, PASSES, _proved)


def _proved(path: str, layer, which: str, method):
    def watched(*args, **kwargs):
        arrays = bound(layer)
        try:
            result = method(*args, **kwargs)
        except Exception as e:
            if args and not layer.children():
                e.add_note(f"in {_called(path, layer)}: {which}({form(args[0])}, ...)")
            raise
        require_bound(path, layer, arrays)
        fault = _fault(layer, which, args[0] if args else None, result)
        if fault:
            raise LayerError(f"{_called(path, layer)}: {which} {fault}{_line(method)}")
        return result

    return watched


def bound(layer) -> list:
    """(name, array) of each parameter of a layer and of its gradient: W, dW, ..."""
    names = [d + name for name in layer.shapes for d in ("", "d")]
    return [(name, vars(layer).get(name)) for name in names]


def require_bound(path: str, layer, arrays) -> None:
    """LayerError if a layer has set one of its own arrays, W or dW, to another array.

    Net's vector theta would keep the old values, and the layer would learn nothing.
    """
    for name, array in arrays:
        if vars(layer).get(name) is not array:
            right = f"self.{name}[...] = ..."
            if name not in layer.shapes:
                right = f"self.{name} += ..."
            raise LayerError(
                f"{_called(path, layer)}: self.{name} is another array than the one "
                f"that Net made, so the layer would not learn; write {right} in place "
                f"of self.{name} = ..., and give each Net layers of its own"
            )


def require_all_bound(layers, views) -> None:
    """`require_bound` for each (path, layer). views: (attributes, name, array) each."""
    for path, layer in layers:
        own = [(name, array) for held, name, array in views if held is vars(layer)]
        require_bound(path, layer, own)


class First:
    """The tree of a network for the first pass of a kind, which is watched."""

    def __init__(self, net, which: str):
        def first(*arguments):
            with proving(net.layers()):
                result = getattr(net.tree, which)(*arguments)
            net._proved.add(which)
            return result

        setattr(self, which, first)


def _fault(layer, which: str, first, result) -> str:
    """What is wrong with the result of a pass, for its first argument; "" if nothing
    is. Only shapes for which the layer was built are known.
    """
    if which == "backward_weights":
        return ""
    found: tuple = (result,)
    if which in RETURNS:
        if not (isinstance(result, tuple) and len(result) == 2):
            return f"must return {RETURNS[which]}, it returned {form(result)}"
        found = result if which == "tangent_backward" else result[:1]
    forth = which in ("forward", "tangent")
    shapes = vars(layer).get("_built", ())
    fits = [s[forth] for s in shapes if first is None or like(first, s[not forth])]
    for v in found:
        if v is None and which.startswith("tangent"):
            continue  # zero
        if fits and not any(like(v, shape) for shape in fits):
            expected = " or ".join(spelt(shape) for shape in fits)
            what = RETURNS.get(which, "dx")
            return f"must return {what} of the shape {expected}, it gave {form(v)}"
        if fits and leaves(v) and leaves(first) and not layer.children():
            n = size(first) / layer.packs if forth else size(first) * layer.packs
            if size(v) != n:
                return f"must return {n:g} samples, it returned {form(v)}"
    return ""


def like(v, shape) -> bool:
    """Whether a value is of this shape. None may stand for integers and for a part."""
    if is_tuple(shape):
        parts = isinstance(v, tuple) and len(v) == len(shape)
        return v is None or (
            parts
            and all(a is None or like(a, s) for a, s in zip(v, shape, strict=True))
        )
    if v is None:
        return isinstance(shape, Integers)
    return shape_of(v) == tuple(shape)


def built(layer, in_shape):
    """layer.build(in_shape). LayerError unless that is the shape of an output."""
    out_shape = layer.build(in_shape)
    shape = as_shape(out_shape)
    if shape is None:
        raise LayerError(
            f"{layer!r}: build must return the output's shape without the batch, such "
            f"as (64,), it returned {shown(out_shape)}"
        )
    for name, needed in layer.shapes.items():
        if as_shape(needed) is None:
            raise LayerError(
                f"{layer!r}: self.shapes must hold shapes such as {{'W': (3, 4)}}, "
                f"found {name!r}: {shown(needed)}"
            )
    fits(layer, in_shape, shape)
    return shape


def fits(layer, in_shape, out_shape) -> None:
    """Remember that a layer maps in_shape to out_shape: the first passes may do so."""
    vars(layer).setdefault("_built", set()).add((in_shape, out_shape))


def require_shape(name: str, v, shape) -> None:
    """Raise the ShapeError of a network for a v that has not this shape."""
    got = mapped(lambda a: getattr(a, "shape", shown(a)), v)
    raise ShapeError(f"the network expects {name} {spelt(shape)}, got {got}")


def require_form(name: str, v, shape) -> None:
    """ShapeError unless v has this shape; it, or a part of it, may be None."""
    if v is not None and not like(v, shape):
        expected = f"expects {name} {spelt(shape)}, got {form(v)}"
        raise ShapeError(f"the network {expected}")


def form(v) -> str:
    """A value by its shape, as a sentence shows it."""
    if isinstance(v, tuple):
        return f"({', '.join(map(form, v))})"
    return f"an array {tuple(v.shape)}" if hasattr(v, "shape") else shown(v)


def _line(method) -> str:
    """The file and the line of a method that a user wrote; "" for tinygan's own."""
    code = getattr(method, "__code__", None)
    if code is None or method.__module__.startswith("tinygan."):
        return ""
    return f" ({code.co_filename}, line {code.co_firstlineno})"


def _called(path: str, layer) -> str:
    return f"layer {path}, {layer!r}" if path else repr(layer)
