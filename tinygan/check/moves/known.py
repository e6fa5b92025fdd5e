"""The rules of the papers, written another way, and how people get them wrong.

An optimizer updates its moments by a recursion. Here every moment is the explicit
weighted sum over all past gradients. A definition maps the gradients (t, n) of steps 1
to t to the direction of step t.
"""

import itertools

import numpy as np

from ...optim import SGD, Adam, ClipNorm, ClipValue, Momentum, RMSProp


def _weighted(rho: float, terms):
    """sum_i rho^(t - i) terms_i, the closed form of a <- rho a + term."""
    powers = float(rho) ** np.arange(len(terms) - 1, -1, -1)
    return np.tensordot(powers, terms, axes=1)  # eq: moment-sum


def _adam(o, g):
    m = (1 - o.beta1) * _weighted(o.beta1, g) / (1 - o.beta1 ** len(g))
    v = (1 - o.beta2) * _weighted(o.beta2, g * g) / (1 - o.beta2 ** len(g))
    return m / (np.sqrt(v) + o.eps)


def _momentum(o, g, late=0, used=None):
    t = np.arange(len(g)) + late
    mus = o.mu + (o.final - o.mu) * np.minimum(1, t / o.ramp)
    used = mus if used is None else np.full(len(g), used)
    left = np.cumprod(np.append(used[1:], 1.0)[::-1])[::-1]  # the share of each g_i
    return np.tensordot(left, g, axes=1)


def _rmsprop(o, g):
    return g[-1] / (np.sqrt((1 - o.rho) * _weighted(o.rho, g * g)) + o.eps)


def _clip_value(o, g):
    return np.clip(g, -o.limit, o.limit)


def _clip_norm(o, g):
    return g / np.maximum(1, np.linalg.norm(g, axis=1, keepdims=True) / o.limit)


DEFINITIONS = {
    SGD: lambda o, g: g[-1],
    Momentum: _momentum,
    RMSProp: _rmsprop,
    Adam: _adam,
}
CLIPPED = {ClipValue: _clip_value, ClipNorm: _clip_norm}


def parent_rule(o) -> type | None:
    """The class of tinygan whose rule this optimizer has, or extends; None without."""
    return next((c for c in type(o).__mro__ if c in DEFINITIONS or c in CLIPPED), None)


def is_plain(o) -> bool:
    """Whether the optimizer is tinygan's own, and the one inside it is, too."""
    kind = type(o)
    return kind in DEFINITIONS or (kind in CLIPPED and is_plain(o.inner))


def definition(o):
    """A function from gradients (t, n) to the direction of step t; None if unknown."""
    kind = parent_rule(o)
    if kind in CLIPPED:
        inner = definition(o.inner)
        return inner and (lambda g: inner(CLIPPED[kind](o, g)))
    return kind and (lambda g: DEFINITIONS[kind](o, g))


def misrules(o):
    """(words, direction) for the known mistakes in the rule that `o` has or extends.

    Words such as "t one too large" go after "its steps are those of Adam with".
    """
    kind = parent_rule(o)
    if kind is Adam:
        yield from _wrong_adams(o)
    elif kind is RMSProp:
        yield from _wrong_rmsprops(o)
    elif kind is Momentum:
        yield "g left out of the moment until the next step", lambda g: _before(o, g)
        yield "a moment that is not decayed", lambda g: _momentum(o, g, used=1.0)
        yield "t one too large", lambda g: _momentum(o, g, late=1)
        yield "no moment at all", lambda g: g[-1]
    elif kind in CLIPPED:
        yield from _wrong_clips(o, kind)


def _before(o, g):
    return _momentum(o, g[:-1]) if len(g) > 1 else 0 * g[-1]


