"""A hundred digits: D's logits of those it has seen, of others, and of G's samples."""

import numpy as np

from tinygan import recipes
from tinygan.data import load_digits
from tinygan.layers.augment import KINDS
from tinygan.runs.run import Run
from tinygan.theory.canvas import BLUE, GREEN, RED, subplots

FEW, STEPS, EVERY = 100, 500, 20


def digits():
    """The few digits of the game, and a thousand others."""
    images = load_digits()
    order = np.random.default_rng(7).permutation(len(images))
    return images.part(order[:FEW]), images.part(order[FEW : FEW + 1000])


def logits(kinds) -> np.ndarray:
    """D's mean logit of seen, unseen and generated digits, (STEPS / EVERY, 3)."""
    seen, unseen = digits()
    options = {"steps": STEPS, "augment": kinds}
    experiment = recipes.build(recipes.find("dcgan-digits"), options)
    experiment.data = lambda: seen
    run, rows = Run(experiment, cores=1), []
    real = [images.scaled(images.pixels) for images in (seen, unseen)]
    for step in range(1, STEPS + 1):
        run.turn()
        if step % EVERY == 0:
            judged = [*real, run.samples(500)]
            rows.append([run.D.forward(x, train=False)[0].mean() for x in judged])
    return np.array(rows)


def figure():
    drawn, axes = subplots(1, 2, 10, 3.6, sharey=True)
    names = "the hundred digits", "other digits", "generated"
    for axis, kinds in zip(axes[0], (None, [*KINDS]), strict=True):
        found = logits(kinds)
        steps = EVERY * (1 + np.arange(len(found)))
        for column, colour, name in zip(
            found.T, (BLUE, GREEN, RED), names, strict=True
        ):
            axis.plot(steps, column, color=colour, lw=2, label=name)
        axis.set(xlabel="turn", title="augmented" if kinds else "as they are")
    axes[0, 0].set_ylabel("D's mean logit")
    axes[0, 1].legend(loc="lower left")
    return drawn
