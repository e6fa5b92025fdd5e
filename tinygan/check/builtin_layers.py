"""The layers of tinygan that `tinygan check` certifies, in all their settings."""

import numpy as np

from ..layers import (
    GRU,
    MADE,
    Augment,
    AvgPool1d,
    AvgPool2d,
    BatchNorm,
    Bias,
    BilinearDown2d,
    BilinearUp2d,
    Branch,
    CausalConv2d,
    ColourJitter,
    Concat,
    ConditionalBatchNorm,
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    ConvTranspose2d,
    Coordinates,
    Cutout,
    Delay,
    Dense,
    Dropout,
    Each,
    Embedding,
    EqualRate,
    Fade,
    Flatten,
    Gate,
    GatedBlock,
    GrowingDiscriminator,
    GrowingGenerator,
    GumbelSoftmax,
    Identity,
    InnerProduct,
    InstanceNoise,
    InstanceNorm,
    Layer,
    LayerNorm,
    LeakyReLU,
    MaskedDense,
    Maxout,
    MeanPool,
    MinibatchStd,
    Pack,
    Paint,
    Parallel,
    PhaseShuffle,
    Pick,
    PixelCNN,
    PixelNorm,
    Projection,
    ReLU,
    Reshape,
    Residual,
    Scale,
    Sequential,
    Shift,
    Sigmoid,
    Softmax,
    Softplus,
    SpectralNorm,
    Tanh,
    Translate,
    UpConv2d,
    Upsample1d,
    Upsample2d,
)
from .adapters import Cut, Given


def builtin_layers() -> list[tuple[Layer, tuple]]:
    """Every layer of tinygan, in the shapes and settings where its code differs."""
    return [
        (Dense(4), (6,)),
        (Dense(4, bias=False), (5, 3)),
        (Conv2d(4, 3), (5, 6, 2)),
        (Conv2d(4, 4, stride=2, pad=1), (7, 6, 3)),
        (Conv2d(2, (1, 3), stride=(3, 2), pad=(0, 2), bias=False), (7, 5, 2)),
        (Conv2d(6, 3, pad=1, groups=2), (4, 3, 4)),
        (Conv2d(4, (2, 3), stride=2, pad=1, bias=False, groups=4), (5, 6, 4)),
        (ConvTranspose2d(3, 4, stride=2, pad=1), (4, 3, 2)),
        (ConvTranspose2d(2, 3, stride=2, pad=1, output_pad=1), (3, 4, 3)),
        (ConvTranspose2d(2, (2, 5), stride=(3, 1), pad=(0, 2)), (3, 4, 2)),
        (ConvTranspose2d(6, 4, stride=2, pad=1, groups=2), (3, 2, 4)),
        (BatchNorm(), (6,)),
        (BatchNorm(gamma_std=0.02), (3, 4, 2)),
        (LeakyReLU(0.2), (6,)),
        (ReLU(), (6,)),
        (Tanh(), (6,)),
        (Sigmoid(), (6,)),
        (Softplus(), (6,)),
        (Flatten(), (3, 4, 2)),
        (Reshape(4, 3, 2), (24,)),
        (Dropout(0.4), (6,)),
        (InstanceNoise(0.5), (6,)),
        (InstanceNoise(0.5, steps=3), (3, 4, 2)),
        (Translate(), (9, 8, 2)),
        (Translate(0.4), (3, 4, 1)),
        (Cutout(), (5, 4, 2)),
        (Cutout(0.8), (3, 5, 1)),
        (ColourJitter(), (3, 4, 3)),
        (ColourJitter(), (4, 4, 1)),
        (Augment(), (8, 8, 3)),
        (LayerNorm(), (6,)),
        (LayerNorm(eps=0.1), (3, 4, 2)),
        (InstanceNorm(), (3, 4, 2)),
        (InstanceNorm(eps=0.1), (5, 3)),
        (PixelNorm(), (6,)),
        (PixelNorm(eps=0.1), (3, 4, 2)),
        (SpectralNorm(Dense(4)), (6,)),
        (SpectralNorm(Dense(4, bias=False), 3), (5, 3)),
        (SpectralNorm(Conv2d(4, 3, 2, 1)), (5, 6, 2)),
        (SpectralNorm(ConvTranspose2d(3, 4, 2, 1)), (4, 3, 2)),
        (SpectralNorm(Conv2d(4, 3, pad=1, groups=2)), (3, 4, 4)),
        (EqualRate(Dense(4)), (6,)),
        (EqualRate(Dense(1, bias=False), gain=1), (5, 3)),
        (EqualRate(Conv2d(4, 3, 2, 1)), (5, 6, 2)),
        (EqualRate(Conv2d(4, 3, pad=1, groups=2)), (3, 4, 4)),
        (EqualRate(ConvTranspose2d(3, 4, 2, 1)), (4, 3, 2)),
        (AvgPool2d(2), (4, 6, 3)),
        (Upsample2d(3), (2, 3, 2)),
        (UpConv2d(3, 3, pad=1), (3, 2, 2)),
        (UpConv2d(2, (2, 3), pad=(0, 1), k=3, groups=2), (2, 2, 4)),
        (BilinearUp2d(), (3, 2, 2)),
        (BilinearDown2d(), (4, 6, 2)),
        (Bias(), (6,)),
        (Bias(), (3, 4, 2)),
        (Scale(2.0, -1.0), (6,)),
        (Maxout(3), (6,)),
        (Maxout(2), (3, 4, 4)),
        (MinibatchStd(4), (6,)),
        (MinibatchStd(2), (3, 4, 2)),
        (Pack(2), (6,)),
        (Pack(4), (3, 4, 2)),
        (Sequential(Dense(8), Tanh(), Dense(3), LeakyReLU()), (5,)),
        (
            Sequential(Conv2d(3, 3, 2, 1), Softplus(), Flatten(), Dense(1)),
            (5, 5, 2),
        ),
        (
            Residual(Sequential(Conv2d(2, 3, pad=1), LayerNorm(), Tanh()), scale=0.5),
            (4, 3, 2),
        ),
        (
            Residual(
                Sequential(SpectralNorm(Conv2d(3, 3, pad=1)), LeakyReLU(), AvgPool2d()),
                shortcut=Sequential(AvgPool2d(), Conv2d(3, 1)),
            ),
            (4, 4, 2),
        ),
        (Fade(Conv2d(2, 1), Sequential(Conv2d(2, 3, pad=1), Tanh()), 0.3), (4, 3, 2)),
        (growing_generator(), (3,)),
        (growing_discriminator(), (4, 4, 2)),
        *masked_layers(),
        *layers_for_sequences(),
        *conditional_layers(),
    ]


