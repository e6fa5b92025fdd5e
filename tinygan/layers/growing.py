"""Networks that grow: a small picture first, then one level of detail after another.

A level l works on pictures twice as large as those of level l - 1. All levels are parts
of one network, which has one theta from the start, and a level uses a part of it. Block
B_l serves its own level and all later ones. Only the layers between features and
pixels (to-RGB, from-RGB) serve a single level, and the fade from it to the next.
"""

from collections.abc import Callable, Sequence

from ..errors import InputError, number, shown, whole
from ..guard.layers import built, fits
from .base import Layer, a_layer, each_once
from .combine import Sequential
from .fade import Fade
from .resample import AvgPool2d, Upsample2d


class Growing(Layer):
    """y = f_l(x), where f_l is the network of the present level l

    While level l is new, f_l holds a `Fade` between the ends of level l - 1 and its
    own. `grow` sets l and alpha. Both are layer state, so that a checkpoint holds them.
    A new network has its last level, and alpha = 1.

    A growing network is the whole tree of a Net. The Net's in_shape and out_shape are
    those of the present level. A subclass makes the levels of `blocks`, one for each
    level, and of `ends`, the layers between features and pixels.

    Raises InputError unless there are as many ends as blocks, one or more, and
    ShapeError, naming the layer, when built where they do not fit together.
    """

    divisible = True
    end = "end"  # what the subclass calls a layer between features and pixels

    def __init__(self, blocks: Sequence[Layer], ends: Sequence[Layer]):
        for given in (blocks, ends):
            if not isinstance(given, list | tuple):
                raise InputError(
                    f"{type(self).__name__} expects lists of layers, got {shown(given)}"
                )
        self.blocks = tuple(a_layer(self, layer) for layer in blocks)
        self.ends = tuple(a_layer(self, layer) for layer in ends)
        if not len(blocks) == len(ends) >= 1:
            raise InputError(
                f"{type(self).__name__} expects one {self.end} for each block, got "
                f"{len(blocks)} blocks and {len(ends)} of {self.end}"
            )
        self.levels = len(self.blocks)  # 0, 1 ... levels - 1
        self.fades: dict[int, Fade] = {}  # of level 1 and all later ones
        self.networks: dict[tuple[int, int], Layer] = {}  # (l, fading or not): f_l

    def children(self):
        # In this order the part of theta that a level uses is nearly in one piece.
        ends = [(f"rgb{i}", layer) for i, layer in enumerate(self.ends)]
        blocks = [(f"block{i}", layer) for i, layer in enumerate(self.blocks)]
        fades = [(f"fade{i}", fade) for i, fade in self.fades.items()]
        return (*reversed(ends), *blocks, *fades)

    def fit(self, in_shapes: list) -> tuple:
        """Build all levels, each on its in_shape; return the last level's out_shape."""
        self.in_shapes, self.out_shapes = in_shapes, []
        for level, in_shape in enumerate(in_shapes):
            if level > 0:
                built(self.networks[level, 1], in_shape)
            self.out_shapes.append(built(self.networks[level, 0], in_shape))
            fits(self, in_shape, self.out_shapes[-1])
        return self.out_shapes[-1]

    def init(self, rng):
        self.state = {"level": self.levels - 1, "fading": 0}

    @property
    def level(self) -> int:
        """The present level, from 0."""
        return self.state.get("level", self.levels - 1)

    @property
    def fading(self) -> bool:
        """True while the level below counts: alpha < 1."""
        return bool(self.state.get("fading", 0))

    @property
    def now(self) -> tuple[int, int]:
        """(level, fading): which network f_l is."""
        return self.level, int(self.fading)

    def used(self) -> list[Layer]:
        """The layers of the present level, each once, with the containers."""
        return [layer for _, layer in each_once(self.networks[self.now])]

    def grow(self, level: int, alpha: float = 1.0) -> None:
        """Go to this level, which counts by alpha, and the one below by 1 - alpha.

        InputError unless 0 <= level < levels and 0 <= alpha <= 1; level 0 has alpha 1.
        """
        level = whole(self, "level >= 0", level)
        alpha = number(self, "0 <= alpha <= 1", alpha)
        if level >= self.levels or (level == 0 and alpha < 1):
            raise InputError(
                f"{type(self).__name__} expects a level below {self.levels}, and alpha "
                f"1 at level 0, got level {level} and alpha {alpha:g}"
            )
        if level > 0:
            self.fades[level].set(alpha)
        self.state["level"], self.state["fading"] = level, int(alpha < 1)

    # The passes of f_l. The cache says which f_l, for the network may grow meanwhile.

    def forward(self, x, train=True):
        y, cache = self.networks[self.now].forward(x, train)  # eq: growing
        return y, (self.now, cache)

    def backward(self, dy, cache, param_grads=True):
        which, c = cache
        return self.networks[which].backward(dy, c, param_grads)

    def backward_weights(self, dy, cache):
        which, c = cache
        self.networks[which].backward_weights(dy, c)

    def tangent(self, x_dot, cache):
        which, c = cache
        return self.networks[which].tangent(x_dot, c)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        which, c = cache
        return self.networks[which].tangent_backward(dy, dy_dot, c, cache_dot)

    def __repr__(self):
        return f"{type(self).__name__}({len(self.blocks)} levels)"


