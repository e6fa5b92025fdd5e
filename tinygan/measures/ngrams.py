"""Measures of text: n-grams, models of n-grams, copies, and lines that are alike.

An n-gram is n symbols in a row. No network has to read a text to count them, in any
script. A text is a row of T integers, and END fills the row behind it (Lines).
"""

import numpy as np

from ..data.alphabet import END, ended
from ..errors import InputError, number, shown, whole

MOST_KEYS = 2**62  # different n-grams, each of which is one int64


def ngram_divergence(samples, real, n: int) -> float:
    """The Jensen-Shannon divergence of the n-grams of two sets of texts, in bits.

        JSD(p, q) = 1/2 sum_w p_w log2(p_w / m_w) + 1/2 sum_w q_w log2(q_w / m_w)

    p_w is the share of the n-gram w among those of the samples (N, T), q_w that among
    those of the real texts (M, T), and m = (p + q)/2. It is 0 for equal shares, and 1
    if no n-gram is in both. All places count, also those of END behind a text, as in
    the code of Gulrajani et al. 2017, whose figures are in bits, too.

    Few texts have few n-grams, so the divergence from many is large for real texts,
    too, the more so the larger n is. So the ceiling takes as many real texts.

    Raises InputError for texts that are not integers (N, T), N >= 1, and unless
    1 <= n <= T and V^n <= 2^62, for symbols below V.
    """
    rows = _texts("samples", samples), _texts("real", real)
    n = whole("ngram_divergence", "n >= 1", n)
    base = 1 + max(int(a.max()) for a in rows)
    keys = [_keys(a, n, base).ravel() for a in rows]
    kinds, which = np.unique(np.concatenate(keys), return_inverse=True)
    parts = np.split(which.reshape(-1), [keys[0].size])
    p, q = (np.bincount(part, minlength=len(kinds)) / part.size for part in parts)
    m = (p + q) / 2
    return float(sum(_kl_bits(a, m) for a in (p, q)) / 2)  # eq: ngram-divergence


def _kl_bits(p, m) -> float:
    """sum_w p_w log2(p_w / m_w), where m_w > 0 wherever p_w > 0."""
    some = p > 0
    return float((p[some] * np.log2(p[some] / m[some])).sum())


