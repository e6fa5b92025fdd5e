"""PixelCNN: a network whose output at a pixel sees the pixels before it alone.

Pixels are read row by row, each row from left to right. What stands before a pixel is
no rectangle: all rows above, and the own row on the left. So there are two stacks of
convolutions (`GatedBlock`). The vertical stack v sees the rows above, the horizontal
stack h sees the left part of the own row and what v has found. Nothing before a pixel
is out of sight, as it would be with one stack of masked convolutions.

A kernel is not masked here. The picture is shifted once, by one row for v and by one
column for h, and each window ends at the own row or column (`CausalConv2d`). So no
product is spent on zeros. Source: van den Oord et al. 2016, "Conditional Image
Generation with PixelCNN Decoders".
"""

from ..errors import InputError, flag, whole
from ..fast import primitive
from ..ops import get_xp, sigmoid
from ..values import plus
from .activations import ReLU
from .base import Affine, Layer, require
from .combine import Residual, Sequential
from .conditional.tuples import Branch, Identity, Parallel, Pick
from .conv import Conv2d, pair


class Shift(Affine):
    """y[i, j] = x[i - a, j - b], 0 outside the image      dx[i, j] = dy[i + a, j + b]

    The image moves down by a rows and to the right by b columns. x is (N, H, W, C).
    Raises InputError unless a, b >= 0 are whole numbers, and ShapeError when built on
    anything but (H, W, C).
    """

    divisible = True

    def __init__(self, a: int, b: int):
        self.a, self.b = whole(self, "a >= 0", a), whole(self, "b >= 0", b)

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        return super().build(in_shape)

    def linear(self, x):
        y, (kept, left) = get_xp(x).zeros_like(x), self.parts(x)
        y[left] = x[kept]  # eq: shift
        return y, ()

    def adjoint(self, dy, cache):
        dx, (kept, left) = get_xp(dy).zeros_like(dy), self.parts(dy)
        dx[kept] = dy[left]  # eq: shift-dx
        return dx

    def parts(self, x):
        """The pixels of x (N, H, W, C) that stay in the image, and where they go."""
        _, H, W, _ = x.shape
        kept = slice(max(H - self.a, 0)), slice(max(W - self.b, 0))
        return (slice(None), *kept), (
            slice(None),
            slice(self.a, None),
            slice(self.b, None),
        )

    def __repr__(self):
        return f"Shift({self.a}, {self.b})"


class Coordinates(Layer):
    """y[i, j] = [x[i, j], (2 i + 1)/H - 1, (2 j + 1)/W - 1]      dx = dy[..., :C]

    Two more channels tell each pixel its place, from -1 to 1. A convolution does the
    same everywhere, so it cannot know the place. x is (N, H, W, C), y (N, H, W, C + 2).
    Raises ShapeError when built on anything but (H, W, C). Source: Liu et al. 2018.
    """

    divisible = True

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        H, W, C = super().build(in_shape)
        return H, W, C + 2

    def forward(self, x, train=True):
        _, H, W, _ = x.shape
        y, steps = widened(x), get_xp(x).arange
        y[..., -2] = ((2 * steps(H) + 1) / H - 1)[:, None]
        y[..., -1] = (2 * steps(W) + 1) / W - 1  # eq: coordinates
        return y, ()

    def backward(self, dy, cache, param_grads=True):
        return dy[..., :-2]

    def tangent(self, x_dot, cache):
        return widened(x_dot), ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        return tuple(None if g is None else g[..., :-2] for g in (dy, dy_dot))


def widened(x):
    """x with two more channels, of zeros: (N, H, W, C) -> (N, H, W, C + 2)."""
    y = get_xp(x).zeros((*x.shape[:-1], x.shape[-1] + 2), x.dtype)
    y[..., :-2] = x
    return y


