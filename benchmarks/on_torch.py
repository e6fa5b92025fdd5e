"""PyTorch on the CPU and on one CUDA device: eager, channels-last, fused Adam."""

import contextlib
import functools

import numpy as np

from .library import Library, OnGpu, UnavailableError
from .move import Player
from .work import Work


class TorchCpu(Library):
    """PyTorch, eager, channels-last."""

    name, on = "torch-cpu", "cpu"

    def __init__(self, tf32=False):
        self.torch = torch = self.usable_torch()
        torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True  # it may choose its fastest algorithm

    def usable_torch(self):
        try:
            import torch
        except ImportError as e:
            raise UnavailableError("PyTorch is not installed") from e
        return torch

    def put(self, a):
        """Images (N, H, W, C) become (N, C, H, W), and sequences (N, T, C) images of
        height 1, (N, C, 1, T). Their memory stays as it is.
        """
        a = self.torch.tensor(a.astype(np.float32), device=self.on)
        a = a[:, None] if a.ndim == 3 else a
        return a.permute(0, 3, 1, 2) if a.ndim == 4 else a

    def describe(self):
        return {
            "torch": self.torch.__version__,
            "threads": self.torch.get_num_threads(),
            "mkl": self.torch.backends.mkl.is_available(),
            "mkldnn": self.torch.backends.mkldnn.is_available(),
            "memory": "channels-last",
            "adam": "fused",
        }

    def module(self, module):
        """The module on this device, channels-last."""
        return module.to(device=self.on, memory_format=self.torch.channels_last)

    def optimizer(self, parameters, lr, *betas):
        return self.torch.optim.Adam(parameters, lr, betas, fused=True)

    def player(self, work):
        self.torch.manual_seed(0)
        nets = [self.module(net) for net in work.torch(self.torch.nn)]
        opts = (self.optimizer(net.parameters(), *work.adam) for net in nets)
        return Player(self, work, zip(nets, opts, strict=True))

    def move(self, game):
        return game.torch

    def layer(self, case, x, dy):
        """Forward with its graph; backward alone, always from the same forward."""
        module = self.module(case.torch(self.torch.nn))
        x.requires_grad_(True)
        inputs = (x, *module.parameters())
        y = None if dy is None else module(x)

        def backward():
            return self.torch.autograd.grad(y, inputs, dy, retain_graph=True)[0]

        return {"forward": lambda: module(x), "backward": backward}

    def adam(self, n):
        theta = self.torch.zeros(n, device=self.on, requires_grad=True)
        theta.grad = self.torch.ones_like(theta)
        return self.optimizer([theta], *Work.adam).step

    def gemm(self, a, b):
        c = self.torch.empty(a.shape[0], b.shape[1], device=self.on)
        return functools.partial(self.torch.matmul, a, b, out=c)

    def copy(self, b):
        return functools.partial(self.torch.empty_like(b).copy_, b)

    def triad(self, b, c, s):
        a = self.torch.empty_like(b)
        return functools.partial(self.torch.add, b, c, alpha=s, out=a)

    @contextlib.contextmanager
    def threads(self, n):
        before = self.torch.get_num_threads()
        if n:
            self.torch.set_num_threads(n)
        try:
            yield
        finally:
            if n:
                self.torch.set_num_threads(before)


class TorchGpu(OnGpu, TorchCpu):
    """PyTorch on one CUDA device."""

    name, on = "torch-gpu", "cuda"

    def usable_torch(self):
        torch = super().usable_torch()
        if not torch.cuda.is_available():
            raise UnavailableError("PyTorch finds no usable GPU")
        torch.ones(1, device=self.on)  # the device's context belongs to the start
        return torch

    def event(self):
        return self.torch.cuda.Event(enable_timing=True)

    def elapsed(self, a, b):
        return a.elapsed_time(b)

    def wait(self):
        self.torch.cuda.synchronize()

    def pool_peak(self):
        return self.torch.cuda.max_memory_reserved()

    def describe(self):
        cuda, backends = self.torch.cuda, self.torch.backends
        return super().describe() | {
            "device": cuda.get_device_name(),
            "cuda": self.torch.version.cuda,
            "cudnn": backends.cudnn.version(),
            "tf32_matmul": backends.cuda.matmul.allow_tf32,
            "tf32_conv": backends.cudnn.allow_tf32,
            "cudnn_benchmark": backends.cudnn.benchmark,
        }
