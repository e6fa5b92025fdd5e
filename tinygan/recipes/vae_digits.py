"""Digits, 8x8, by a variational autoencoder, without any download.

The digits are in black and white. The encoder and the decoder have one hidden layer
each. Training ascends the ELBO (chapter 26), and the log tells the ELBO of digits that
training never sees.
"""

from tinygan import Adam, Dense, Flatten, ReLU, Reshape, Sequential
from tinygan.likelihood import Bernoulli
from tinygan.recipes import binary_digits
from tinygan.runs import Latent, Variational

D = 8  # numbers of z


def recipe(steps=3000, batch=64, lr=2e-3, seed=0, beta=1.0):
    return Variational(
        encoder=Sequential(Flatten(), Dense(200), ReLU(), Dense(2 * D)),
        decoder=Sequential(Dense(200), ReLU(), Dense(64), Reshape(8, 8, 1)),
        likelihood=Bernoulli(),
        shape=(8, 8, 1),
        data=lambda: binary_digits(),
        held_out=lambda: binary_digits(held_out=True),
        latent=Latent(D),
        opt=Adam(lr),
        steps=steps,
        batch=batch,
        beta=beta,
        seed=seed,
        ema=0.995,
        decay=True,
    )
