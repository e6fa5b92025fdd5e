"""What a run of sounds sounds like: the sounds of its picture and of its page."""

import pathlib

import numpy as np

from ..data.files.wav import wav_bytes, write_wav
from ..files import write_atomically
from ..measures import cheap_measures
from ..sound import Waveforms, log_mel, sound_grid, sound_page

PAUSE = 0.25  # seconds between two sounds of a file
SHOWN, EACH = 16, 4  # sounds in a picture; of each condition, if there are conditions


def heard(experiment, samples) -> np.ndarray:
    """The sounds (N, T) of samples (N, *shape). What is not finite is silent."""
    with np.errstate(all="ignore"):
        return np.nan_to_num(experiment.sound(np.nan_to_num(samples)))


def shown(run) -> tuple[np.ndarray, int | None, list[str]]:
    """(sounds (N, T), columns or None, a caption for each) for a picture and a page.

    With a condition there is a row for each y, with EACH sounds.
    """
    e = run.experiment
    samples, columns = run.picture_samples(100)
    if columns is None:
        samples = samples[:SHOWN]
        return heard(e, samples), None, [f"{i + 1}" for i in range(len(samples))]
    rows = samples.reshape(-1, columns, *samples.shape[1:])[:, :EACH]
    _, names = e.condition.rows(len(rows))
    captions = [name for name in names for _ in range(rows.shape[1])]
    return heard(e, rows.reshape(-1, *e.shape)), rows.shape[1], captions


def picture(experiment, x, columns) -> np.ndarray:
    """The picture of sounds (N, T), as pixels (height, width, 3)."""
    return sound_grid(x, experiment.sound.rate, columns)


def page(experiment, x, captions, title: str) -> str:
    """HTML with a player for each of the sounds (N, T). captions: (N,)"""
    rate = experiment.sound.rate
    return sound_page(
        title, [(c, wav_bytes(a, rate)) for c, a in zip(captions, x, strict=True)]
    )


def write(out: pathlib.Path, experiment, x, title: str) -> None:
    """Write sounds (N, T) as one .wav file with pauses, as an .html page, or into the
    folder `out`, as 0001.wav, 0002.wav ...
    """
    rate, numbers = experiment.sound.rate, [f"{i + 1:04d}" for i in range(len(x))]
    if out.suffix == ".wav":
        pause = np.zeros((len(x), round(PAUSE * rate)), x.dtype)
        write_wav(out, np.concatenate([x, pause], axis=1).ravel(), rate)
    elif out.suffix == ".html":
        text = page(experiment, x, numbers, title)
        write_atomically(out, lambda file: file.write(text.encode()))
    else:
        out.mkdir(parents=True, exist_ok=True)
        for number, sound in zip(numbers, x, strict=True):
            write_wav(out / f"{number}.wav", sound, rate)


def measures(experiment, samples, real, data) -> dict[str, float]:
    """The cheap measures of samples (N, *shape) beside real ones. Waveforms are
    compared by their log-mel pictures: two that sound alike may differ everywhere.
    """
    if isinstance(experiment.sound, Waveforms):
        rate = experiment.sound.rate
        samples, real = (
            log_mel(a[:, : a.shape[1] // 64 * 64], rate)
            for a in (heard(experiment, samples), heard(experiment, real))
        )
    return cheap_measures(samples, real, data)