BIAS = {  # the power of beta in the bias corrections of m and v, from t
    "": (lambda t: t, lambda t: t),
    "t one too large": (lambda t: t + 1, lambda t: t + 1),
    "t one too small": (lambda t: t - 1, lambda t: t - 1),
    "no bias correction": (lambda t: np.inf, lambda t: np.inf),
    "no bias correction of v": (lambda t: t, lambda t: np.inf),
    "no bias correction of m": (lambda t: np.inf, lambda t: t),
    "bias corrections without the power t": (lambda t: 1, lambda t: 1),
}
EPS = {  # the denominator from v and eps
    "": lambda v, eps: np.sqrt(v) + eps,
    "eps forgotten": lambda v, eps: np.sqrt(v),
    "eps inside the root": lambda v, eps: np.sqrt(v + eps),
    "eps^2 inside the root": lambda v, eps: np.sqrt(v + eps * eps),
    "no root": lambda v, eps: v + eps,
}
MOMENTS = {  # (decay of m, share of g in m, decay of v, share of g^2 in v, the square)
    "": lambda a, b: (a, 1 - a, b, 1 - b, np.square),
    "beta1 and beta2 exchanged": lambda a, b: (b, 1 - b, a, 1 - a, np.square),
    "beta and 1 - beta exchanged in v": lambda a, b: (a, 1 - a, 1 - b, b, np.square),
    "beta and 1 - beta exchanged in m": lambda a, b: (1 - a, a, b, 1 - b, np.square),
    "|g| in place of g^2": lambda a, b: (a, 1 - a, b, 1 - b, np.abs),
    "g in place of g^2": lambda a, b: (a, 1 - a, b, 1 - b, np.positive),
    "an m that is not decayed": lambda a, b: (1.0, 1 - a, b, 1 - b, np.square),
    "a v that is not decayed": lambda a, b: (a, 1 - a, 1.0, 1 - b, np.square),
    "m = beta1 m + g": lambda a, b: (a, 1.0, b, 1 - b, np.square),
    "v = beta2 v + g^2": lambda a, b: (a, 1 - a, b, 1.0, np.square),
}


def _wrong_adams(o):
    for words in itertools.product(BIAS, EPS, MOMENTS):
        if any(words):
            yield " and ".join(filter(None, words)), _wrong_adam(o, *words)


def _wrong_adam(o, bias: str, eps: str, moments: str):
    def direction(g):
        t, (of_m, of_v) = len(g), BIAS[bias]
        a, in_m, b, in_v, square = MOMENTS[moments](o.beta1, o.beta2)
        beta1, beta2 = o.beta1, o.beta2
        if moments.startswith("beta1 and"):
            beta1, beta2 = beta2, beta1
        m = in_m * _weighted(a, g) / (1 - beta1 ** of_m(t))
        v = in_v * _weighted(b, square(g)) / (1 - beta2 ** of_v(t))
        return m / EPS[eps](v, o.eps)

    return direction


def _wrong_rmsprops(o):
    for eps, moments in itertools.product(EPS, MOMENTS):
        a, _, b, in_v, square = MOMENTS[moments](0.0, o.rho)
        if a != 0 or not (eps or moments):
            continue  # RMSProp has no m

        def direction(g, eps=eps, b=b, in_v=in_v, square=square):
            return g[-1] / EPS[eps](in_v * _weighted(b, square(g)), o.eps)

        yield " and ".join(filter(None, (eps, moments))), direction


def _wrong_clips(o, kind):
    inner = definition(o.inner)
    if inner is None:
        return
    yield "no limit", inner
    if kind is ClipNorm:

        def always(g):
            return inner(g * o.limit / np.linalg.norm(g, axis=1, keepdims=True))

        def square(g):
            size = (g * g).sum(axis=1, keepdims=True)
            return inner(g / np.maximum(1, size / o.limit))

        yield "the norm set to the limit, also where it is less", always
        yield "the squared norm in place of the norm", square
        yield "each number clipped by itself", lambda g: inner(_clip_value(o, g))
    else:
        yield "a limit above alone", lambda g: inner(np.minimum(g, o.limit))
        yield "a limit below alone", lambda g: inner(np.maximum(g, -o.limit))
        yield "the norm clipped", lambda g: inner(_clip_norm(o, g))