def masked_layers() -> list[tuple[Layer, tuple]]:
    """The layers of autoregressive networks."""
    return [
        (MaskedDense([[1, 0, 1], [0, 0, 1]]), (2,)),
        (MaskedDense([[1, 0, 1], [1, 0, 1]], bias=False), (4, 2)),
        (MADE([5, 4]), (6,)),
        (MADE([3], direct=False), (3, 2)),
        (Shift(1, 2), (4, 3, 2)),
        (Coordinates(), (4, 3, 2)),
        (CausalConv2d(3, (2, 3), before=(1, 1)), (4, 5, 2)),
        (CausalConv2d(2, (1, 3), before=(0, 2), bias=False), (3, 4, 2)),
        (Gate(), (6,)),
        (Gate(), (3, 2, 4)),
        (Sequential(Cut(2), GatedBlock(2), Concat()), (4, 3, 4)),
        (PixelCNN(2, 1), (3, 4, 1)),
    ]


def growing_generator() -> Layer:
    """Two levels: pictures of 2x2 and of 4x4 pixels."""
    first = Sequential(Dense(12), Reshape(2, 2, 3), Tanh())
    second = Sequential(Upsample2d(), Conv2d(2, 3, pad=1), PixelNorm())
    return GrowingGenerator([first, second], [Conv2d(2, 1), EqualRate(Conv2d(2, 1))])


def growing_discriminator() -> Layer:
    """Two levels: pictures of 2x2 and of 4x4 pixels."""
    last = Sequential(Conv2d(2, 3, pad=1), Tanh(), Flatten(), Dense(1))
    second = Sequential(Conv2d(3, 3, pad=1), LeakyReLU(), AvgPool2d())
    return GrowingDiscriminator([last, second], [Conv2d(3, 1), Conv2d(2, 1)])


