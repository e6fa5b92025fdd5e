"""p(z): the distribution of the latents that a generator starts from."""

import dataclasses

import numpy as np

from ..errors import instance, number, one_of, whole


@dataclasses.dataclass(frozen=True)
class Latent:
    """p(z): `dim` independent numbers, N(0, scale^2), or uniform on [-scale, scale].

    Raises InputError for another kind, and unless dim >= 1 and scale > 0.
    """

    dim: int
    kind: str = "normal"
    scale: float = 1.0

    def __post_init__(self):
        one_of("Latent", "kind", self.kind, ("normal", "uniform"))
        dim, scale = (
            whole(self, "dim >= 1", self.dim),
            number(self, "scale > 0", self.scale),
        )
        object.__setattr__(self, "dim", dim)
        object.__setattr__(self, "scale", scale)

    @property
    def shape(self) -> tuple[int]:
        """The shape of one z: (dim,)."""
        return (self.dim,)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n latents as float32, (n, dim), on the host."""
        whole(self, "n >= 0", n)
        instance(self, "rng", rng, np.random.Generator, "np.random.default_rng(0)")
        if self.kind == "normal":
            z = rng.standard_normal((n, self.dim), dtype=np.float32)
        else:
            z = 2 * rng.random((n, self.dim), dtype=np.float32) - 1
        return self.scale * z


@dataclasses.dataclass(frozen=True)
class Uniform(Latent):
    """`dim` independent numbers, uniform on [0, 1): each decides one draw of a sample
    that is drawn place by place. InputError unless dim >= 1.
    """

    def draw(self, n, rng):
        """(n, dim) as float32, on the host."""
        whole(self, "n >= 0", n)
        instance(self, "rng", rng, np.random.Generator, "np.random.default_rng(0)")
        return rng.random((n, self.dim), dtype=np.float32)
