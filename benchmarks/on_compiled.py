"""PyTorch with torch.compile: the step of on_torch.py, compiled.

torch.compile breaks its graph at `backward` and at the optimizers, and compiles what is
between, with its gradient. The first step compiles nearly all. The second compiles D
again, because G's step has left it frozen.

Compiled code has no second derivative, unless the gradients are traced with the rest of
the step, `trace_autograd_ops`. That serves the critic's step. In other games it would
lose gradients, without a word, of a network whose forward pass is in another graph.
"""

from .library import UnavailableError
from .moves import GAMES
from .on_torch import TorchCpu, TorchGpu

TRACED = (GAMES["critic"],)


class Compiled:
    """What both devices have in common. `mode` is that of torch.compile."""

    mode: str
    only_steps = True

    def usable_torch(self):
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
        config = self.torch._dynamo.config
        if hasattr(config, "trace_autograd_ops"):  # newer than PyTorch 2.4
            config.trace_autograd_ops = game in TRACED
        step = self.torch.compile(game.torch, mode=self.mode)

        def move(p, *batch):
            self.begin()
            try:
                step(p, *batch)
            except RuntimeError as e:
                why = str(e).partition("\n")[0]
                raise UnavailableError(f"torch.compile refuses the step: {why}") from e

        return move

    def begin(self):
        """Called before each step."""


class CompiledCpu(Compiled, TorchCpu):
    """torch.compile on the CPU."""

    name, mode = "torch-compile", "default"


class CompiledGpu(Compiled, TorchGpu):
    """torch.compile on one CUDA device, with CUDA graphs."""

    name, mode = "torch-compile-gpu", "reduce-overhead"

    def begin(self):
        self.torch.compiler.cudagraph_mark_step_begin()
