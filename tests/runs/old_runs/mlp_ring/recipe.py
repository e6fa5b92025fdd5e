"""Points on a ring by fully connected networks, the plain game."""

from tinygan import Adam, Dense, NonSaturating, Sequential, Tanh
from tinygan.data import ring
from tinygan.experiment import Experiment, Latent


def recipe(steps=12, batch=8, lr=1e-3, seed=0):
    G = Sequential(Dense(16), Tanh(), Dense(16), Tanh(), Dense(2))
    D = Sequential(Dense(16), Tanh(), Dense(16), Tanh(), Dense(1))
    return Experiment(
        G=G,
        D=D,
        shape=(2,),
        data=ring,
        latent=Latent(2, scale=4.0),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
