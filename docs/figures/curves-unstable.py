"""Two unstable runs on one Gaussian, each without and with R1."""

import numpy as np

from tinygan import (
    R1,
    Adam,
    Dense,
    LeakyReLU,
    Minimax,
    Momentum,
    Sequential,
    Tanh,
    Wasserstein,
)
from tinygan.data import GaussianMixture
from tinygan.runs import Experiment, Latent
from tinygan.runs.run import Run
from tinygan.theory.canvas import BLACK, BLUE, GREY, ORANGE, RED, subplots


def figure():
    drawn, ((value, belief), (path, blown)) = subplots(2, 2, 10, 7.2)
    runs = ("no penalty", [], ORANGE), ("R1, gamma = 1", [R1(1.0)], BLUE)
    for name, penalties, colour in runs:
        e = experiment(Minimax(), Adam(1e-3, beta1=0.9), Tanh(), penalties, 800)
        V, D_x, D_Gz, mean = play(e)
        step = np.arange(1, len(V) + 1)
        value.plot(step, V, color=colour, lw=1, label=name)
        path.plot(*mean.T, color=colour, lw=1)
        if not penalties:
            belief.plot(step, D_x, color=BLACK, lw=1, label="D(x), no penalty")
            belief.plot(step, D_Gz, color=RED, lw=1, label="D(G(z)), no penalty")
        e = experiment(Wasserstein(), Momentum(5e-3), LeakyReLU(0.2), penalties, 150)
        V, *_ = play(e)
        blown.plot(np.arange(1, len(V) + 1), np.abs(V), color=colour, label=name)
        if len(V) < e.steps:
            end = f"  NaN in step {len(V) + 1}"
            blown.text(len(V), abs(V[-1]), end, color=colour, va="top")
    value.axhline(-np.log(4), color=GREY, lw=1, ls=":")
    value.set(xlabel="step", ylabel="V, minimax with Adam, beta1 = 0.9")
    belief.axhline(0.5, color=GREY, lw=1, ls=":")
    belief.set(xlabel="step", ylabel="mean belief")
    path.plot(1, 0, "+", color=BLACK, ms=13, mew=2.5)
    path.set(xlabel="mean of G(z), first coordinate", ylabel="second coordinate")
    blown.set(yscale="log", xlabel="step", ylabel="|V|, Wasserstein with momentum")
    for axis in (value, belief, blown):
        axis.legend(fontsize=9)
    return drawn


def experiment(objective, optimizer, bend, penalties, steps) -> Experiment:
    return Experiment(
        G=Sequential(Dense(32), bend, Dense(32), bend, Dense(2)),
        D=Sequential(Dense(32), bend, Dense(32), bend, Dense(1)),
        shape=(2,),
        data=lambda: GaussianMixture([[1.0, 0.0]], 0.1),
        latent=Latent(2),
        objective=objective,
        opt_G=optimizer,
        opt_D=optimizer,
        steps=steps,
        batch=128,
        penalties=penalties,
        log_every=1,
    )


def play(e: Experiment):
    """V, D(x), D(G(z)) and the mean sample of each step, as long as V is finite."""
    run, rows, means = Run(e, cores=1), [], []
    with run.computing(), np.errstate(all="ignore"):
        while run.step < e.steps:
            run.turn()
            V, _, D_x, D_Gz, _ = run.fetch()[0]
            if not np.isfinite(V):
                break
            rows.append((V, D_x, D_Gz))
            means.append(run.samples(100).mean(axis=0))
    return *np.array(rows).T, np.array(means)
