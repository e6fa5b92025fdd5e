"""Lines of a text file of your own by a GRU, with exact likelihoods (needs --data).

    tinygan train gru-lines --data shakespeare.txt

Any text in UTF-8 will do, in any script. Lines that are longer than `--size` characters
are cut at spaces; where all are shorter, the network reads as many as the longest has.
The network is that of `gru-names`, larger. A tenth of the distinct lines is held out,
and the log tells how likely they are: 2.33 bits for each character of tinyshakespeare
with seed 0 and `--size 64`, after 31 minutes of one core.
"""

import functools

from tinygan.data import Alphabet
from tinygan.recipes import lines
from tinygan.recipes.gru_names import game, reader

UNITS, LAYERS = 512, 1


def recipe(steps=8000, batch=64, lr=2e-3, seed=0, data=None, size=128, characters=None):
    read = functools.cache(lambda: lines(data, size).shortened())
    if characters is None:  # as the data are
        characters, size = read().alphabet.characters, read().shape[0]
    alphabet = Alphabet(characters)
    return game(
        reader(UNITS, LAYERS, len(alphabet)),
        size,
        len(alphabet),
        steps,
        batch,
        lr,
        seed,
        text=alphabet,
        data=lambda: read().held_out()[0],
        held_out=lambda: read().held_out()[1],
        decided={"characters": characters, "size": size},
    )
