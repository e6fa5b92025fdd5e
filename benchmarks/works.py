"""The works: the networks that are timed, for every library side by side.

A new work is a subclass of `Work` (work.py) in `KINDS`, with an entry in `GANS` or
`LIKELIHOODS` if `benchmarks.step` should time it. The networks that grow are in
progan.py, those of sounds in wavegan.py, those of texts in textgan.py, and the
likelihood models in likely.py.
"""

import dataclasses
from typing import ClassVar

from tinygan import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    LeakyReLU,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
)

from .likely import GruLines, Made, PixelCnn, Vae
from .progan import ProGan
from .textgan import TextGan
from .wavegan import WaveGan
from .work import Work, reshapes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mlp(Work):
    """Two hidden layers of `width`, 2-D data and 2-D noise."""

    width: int = 128
    batch: int = 256
    latent = sample = (2,)

    @property
    def title(self):
        return f"MLP GAN on 2-D data, 2-{self.width}-{self.width}"

    def tinygan(self):
        def mlp(n_out):
            first = (Dense(self.width), LeakyReLU(0.2))
            second = (Dense(self.width), LeakyReLU(0.2))
            return Sequential(*first, *second, Dense(n_out))

        return mlp(2), mlp(1)

    def torch(self, nn):
        n = self.width

        def mlp(n_out):
            first = (nn.Linear(2, n), nn.LeakyReLU(0.2, inplace=True))
            second = (nn.Linear(n, n), nn.LeakyReLU(0.2, inplace=True))
            return nn.Sequential(*first, *second, nn.Linear(n, n_out))

        return mlp(2), mlp(1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dcgan(Work):
    """The DCGAN of Radford et al. 2016: `side` halves down to 4, or to an odd number.

    There are `width` channels next to the image, and twice as many after every halving.
    D's first layer and G's last have no BatchNorm.
    """

    side: int = 64
    colours: int = 3
    width: int = 64
    batch: int = 64
    latent = (100,)
    critic_norm: ClassVar[bool] = True  # BatchNorm in D

    @property
    def title(self):
        chain = "-".join(map(str, (self.colours, *self.channels)))
        return f"DCGAN {self.side}x{self.side}, {chain}"

    @property
    def sample(self):
        return (self.side, self.side, self.colours)

    @property
    def channels(self) -> list[int]:
        """Channels of D's convolutions, from the image inwards; G's are reversed."""
        side, channels = self.side, []
        while side > 4 and side % 2 == 0:
            side //= 2
            channels.append(self.width * 2 ** len(channels))
        return channels

    @property
    def inner(self) -> tuple[int, int, int]:
        """The shape of D's last feature map, and of G's first."""
        channels = self.channels
        side = self.side // 2 ** len(channels)
        return (side, side, channels[-1])

    def tinygan(self):
        *outer, C = self.channels
        H, W, _ = self.inner
        G = [Dense(H * W * C, bias=False), Reshape(H, W, C), BatchNorm(), ReLU()]
        for n in reversed(outer):
            G += [ConvTranspose2d(n, 4, 2, 1, bias=False), BatchNorm(), ReLU()]
        G += [ConvTranspose2d(self.colours, 4, 2, 1), Tanh()]
        norm = self.critic_norm
        D = [Conv2d(self.width, 4, 2, 1), LeakyReLU(0.2)]
        for n in self.channels[1:]:
            D += [Conv2d(n, 4, 2, 1, bias=not norm), *([BatchNorm()] if norm else [])]
            D += [LeakyReLU(0.2)]
        D += [Flatten(), Dense(1)]
        return Sequential(*G), Sequential(*D)

    def torch(self, nn):
        to_image, to_row = reshapes(nn)
        *outer, C = self.channels
        H, W, _ = self.inner
        G = [nn.Linear(100, H * W * C, bias=False), to_image(H, W, C)]
        G += [nn.BatchNorm2d(C), nn.ReLU(inplace=True)]
        for n in reversed(outer):
            G += [nn.ConvTranspose2d(2 * n, n, 4, 2, 1, bias=False)]
            G += [nn.BatchNorm2d(n), nn.ReLU(inplace=True)]
        G += [nn.ConvTranspose2d(self.width, self.colours, 4, 2, 1), nn.Tanh()]
        norm = self.critic_norm
        D = [nn.Conv2d(self.colours, self.width, 4, 2, 1)]
        D += [nn.LeakyReLU(0.2, inplace=True)]
        for n in self.channels[1:]:
            D += [nn.Conv2d(n // 2, n, 4, 2, 1, bias=not norm)]
            D += [*([nn.BatchNorm2d(n)] if norm else [])]
            D += [nn.LeakyReLU(0.2, inplace=True)]
        D += [to_row(), nn.Linear(H * W * C, 1)]
        return nn.Sequential(*G), nn.Sequential(*D)


@dataclasses.dataclass(frozen=True, kw_only=True)
class WganGp(Dcgan):
    """The critic's step alone, with a gradient penalty, so D has no BatchNorm."""

    game = "critic"
    critic_norm = False

    @property
    def title(self):
        return super().title.replace("DCGAN", "WGAN-GP critic")


EVERY = Mlp, Dcgan, WganGp, ProGan, WaveGan, TextGan, Vae, Made, PixelCnn, GruLines
KINDS = {kind.__name__: kind for kind in EVERY}
GROWING = {  # the recipe progan-faces at each level, and half way into the last
    **{f"progan{4 << level}": ProGan(level=level) for level in range(4)},
    "progan32-fade": ProGan(level=3, alpha=0.5),
}
GANS = {
    "mlp": Mlp(),
    "dcgan28": Dcgan(side=28, colours=1),
    "wgangp28": WganGp(side=28, colours=1),
    "dcgan64": Dcgan(),
    **GROWING,
    "wavegan": WaveGan(widths=(128, 64, 32, 16)),
    "wavegan-half": WaveGan(widths=(64, 32, 16, 8)),
    "text-names": TextGan(),
}
LIKELIHOODS = {
    "vae": Vae(),
    "made": Made(),
    "pixelcnn": PixelCnn(),
    "gru": GruLines(),
}
WORKS = GANS | LIKELIHOODS


def make(spec: dict) -> Work:
    """The work with this `spec()`."""
    return KINDS[spec["kind"]](**{k: v for k, v in spec.items() if k != "kind"})
