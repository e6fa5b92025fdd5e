"""The ring of 8 by the first Wasserstein GAN: a critic whose weights are clipped.

As in Arjovsky et al. 2017 the optimizer is RMSProp, and a turn has five critic steps,
or a hundred in the first 25 turns and every 500th. For this small MLP c is 0.1, not
their 0.01, and the rate is larger. Clipping makes simple critics: G finds every mode,
and many samples settle near the modes rather than on them.
"""

from tinygan import ClipWeights, Dense, ReLU, RMSProp, Sequential, Tanh, Wasserstein
from tinygan.data import ring
from tinygan.runs import CriticSteps, Experiment, Latent


def recipe(steps=4000, batch=256, lr=5e-4, seed=0):
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
        ReLU(),
        Dense(128),
        ReLU(),
        Dense(1),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(2,),
        data=ring,
        latent=Latent(2, scale=4.0),
        objective=Wasserstein(),
        opt_G=RMSProp(lr),
        opt_D=ClipWeights(RMSProp(lr), 0.1),
        steps=steps,
        batch=batch,
        seed=seed,
        k=CriticSteps(5),
        decay=True,
    )
