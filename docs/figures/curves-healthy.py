"""The curves of a healthy run: eight Gaussians on a ring, small networks."""

import math

import numpy as np

from tinygan import Adam, Dense, NonSaturating, Sequential, Tanh
from tinygan.data import ring
from tinygan.runs import Experiment, Latent
from tinygan.runs.run import Run
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, PINK, RED, subplots


def figure():
    run, step, (V, J, D_x, D_Gz, distance) = play(experiment())
    drawn, ((value, belief), (good, cloud)) = subplots(2, 2, 10, 7.6)

    value.axhline(-math.log(4), color=GREY, lw=1, ls=":")
    value.axhline(math.log(2), color=GREY, lw=1, ls=":")
    value.plot(step, V, color=BLUE, label="V, D ascends")
    value.plot(step, J, color=ORANGE, label="J, G descends")
    value.text(1000, -math.log(4) - 0.03, "-log 4", va="top", fontsize=9)
    value.text(1000, math.log(2) - 0.03, "log 2", va="top", fontsize=9)
    value.set(xlabel="step", ylabel="nats", ylim=(-1.6, 1.1))
    value.legend(loc="center right", fontsize=9)

    belief.axhline(0.5, color=GREY, lw=1, ls=":")
    belief.plot(step, D_x, color=BLUE, label="D(x)")
    belief.plot(step, D_Gz, color=ORANGE, label="D(G(z))")
    excess = D_x + D_Gz - 1  # eq: beliefs-sum
    belief.plot(step, excess, color=BLACK, lw=1, label="D(x) + D(G(z)) - 1")
    belief.set(xlabel="step", ylim=(-0.1, 0.85))
    belief.legend(loc="upper right", fontsize=9)

    bound = (V + math.log(4)) / 2  # eq: jsd-from-v
    good.axhline(0, color=GREY, lw=1)
    good.plot(step, bound, color=GREEN, label="(V + log 4)/2, nats")
    good.plot(step, distance, color=PINK, label="sliced Wasserstein distance")
    good.set(xlabel="step", ylim=(-0.05, 1.35))
    good.legend(loc="upper right", fontsize=9)

    cloud.plot(*run.game.real_samples(800).T, ".", color=GREY, ms=5, label="data")
    cloud.plot(*run.samples(800).T, ".", color=RED, ms=2, label="G(z), last step")
    cloud.set(xlim=(-3.4, 3.4), ylim=(-2.6, 2.6), aspect="equal")
    cloud.legend(loc="center", fontsize=9)
    return drawn


def experiment() -> Experiment:
    return Experiment(
        G=Sequential(Dense(64), Tanh(), Dense(64), Tanh(), Dense(2)),
        D=Sequential(Dense(64), Tanh(), Dense(64), Tanh(), Dense(1)),
        shape=(2,),
        data=lambda: ring(std=0.1),
        latent=Latent(2, scale=4.0),
        objective=NonSaturating(),
        opt_G=Adam(1e-3, beta1=0.5),
        opt_D=Adam(1e-3, beta1=0.5),
        steps=2000,
        batch=128,
        decay=True,
    )


def play(e: Experiment):
    """The run, the steps, and the log's means at each with the samples' distance."""
    run, rows = Run(e, cores=1), []
    with run.computing():
        while run.step < e.steps:
            run.turn()
            if run.step % e.log_every == 0:
                means = run.fetch().mean(axis=0)[:4]
                rows.append([*means, run.measures()["sliced_wasserstein"]])
    steps = e.log_every * np.arange(1, len(rows) + 1)
    return run, steps, np.array(rows).T