class NgramModel:
    """p(c | h): the next symbol c after the n - 1 symbols h, counted in texts.

        p_n(c | h) = (count(h c) + a p_{n-1}(c | h')) / (count(h) + a)      p_0 = 1/V

    h' is h without its first symbol. After an h that is rare, the shorter h' decides,
    and a says how rare that is. The probabilities of all c add up to 1, and none is 0.
    In front of a text stand n - 1 symbols END, and END ends it.

    texts: (N, T) integers below V      order: n

    Raises InputError for texts that are not integers (N, T), N >= 1, or not below V,
    unless order and V >= 1, V^order <= 2^62, and a > 0.
    """

    def __init__(self, texts, order: int, V: int, a: float = 1.0):
        texts = _texts("texts", texts)
        self.order, self.V = whole(self, "order >= 1", order), whole(self, "V >= 1", V)
        self.a, self.T = number(self, "a > 0", a), texts.shape[1]
        _expect_keys(self.order, self.V)
        if int(texts.max()) >= V:
            raise InputError(f"texts: expected symbols below {V}, got {texts.max()}")
        histories, inside = self._histories(texts)
        self._joint, self._context = [], []  # (keys, counts) for n = 1, 2, ..., order
        for k in range(self.order):
            context = self._key(histories[inside], k)
            joint = context * self.V + texts[inside]
            self._joint.append(np.unique(joint, return_counts=True))
            self._context.append(np.unique(context, return_counts=True))

    def p(self, h, c) -> np.ndarray:
        """p(c | h) for integers h (..., n - 1) and c (...), which are broadcast."""
        p = np.full(np.broadcast_shapes(h.shape[:-1], np.shape(c)), 1 / self.V)
        tables = zip(self._joint, self._context, strict=True)
        for k, (joint, context) in enumerate(tables):
            key = self._key(h, k)
            with_c, without = _counts(joint, key * self.V + c), _counts(context, key)
            p = (with_c + self.a * p) / (without + self.a)  # eq: ngram-model
        return p

    def bits_per_character(self, texts) -> float:
        """-mean log2 p(c | h) over all symbols c of texts (N, T), of each text up to
        its END, which counts. Raises InputError for what are no such texts.
        """
        texts = _texts("texts", texts)
        histories, inside = self._histories(texts)
        p = self.p(histories[inside], texts[inside])
        return float(-np.log2(p).mean())  # eq: bits-per-character

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n texts (n, T): symbol after symbol is drawn until END, or until T."""
        n = whole(self, "n >= 0", n)
        texts = np.full((n, self.order - 1 + self.T), END)
        going = np.ones(n, bool)
        for t in range(self.order - 1, texts.shape[1]):
            h = texts[:, None, t - self.order + 1 : t]
            below = self.p(h, np.arange(self.V)).cumsum(axis=1)[:, :-1]
            c = (rng.random((n, 1)) >= below).sum(axis=1)
            texts[:, t] = np.where(going, c, END)
            going &= texts[:, t] != END
        return texts[:, self.order - 1 :]

    def _histories(self, texts) -> tuple[np.ndarray, np.ndarray]:
        """(the n - 1 symbols before each symbol (N, T, n - 1), which symbols are inside
        a text or are the END that ends it (N, T)).
        """
        N, T = texts.shape
        padded = np.concatenate([np.full((N, self.order - 1), END), texts], axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(padded, T, axis=1)
        inside = (texts == END).cumsum(axis=1) - (texts == END) == 0
        return np.moveaxis(windows, 1, 2)[..., : self.order - 1], inside

    def _key(self, h, k: int) -> np.ndarray:
        """The last k symbols of h (..., n - 1) as one number each: (...)."""
        key = np.zeros(h.shape[:-1], np.int64)
        for j in range(h.shape[-1] - k, h.shape[-1]):
            key = key * self.V + h[..., j]
        return key

    def __repr__(self):
        return f"NgramModel(order {self.order}, {self.V} symbols)"


def copied(samples, training) -> float:
    """The share of the samples (N, T) that are among the training texts (M, T).

    Real texts that nobody has seen may be among them, too, if they are short. So read
    it beside the share of held-out texts. Raises InputError for what are no texts of
    one length.
    """
    a, b = _texts("samples", samples), _texts("training", training)
    if a.shape[1] != b.shape[1]:
        raise InputError(f"expected texts of one length T, got {a.shape} and {b.shape}")
    known = set(_as_bytes(b))
    return sum(row in known for row in _as_bytes(a)) / len(a)


def memorised(samples, training, held_out) -> float:
    """The share of samples (N, T) that are copies, beyond what chance explains.

        copied(samples, training) - |training| / |held_out| copied(samples, held_out)

    |.| counts different texts. They were split at random. A model that knows a language
    writes some of its texts, and does not know which of them were held out. So it hits
    training texts only |training| / |held_out| times as often, and the result is near 0
    (it may be less). For a model that only copies it is 1.

    Raises InputError for what are no texts of one length.
    """
    sizes = (len(set(_as_bytes(_texts("texts", a)))) for a in (training, held_out))
    of_training, of_held_out = sizes
    chance = of_training / of_held_out * copied(samples, held_out)
    return copied(samples, training) - chance  # eq: memorised


def distinct(samples) -> float:
    """The number of different texts among samples (N, T), over N.

    Raises InputError for what are no texts.
    """
    rows = _texts("samples", samples)
    return len(set(_as_bytes(rows))) / len(rows)


def _as_bytes(rows) -> list[bytes]:
    """Each text as it is read, without what follows its first END."""
    return [row.tobytes() for row in np.ascontiguousarray(ended(rows))]


def _texts(name: str, rows) -> np.ndarray:
    """The rows as int64 (N, T). InputError unless they are integers >= 0, N >= 1."""
    rows = np.asarray(rows)
    if (
        rows.dtype.kind not in "ui"
        or rows.ndim != 2
        or rows.size == 0
        or rows.min() < 0
    ):
        raise InputError(
            f"{name}: expected texts as integers >= 0, (N, T), got {shown(rows)}"
        )
    return rows.astype(np.int64)


def _keys(rows, n: int, base: int) -> np.ndarray:
    """The n-grams of rows (N, T) as one number each: (N, T - n + 1)."""
    T = rows.shape[1]
    if n > T:
        raise InputError(f"expected n-grams of at most {T} symbols, got n = {n}")
    _expect_keys(n, base)
    keys = np.zeros((len(rows), T - n + 1), np.int64)
    for k in range(n):
        keys = keys * base + rows[:, k : T - n + 1 + k]
    return keys


def _expect_keys(n: int, V: int) -> None:
    """InputError unless each n-gram of V symbols has a number of its own."""
    if V**n > MOST_KEYS:
        raise InputError(f"expected at most 2^62 different n-grams, got {V}^{n}")


def _counts(table, keys) -> np.ndarray:
    """How often each key was counted: of the shape of keys, 0 for one that was not."""
    known, counts = table
    at = np.searchsorted(known, keys).clip(max=len(known) - 1)
    return np.where(known[at] == keys, counts[at], 0)
