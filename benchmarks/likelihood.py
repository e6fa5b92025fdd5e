"""What a likelihood model's samples are, and p(x | s) in both libraries."""

import numpy as np

from tinygan.likelihood import Bernoulli, Categorical


class Pixels:
    """Black and white pixels, -1 and +1, with the logits s."""

    tinygan = Bernoulli()

    @staticmethod
    def draw(rng, shape):
        """Random pixels, float64."""
        return rng.choice([-1.0, 1.0], shape)

    @staticmethod
    def torch(functional, s, x):
        """-log p(x | s), summed over the batch; `functional` is torch.nn.functional."""
        loss = functional.binary_cross_entropy_with_logits
        return loss(s, (1 + x) / 2, reduction="sum")


class Symbols:
    """One of V symbols at each place, one-hot, with the logits s."""

    tinygan = Categorical()

    @staticmethod
    def draw(rng, shape):
        """Random symbols of the shape (..., V), float64."""
        *places, V = shape
        return np.eye(V)[rng.integers(0, V, places)]

    @staticmethod
    def torch(functional, s, x):
        """-log p(x | s), summed over the batch, for images (N, V, 1, T)."""
        rows = (a.permute(0, 2, 3, 1).flatten(0, 2) for a in (s, x))
        return functional.cross_entropy(*rows, reduction="sum")
