"""The layers, one file for each idea. `base.py` holds the protocol they all keep."""

from .activations import Activation, LeakyReLU, ReLU, Sigmoid, Softplus, Tanh
from .base import Affine, Layer
from .combine import Sequential
from .conv import Conv2d, ConvTranspose2d, col2im, im2col
from .dense import Dense
from .dropout import Dropout
from .init import glorot, he, normal
from .norm import BatchNorm
from .reshape import Flatten, Reshape

__all__ = [
    "Activation",
    "Affine",
    "BatchNorm",
    "Conv2d",
    "ConvTranspose2d",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "LeakyReLU",
    "ReLU",
    "Reshape",
    "Sequential",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "col2im",
    "glorot",
    "he",
    "im2col",
    "normal",
]