def layers_for_sequences() -> list[tuple[Layer, tuple]]:
    """The layers along time, some of them as WaveGAN has them."""
    how = {"stride": 4, "pad": 11}
    return [
        (Conv1d(4, 3, pad=1), (6, 2)),
        (Conv1d(4, 2, stride=3, bias=False), (7, 3)),
        (Conv1d(3, 25, **how), (24, 1)),
        (Conv1d(4, 5, pad=2, stride=2, groups=2), (9, 4)),
        (ConvTranspose1d(1, 25, **how, output_pad=1), (5, 3)),
        (ConvTranspose1d(2, 3, stride=2, bias=False), (4, 3)),
        (ConvTranspose1d(4, 4, stride=2, pad=1, groups=2), (5, 4)),
        (SpectralNorm(ConvTranspose1d(3, 5, stride=4, pad=1)), (4, 2)),
        (EqualRate(Conv1d(4, 5, 2, 2)), (7, 2)),
        (AvgPool1d(4), (8, 3)),
        (Upsample1d(3), (4, 2)),
        (PhaseShuffle(2), (9, 2)),
        (PhaseShuffle(2), (3, 1)),
        (Softmax(), (6,)),
        (Softmax(), (3, 5)),
        (GumbelSoftmax(), (6,)),
        (GumbelSoftmax(0.5), (3, 5)),
        (
            Sequential(
                Conv1d(3, 9, pad=4, stride=4),
                LeakyReLU(0.2),
                PhaseShuffle(1),
                Flatten(),
                Dense(1),
            ),
            (16, 1),
        ),
    ]


def conditional_layers() -> list[tuple[Layer, tuple]]:
    """The layers for tuples, for integers and for sequences."""
    classes = Given(np.array([2, 0, 2, 3]), 4)  # class 2 twice, class 1 never
    words = Given(np.array([[3, 0, 3], [1, 1, 1], [0, 2, 3], [4, 3, 2]])[:, None], 6)
    text = Sequential(Embedding(4), Each(GRU(3)), MeanPool(), Dense(5), Tanh())

    def with_class(*layers):
        """(x, y) -> (layers(x), y)"""
        return Parallel(Sequential(*layers), Identity())

    return [
        (Sequential(Cut(2), Parallel(Dense(3), Tanh()), Concat()), (6,)),
        (Sequential(Cut(2), Parallel(Flatten(), MeanPool()), Concat()), (3, 2, 4)),
        (Sequential(Cut(2), Parallel(Identity(), MeanPool()), Concat()), (3, 2, 4)),
        (Sequential(Branch(Tanh(), Dense(3), Identity()), Concat(), Softplus()), (6,)),
        (Sequential(Branch(Tanh(), Softplus()), Pick(-1)), (6,)),
        (Sequential(classes, Parallel(Tanh(), Embedding(3)), Concat()), (6,)),
        (
            Sequential(words, Parallel(Identity(), text), Concat(), Conv2d(3, 2)),
            (4, 3, 2),
        ),
        (Sequential(classes, ConditionalBatchNorm(), Pick(0)), (6,)),
        (
            Sequential(
                classes,
                ConditionalBatchNorm(gamma_std=0.02),
                with_class(Tanh(), Conv2d(3, 2)),
                ConditionalBatchNorm(eps=0.1),
                Pick(0),
            ),
            (3, 4, 2),
        ),
        (
            Sequential(
                classes,
                Residual(Sequential(ConditionalBatchNorm(), with_class(Tanh()))),
                Pick(0),
            ),
            (3, 4, 2),
        ),
        (
            Sequential(
                Cut(1),  # a mask, and channels that become two colours
                Branch(
                    Pick(0),
                    Sequential(Pick(1), MeanPool(), Dense(3)),
                    Sequential(Pick(1), MeanPool(), Dense(3), Tanh()),
                ),
                Paint(),
            ),
            (3, 2, 5),
        ),
        (
            Sequential(
                Cut(1),  # a mask and a picture, on a ground of one colour
                Branch(Pick(0), Pick(1), Sequential(Pick(1), MeanPool(), Tanh())),
                Paint(),
            ),
            (3, 2, 4),
        ),
        (Sequential(Cut(3), InnerProduct()), (6,)),
        (Sequential(classes, Parallel(Tanh(), Embedding(6)), InnerProduct()), (6,)),
        (Sequential(classes, with_class(Dense(5), Tanh()), Projection()), (6,)),
        (MeanPool(), (5, 3)),
        (GRU(4), (5, 3)),
        (GRU(4, every=True), (5, 3)),
        (Sequential(Delay(), GRU(3, every=True), GRU(4, every=True), Dense(2)), (4, 2)),
        (Delay(), (4, 3)),
        (Each(Sequential(Conv1d(3, 2), Tanh(), MeanPool())), (2, 4, 3)),
    ]
