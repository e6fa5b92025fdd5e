"""A grid of 25 Gaussians in the plane: like the ring, with more modes to find.

The spacing is 2 and the standard deviation 0.05, as in Srivastava et al. 2017. The rest
is mlp-ring with a layer less in G, larger batches and more steps.
"""

from tinygan import Adam, Dense, NonSaturating, Sequential, Tanh
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
        data=grid,
        latent=Latent(2, scale=4.0),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
    )
