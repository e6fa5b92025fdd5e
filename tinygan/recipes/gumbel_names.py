"""First names as one-hot rows, straight through a random choice; no download.

The game is that of `text-names`, with another last layer of G. Each letter is a draw
with the probabilities of a softmax, made by Gumbel noise, and D sees nothing but
one-hot rows. A choice has no slope. So backward uses the slope of a softened choice:
G's gradient has a bias, and D cannot tell a name by its softness (chapter 28 of the
book).
"""

from tinygan import GumbelSoftmax
from tinygan.recipes.text_names import names_game

TAU = 1.0  # the temperature of the softened choice


def recipe(steps=2000, batch=64, lr=2e-4, seed=0):
    choice = GumbelSoftmax(TAU, straight_through=True)
    return names_game(steps, batch, lr, seed, last=choice)
