"""First names, letter by letter, by a GRU that reads them, without any download.

A name is 16 one-hot rows of 27 symbols: the letters, and the end. A row is guessed from
the rows before it, which the network reads one after the other (chapter 29). So the
likelihood of a name is known exactly. A tenth of the distinct names is held out, and
the log tells how likely they are.
"""

import functools

from tinygan import GRU, Adam, Delay, Dense, Sequential
from tinygan.data import load_names
from tinygan.likelihood import Categorical
from tinygan.runs import Autoregressive

T, V = 16, 27  # places of a name, and symbols
UNITS = 128


def reader(units: int, layers: int, V: int):
    """From one-hot rows to the logits of each row, given the rows before it."""
    cells = (GRU(units, every=True) for _ in range(layers))
    return Sequential(Delay(), *cells, Dense(V))


def game(net, T, V, steps, batch, lr, seed, **more) -> Autoregressive:
    """A language model of texts of T places and V symbols."""
    return Autoregressive(
        net=net,
        likelihood=Categorical(),
        shape=(T, V),
        opt=Adam(lr),
        steps=steps,
        batch=batch,
        seed=seed,
        ema=0.995,
        decay=True,
        **more,
    )


def recipe(steps=3000, batch=64, lr=3e-3, seed=0):
    names = functools.cache(load_names)
    return game(
        reader(UNITS, 1, V),
        T,
        V,
        steps,
        batch,
        lr,
        seed,
        text=names().alphabet,
        data=lambda: names().held_out()[0],
        held_out=lambda: names().held_out()[1],
    )
