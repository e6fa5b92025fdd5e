"""Samples from a trained generator, as a picture or as an array."""

import pathlib

import numpy as np

from . import plots
from .backend import SAMPLE, Backend, generator
from .errors import InputError
from .experiment import Experiment
from .files import write_atomically
from .runfolder import RunFolder

CHUNK = 256  # samples per forward pass


def generate(experiment: Experiment, folder: RunFolder, backend: Backend, n, seed=0):
    """n samples (n, *shape) of the run's generator, as G makes them in evaluation.

    Raises CheckpointError if the folder's checkpoint is not this experiment's.
    """
    G, _ = experiment.networks(backend)
    theta = "G.ema" if experiment.ema else "G.theta"
    like = {theta: G.theta} | {f"G.state.{k}": v for k, v in G.state().items()}
    host = {k: v if isinstance(v, int) else backend.to_host(v) for k, v in like.items()}
    arrays = folder.load_checkpoint({k: np.asarray(v) for k, v in host.items()})
    G.theta[...] = backend.asarray(arrays[theta])
    G.load_state({k.removeprefix("G.state."): v for k, v in arrays.items()})
    z = experiment.latent.draw(n, generator(seed, SAMPLE))
    chunks = [
        backend.to_host(G.forward(backend.asarray(z[i : i + CHUNK]), train=False)[0])
        for i in range(0, n, CHUNK)
    ]
    return np.concatenate(chunks)


def write(experiment, folder, backend, n: int, seed: int, out) -> None:
    """Generate n samples and write them to `out`, by its suffix.

    .png is a picture. .npy and .npz (name `x`) hold float32: images (n, H, W, C) scaled
    to [0, 1], anything else as G makes it. InputError for another suffix or a folder
    that cannot be written.
    """
    out = pathlib.Path(out)
    if out.suffix not in (".png", ".npy", ".npz"):
        raise InputError(f"--out {out}: expected a name ending in .png, .npy or .npz")
    x = generate(experiment, folder, backend, n, seed)
    if out.suffix == ".png":
        real = None
        if x.ndim != 4:
            real = backend.to_host(experiment.data().batches(1000, 0, backend)(0))
        pixels = plots.picture(x, real, f"step {folder.step()}")
    values = (x + 1) / 2 if x.ndim == 4 else x
    try:
        if out.suffix == ".png":
            plots.save_png(out, pixels)
        elif out.suffix == ".npy":
            write_atomically(out, lambda file: np.save(file, values))
        else:
            write_atomically(out, lambda file: np.savez_compressed(file, x=values))
    except OSError as e:
        raise InputError(f"--out {out}: cannot be written ({e.strerror or e})") from e
