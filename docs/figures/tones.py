"""The tones that a stride leaves in sound, of one layer and of untrained generators."""

import numpy as np

from tinygan import Conv1d, ConvTranspose1d, Net, ReLU, Sequential, Upsample1d
from tinygan.theory.canvas import BLUE, ORANGE, RED, subplots

KERNEL, STRIDE = 25, 4
SOUND = {"stride": STRIDE, "pad": 11, "output_pad": 1}  # four times as long
CHANNELS, SEEDS = (16, 8, 1), 32
WAYS = {
    "transposed, stride 4": lambda C: [ConvTranspose1d(C, KERNEL, **SOUND)],
    "copied, then stride 1": lambda C: [Upsample1d(4), Conv1d(C, KERNEL, pad=12)],
}


def lines(w, s: int):
    """(s,) complex: the tones of a flat input, for a kernel w (k,) and a stride s; the
    m-th has m/s cycles per sample.
    """
    m, a = np.arange(s)[:, None], np.arange(len(w))
    return (w * np.exp(-2j * np.pi * m * a / s)).sum(axis=1) / s  # eq: tones


def figure():
    drawn, ((left, right),) = subplots(
        1, 2, 12, 3.8, gridspec_kw={"wspace": 0.16, "width_ratios": [1, 1.5]}
    )
    one_layer(left)
    for (name, longer), colour in zip(WAYS.items(), (RED, BLUE), strict=True):
        sounds = np.array([untrained(longer, seed) for seed in range(SEEDS)])
        right.semilogy(*spectrum(sounds), color=colour, label=name, lw=1)
    right.set_xticks([0, 1 / 16, 1 / 8, 3 / 16, 1 / 4, 3 / 8, 1 / 2])
    right.set_xticklabels(["0", "1/16", "1/8", "3/16", "1/4", "3/8", "1/2"])
    right.set(title="three layers, z drawn anew", xlabel="cycles per sample")
    right.set(ylabel="power", xlim=(0, 0.505))
    right.legend(loc="upper right")
    return drawn


def one_layer(axis):
    """What a layer makes of a flat input: its spectrum, and the lines by theory."""
    layer = ConvTranspose1d(1, KERNEL, **SOUND, bias=False)
    net = Net(layer, (64, 1), seed=4, dtype="float64")
    y, _ = net.forward(np.ones((1, 64, 1)))
    inside = y[0, 64:192, 0]  # far from the edges, where zeros are added
    found = np.abs(np.fft.rfft(inside)) / len(inside)
    expected = np.abs(lines(net.tree.W[0, :, 0, 0], STRIDE))[: STRIDE // 2 + 1]
    assert np.allclose(found[:: len(inside) // STRIDE], expected)
    axis.plot(np.fft.rfftfreq(len(inside)), found, color=RED, lw=1.5)
    places = np.arange(len(expected)) / STRIDE
    axis.plot(places, expected, "o", color=ORANGE, label="by equation (tones)")
    axis.set_xticks([0, 1 / 4, 1 / 2], ["0", "1/4", "1/2"])
    axis.set(title="one layer, flat input", xlabel="cycles per sample")
    axis.set_ylabel("amplitude")
    axis.legend()


def untrained(longer, seed):
    """The sound of an untrained generator, without its ends."""
    layers = [f for C in CHANNELS for f in (ReLU(), *longer(C))]
    net = Net(Sequential(*layers), (32, 32), seed=seed)
    z = np.random.default_rng(seed).standard_normal((1, 32, 32), "float32")
    y, _ = net.forward(z)
    return y[0, 512:-512, 0]


def spectrum(sounds):
    """The frequencies, and the mean power of each, of sounds of power 1."""
    sounds = sounds - sounds.mean(axis=1, keepdims=True)
    sounds = sounds / sounds.std(axis=1, keepdims=True)
    power = (np.abs(np.fft.rfft(sounds)) ** 2).mean(axis=0)
    return np.fft.rfftfreq(sounds.shape[1])[1:], power[1:]
