"""The libraries: how each of them plays one training step, and how it is timed.

A new one is a subclass of `Library` and an entry in `LIBRARIES`. What all of them
share is the game of tinygan/gan.py, in float32: G forward without gradients, D forward
on real and fake, D's gradients, Adam; then a *fresh* G forward, D forward, the gradient
through D, whose own weights get none, into G, Adam. Real data and noise lie ready on
the device, a few batches in turn, so their making is not timed.

Each class runs in a process of its own (worker.py) and imports its library there.
"""

import itertools
import os
import time

import numpy as np

import tinygan as tg

from .works import Work

BATCHES = 8  # different batches of data and noise, in turn


class UnavailableError(Exception):
    """This library cannot run here; the message says why."""


class Library:
    """One library with one work made ready. The base times with the host's clock."""

    name: str
    reference = "torch-cpu"  # whom it is compared with

    def __init__(self, work: Work, tf32: bool):
        """Build the networks and the data, or raise UnavailableError."""
        self.make(work, tf32)
        rng = np.random.default_rng(0)
        shape = (work.batch, *work.latent)
        self.batches = itertools.cycle(
            [
                (
                    self.put(rng.uniform(-1, 1, (work.batch, *work.sample))),
                    self.put(rng.standard_normal(shape)),
                    self.put(rng.standard_normal(shape)),
                )
                for _ in range(BATCHES)
            ]
        )

    def make(self, work: Work, tf32: bool) -> None:
        """Make the networks and the optimizers."""
        raise TypeError(f"{type(self).__name__} does not define make(work, tf32)")

    def put(self, a):
        """The float64 host array `a` as a float32 input of this library."""
        raise TypeError(f"{type(self).__name__} does not define put(a)")

    def step(self, x_real, z_D, z_G) -> None:
        """One step of D and one of G."""
        raise TypeError(f"{type(self).__name__} does not define step(x_real, z_D, z_G)")

    def describe(self) -> dict:
        """Versions, threads and flags."""
        return {}

    def run(self, steps: int, skip: int = 0) -> list[float]:
        """Seconds of each of `steps` steps, after `skip` untimed ones."""
        for _ in range(skip):
            self.step(*next(self.batches))
        return self.timed(steps)

    def timed(self, steps: int) -> list[float]:
        seconds = []
        for _ in range(steps):
            start = time.perf_counter()
            self.step(*next(self.batches))
            seconds.append(time.perf_counter() - start)
        return seconds


class OnGpu:
    """Times with device events, one between every two steps: no wait within a run."""

    reference = "torch-gpu"

    def timed(self, steps):
        events = [self.event() for _ in range(steps + 1)]
        events[0].record()
        for event in events[1:]:
            self.step(*next(self.batches))
            event.record()
        self.wait()
        return [self.elapsed(a, b) / 1000 for a, b in itertools.pairwise(events)]

    def event(self):
        """A device event that can time."""
        raise TypeError(f"{type(self).__name__} does not define event()")

    def elapsed(self, a, b) -> float:
        """Milliseconds between two events."""
        raise TypeError(f"{type(self).__name__} does not define elapsed(a, b)")

    def wait(self) -> None:
        """Until everything asked of the device is done."""
        raise TypeError(f"{type(self).__name__} does not define wait()")


class TinyganNumpy(Library):
    """tinygan on NumPy."""

    name = "numpy"

    def backend(self):
        return tg.get_backend("numpy")

    def make(self, work, tf32):
        self.on = self.backend()
        G, D = work.tinygan()
        self.G = tg.Net(G, work.latent, seed=1, backend=self.on)
        self.D = tg.Net(D, work.sample, seed=2, backend=self.on)
        self.opt_G, self.opt_D = tg.Adam(2e-4, 0.5), tg.Adam(2e-4, 0.5)
        self.objective = tg.NonSaturating()

    def put(self, a):
        return self.on.asarray(a.astype(np.float32))

    def step(self, x_real, z_D, z_G):
        tg.d_step(self.G, self.D, self.opt_D, self.objective, x_real, z_D)
        tg.g_step(self.G, self.D, self.opt_G, self.objective, z_G)

    def describe(self):
        return {"tinygan": tg.__version__} | self.on.describe() | blas()


class TinyganCupy(OnGpu, TinyganNumpy):
    """tinygan on CuPy."""

    name = "cupy"

    def backend(self):
        try:
            return tg.get_backend("cupy")
        except tg.BackendError as e:
            raise UnavailableError(str(e).removeprefix("--backend cupy: ")) from e

    def make(self, work, tf32):
        os.environ["CUPY_TF32"] = str(int(tf32))  # read at the first product
        super().make(work, tf32)

    def event(self):
        return self.on.xp.cuda.Event()

    def elapsed(self, a, b):
        return self.on.xp.cuda.get_elapsed_time(a, b)

    def wait(self):
        self.on.synchronize()


class TorchCpu(Library):
    """PyTorch, eager, channels-last. D is frozen in the G step."""

    name, device = "torch-cpu", "cpu"

    def make(self, work, tf32):
        self.torch = torch = self.usable_torch()
        torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True  # it may choose its fastest algorithm
        torch.manual_seed(0)
        to = {"device": self.device, "memory_format": torch.channels_last}
        self.G, self.D = (net.to(**to) for net in work.torch(torch.nn))
        self.opt_G, self.opt_D = (
            torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999), fused=True)
            for net in (self.G, self.D)
        )

    def usable_torch(self):
        try:
            import torch
        except ImportError as e:
            raise UnavailableError("PyTorch is not installed") from e
        return torch

    def put(self, a):
        """Images (N, H, W, C) become (N, C, H, W); memory stays as it was."""
        a = self.torch.tensor(a.astype(np.float32), device=self.device)
        return a.permute(0, 3, 1, 2) if a.ndim == 4 else a

    def step(self, x_real, z_D, z_G):
        softplus = self.torch.nn.functional.softplus
        self.D.requires_grad_(True)
        with self.torch.no_grad():
            x_fake = self.G(z_D)
        self.opt_D.zero_grad()
        loss = softplus(-self.D(x_real)).mean() + softplus(self.D(x_fake)).mean()
        loss.backward()
        self.opt_D.step()

        self.D.requires_grad_(False)
        self.opt_G.zero_grad()
        softplus(-self.D(self.G(z_G))).mean().backward()
        self.opt_G.step()

    def describe(self):
        return {
            "torch": self.torch.__version__,
            "threads": self.torch.get_num_threads(),
            "mkl": self.torch.backends.mkl.is_available(),
            "mkldnn": self.torch.backends.mkldnn.is_available(),
            "memory": "channels-last",
            "adam": "fused",
        }


class TorchGpu(OnGpu, TorchCpu):
    """The same on one CUDA device."""

    name, device = "torch-gpu", "cuda"

    def usable_torch(self):
        torch = super().usable_torch()
        if not torch.cuda.is_available():
            raise UnavailableError("PyTorch finds no usable GPU")
        return torch

    def event(self):
        return self.torch.cuda.Event(enable_timing=True)

    def elapsed(self, a, b):
        return a.elapsed_time(b)

    def wait(self):
        self.torch.cuda.synchronize()

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


LIBRARIES = {
    library.name: library for library in (TinyganNumpy, TinyganCupy, TorchCpu, TorchGpu)
}


def blas() -> dict:
    """Which BLAS NumPy was built with, and its threads if threadpoolctl can tell."""
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    found = {"blas": f"{built['name']} {built['version']}"}
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return found
    pools = [p for p in threadpool_info() if p["user_api"] == "blas"]
    return found | {"threads": pools[0]["num_threads"]} if pools else found
