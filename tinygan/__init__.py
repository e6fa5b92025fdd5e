"""tinygan: generative adversarial networks from scratch, without autograd.

Every forward and backward pass is written by hand, on NumPy or CuPy by choice. Begin
with `tinygan/gan.py`, the game itself.
"""

__version__ = "0.1.0"

from .backend import NUMPY, Backend, get_backend, get_xp, sigmoid, softplus
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
from .net import Net
from .objectives import Minimax, NonSaturating, Objective
from .optim import SGD, Adam, Momentum, Optimizer, RMSProp

__all__ = [
    "NUMPY",
    "SGD",
    "Adam",
    "Backend",
    "BackendError",
    "CheckpointError",
    "DataError",
    "InputError",
    "Minimax",
    "Momentum",
    "Net",
    "TangentError",
    "NonFiniteError",
    "NonSaturating",
    "Objective",
    "Optimizer",
    "RMSProp",
    "ShapeError",
    "d_step",
    "g_step",
    "get_backend",
    "get_xp",
    "play",
    "sigmoid",
    "softplus",
    *_layers,
]
