"""PyTorch with torch.compile: the step of on_torch.py, compiled.

A step has gradients and optimizers in it. torch.compile breaks its graph there, and
compiles what is between. The first step compiles nearly all. The second compiles D
again, because G's step leaves it frozen.
"""

import contextlib
import os

from .library import UnavailableError
from .on_torch import TorchCpu, TorchGpu


class Compiled:
    """What both devices have in common. `mode` is that of torch.compile."""

    mode: str
    only_steps = True

    def usable_torch(self):
        # the first step must compile, also where another process has done so
        os.environ.setdefault("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1")
        torch = super().usable_torch()
        from torch import _dynamo
        from torch._inductor import cpp_builder

        if not _dynamo.is_dynamo_supported():
            raise UnavailableError("torch.compile does not run on this Python")
        try:
            cpp_builder.get_cpp_compiler()
        except RuntimeError as e:
            raise UnavailableError("torch.compile finds no C++ compiler") from e
        return torch

    def describe(self):
        return super().describe() | {"compile": self.mode}

    def move(self, game):
        step = self.torch.compile(game.torch, mode=self.mode)

        def move(p, *batch):
            with self.refusals():
                self.begin()
                step(p, *batch)

        return move

    def begin(self):
        """Called before each step."""

    @contextlib.contextmanager
    def refusals(self):
        """Turn what torch.compile cannot compile into an UnavailableError."""
        try:
            yield
        except (RuntimeError, self.torch._dynamo.exc.TorchDynamoException) as e:
            raise UnavailableError(str(e).partition("\n")[0]) from e


class CompiledCpu(Compiled, TorchCpu):
    """torch.compile on the CPU."""

    name, mode = "torch-compile", "default"


class CompiledGpu(Compiled, TorchGpu):
    """torch.compile on one CUDA device, with CUDA graphs."""

    name, mode = "torch-compile-gpu", "reduce-overhead"

    def begin(self):
        self.torch.compiler.cudagraph_mark_step_begin()
