"""The real pictures of a level: averaged down, and faded as the generator's are.

D must see real pictures of the size and kind that G makes. If only G's pictures were
faded, D could tell them from real ones by their missing detail.
"""

from ..errors import ShapeError
from ..layers.resample import block_copy, block_sum


def smaller(x, k: int):
    """(N, H, W, C) -> (N, H/k, W/k, C), the mean of each k x k block."""
    return block_sum(x, (k, k)) / k**2 if k > 1 else x


def larger(x, k: int):
    """(N, H, W, C) -> (N, k H, k W, C), each pixel k x k times."""
    return block_copy(x, (k, k)) if k > 1 else x


def at_level(x, shape: tuple, alpha: float = 1.0):
    """Pictures x (N, H, W, C) as a level of this shape (h, w, C) shows them

        x_l = down(x), averaged to h x w pixels
        y   = (1 - alpha) up(down(x_l)) + alpha x_l

    ShapeError unless H/h = W/w is a whole number.
    """
    k = x.shape[1] // shape[0]
    if (shape[0] * k, shape[1] * k, shape[2]) != x.shape[1:]:
        raise ShapeError(
            f"a level of {shape} expects pictures k times as large, got {x.shape[1:]}"
        )
    x = smaller(x, k)
    if alpha == 1:
        return x
    return (1 - alpha) * larger(smaller(x, 2), 2) + alpha * x  # eq: fade-real
