"""Draw samples from a trained generator, and write them as a picture or an array.

A `Request` holds the user's wishes. `generate` runs G, and `write` makes the file.
"""

import dataclasses
import math
import pathlib

import numpy as np

from .. import plots
from ..backend import Backend
from ..errors import CheckpointError, InputError
from ..files import write_atomically
from ..group import ALONE, Group
from ..net import Net
from ..rng import CONDITION, SAMPLE, generator
from ..values import mapped, rows, size
from .conditions import Classes, Sentences, grid
from .folder import RunFolder
from .media import medium_of
from .medium import ARRAYS
from .memory import expect_room
from .owned import refuse_own_files
from .trainable import Trainable

CHUNK = 256  # samples per forward pass
STEPS = 9  # pictures from one sentence to another


@dataclasses.dataclass(frozen=True)
class Request:
    """The samples that a user asks for: of one class, of one sentence or between two,
    or a grid whose rows are classes or sentences and whose columns share z.
    """

    label: int | str | None = None
    text: str | None = None
    to: str | None = None
    grid: bool = False

    def inputs(self, experiment: Trainable, n: int, seed: int):
        """(experiment, columns, (z, y)) for at most n samples; columns None means any.

        Raises InputError if this experiment's generator cannot make what is asked for.
        """
        condition = experiment.condition
        given = [k for k, v in vars(self).items() if v not in (None, False)]
        kind = {"label": Classes, "text": Sentences, "to": Sentences}
        for name in given:
            if not isinstance(condition, kind.get(name, Classes | Sentences)):
                takes = condition.kind
                raise InputError(f"--{name}: this run's generator takes {takes}")
        for name, sentence in (("text", self.text), ("to", self.to)):
            if sentence is not None and not sentence.strip():
                raise InputError(f"--{name}: expected a sentence, got no words")
        z = experiment.latent.draw(n, generator(seed, SAMPLE))
        if self.to is not None:
            y = condition.between(self.text, self.to, STEPS)
            condition = dataclasses.replace(condition, mixed=STEPS - 1)
            experiment = dataclasses.replace(experiment, condition=condition, between=0)
            i = np.arange(max(1, n // STEPS) * STEPS)  # a row has one z
            return experiment, STEPS, (z[i // STEPS], y[i % STEPS])
        if self.grid:
            return experiment, *grid(z, condition.rows(n)[0], n)
        if self.label is not None:
            y = condition.label(self.label).repeat(n, axis=0)
        elif self.text is not None:
            y = condition.encode([self.text], strict=True).repeat(n, axis=0)
        else:
            y = condition.draw(n, generator(seed, SAMPLE, CONDITION))
        return experiment, None, condition.pair(z, y)


class Piece(Group):
    """One rank that is given a piece of a batch of N samples, from number `start` on.

    A batch that is too large for one forward pass comes in pieces, in evaluation. Each
    sample keeps its place in the whole, whatever the size of the pieces.
    """

    def __init__(self, start: int, N: int):
        self.start, self.N = start, N

    def place(self, n):
        return slice(self.start, self.start + n), self.N


def pieces(net: Net, n: int):
    """The slices of n samples, CHUNK in each. Meanwhile the layers of `net` know where
    the present one stands.
    """
    try:
        for i in range(0, n, CHUNK):
            for _, layer in net.layers():
                layer.group = Piece(i, n)
            yield slice(i, i + CHUNK)
    finally:
        for _, layer in net.layers():
            layer.group = ALONE


def generate(experiment: Trainable, folder: RunFolder, backend: Backend, inputs):
    """Samples (n, *shape) of the run's generator for z, or (z, y), in evaluation. The
    generator gets them in chunks, and is told where in the whole each chunk stands.

    Raises CheckpointError if the folder's checkpoint is not this experiment's.
    """
    name, net = experiment.maker(backend)
    trained({name: net}, name, experiment, folder, backend)
    chunks = []
    for own in pieces(net, size(inputs)):
        chunk = mapped(backend.asarray, rows(inputs, own))
        with np.errstate(all="ignore"):
            x = experiment.made(net, chunk)
        chunks.append(backend.to_host(x))
    return np.concatenate(chunks)


def trained(nets: dict[str, Net], maker: str, experiment, folder, backend) -> None:
    """Load networks of these names from the folder's checkpoint. The maker gets its
    moving average, if there is one.

    Raises CheckpointError if the checkpoint is not this experiment's.
    """
    like = {}
    for name, net in nets.items():
        like[_theta(experiment, name, maker)] = net.theta
        like |= {f"{name}.state.{k}": v for k, v in net.state().items()}
    host = {k: v if isinstance(v, int) else backend.to_host(v) for k, v in like.items()}
    arrays = folder.load_checkpoint({k: np.asarray(v) for k, v in host.items()})
    for name, net in nets.items():
        net.theta[...] = backend.asarray(arrays[_theta(experiment, name, maker)])
        state = f"{name}.state."
        n = len(state)
        net.load_state({k[n:]: v for k, v in arrays.items() if k.startswith(state)})


def _theta(experiment, name: str, maker: str) -> str:
    averaged = experiment.ema and name == maker
    return f"{name}.ema" if averaged else f"{name}.theta"


def expect_finite(samples, folder: RunFolder) -> None:
    """Raise CheckpointError if a sample, of (n, ...), has NaN or infinity."""
    if not np.isfinite(samples).all():
        raise CheckpointError(
            f"{folder.checkpoint}: expected a generator of finite samples, found that "
            "it makes NaN or infinity"
        )


def expect_samples_to_fit(experiment: Trainable, n: int, each: int = 32) -> None:
    """Raise InputError if n samples do not fit into the memory. `each` is the number of
    bytes that a number of a sample takes, with the copies of it.
    """
    numbers = experiment.latent.dim + math.prod(experiment.shape)
    expect_room(each * numbers * n, f"--n {n}", "a smaller --n may fit")


def write(experiment, folder, backend, n: int, seed: int, out, request=None) -> int:
    """Generate n samples, write them to `out` as its suffix says, and count them.

    .png is a picture. .npy and .npz (name `x`) hold float32: images (n, H, W, C) scaled
    to [0, 1], sounds (n, T), text as symbols (n, T), anything else as G makes it.
    Sounds are also written as .wav, one after another, as .html, a page with players,
    or into a folder, a WAV file each; text as .txt. InputError for another suffix, for
    a folder that cannot be written, and for a run's own file.
    """
    out = pathlib.Path(out)
    expect_writable(out, experiment)
    expect_samples_to_fit(experiment, n)
    experiment, columns, inputs = (request or Request()).inputs(experiment, n, seed)
    x = generate(experiment, folder, backend, inputs)
    expect_finite(x, folder)
    title, medium = f"step {folder.step()}", medium_of(experiment)
    x = medium.presented(x)
    try:
        if out.suffix == ".png":
            plots.save_png(out, medium.pixels(x, columns, title, backend))
        elif out.suffix in ARRAYS:
            save_array(out, medium.array(x))
        else:
            medium.write(out, x, title)
    except OSError as e:
        raise InputError(f"--out {out}: cannot be written ({e.strerror or e})") from e
    return len(x)


def expect_writable(out: pathlib.Path, experiment: Trainable) -> None:
    """InputError unless samples of this experiment can be written to `out`."""
    medium = medium_of(experiment)
    if out.suffix not in medium.suffixes:
        raise InputError(f"--out {out}: expected {medium.expected}")
    refuse_own_files(out)
    if out.suffix == "" and (out.is_file() or (out.is_dir() and any(out.iterdir()))):
        raise InputError(f"--out {out}: expected a new folder, or an empty one")


def save_array(out: pathlib.Path, values) -> None:
    """Write values (n, ...) as .npy or .npz, atomically."""
    if out.suffix == ".npy":
        write_atomically(out, lambda file: np.save(file, values))
    else:
        write_atomically(out, lambda file: np.savez_compressed(file, x=values))
