"""The games that the scoreboard plays: every objective with every regulariser.

All games share the networks, the latent, the optimizer and the budget, so that two rows
differ in one thing alone. These settings, and the strengths of clipping and of spectral
normalisation, were chosen on a seed or two of the grid, so that the plain game finds
most of its modes. Other settings may make a method better than its line, as the recipes
show.
"""

import dataclasses
from collections.abc import Callable

import tinygan as tg
from tinygan.data import grid, ring
from tinygan.runs import Experiment, Latent

OBJECTIVES = {
    "minimax": tg.Minimax,
    "non-saturating": tg.NonSaturating,
    "wasserstein": tg.Wasserstein,
    "least-squares": tg.LeastSquares,
    "hinge": tg.Hinge,
    "rel-average": tg.RelativisticAverage,
    "rel-pairing": tg.RelativisticPairing,
}
DATA = {"ring": ring, "grid": grid}


@dataclasses.dataclass(frozen=True)
class Regulariser:
    """A change of D: layers in front, a wrapper of each Dense, penalties, optimizer."""

    says: str
    front: Callable = lambda steps: []
    wrap: Callable = lambda layer: layer
    penalties: tuple = ()
    optimizer: Callable = lambda inner: inner


REGULARISERS = {
    "none": Regulariser("nothing"),
    "clip-weights": Regulariser(
        "weights clipped to 0.5", optimizer=lambda o: tg.ClipWeights(o, 0.5)
    ),
    "clip-norm": Regulariser(
        "D's gradient clipped to a norm of 1", optimizer=lambda o: tg.ClipNorm(o, 1.0)
    ),
    "spectral": Regulariser(
        "spectral normalisation, and each layer then times 4: a slope of 1 is too "
        "small for modes 0.05 wide",
        wrap=lambda layer: tg.Sequential(tg.SpectralNorm(layer), tg.Scale(4.0)),
    ),
    "wgan-gp": Regulariser("gradient penalty, weight 0.1", penalties=(tg.WGANGP(0.1),)),
    "dragan": Regulariser("DRAGAN, weight 0.1", penalties=(tg.DRAGAN(0.1),)),
    "r1": Regulariser("R1, gamma 0.01", penalties=(tg.R1(0.01),)),
    "r2": Regulariser("R2, gamma 0.01", penalties=(tg.R2(0.01),)),
    "noise": Regulariser(
        "instance noise, 0.1 falling to 0 half way",
        front=lambda steps: [tg.InstanceNoise(0.1, steps=max(1, steps // 2))],
    ),
    "pack-2": Regulariser("two samples packed", front=lambda steps: [tg.Pack(2)]),
}


def game(data: str, objective: str, regulariser: str, steps: int, seed: int):
    """The Experiment of one cell of the scoreboard."""
    r = REGULARISERS[regulariser]
    hidden = [layer for _ in range(3) for layer in (tg.Dense(64), tg.Tanh())]
    G = tg.Sequential(*hidden, tg.Dense(2))
    D = tg.Sequential(
        *r.front(steps),
        r.wrap(tg.Dense(64)),
        tg.Tanh(),
        r.wrap(tg.Dense(64)),
        tg.Tanh(),
        r.wrap(tg.Dense(1)),
    )
    return Experiment(
        G=G,
        D=D,
        shape=(2,),
        data=DATA[data],
        latent=Latent(2, scale=4.0),
        objective=OBJECTIVES[objective](),
        opt_G=tg.Adam(3e-3, beta1=0.5),
        opt_D=r.optimizer(tg.Adam(3e-3, beta1=0.5)),
        steps=steps,
        batch=256,
        seed=seed,
        decay=True,
        penalties=r.penalties,
    )
