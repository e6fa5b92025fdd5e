"""The layers, one file for each idea. `base.py` holds the protocol they all keep."""

from .activations import Activation, LeakyReLU, ReLU, Sigmoid, Softplus, Tanh
from .base import Affine, Layer
from .combine import Residual, Sequential
from .conv import Conv2d, ConvTranspose2d
from .correlation import col2im, im2col
from .dense import Dense
from .dropout import Dropout
from .embedding import Embedding
from .gru import GRU
from .init import glorot, he, normal, uniform
from .maxout import Maxout
from .minibatch import MinibatchStd, Pack
from .noise import InstanceNoise
from .norm import BatchNorm, ConditionalBatchNorm
from .paint import Paint
from .projection import InnerProduct, Projection
from .resample import AvgPool2d, Upsample2d
from .reshape import Flatten, Reshape
from .samplenorm import InstanceNorm, LayerNorm, PixelNorm
from .scale import Scale
from .sequence import Conv1d, Each, MeanPool
from .spectral import SpectralNorm
from .tuples import Branch, Concat, Identity, Parallel, Pick

__all__ = [
    "GRU",
    "Activation",
    "Affine",
    "AvgPool2d",
    "BatchNorm",
    "Branch",
    "Concat",
    "ConditionalBatchNorm",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "Dense",
    "Dropout",
    "Each",
    "Embedding",
    "Flatten",
    "Identity",
    "InnerProduct",
    "InstanceNoise",
    "InstanceNorm",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Maxout",
    "MeanPool",
    "MinibatchStd",
    "Pack",
    "Paint",
    "Parallel",
    "Pick",
    "PixelNorm",
    "Projection",
    "ReLU",
    "Reshape",
    "Residual",
    "Scale",
    "Sequential",
    "Sigmoid",
    "Softplus",
    "SpectralNorm",
    "Tanh",
    "Upsample2d",
    "col2im",
    "glorot",
    "he",
    "im2col",
    "normal",
    "uniform",
]
