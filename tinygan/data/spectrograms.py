"""Sounds as pictures: p_data of a GAN that makes spectrograms.

The discriminator sees the pictures alone. The sounds stay beside them, for measures
that listen.
"""

from ..errors import DataError, instance
from .examples import Examples
from .sounds import Sounds


class Spectrograms(Examples):
    """The pictures (N, M, K, 1) in [-1, 1] of N `sounds`, with their labels and names.

    pictures:  a function from sounds (N, T) to their pictures, as Magnitudes.pictures

    Raises DataError for sounds of several channels.
    """

    kind = "spectrograms"

    def __init__(self, sounds: Sounds, pictures):
        self.sounds = instance(self, "sounds", sounds, Sounds, "read_sounds(path)")
        self.pictures = pictures
        if sounds.shape[1] != 1:
            raise DataError(f"expected sounds of one channel, got {sounds!r}")
        names = sounds.names if sounds.classes else None
        values = pictures(sounds.values[..., 0])
        super().__init__(values, -1.0, 1.0, sounds.labels, names, sounds.notes)
        self.unlabelled = sounds.unlabelled

    def part(self, which) -> "Spectrograms":
        """Some of them, by their indices or a slice."""
        return Spectrograms(self.sounds.part(which), self.pictures)

    def __repr__(self):
        M, K = self.shape[:2]
        return f"Spectrograms({len(self)} of {M} frames and {K} frequencies)"
