"""Real data: the samples x_real of p_data, and the batches in which D sees them.

There are toy densities, the embedded digits and names, image files, images with
captions, toy tones, sound files, and text files.
Each data set offers `.batches(batch, seed, backend)`: a stream that is called with i
and returns the i-th batch.
"""

from .alphabet import Alphabet
from .captioned import Captioned, Conditioned, Labelled, PairStream, joined, split
from .digits import load_digits
from .files.arrays import read_array
from .files.captioned import load_captioned
from .files.idx import read_idx
from .files.images import load_images
from .files.lines import read_lines
from .files.sounds import read_sounds
from .files.wav import read_wav, write_wav
from .images import Images, binarised
from .lines import Lines
from .names import load_names
from .pitch import pitch
from .scenes.grammar import all_words, describe, vocabulary
from .scenes.pictures import captioned_digits, draw, sentences
from .scenes.scene import Scene, held_out
from .sounds import Sounds
from .spectrograms import Spectrograms
from .stacked import StackedDigits
from .stream import ImageStream, SampleStream, ShuffledStream
from .tones import Tones
from .toy import Density, GaussianMixture, TwoMoons, grid, mixture_1d, ring
from .words import Vocabulary

__all__ = [
    "Alphabet",
    "Captioned",
    "Conditioned",
    "Density",
    "GaussianMixture",
    "ImageStream",
    "Images",
    "Labelled",
    "Lines",
    "PairStream",
    "SampleStream",
    "Scene",
    "ShuffledStream",
    "Sounds",
    "Spectrograms",
    "StackedDigits",
    "Tones",
    "TwoMoons",
    "Vocabulary",
    "all_words",
    "binarised",
    "captioned_digits",
    "describe",
    "draw",
    "grid",
    "held_out",
    "joined",
    "load_captioned",
    "load_digits",
    "load_images",
    "load_names",
    "mixture_1d",
    "pitch",
    "read_array",
    "read_idx",
    "read_lines",
    "read_sounds",
    "read_wav",
    "ring",
    "sentences",
    "split",
    "vocabulary",
    "write_wav",
]
