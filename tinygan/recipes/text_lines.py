"""Lines of a text file of your own, 32 characters each (needs --data TEXT.txt).

    tinygan train text-lines --data shakespeare.txt

Any text in UTF-8 will do, in any script, with spaces or without. Long lines are cut at
spaces, and `--size` is the number of characters. The networks and the game are those of
`text-names`. A tenth of the distinct lines is held out for measures.
"""

import functools

from tinygan.data import Alphabet
from tinygan.recipes import lines
from tinygan.recipes.text_names import game

C = 128  # channels of all features


def recipe(steps=2000, batch=64, lr=2e-4, seed=0, data=None, size=32, characters=None):
    read = functools.cache(lambda: lines(data, size))
    if characters is None:  # as the data are
        characters = read().alphabet.characters
    return game(
        C,
        size,
        len(Alphabet(characters)),
        steps,
        batch,
        lr,
        seed,
        text=Alphabet(characters),
        data=lambda: read().held_out()[0],
        unseen=lambda: read().held_out()[1],
        decided={"characters": characters},
    )
