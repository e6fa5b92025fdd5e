"""What a run of text writes: its samples as lines."""

import pathlib

import numpy as np

from .. import plots
from ..files import write_atomically
from ..measures.ngrams import ngram_divergence
from ..measures.sameness import distinct_samples
from .medium import Medium
from .owned import TEXT

SHOWN, SPOKEN = 32, 5  # lines in a picture, and on the terminal
MOST_N = 2  # n of the n-grams that the log tells of


class Writing(Medium):
    """Lines of characters: a picture of them, samples.txt, lines on the terminal."""

    suffixes = (".txt", *Medium.suffixes)
    expected = "a name ending in .txt, .png, .npy or .npz"
    default = "generated.txt"

    def read(self, samples) -> list[str]:
        """The lines of samples (N, T, V): at each place the largest of V numbers."""
        return self.experiment.text.read(np.nan_to_num(samples))

    n_shown, n_real = 100, 0

    def drawn(self, shown, title):
        lines = self.read(shown.samples)
        text = "".join(f"{line}\n" for line in lines)
        return plots.text_picture(lines[:SHOWN], title), {TEXT: text.encode()}

    def lines(self, samples):
        return self.read(samples[:SPOKEN])

    def presented(self, x):
        return np.asarray(x).argmax(axis=-1)

    def array(self, x):
        """The symbols (n, T) themselves."""
        return x

    def pixels(self, x, columns, title, backend):
        """The picture of the first lines of symbols (n, T)."""
        return plots.text_picture(self.experiment.text.decode(x)[:SHOWN], title)

    def write(self, out, x, title):
        """Write symbols (N, T) as lines of UTF-8."""
        text = "".join(f"{line}\n" for line in self.experiment.text.decode(x)).encode()
        write_atomically(out, lambda file: file.write(text))

    def hints(self, path: pathlib.Path):
        return [f"read: {path / TEXT}"]

    def measures(self, samples, real, data):
        """The Jensen-Shannon divergences of single characters and of pairs, of samples
        (n, T, V) beside real ones, and how many of the lines are distinct.
        """
        rows = self.presented(samples), self.presented(real)
        names = {f"ngrams_{n}": n for n in range(1, MOST_N + 1)}
        found = {name: ngram_divergence(*rows, n) for name, n in names.items()}
        lines = (np.eye(samples.shape[-1])[a] for a in rows)  # (n, T, V), one-hot
        found["distinct"], found["distinct_real"] = distinct_samples(*lines)
        return found
