"""The grid of 25, all of it: 25 modes and 95 % high quality in a few minutes.

This is mlp-grid with four changes. A third hidden layer lets D draw 25 narrow peaks,
which makes samples precise. Alone it also makes G drop modes, so D pays R1 with a
weight that falls to 0 before the end: D is smooth while G spreads out, and sharp when G
settles. G's latent is wide, N(0, 8^2), because a G that is steep between the modes
leaves little there. The samples come from an average of G's weights.
"""

from tinygan import R1, Adam, Dense, NonSaturating, Sequential, Tanh
from tinygan.data import grid
from tinygan.runs import Experiment, Latent


def recipe(steps=15000, batch=512, lr=1e-3, seed=0):
    def penalties(turn):
        gamma = max(0.0, 1 - turn / (0.7 * steps)) ** 2
        return [R1(gamma)] if gamma else []

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
        Dense(128),
        Tanh(),
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
        penalties=penalties,
        ema=0.999,
    )
