"""Fix-up: first weights for residual branches without normalisation."""

from ..errors import whole
from .init import he


def fixup(branches: int, depth: int, a: float = 0.0):
    """he(a), times L^(-1/(2m - 2)): for residual branches without normalisation

    L `branches` lie one after another, and each has m = `depth` layers with weights. A
    step then changes the network's output by as much as if there were one branch. The
    last layer of a branch starts at 0, `normal(0)`, so that each block starts as the
    identity. InputError unless L >= 1 and m >= 2. Source: Zhang et al. 2019, "Fixup
    Initialization", sec. 3.
    """
    L = whole("fixup", "branches >= 1", branches)
    m = whole("fixup", "depth >= 2", depth)
    full = he(a)

    def init(rng, shape, fan_in, fan_out):
        return L ** (-1 / (2 * m - 2)) * full(rng, shape, fan_in, fan_out)  # eq: fixup

    return init
