"""MNIST, 28x28, by a gated PixelCNN (needs --data).

The images are in black and white. Two stacks of convolutions see all pixels before each
pixel, without a blind spot (van den Oord et al. 2016). `tinygan evaluate` tells the
exact likelihood of the test set: -88.2 nats with seed 0 (2,500 images), after 31
minutes of one core.
"""

from tinygan import Adam, PixelCNN
from tinygan.likelihood import Bernoulli
from tinygan.recipes import binary_mnist
from tinygan.runs import Autoregressive

C, BLOCKS = 32, 6  # channels of both stacks, and blocks


def recipe(steps=6000, batch=32, lr=2e-3, seed=0, data=None):
    return Autoregressive(
        net=PixelCNN(C, BLOCKS),
        likelihood=Bernoulli(),
        shape=(28, 28, 1),
        data=lambda: binary_mnist(data),
        held_out=lambda: binary_mnist(data, held_out=True),
        opt=Adam(lr),
        steps=steps,
        batch=batch,
        seed=seed,
        ema=0.999,
        decay=True,
    )
