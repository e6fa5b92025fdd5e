"""The list of libraries that are compared. A new one is a `Library` with an entry.

`USUAL` are compared unless others are asked for. The rest takes whole steps only.
"""

from .on_compiled import CompiledCpu, CompiledGpu
from .on_graphs import TinyganGraph
from .on_jax import JaxCpu, JaxGpu
from .on_tinygan import TinyganCupy, TinyganNumpy
from .on_torch import TorchCpu, TorchGpu

USUAL = {
    library.name: library for library in (TinyganNumpy, TinyganCupy, TorchCpu, TorchGpu)
}
PEERS = {
    library.name: library
    for library in (TinyganGraph, CompiledCpu, CompiledGpu, JaxCpu, JaxGpu)
}
LIBRARIES = USUAL | PEERS
