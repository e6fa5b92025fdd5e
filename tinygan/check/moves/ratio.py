"""A wrong gradient in plain words, where its ratio to the right one tells them."""

import numpy as np


def call(function: str, thing, **named) -> str:
    """Code that repeats a check: check_objective(Bad(), batch=1, seed=0)."""
    settings = "".join(f", {name}={value}" for name, value in named.items())
    return f"{function}({made(thing)}{settings})"


def made(thing) -> str:
    """Code that makes the thing again, as far as its repr or its settings tell."""
    text = repr(thing)
    if not text.startswith("<"):
        return text
    if hasattr(thing, "inner"):
        limit = f", {thing.limit:g}" if hasattr(thing, "limit") else ""
        return f"{type(thing).__name__}({made(thing.inner)}{limit})"
    settings = f"{thing.lr:g}" if hasattr(thing, "lr") else ""
    return f"{type(thing).__name__}({settings})"


def ratio(a, b) -> float | None:
    """k with a = k b, both of one shape, or None if there is none."""
    size = float((b * b).sum())
    if not size or not np.isfinite(a).all():
        return None
    k = float((a * b).sum()) / size
    near = np.abs(a - k * b).max() <= 1e-7 * max(abs(k), 1e-9) * np.abs(b).max()
    return k if near else None


def what_it_is(g, truth, sizes, split: int) -> str:
    """ ": its sign is opposite" and the like, or "" for a fault that is not known.

    g, truth: the gradient and the derivative, flat; the first `split` entries belong to
    the real logits. sizes: (N_real, N_fake).
    """
    n_real, n_fake = sizes
    names = {"ds_real": n_real, "ds_fake": n_fake}
    parts = [("ds_real", slice(0, split))] if split else []
    parts.append(("ds_fake", slice(split, None)))
    if split and n_real == n_fake:
        a, b = (truth[part] for _, part in parts)
        swapped = np.concatenate([b, a])
        if np.allclose(g, swapped, rtol=1e-9) and not np.allclose(g, truth, rtol=1e-9):
            return ": ds_real and ds_fake are exchanged"
    for name, part in parts:
        own = names[name]
        other = n_real + n_fake - own
        found = _in_words(name, g[part], truth[part], own, other)
        if found:
            return f": {found}"
    return ""


def _in_words(name: str, g, truth, own: int, other: int) -> str:
    if not np.any(g) and np.abs(truth).max(initial=0.0) > 1e-9:
        return f"{name} is 0"
    k = ratio(g, truth)
    if k is None or abs(k - 1) < 1e-12:
        return ""
    batch = {"ds_real": "fake", "ds_fake": "real"}[name]
    known = [
        (-1.0, "has the opposite sign"),
        (
            own / other,
            f"is divided by the {batch} batch's size: unequal batches show it",
        ),
        (own, "is not divided by its batch's size"),
        (1 / own, "is divided by its batch's size twice"),
        (own / (own + other), "is divided by the size of both batches together"),
    ]
    for factor, words in known:
        if abs(factor - 1) > 1e-9 and abs(k / factor - 1) < 1e-6:
            return f"{name} {words}"
    if k > 0 and abs(k - 1) > 1e-5 and abs(own / k - round(own / k)) < 1e-6:
        return f"{name} is that of a batch of {round(own / k)}"
    return f"{name} is {k:.12g} times the derivative"
