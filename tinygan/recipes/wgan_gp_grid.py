"""The grid of 25 by WGAN-GP: a Wasserstein critic with a gradient penalty.

These are the toy settings of Gulrajani et al. 2017: three hidden layers of 512 ReLUs in
both networks, a penalty of weight 0.1, five critic steps a turn, Adam with betas .5 and
.9. Such a small weight lambda lets the critic be steep: with slope g and distance W it
has V = g W, and V - lambda (g - 1)^2 is largest at g = 1 + W/(2 lambda). The critic
also lags behind while it learns to see 25 peaks. So V is no measure of the distance
here.
"""

from tinygan import WGANGP, Adam, Dense, ReLU, Sequential, Wasserstein
from tinygan.data import grid
from tinygan.runs import Experiment, Latent


def recipe(steps=3000, batch=256, lr=2e-4, seed=0):
    G = Sequential(
        Dense(512),
        ReLU(),
        Dense(512),
        ReLU(),
        Dense(512),
        ReLU(),
        Dense(2),
    )
    D = Sequential(
        Dense(512),
        ReLU(),
        Dense(512),
        ReLU(),
        Dense(512),
        ReLU(),
        Dense(1),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(2,),
        data=grid,
        latent=Latent(2),
        objective=Wasserstein(),
        opt_G=Adam(lr, beta1=0.5, beta2=0.9),
        opt_D=Adam(lr, beta1=0.5, beta2=0.9),
        steps=steps,
        batch=batch,
        seed=seed,
        k=5,
        decay=True,
        penalties=[WGANGP(0.1)],
    )
