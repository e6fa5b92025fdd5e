"""Objectives of conditional games.

Most conditional networks need none of them: D judges a pair (x, y), and V and J are as
in an unconditional game. With an auxiliary classifier V and J change: D does not see y
and has to name it.
"""

from ..errors import ShapeError, instance, number
from ..ops import get_xp, sigmoid, softplus
from ..values import Integers
from .base import Objective
from .logistic import NonSaturating


def log_softmax(c):
    """log p_k = c_k - log sum_j e^c_j over the last axis, of class logits c (N, K)."""
    xp = get_xp(c)
    c = c - c.max(axis=-1, keepdims=True)  # no overflow, and p is the same
    return c - xp.log(xp.exp(c).sum(axis=-1, keepdims=True))  # eq: log-softmax


def softmax(c):
    """p_k = e^c_k / sum_j e^c_j over the last axis, from class logits c (N, K)."""
    return get_xp(c).exp(log_softmax(c))  # eq: softmax


def one_hot(y, K: int, dtype):
    """(N,) classes -> (N, K), 1 at the class and 0 elsewhere."""
    return (get_xp(y).arange(K) == y[:, None]).astype(dtype)


def cross_entropy(c, y):
    """L = -mean_n log p_n[y_n], a 0-d array, from class logits c (N, K)."""
    right = one_hot(y, c.shape[1], c.dtype)
    return -(right * log_softmax(c)).sum() / len(c)  # eq: cross-entropy


def cross_entropy_grad(c, y):
    """dL/dc = (p - onehot(y)) / N, shape (N, K)."""
    right = one_hot(y, c.shape[1], c.dtype)
    return (softmax(c) - right) / len(c)  # eq: cross-entropy-ds


class MatchingAware(NonSaturating):
    """V = mean log D(x, y) + 1/2 mean log(1 - D(G(z, y), y))      J = -mean log D(G)

        dV/ds_real = (1 - D)/N      dV/ds_fake = -D/(2N)      dJ/ds_fake = -(1 - D)/N

    The fake pairs have half the weight. The penalty `Mismatch` adds the other half, for
    real pictures with wrong sentences. GAN-CLS is both together. Source:
    Reed et al. 2016, Algorithm 1.
    """

    def value(self, s_real, s_fake):
        V_fake = -super().g_value(-s_fake)  # mean log(1 - D) = -mean softplus(s)
        return super().value(s_real, s_fake) - V_fake / 2  # eq: matching-V

    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return ds_real, ds_fake / 2  # eq: matching-dV


class Auxiliary(Objective):
    """V = V_S - w (L(x) + L(G(z, y)))      J = J_S + w L(G(z, y))

        dV/dc = -w dL/dc of either batch      dJ/dc = w dL/dc

    D has two heads over one trunk. V_S and J_S are the values of the logit s. L is a
    loss of the logits c (N, K) about the condition: both players want the picture to
    tell its condition. D gives ((s, c), y): it passes y on, and the second head does
    not see y. A subclass says what L is. Source: Odena et al. 2017.

    Raises ShapeError for a D with other outputs.
    """

    def __init__(self, source: Objective | None = None, weight: float = 1.0):
        source = NonSaturating() if source is None else source
        self.source = instance(self, "source", source, Objective)
        self.weight = number(self, "weight >= 0", weight)
        self.paired, self.unbounded = source.paired, source.unbounded

    def loss(self, c, y):
        """L, a 0-d array."""
        raise TypeError(f"{type(self).__name__} does not define loss")

    def loss_grad(self, c, y):
        """dL/dc, (N, K)."""
        raise TypeError(f"{type(self).__name__} does not define loss_grad")

    def asks(self, K: int, y) -> bool:
        """Whether K logits suit a condition of the shape y."""
        raise TypeError(f"{type(self).__name__} does not define asks")

    def expects(self, out_shape):
        try:
            (s, (K,)), y = out_shape
        except (TypeError, ValueError):
            K = y = s = None
        if s != (1,) or not isinstance(y, Integers) or not self.asks(K, y):
            raise ShapeError(
                f"{type(self).__name__} expects a D that gives ((logit, logits), "
                f"condition), a logit for each value of the condition, got {out_shape}"
            )

    def value(self, s_real, s_fake):
        (real, c_real), y_real = s_real
        (fake, c_fake), y_fake = s_fake
        L = self.loss(c_real, y_real) + self.loss(c_fake, y_fake)
        return self.source.value(real, fake) - self.weight * L  # eq: acgan-V

    def d_grads(self, s_real, s_fake):
        (real, c_real), y_real = s_real
        (fake, c_fake), y_fake = s_fake
        ds_real, ds_fake = self.source.d_grads(real, fake)
        dc_real = -self.weight * self.loss_grad(c_real, y_real)  # eq: acgan-dV
        dc_fake = -self.weight * self.loss_grad(c_fake, y_fake)
        return ((ds_real, dc_real), None), ((ds_fake, dc_fake), None)

    def g_value(self, s_fake, s_real=None):
        (fake, c), y = s_fake
        real = None if s_real is None else s_real[0][0]
        J = self.source.g_value(fake, real)
        return J + self.weight * self.loss(c, y)  # eq: acgan-J

    def g_grad(self, s_fake, s_real=None):
        (fake, c), y = s_fake
        real = None if s_real is None else s_real[0][0]
        ds = self.source.g_grad(fake, real)
        return (ds, self.weight * self.loss_grad(c, y)), None  # eq: acgan-dJ

    def beliefs(self, s_real, s_fake):
        """The beliefs of the source objective."""
        return self.source.beliefs(s_real[0][0], s_fake[0][0])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r}, {self.weight:g})"


class AuxiliaryClassifier(Auxiliary):
    """L = -mean log p(y | x), p = softmax(c)      dL/dc = (p - onehot(y))/N

    V and J are as in `Auxiliary`; y is one of K classes. Source: Odena et al. 2017, eq.
    2 and 3.
    """

    def loss(self, c, y):
        return cross_entropy(c, y)

    def loss_grad(self, c, y):
        return cross_entropy_grad(c, y)

    def asks(self, K, y):
        return y == () and y.n == K


class AuxiliaryWords(Auxiliary):
    """L = -mean_n sum_k (t log sigma(c) + (1 - t) log(1 - sigma(c)))

        dL/dc = (sigma(c) - t)/N

    `Auxiliary` for sentences: D names the words of the sentence that belongs to the
    picture. t is `word_shares(y)`; c_k is the logit of "word k is in the sentence".
    """

    def loss(self, c, y):
        t = word_shares(y, c.shape[1], c.dtype)
        return (softplus(c) - t * c).sum() / len(c)  # eq: words

    def loss_grad(self, c, y):
        t = word_shares(y, c.shape[1], c.dtype)
        return (sigmoid(c) - t) / len(c)  # eq: words-dc

    def asks(self, K, y):
        return len(y) == 2 and y.n == K


def word_shares(y, K: int, dtype):
    """t_nk, the share of sample n's sentences that contain word k: y (N, mixed, T) ->
    (N, K). The padding 0 is not a word.
    """
    xp, (N, mixed, _) = get_xp(y), y.shape
    there = xp.zeros((N, mixed, K), dtype)
    n, m = xp.arange(N)[:, None, None], xp.arange(mixed)[:, None]
    there[n, m, y] = 1  # word k is in sentence m of sample n
    there[..., 0] = 0  # padding
    return there.mean(axis=1)
