"""Four sick runs on the ring: their curves, and where their samples end."""

import math
from itertools import pairwise

import numpy as np

from tinygan import Adam, Dense, LeakyReLU, Minimax, NonSaturating, Sequential
from tinygan.data import ring
from tinygan.runs import Experiment, Latent
from tinygan.runs.run import Run
from tinygan.theory.canvas import BLUE, GREEN, GREY, ORANGE, PINK, RED, subplots

# name: objective, the learning rates of G and D, the scale of z
CASES = {
    "D too strong\n(minimax)": (Minimax(), 1e-4, 1e-2, 1.0),
    "G not trained": (NonSaturating(), 1e-12, 1e-3, 1.0),
    "D not trained": (NonSaturating(), 1e-3, 1e-12, 1.0),
    "G collapsed": (NonSaturating(), 1e-2, 3e-4, 0.1),
}


def figure():
    drawn, axes = subplots(4, 3, 10.5, 11.5)
    for (name, case), (value, belief, cloud) in zip(CASES.items(), axes, strict=True):
        run, step, (V, J, D_x, D_Gz), samples = play(experiment(*case))
        for level in (-math.log(4), math.log(2) if J[0] > 0 else -math.log(2)):
            value.axhline(level, color=GREY, lw=1, ls=":")
        value.plot(step, V, color=BLUE, label="V")
        value.plot(step, J, color=ORANGE, label="J")
        value.set(ylabel=name)
        belief.axhline(0.5, color=GREY, lw=1, ls=":")
        belief.plot(step, D_x, color=BLUE, label="D(x)")
        belief.plot(step, D_Gz, color=ORANGE, label="D(G(z))")
        belief.set(ylim=(-0.03, 1.03))
        dots = {"marker": ".", "ls": "", "rasterized": True}
        cloud.plot(*run.game.real_samples(500).T, color=GREY, ms=5, **dots)
        for (when, x), colour in zip(samples.items(), (GREEN, PINK, RED), strict=True):
            cloud.plot(*x.T, color=colour, ms=2, label=f"step {when}", **dots)
        ways = [np.linalg.norm(b - a, axis=1) for a, b in pairwise(samples.values())]
        first, then = (f"{way.mean():.2f}" for way in ways)
        cloud.set_title(f"a sample moved by {first}, then {then}", fontsize=10)
        reach = 1.1 * max(3, np.quantile(np.abs(x), 0.98))
        cloud.set(xlim=(-1.3 * reach, 1.3 * reach), ylim=(-reach, reach))
    for axis in axes[0, :2]:
        axis.legend(fontsize=9)
    axes[-1, 2].legend(fontsize=9, loc="lower right", markerscale=5)
    for axis in axes[-1, :2]:
        axis.set_xlabel("step")
    return drawn


def experiment(objective, lr_G, lr_D, scale) -> Experiment:
    bend = LeakyReLU(0.2)
    return Experiment(
        G=Sequential(Dense(64), bend, Dense(64), bend, Dense(2)),
        D=Sequential(Dense(64), bend, Dense(64), bend, Dense(1)),
        shape=(2,),
        data=lambda: ring(std=0.05),
        latent=Latent(2, scale=scale),
        objective=objective,
        opt_G=Adam(lr_G, beta1=0.5),
        opt_D=Adam(lr_D, beta1=0.5),
        steps=800,
        batch=128,
    )


def play(e: Experiment):
    """The run, the steps, the log's V, J, D(x), D(G(z)) at each, samples at three."""
    run, rows, samples = Run(e, cores=1), [], {}
    with run.computing():
        while run.step < e.steps:
            run.turn()
            if run.step % e.log_every == 0:
                rows.append(run.fetch().mean(axis=0)[:4])
            if run.step in (400, 600, 800):
                samples[run.step] = run.samples(500)
    step = e.log_every * np.arange(1, len(rows) + 1)
    return run, step, np.array(rows).T, samples
