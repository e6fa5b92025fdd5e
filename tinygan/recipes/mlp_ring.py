"""A ring of 8 Gaussians in the plane: does G find every mode?

The radius is 2 and the standard deviation 0.02. G must be steep between the modes to
leave nothing there, so its latent is wide, N(0, 4^2), and it has twice the layers of D.
The learning rates fall to 0: at a constant rate G loses modes that it had found.
"""

from tinygan import Adam, Dense, NonSaturating, Sequential, Tanh
from tinygan.data import ring
from tinygan.runs import Experiment, Latent


def recipe(steps=10000, batch=256, lr=1e-3, seed=0):
    G = Sequential(
        Dense(128),
        Tanh(),
        Dense(128),
        Tanh(),
        Dense(128),
        Tanh(),
        Dense(128),
        Tanh(),
        Dense(2),
    )
    D = Sequential(
        Dense(128),
        Tanh(),
        Dense(128),
        Tanh(),
        Dense(1),
    )
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
