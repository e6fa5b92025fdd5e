"""A walk through the latents of a trained generator: one z, what to ask, one sample.

No page is needed. The generator is that of `tinygan sample`, with its moving average.
"""

import base64
import io
import math

import numpy as np
from PIL import Image

from ..backend import Backend
from ..data.files.wav import wav_bytes
from ..errors import InputError
from ..plots import to_rgb
from ..rng import SAMPLE, generator
from ..runs import sampling
from ..runs.conditions import Classes, Sentences, Unconditional
from ..runs.folder import RunFolder
from ..runs.latent import Uniform
from ..runs.media import medium_of
from ..runs.trainable import Trainable
from ..values import mapped

PICTURE, SOUND, TEXT, POINT = "picture", "sound", "text", "point"


class Walk:
    """A trained generator, and the place z (dim,) at which one stands.

    asks: "class", "sentence" or "" for a generator that is asked for nothing
    shows: the kind of its samples, PICTURE, SOUND, TEXT or POINT
    a, b: the two ends of an interpolation, (dim,) each

    Raises InputError for a run whose samples the page cannot show, and CheckpointError
    for a checkpoint that does not fit.
    """

    def __init__(self, experiment: Trainable, folder: RunFolder, backend: Backend):
        self.experiment, self.folder, self.backend = experiment, folder, backend
        self.shows = _kind(experiment)
        name, self.net = experiment.maker(backend)
        sampling.trained({name: self.net}, name, experiment, folder, backend)
        condition = self.condition = experiment.condition or Unconditional()
        self.asks = {Classes: "class", Sentences: "sentence"}.get(type(condition), "")
        self.choices: list[str] = []
        if isinstance(condition, Classes):
            self.choices = list(condition.names or ())
        elif isinstance(condition, Sentences):
            self.choices = list(dict.fromkeys(condition.known))[:50]
        self.asked = self.choices[0] if self.choices else ""
        self.seed = 0
        self.z = self.drawn(0)
        self.a, self.b = self.z, self.drawn(1)

    @property
    def dim(self) -> int:
        """How many numbers z has."""
        return self.experiment.latent.dim

    @property
    def rate(self) -> int:
        """How many numbers a second a sound has; 0 for samples that are none."""
        sound = self.experiment.sound
        return 0 if sound is None else sound.rate

    @property
    def limits(self) -> tuple[float, float]:
        """From where to where a coordinate of z is worth moving."""
        latent = self.experiment.latent
        if isinstance(latent, Uniform):
            return 0.0, 1.0
        most = latent.scale * (3 if latent.kind == "normal" else 1)
        return -most, most

    def drawn(self, seed: int) -> np.ndarray:
        """The z (dim,) of a seed: the first that `tinygan sample --seed` draws."""
        return self.experiment.latent.draw(1, generator(seed, SAMPLE))[0]

    def renew(self) -> None:
        """Go to a new z, that of the next seed."""
        self.seed += 1
        self.z = self.drawn(self.seed)

    def ask(self, words: str) -> None:
        """Ask for a class or for a sentence. InputError if G cannot make it, and then
        the old wish stays.
        """
        self._y(words)
        self.asked = words

    def between(self, share: float) -> np.ndarray:
        """The z (dim,) at this share of the way from a to b.

        Normal latents go round the origin, at an even angle w, so that |z| stays usual:

            z = (sin((1 - t) w) a + sin(t w) b) / sin w

        Others go straight. Source: White 2016 (Sampling generative networks).
        """
        a, b, t = self.a, self.b, share
        size = float(np.linalg.norm(a) * np.linalg.norm(b))
        normal = self.experiment.latent.kind == "normal" and self.dim > 1
        if not normal or isinstance(self.experiment.latent, Uniform) or size == 0:
            return (1 - t) * a + t * b
        w = math.acos(min(1.0, max(-1.0, float(a @ b) / size)))
        if math.sin(w) < 1e-6:
            return (1 - t) * a + t * b
        return (math.sin((1 - t) * w) * a + math.sin(t * w) * b) / math.sin(w)

    def made(self, z) -> np.ndarray:
        """The samples (n, ...) of latents z (n, dim), as their medium presents them.

        Raises CheckpointError if they are not finite.
        """
        y = self._y(self.asked)
        y = None if y is None else y.repeat(len(z), axis=0)
        inputs = self.condition.pair(np.asarray(z, np.float32), y)
        with np.errstate(all="ignore"):
            made = self.experiment.made(self.net, mapped(self.backend.asarray, inputs))
        x = self.backend.to_host(made)
        sampling.expect_finite(x, self.folder)
        return medium_of(self.experiment).presented(x)

    def _y(self, words: str):
        condition = self.condition
        if isinstance(condition, Classes):
            return condition.label(words)
        if isinstance(condition, Sentences):
            if not words.strip():
                raise InputError("the sentence: expected words, got none")
            return condition.encode([words], strict=True)
        return None

    # Samples in a form that a page shows.

    def picture(self, x) -> str:
        """An image (H, W, C) as the text of a data: address of a PNG."""
        file = io.BytesIO()
        Image.fromarray(to_rgb(x[None])[0]).save(file, "png")
        return _data("image/png", file.getvalue())

    def sound(self, x) -> str:
        """A sound (T,) as the text of a data: address of a WAV."""
        return _data("audio/wav", wav_bytes(x, self.rate))

    def text(self, x) -> str:
        """The line in symbols (T,)."""
        alphabet = self.experiment.text
        return "" if alphabet is None else alphabet.decode(x[None])[0]


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _kind(experiment: Trainable) -> str:
    if experiment.sound is not None:
        return SOUND
    if experiment.text is not None:
        return TEXT
    if len(experiment.shape) == 3:
        return PICTURE
    if experiment.shape == (2,):
        return POINT
    raise InputError(
        "the lab shows runs of pictures, sounds, text and points in the plane, and "
        f"this run makes samples {experiment.shape}"
    )
