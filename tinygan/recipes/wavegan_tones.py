"""Tones that are asked for by pitch (--label 3): a WaveGAN, without any download.

G makes 4,096 samples of a sound, half a second, directly (Donahue et al. 2019): five
layers, of which four are transposed convolutions of kernel 25 and stride 4. D mirrors
them and shuffles its phases. The data are harmonic tones of twelve known pitches, so
the pitch of each sample can be measured. The game is R3GAN's (Huang et al. 2024), which
needs fewer turns than WGAN-GP. `--size` is a multiple of 256 samples.

    tinygan train wavegan-tones
    tinygan sample runs/wavegan-tones --label 3 --n 10 --out tones.wav
"""

from tinygan import (
    Concat,
    Conv1d,
    ConvTranspose1d,
    Dense,
    Embedding,
    Flatten,
    Identity,
    InputError,
    LeakyReLU,
    Parallel,
    PhaseShuffle,
    Projection,
    Reshape,
    Sequential,
    Tanh,
    he,
)
from tinygan.data import Labelled, Tones
from tinygan.recipes.r3gan_faces import rules
from tinygan.runs import Classes, Experiment, Latent
from tinygan.sound import Waveforms

C = (64, 32, 16, 8)  # channels at T/256, T/64, T/16 and T/4 samples
EMBEDDING = 32  # numbers of a class, beside z
STEP = 4 ** len(C)  # samples of a sound for each of the smallest features


def up(channels: int, **options):
    """A transposed convolution to four times as many samples."""
    return ConvTranspose1d(channels, 25, stride=4, pad=11, output_pad=1, **options)


def generator(C, T: int) -> list:
    """G's layers, from z to sounds (T, 1).      C: channels, from the fewest samples"""
    layers = [Dense(T // STEP * C[0]), Reshape(T // STEP, C[0]), LeakyReLU(0.2)]
    for c in C[1:]:
        layers += [up(c), LeakyReLU(0.2)]
    return [*layers, up(1, init=he(1)), Tanh()]


def discriminator(C, shuffle: int = 2) -> list:
    """D's layers, from sounds to features. The phases are shuffled between them."""
    layers = []
    for c in C[::-1]:
        layers += [Conv1d(c, 25, stride=4, pad=11), LeakyReLU(0.2)]
        layers += [PhaseShuffle(shuffle)] if c != C[0] else []
    return [*layers, Flatten()]


def of_class(C, T: int, K: int) -> dict:
    """G and D of a game in which one of K classes is asked for."""
    z_and_class = Parallel(Identity(), Embedding(EMBEDDING)), Concat()
    features = Parallel(Sequential(*discriminator(C)), Identity())
    return {
        "G": Sequential(*z_and_class, *generator(C, T)),
        "D": Sequential(features, Projection()),
    }


def game(T: int, rate: int, steps, batch, lr, gamma, seed, **more) -> Experiment:
    """R3GAN's game for sounds (T, 1). InputError unless G can make T samples."""
    if T < STEP or T % STEP:
        raise InputError(
            f"--size {T}: expected a multiple of {STEP:,} samples, such as 4096 or 8192"
        )
    return Experiment(
        shape=(T, 1),
        latent=Latent(32),
        steps=steps,
        batch=batch,
        seed=seed,
        ema=0.995,
        sound=Waveforms(rate),
        **rules(lr, gamma) | more,
    )


def recipe(steps=1200, batch=32, lr=1e-3, seed=0, size=4096):
    tones = Tones(size=size)
    return game(
        size,
        tones.rate,
        steps,
        batch,
        lr,
        1.0,
        seed,
        data=lambda: Labelled(tones.sounds(3000)),
        condition=Classes(tones.K, tones.names),
        **of_class(C, size, tones.K),
    )