class CausalConv2d(Conv2d):
    """y[n,i,j] = b + sum_{u,v} x[n, i + u - p, j + v - q] W[u,v], before = (p, q)

    A convolution of stride 1 whose window begins p rows above and q columns before its
    own pixel. With p = kh - 1 it ends at the own row, with q = kw - 1 at the own
    column. x is 0 outside the image, and y (N, H, W, C_out) has as many pixels as x.
    W is (kh, kw, C_in, C_out).

    dx and dW are those of a Conv2d on the image with zeros around it. Raises ShapeError
    when built on anything but (H, W, C_in), and InputError unless the own pixel is in
    its window.
    """

    def __init__(self, C_out: int, kernel, before, bias: bool = True):
        super().__init__(C_out, kernel, bias=bias)
        self.before = pair(self, "before >= 0", before)
        if any(p >= k for p, k in zip(self.before, self.kernel, strict=True)):
            raise InputError(
                f"CausalConv2d expects before < kernel, got before={self.before} and "
                f"kernel={self.kernel}"
            )

    def build(self, in_shape):
        H, W, C = self._image(in_shape)
        kh, kw = self.kernel
        return super().build((H + kh - 1, W + kw - 1, C))

    def linear(self, x):
        N, H, W, C = x.shape
        kh, kw = self.kernel
        padded = get_xp(x).zeros((N, H + kh - 1, W + kw - 1, C), x.dtype)
        self.inside(padded)[...] = x
        return super().linear(padded)  # eq: causal

    def adjoint(self, dy, cache):
        return self.inside(super().adjoint(dy, cache))  # eq: causal-dx

    def inside(self, padded):
        """The image in an image with zeros around it: (N, H + kh - 1, W + kw - 1, C) ->
        (N, H, W, C), a view.
        """
        (p, q), (kh, kw) = self.before, self.kernel
        _, H, W, _ = padded.shape
        return padded[:, p : p + H - kh + 1, q : q + W - kw + 1]

    def __repr__(self):
        return f"CausalConv2d({self.C_out}, {self.kernel}, before={self.before})"


