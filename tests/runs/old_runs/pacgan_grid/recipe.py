"""Points on a grid by PacGAN: D judges two samples at a time."""

from tinygan import Adam, Dense, Maxout, Pack, RelativisticPairing, Sequential, Tanh
from tinygan.data import grid
from tinygan.experiment import Experiment, Latent


def recipe(steps=12, batch=8, lr=1e-3, seed=0):
    return Experiment(
        G=Sequential(Dense(16), Tanh(), Dense(2)),
        D=Sequential(Pack(2), Dense(8 * 5), Maxout(5), Dense(1, bias=False)),
        shape=(2,),
        data=grid,
        latent=Latent(2, scale=8.0),
        objective=RelativisticPairing(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
