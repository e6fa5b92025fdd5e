"""A small classifier, trained on real images, as a judge of generated ones.

It answers two questions about a generator. Are the samples recognisable: is the
classifier sure? Are all classes among them: does it name every class? Its gradients are
written by hand, like all others here.
"""

import numpy as np

from ..data import Images
from ..errors import DataError
from ..layers import Conv2d, Dense, Dropout, Flatten, LeakyReLU, Sequential
from ..net import Net
from ..objectives.auxiliary import cross_entropy_grad, softmax
from ..optim import Adam


class Classifier:
    """p(class | x) = softmax(f(x)) for images (N, H, W, C) in [-1, 1], on the host.

    f is two strided convolutions and two dense layers with dropout, trained with Adam.
    Raises DataError if the images have no labels.
    """

    def __init__(self, images: Images, epochs: int = 5, batch=64, lr=1e-3, seed=0):
        if images.labels is None:
            raise DataError("a classifier needs images with labels, got images without")
        tree = Sequential(
            Conv2d(16, 3, stride=2, pad=1),
            LeakyReLU(0.1),
            Conv2d(32, 3, stride=2, pad=1),
            LeakyReLU(0.1),
            Flatten(),
            Dense(128),
            LeakyReLU(0.1),
            Dropout(0.4),
            Dense(images.classes),
        )
        self.net = Net(tree, images.shape, seed=seed)
        stream, optimizer = images.batches(batch, seed), Adam(lr)
        steps = max(1, epochs * len(images) // batch)
        for i in range(steps):
            optimizer.lr = lr * (1 - i / steps)
            s, cache = self.net.forward(stream(i))
            self.net.zero_grad()
            self.net.backward_weights(cross_entropy_grad(s, stream.labels(i)), cache)
            optimizer.descend(self.net.theta, self.net.grad)

    def probabilities(self, x, chunk: int = 500) -> np.ndarray:
        """p(class | x), (N, K), for images x in [-1, 1]."""
        x = np.asarray(x, np.float32)
        parts = (x[i : i + chunk] for i in range(0, len(x), chunk))
        return np.concatenate(
            [softmax(self.net.forward(p, train=False)[0]) for p in parts]
        )

    def features(self, x, chunk: int = 500) -> np.ndarray:
        """h / |h|, h the hidden layer, (N, 128) in float64, for images x in [-1, 1].

        The last layer reads the class from h, so images that look alike to the
        classifier are near each other in h. Only the direction counts: an image that it
        does not recognise has a short h, which would lie amid all classes.
        """
        x = np.asarray(x, np.float32)
        parts = []
        for i in range(0, len(x), chunk):
            h = x[i : i + chunk]
            for layer in self.net.tree.layers[:-2]:  # without dropout and logits
                h, _ = layer.forward(h, train=False)
            parts.append(h)
        h = np.concatenate(parts).astype(np.float64)
        length = np.sqrt((h**2).sum(axis=1, keepdims=True))
        return h / np.where(length > 0, length, 1)

    def accuracy(self, images: Images) -> float:
        """The share of `images` whose label is the most probable class."""
        p = self.probabilities(images.scaled(images.pixels))
        return float((p.argmax(axis=1) == images.labels).mean())
