"""Phase shuffle: D cannot know generated sounds by the phase of a tone.

G's transposed convolutions leave tones, and each of them has the same phase in all
samples. A D that listens for this phase needs nothing else to reject them, so G learns
nothing else from it. Here each sequence inside D is shifted by a few places at random.
Source: Donahue et al. 2019, "Adversarial Audio Synthesis", sec. 3.3, and its code.
"""

from ..errors import whole
from ..ops import get_xp
from .augment import RandomChange
from .base import require


class PhaseShuffle(RandomChange):
    """y[t] = x[r(t - a)]      r(i) = |i| for i < T, and 2 (T - 1) - i beyond

        dx[i] = the sum of dy[t] over all t with r(t - a) = i

    Each sample has its own shift a, a whole number from -n to n, each as likely as any
    other. All channels are shifted alike. The places that the sequence leaves show its
    reflection: x[a], ..., x[2], x[1] and then x[0], x[1], ... In evaluation y = x. The
    code of the paper draws one shift for the whole batch.

    x is (N, T, C). Raises ShapeError when built on anything but (T, C) with T > n, and
    InputError unless n >= 0 is a whole number.
    """

    def __init__(self, n: int):
        self.n = whole(self, "n >= 0", n)

    def fits(self, in_shape):
        """ShapeError unless in_shape is (T, C) with T > n."""
        wanted = f"sequences (T, C) with T > {self.n}"
        long = len(in_shape) == 2 and in_shape[0] > self.n
        require(long, self, wanted, in_shape)

    def draw(self, rng, N, T, C):
        return (rng.integers(-self.n, self.n + 1, N),)

    def linear_change(self, x, a):
        T = x.shape[1]
        t = get_xp(x).arange(T)
        return taken(x, reflected(t - a[:, None], T))  # eq: phase-shuffle

    def adjoint_change(self, dy, a):
        n, T = self.n, dy.shape[1]
        xp = get_xp(dy)
        t = (
            xp.arange(-n, T + n) + a[:, None]
        )  # (N, T + 2 n): from n before x to n after
        inside = (t >= 0) & (t < T)
        dx = xp.where(inside[..., None], taken(dy, t % T), 0)  # eq: phase-shuffle-dx
        before, dx, after = dx[:, :n], dx[:, n : n + T], dx[:, n + T :]
        dx[:, 1 : n + 1] += before[:, ::-1]  # eq: phase-shuffle-fold
        dx[:, T - 1 - n : T - 1] += after[:, ::-1]
        return dx

    def __repr__(self):
        return f"PhaseShuffle({self.n})"


def reflected(i, T: int):
    """The place from 0 to T - 1 that a place i outside is the mirror image of.

    i: elementwise, whole numbers from 1 - T to 2 (T - 1)
    """
    last = T - 1
    return last - abs(last - abs(i))


def taken(x, i):
    """y[n, t] = x[n, i[n, t]]: (N, T, C), for whole numbers i (N, M) -> (N, M, C)."""
    N, T, C = x.shape
    xp = get_xp(x)
    row = T * xp.arange(N)[:, None] + i
    return xp.take(x.reshape(-1, C), row, axis=0)