class GrowingGenerator(Growing):
    """x = R_l(h_l), h_l = B_l(h_{l-1}), h_0 = B_0(z)

    While level l fades in,

        x = (1 - alpha) up(R_{l-1}(h_{l-1})) + alpha R_l(B_l(h_{l-1}))

    B_0 maps z to features (H, W, C), and each further block doubles H and W. R_l is
    to_rgb[l], from features to pixels. `up` makes a layer that doubles a picture; at
    alpha = 0 the picture is that of level l - 1, in blocks of 2x2 pixels.
    Source: Karras et al. 2018, fig. 2.
    """

    end = "to_rgb"

    def __init__(
        self,
        blocks: Sequence[Layer],
        to_rgb: Sequence[Layer],
        up: Callable[[], Layer] = Upsample2d,
    ):
        super().__init__(blocks, to_rgb)
        B, R = self.blocks, self.ends
        for level in range(self.levels):
            self.networks[level, 0] = Sequential(*B[: level + 1], R[level])
            if level > 0:
                old, new = (
                    Sequential(R[level - 1], up()),
                    Sequential(B[level], R[level]),
                )
                fade = self.fades[level] = Fade(old, new)
                self.networks[level, 1] = Sequential(*B[:level], fade)

    def build(self, in_shape):
        return self.fit([in_shape] * self.levels)


class GrowingDiscriminator(Growing):
    """s = B_0(h_0), h_{l-1} = B_l(h_l), h_l = F_l(x)

    While level l fades in,

        h_{l-1} = (1 - alpha) F_{l-1}(down(x)) + alpha B_l(F_l(x))

    F_l is from_rgb[l], from pixels to features. Each block above B_0 halves H and W,
    and B_0 ends in the logit. `down` makes a layer that halves a picture by averaging.
    `first`, if there is one, sees the pictures of every level before all other layers.
    Source: Karras et al. 2018, fig. 2.
    """

    end = "from_rgb"

    def __init__(
        self,
        blocks: Sequence[Layer],
        from_rgb: Sequence[Layer],
        down: Callable[[], Layer] = AvgPool2d,
        first: Layer | None = None,
    ):
        super().__init__(blocks, from_rgb)
        self.make_down, self.down = down, dict[int, Layer]()
        self.first = () if first is None else (a_layer(self, first),)
        B, F = self.blocks, self.ends
        for level in range(self.levels):
            rest = B[:level][::-1]  # B_{l-1}, ..., B_0
            self.networks[level, 0] = Sequential(*self.first, F[level], B[level], *rest)
            if level > 0:
                self.down[level] = down()
                old = Sequential(self.down[level], F[level - 1])
                new = Sequential(F[level], B[level])
                fade = self.fades[level] = Fade(old, new)
                self.networks[level, 1] = Sequential(*self.first, fade, *rest)

    def behind(self, first: Layer) -> "GrowingDiscriminator":
        """This discriminator, of the same layers, behind a first layer."""
        return GrowingDiscriminator(
            self.blocks, self.ends, self.make_down, Sequential(first, *self.first)
        )

    def children(self):
        return (*(("first", layer) for layer in self.first), *super().children())

    def build(self, in_shape):
        in_shapes = [in_shape]
        for level in range(self.levels - 1, 0, -1):
            in_shapes.insert(0, built(self.down[level], in_shapes[0]))
        return self.fit(in_shapes)
