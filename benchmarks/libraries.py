"""The list of libraries that are compared. A new one is a `Library` with an entry."""

from .on_tinygan import TinyganCupy, TinyganNumpy
from .on_torch import TorchCpu, TorchGpu

LIBRARIES = {
    library.name: library for library in (TinyganNumpy, TinyganCupy, TorchCpu, TorchGpu)
}
