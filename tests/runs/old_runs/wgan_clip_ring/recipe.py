"""Points on a ring by a WGAN: a clipped critic, RMSProp, critic steps by a schedule."""

from tinygan import ClipWeights, Dense, ReLU, RMSProp, Sequential, Tanh, Wasserstein
from tinygan.data import ring
from tinygan.experiment import CriticSteps, Experiment, Latent


def recipe(steps=12, batch=8, lr=5e-4, seed=0):
    return Experiment(
        G=Sequential(Dense(16), Tanh(), Dense(16), Tanh(), Dense(2)),
        D=Sequential(Dense(16), ReLU(), Dense(16), ReLU(), Dense(1)),
        shape=(2,),
        data=ring,
        latent=Latent(2, scale=4.0),
        objective=Wasserstein(),
        opt_G=RMSProp(lr),
        opt_D=ClipWeights(RMSProp(lr), 0.1),
        steps=steps,
        batch=batch,
        seed=seed,
        k=CriticSteps(2, boost=5, first=3, every=4),
        decay=True,
    )
