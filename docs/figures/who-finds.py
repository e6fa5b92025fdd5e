"""How many planted mistakes of each kind checkers find, from benchmarks/checkers.py."""

import json
import pathlib

import numpy as np

from tinygan.theory.canvas import BLUE, GREY, ORANGE, subplots

RESULTS = pathlib.Path(__file__).parents[2] / "benchmarks/results/checkers.json"
OTHERS = "torch", "jax", "autograd", "scipy"


def found(mistake: dict, checkers) -> bool:
    """Whether one of the checkers refuses it, and not the same without the mistake."""
    return any(
        mistake["fault"][c]["refused"] and not mistake["twin"][c]["refused"]
        for c in checkers
    )


def is_asked(mistake: dict) -> bool:
    """Whether it lies in one function with its gradient, as the others take it."""
    return any(mistake["fault"][c]["refused"] is not None for c in OTHERS)


def figure():
    mistakes = json.loads(RESULTS.read_text("utf-8"))["faults"]
    kinds = [*dict.fromkeys(m["kind"] for m in mistakes)]
    drawn, axes = subplots(1, 1, 9, 7)
    axis, places = axes[0, 0], np.arange(len(kinds))

    def counted(those):
        return np.array([sum(m["kind"] == k for m in those) for k in kinds])

    asked = [m for m in mistakes if is_asked(m)]
    for shift, those, checkers, colour, name in (
        (-0.2, mistakes, ("tinygan",), BLUE, "tinygan check"),
        (0.2, asked, OTHERS, ORANGE, "one of the four others"),
    ):
        axis.barh(places + shift, counted(those), 0.36, color="none", edgecolor=GREY)
        shown = counted([m for m in those if found(m, checkers)])
        axis.barh(places + shift, shown, 0.36, color=colour, label=f"found by {name}")
    axis.set_yticks(places, kinds)
    axis.invert_yaxis()
    axis.set(xlabel="mistakes; the frame holds those that can be asked")
    axis.legend(loc="center right")
    return drawn
