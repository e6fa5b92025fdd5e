"""A gliding tone: its waveform, its magnitudes, and its log-mel picture."""

import numpy as np

from tinygan.sound import Frames, log_mel
from tinygan.theory.canvas import BLUE, subplots

RATE, T = 8000, 4096


def glide():
    """A tone from 300 Hz to 1,500 Hz with two overtones, which fades: (1, T)."""
    t = np.arange(T) / RATE
    hz = 300 + 1200 * t / t[-1]
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    tone = sum(a * np.sin(k * phase) for k, a in ((1, 0.6), (2, 0.3), (3, 0.1)))
    return (np.exp(-2 * t) * tone)[None]


def figure():
    drawn, axes = subplots(1, 3, 11, 3.0)
    x, seconds = glide(), T / RATE
    wave, plain, mel = axes[0]
    wave.plot(np.arange(T) / RATE, x[0], color=BLUE, lw=0.4)
    wave.set(title="x", xlabel="s", ylim=(-1, 1))
    A = np.abs(Frames(256, 64).transform(x))[0]
    decibels = 20 * np.log10(np.maximum(A / A.max(), 1e-4))
    how = {"origin": "lower", "aspect": "auto", "cmap": "magma"}
    plain.imshow(decibels.T, extent=(0, seconds, 0, RATE / 2), **how)
    plain.set(title="|X| in decibels", xlabel="s", ylabel="Hz")
    mel.imshow(log_mel(x, RATE)[0].T, extent=(0, seconds, 0, 32), **how)
    mel.set(title="log-mel", xlabel="s", ylabel="band")
    return drawn
