"""The libraries that are compared; a new one is a `Library` and an entry here."""

from .on_tinygan import TinyganCupy, TinyganNumpy
from .on_torch import TorchCpu, TorchGpu

LIBRARIES = {
    library.name: library for library in (TinyganNumpy, TinyganCupy, TorchCpu, TorchGpu)
}
