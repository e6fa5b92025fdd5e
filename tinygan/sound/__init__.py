"""Sound as numbers: spectrograms, the way back from them, and what an ear hears.

Sounds are (N, T) with numbers in [-1, 1], on the host. `rate` is in samples a second.
"""

from .heard import Heard, Magnitudes, Waveforms
from .mel import log_mel, mel_filters
from .page import sound_page
from .picture import sound_grid
from .spectrum import Frames, griffin_lim
from .strides import stride_tones

__all__ = [
    "Frames",
    "Heard",
    "Magnitudes",
    "Waveforms",
    "griffin_lim",
    "log_mel",
    "mel_filters",
    "sound_grid",
    "sound_page",
    "stride_tones",
]