class Gate(Layer):
    """y = tanh(a) sigma(b), where x = [a, b] along the last axis

    With t = tanh(a), g = sigma(b), and the slopes t' = 1 - t^2, g' = g (1 - g)

        da = t' g dy      db = t g' dy      y_dot = t' g a_dot + t g' b_dot

    and, reversing the tangent as well,

        da += (-2 t t' g a_dot + t' g' b_dot) dy_dot
        db += (t' g' a_dot + t g' (1 - 2 g) b_dot) dy_dot

    x is (N, ..., 2 C), y (N, ..., C). ShapeError for an odd number of channels.
    """

    divisible = True

    def build(self, in_shape):
        super().build(in_shape)
        even = len(in_shape) >= 1 and in_shape[-1] % 2 == 0
        require(even, self, "inputs (..., 2 C)", in_shape)
        return (*in_shape[:-1], in_shape[-1] // 2)

    def forward(self, x, train=True):
        t, g = gates(x)
        return t * g, (t, g)  # eq: gate

    def backward(self, dy, cache, param_grads=True):
        t, g = cache
        return gate_dx(dy, t, g)

    def tangent(self, x_dot, cache):
        t, g = cache
        a_dot, b_dot = get_xp(x_dot).split(x_dot, 2, axis=-1)
        return (1 - t * t) * g * a_dot + t * g * (1 - g) * b_dot, (a_dot, b_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        (t, g), (a_dot, b_dot) = cache, cache_dot
        xp, t1, g1 = get_xp(t), 1 - t * t, g * (1 - g)
        da = -2 * t * t1 * g * a_dot + t1 * g1 * b_dot
        db = t1 * g1 * a_dot + t * g1 * (1 - 2 * g) * b_dot
        second = xp.concatenate([da * dy_dot, db * dy_dot], axis=-1)
        return plus(dx, second), self.backward(dy_dot, cache)


@primitive
def gates(x):
    """(tanh(a), sigma(b)) of x = [a, b], (N, ..., 2 C) -> (N, ..., C) twice."""
    xp = get_xp(x)
    a, b = xp.split(x, 2, axis=-1)
    return xp.tanh(a), sigmoid(b)


@primitive
def gate_dx(dy, t, g):
    """[t' g dy, t g' dy] for t = tanh(a) and g = sigma(b): (N, ..., C) -> 2 C."""
    da, db = (1 - t * t) * g * dy, t * g * (1 - g) * dy  # eq: gate-dx
    return get_xp(dy).concatenate([da, db], axis=-1)


class GatedBlock(Sequential):
    """(v, h) -> (v', h'), one step of both stacks, each with a `Gate`

        v' = gate(V * v)      h' = h + P gate(H * h + U v')

    V * v is a convolution whose window has (k + 1)/2 rows, down to the own one, and k
    columns. The window of H * h is (k + 1)/2 pixels of the own row, up to the own one.
    P and U have the kernel 1. In the paper, U takes V * v before its gate. Without
    `residual` h is not added; so it is in the first block, where h is the image.

    v and h are (N, H, W, C_in), v' and h' (N, H, W, C). Raises ShapeError when built on
    anything else, or unless C_in = C for a residual block. InputError for an even k.
    """

    def __init__(self, C: int, k: int = 3, residual: bool = True):
        self.C, self.k = whole(self, "C >= 1", C), whole(self, "k >= 1", k)
        self.residual = flag(self, "residual", residual)
        if k % 2 == 0:
            raise InputError(f"GatedBlock expects an odd k, got {k}")
        up = k // 2
        self.V = CausalConv2d(2 * C, (up + 1, k), before=(up, up))
        self.H = CausalConv2d(2 * C, (1, up + 1), before=(0, up))
        self.U, self.P = Conv2d(2 * C, 1, bias=False), Conv2d(C, 1)
        above, left = Sequential(Pick(0), self.U), Sequential(Pick(1), self.H)
        both = Residual(left, shortcut=above)
        h: Layer = Sequential(both, Gate(), self.P)  # eq: gated-block
        if residual:
            h = Residual(h, shortcut=Pick(1))
        v = Sequential(self.V, Gate())
        super().__init__(Parallel(v, Identity()), Branch(Pick(0), h))

    def __repr__(self):
        rest = "" if self.residual else ", residual=False"
        return f"GatedBlock({self.C}, {self.k}{rest})"


class PixelCNN(Sequential):
    """s_ij = f(i, j, all pixels before (i, j)) for all pixels at once: (N, H, W, C_in)

    `Coordinates` and shifts, then a first `GatedBlock` with the kernel 7, `blocks` - 1
    of the kernel 3, all of C channels, and two convolutions of kernel 1 behind ReLU.
    With L blocks s_ij sees L + 3 rows above, and L + 2 columns on either side. The
    paper's network has no coordinates.

    x is (N, H, W, C_in). The C_in numbers of a pixel do not see each other: one of C_in
    symbols, or colours. So s can be the logits of a `Bernoulli` or of a `Categorical`.

    Raises InputError unless C and blocks are whole numbers >= 1, and ShapeError when
    built on anything but (H, W, C_in).
    """

    def __init__(self, C: int, blocks: int):
        self.C = whole(self, "C >= 1", C)
        self.blocks = whole(self, "blocks >= 1", blocks)
        super().__init__()

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        first = GatedBlock(self.C, 7, residual=False)
        rest = (GatedBlock(self.C) for _ in range(self.blocks - 1))
        ends = ReLU(), Conv2d(self.C, 1), ReLU(), Conv2d(in_shape[2], 1)
        stacks = Branch(Shift(1, 0), Shift(0, 1))
        self.layers = (Coordinates(), stacks, first, *rest, Pick(1), *ends)
        return super().build(in_shape)

    def __repr__(self):
        return f"PixelCNN({self.C}, {self.blocks})"
