"""What a run of sounds sounds like: the sounds of its picture and of its page."""

import pathlib

import numpy as np

from ..data.files.wav import wav_bytes, write_wav
from ..files import write_atomically
from ..sound import Waveforms, log_mel, sound_grid, sound_page
from .medium import Medium
from .owned import PAGE

PAUSE = 0.25  # seconds between two sounds of a file
SHOWN, EACH = 16, 4  # sounds in a picture; of each condition, if there are conditions


class Hearing(Medium):
    """Sounds: a picture of waveforms and spectrograms, a page to listen, WAV files."""

    suffixes = (*Medium.suffixes, ".wav", ".html", "")
    expected = "a folder, or a name ending in .wav, .html, .png, .npy or .npz"

    def heard(self, samples) -> np.ndarray:
        """The sounds (N, T) of samples (N, *shape). What is not finite is silent."""
        with np.errstate(all="ignore"):
            return np.nan_to_num(self.experiment.sound(np.nan_to_num(samples)))

    n_shown, n_real = 100, 0

    def drawn(self, shown, title):
        x, columns, captions = self.chosen(shown.samples, shown.columns)
        page = self.page(x, captions, title)
        return self.pixels(x, columns, title, None), {PAGE: page.encode()}

    def chosen(self, samples, columns) -> tuple[np.ndarray, int | None, list[str]]:
        """(sounds (N, T), columns or None, a caption for each) for a picture and a
        page, of samples (n, *shape) in so many columns. With a condition there is a row
        for each y, with EACH sounds.
        """
        e = self.experiment
        if columns is None:
            samples = samples[:SHOWN]
            numbers = [f"{i + 1}" for i in range(len(samples))]
            return self.heard(samples), None, numbers
        rows = samples.reshape(-1, columns, *samples.shape[1:])[:, :EACH]
        _, names = e.condition.rows(len(rows))
        captions = [name for name in names for _ in range(rows.shape[1])]
        return self.heard(rows.reshape(-1, *e.shape)), rows.shape[1], captions

    def presented(self, x):
        return self.heard(x).astype(np.float32)

    def array(self, x):
        """The sounds (n, T) themselves."""
        return x

    def pixels(self, x, columns, title, backend):
        """The picture of sounds (n, T)."""
        return sound_grid(x, self.experiment.sound.rate, columns)

    def page(self, x, captions, title: str) -> str:
        """HTML with a player for each of the sounds (N, T). captions: (N,)"""
        rate = self.experiment.sound.rate
        return sound_page(
            title, [(c, wav_bytes(a, rate)) for c, a in zip(captions, x, strict=True)]
        )

    def write(self, out, x, title):
        """Write sounds (N, T) as one .wav file with pauses, as an .html page, or into
        the folder `out`, as 0001.wav, 0002.wav ...
        """
        rate = self.experiment.sound.rate
        numbers = [f"{i + 1:04d}" for i in range(len(x))]
        if out.suffix == ".wav":
            pause = np.zeros((len(x), round(PAUSE * rate)), x.dtype)
            write_wav(out, np.concatenate([x, pause], axis=1).ravel(), rate)
        elif out.suffix == ".html":
            text = self.page(x, numbers, title).encode()
            write_atomically(out, lambda file: file.write(text))
        else:
            out.mkdir(parents=True, exist_ok=True)
            for number, sound in zip(numbers, x, strict=True):
                write_wav(out / f"{number}.wav", sound, rate)

    def hints(self, path: pathlib.Path):
        return [f"listen: open {path / PAGE} in a browser"]

    def measures(self, samples, real, data):
        """Cheap measures of samples (n, *shape) beside real ones. Waveforms are
        compared by their log-mel pictures: two that sound alike may differ everywhere.
        """
        if isinstance(self.experiment.sound, Waveforms):
            rate = self.experiment.sound.rate
            samples, real = (
                log_mel(a[:, : a.shape[1] // 64 * 64], rate)
                for a in (self.heard(samples), self.heard(real))
            )
        return super().measures(samples, real, data)
