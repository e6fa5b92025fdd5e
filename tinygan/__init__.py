"""tinygan: generative adversarial networks from scratch, without autograd.

Every forward and backward pass is written by hand. The arrays belong to NumPy or to
CuPy, as you choose. Begin to read at `tinygan/gan.py`: it is the game of the two
networks.
"""

import os
import sys

__version__ = "0.2.0"


def _import_nothing_from_here() -> None:
    """Take the present folder out of sys.path, if this is the command `tinygan`.

    `python -m` puts it there, and so does an empty entry of PYTHONPATH. But it may be
    a stranger's run, and a numpy.py in it would be run in place of NumPy.
    """
    words = sys.argv[:1] or [""]
    started = "-mtinygan" in "".join(sys.orig_argv) and words == ["-m"]
    if started or os.path.basename(words[0]) in ("tinygan", "tinygan.exe"):
        here = os.path.realpath(os.curdir)
        meant = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        if here not in (*meant, os.path.dirname(os.path.dirname(__file__))):
            sys.path[:] = [p for p in sys.path if p and os.path.realpath(p) != here]


_import_nothing_from_here()

from .backend import NUMPY, Backend, get_backend
from .errors import (
    BackendError,
    CheckpointError,
    DataError,
    InputError,
    NonFiniteError,
    ShapeError,
    TangentError,
)
from .gan import d_step, g_step, play
from .layers import *  # noqa: F403
from .layers import __all__ as _layers
from .moved import answer_old_names
from .net import Net
from .objectives import (
    AuxiliaryClassifier,
    AuxiliaryWords,
    Critic,
    Diversity,
    Hinge,
    LeastSquares,
    MatchingAware,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)
from .ops import get_xp, sigmoid, softplus
from .optim import (
    SGD,
    Adam,
    ClipNorm,
    ClipValue,
    ClipWeights,
    Momentum,
    Optimizer,
    RMSProp,
)
from .penalties import DRAGAN, R1, R2, WGANGP, Drift, Mismatch, Penalty
from .values import Integers

__all__ = [
    "Adam",
    "AuxiliaryClassifier",
    "AuxiliaryWords",
    "Backend",
    "BackendError",
    "CheckpointError",
    "ClipNorm",
    "ClipValue",
    "ClipWeights",
    "Critic",
    "DRAGAN",
    "DataError",
    "Diversity",
    "Drift",
    "Hinge",
    "InputError",
    "Integers",
    "LeastSquares",
    "MatchingAware",
    "Minimax",
    "Mismatch",
    "Momentum",
    "NUMPY",
    "Net",
    "NonFiniteError",
    "NonSaturating",
    "Objective",
    "Optimizer",
    "Penalty",
    "R1",
    "R2",
    "RMSProp",
    "RelativisticAverage",
    "RelativisticPairing",
    "SGD",
    "ShapeError",
    "TangentError",
    "WGANGP",
    "Wasserstein",
    "d_step",
    "g_step",
    "get_backend",
    "get_xp",
    "play",
    "sigmoid",
    "softplus",
    *_layers,
]

answer_old_names()
