"""A ring of 8 Gaussians in the plane: does G find every mode?

Radius 2, standard deviation 0.02, as in the toy experiments of the WGAN-GP code.
"""

from tinygan import Adam, Dense, LeakyReLU, NonSaturating, Sequential
from tinygan.data import ring
from tinygan.experiment import Experiment, Latent


def recipe(steps=4000, batch=256, lr=1e-3, seed=0):
    G = Sequential(
        Dense(128),
        LeakyReLU(0.2),
        Dense(128),
        LeakyReLU(0.2),
        Dense(2),
    )
    D = Sequential(
        Dense(128),
        LeakyReLU(0.2),
        Dense(128),
        LeakyReLU(0.2),
        Dense(1),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(2,),
        data=ring,
        latent=Latent(8),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5, beta2=0.9),
        opt_D=Adam(lr, beta1=0.5, beta2=0.9),
        steps=steps,
        batch=batch,
        seed=seed,
    )
