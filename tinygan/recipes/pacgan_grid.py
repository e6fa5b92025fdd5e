"""The grid of 25 by PacGAN: D judges two samples at a time.

A G that drops modes makes pairs that are too much alike. D sees this at once if it
judges pairs, m = 2 samples joined (Lin et al. 2018): Pack is the first layer of D, and
nothing else has to change. G and the settings are mlp-grid's, with a wider latent. D
has maxout units, as in the paper, but fewer.
"""

from tinygan import Adam, Dense, Maxout, NonSaturating, Pack, Sequential, Tanh
from tinygan.data import grid
from tinygan.runs import Experiment, Latent


def recipe(steps=15000, batch=512, lr=1e-3, seed=0):
    G = Sequential(
        Dense(128),
        Tanh(),
        Dense(128),
        Tanh(),
        Dense(128),
        Tanh(),
        Dense(2),
    )
    D = Sequential(
        Pack(2),
        Dense(64 * 5),
        Maxout(5),
        Dense(64 * 5),
        Maxout(5),
        Dense(1),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(2,),
        data=grid,
        latent=Latent(2, scale=8.0),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
