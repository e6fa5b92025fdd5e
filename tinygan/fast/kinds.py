"""What the structural twins (structure.py) know of a layer by its class.

A class of a user may change any pass. So a shortcut asks whether the passes that it
leaves out are those of the class that it knows.
"""

from typing import TypeGuard, TypeVar

from ..layers import (
    Activation,
    Affine,
    AvgPool1d,
    AvgPool2d,
    Bias,
    BilinearDown2d,
    BilinearUp2d,
    ColourJitter,
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    ConvTranspose2d,
    Cutout,
    Dense,
    Dropout,
    Fade,
    Flatten,
    Growing,
    Identity,
    InstanceNoise,
    InstanceNorm,
    Layer,
    LayerNorm,
    PhaseShuffle,
    PixelNorm,
    Projection,
    Reshape,
    Residual,
    Scale,
    Sequential,
    Translate,
    Upsample1d,
    Upsample2d,
)
from ..layers.base import learns
from ..layers.conditional.tuples import Several
from ..layers.parametrised import Parametrised

Kind = TypeVar("Kind", bound=Layer)
CONTAINERS = Sequential, Residual, Fade, Growing, Parametrised
BILINEAR = Dense, Conv2d, ConvTranspose2d, Conv1d, ConvTranspose1d  # x is cache[0]
SEPARATE = (  # each sample's y depends on its own x alone
    *BILINEAR,
    *(Flatten, Reshape, Identity, Projection, Bias, Scale),
    *(LayerNorm, InstanceNorm, PixelNorm, Dropout, InstanceNoise),
    *(AvgPool2d, Upsample2d, AvgPool1d, Upsample1d, BilinearDown2d, BilinearUp2d),
    *(PhaseShuffle, Translate, Cutout, ColourJitter),
)


def follows(layer: Layer, kind: type[Kind]) -> TypeGuard[Kind]:
    """True if the layer is of this kind, and its passes are those of the kind."""
    mine = type(layer)
    return issubclass(mine, kind) and all(
        getattr(mine, name) is getattr(kind, name)
        for name in ("backward", "tangent", "tangent_backward")
    )


def is_affine(layer: Layer) -> TypeGuard[Affine]:
    """True for an affine layer whose reversed tangent is that of `Affine`: dx does not
    depend on dy_dot.
    """
    mine = type(layer)
    return issubclass(mine, Affine) and all(
        getattr(mine, name) is getattr(Affine, name)
        for name in ("backward", "tangent_backward")
    )


def is_piecewise_linear(layer: Layer) -> bool:
    """True for an activation with f'' = 0: its slope does not depend on x."""
    kind = type(layer)
    return (
        issubclass(kind, Activation)
        and kind.curvature is Activation.curvature
        and kind.tangent_backward is Activation.tangent_backward
    )


def has_branches(layer: Layer) -> TypeGuard[Fade | Residual]:
    """True for a layer that adds two others up, which `branches_of` names."""
    return follows(layer, Fade) or follows(layer, Residual)


def separate(D) -> bool:
    """True if D gives each sample one logit, and it depends on this sample alone. Of
    layers by users only activations are trusted.
    """

    def trusted(layer):
        if follows(layer, Several):  # what takes integers is not to learn anything
            pairs = zip(layer.layers, layer.numbers, strict=True)
            fits = all(numbers or not learns(child) for child, numbers in pairs)
        else:
            fits = any(follows(layer, kind) for kind in CONTAINERS)
        if fits:
            return all(trusted(child) for _, child in layer.children())
        return type(layer) in SEPARATE or follows(layer, Activation)

    return hasattr(D, "tree") and D.out_shape == (1,) and trusted(D.tree)
