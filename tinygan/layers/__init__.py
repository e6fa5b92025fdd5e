"""The layers: functions with their derivatives by hand, one file for each idea.

`base.py` holds the protocol that all of them follow.
"""

from .activations import Activation, LeakyReLU, ReLU, Sigmoid, Softplus, Tanh
from .augment import Augment, ColourJitter, Cutout, Translate
from .base import Affine, Layer
from .batchnorm import BatchNorm
from .bias import Bias
from .bilinear import BilinearDown2d, BilinearUp2d
from .combine import Residual, Sequential
from .conditional.batchnorm import ConditionalBatchNorm
from .conditional.embedding import Embedding
from .conditional.gru import GRU
from .conditional.paint import Paint
from .conditional.projection import InnerProduct, Projection
from .conditional.sequence import Each, MeanPool
from .conditional.tuples import Branch, Concat, Identity, Parallel, Pick
from .conv import Conv2d, ConvTranspose2d
from .conv1d import Conv1d, ConvTranspose1d
from .correlation import col2im, im2col
from .delay import Delay
from .dense import Dense
from .dropout import Dropout
from .equal import EqualRate
from .fade import Fade
from .fixup import fixup
from .growing import Growing, GrowingDiscriminator, GrowingGenerator
from .init import glorot, he, normal, uniform
from .masked import MADE, MaskedDense
from .masked_pixels import (
    CausalConv2d,
    Coordinates,
    Gate,
    GatedBlock,
    PixelCNN,
    Shift,
)
from .maxout import Maxout
from .minibatch import MinibatchStd, Pack
from .noise import InstanceNoise
from .resample import AvgPool1d, AvgPool2d, Upsample1d, Upsample2d
from .reshape import Flatten, Reshape
from .samplenorm import InstanceNorm, LayerNorm, PixelNorm
from .scale import Scale
from .shuffle import PhaseShuffle
from .softmax import GumbelSoftmax, Softmax
from .spectral import SpectralNorm
from .upconv import UpConv2d

__all__ = [
    "GRU",
    "MADE",
    "Activation",
    "Affine",
    "Augment",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm",
    "Bias",
    "BilinearDown2d",
    "BilinearUp2d",
    "Branch",
    "CausalConv2d",
    "ColourJitter",
    "Concat",
    "ConditionalBatchNorm",
    "Conv1d",
    "Conv2d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "Coordinates",
    "Cutout",
    "Delay",
    "Dense",
    "Dropout",
    "Each",
    "Embedding",
    "EqualRate",
    "Fade",
    "Flatten",
    "Gate",
    "GatedBlock",
    "Growing",
    "GrowingDiscriminator",
    "GrowingGenerator",
    "GumbelSoftmax",
    "Identity",
    "InnerProduct",
    "InstanceNoise",
    "InstanceNorm",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "MaskedDense",
    "Maxout",
    "MeanPool",
    "MinibatchStd",
    "Pack",
    "Paint",
    "Parallel",
    "PhaseShuffle",
    "Pick",
    "PixelCNN",
    "PixelNorm",
    "Projection",
    "ReLU",
    "Reshape",
    "Residual",
    "Scale",
    "Sequential",
    "Shift",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "SpectralNorm",
    "Tanh",
    "Translate",
    "UpConv2d",
    "Upsample1d",
    "Upsample2d",
    "col2im",
    "fixup",
    "glorot",
    "he",
    "im2col",
    "normal",
    "uniform",
]
