"""Your own pictures by class, from class folders or labels, 16x16 to 128x128 (--data).

    tinygan train class-pictures --data FOLDER_OF_CLASS_FOLDERS --size 32
    tinygan sample runs/class-pictures --label cat

The networks are those of the recipe `pictures`. In G the class chooses BatchNorm's
scale and shift. D's logit is psi(h) + <V[y], h>: how real x looks, and how well it fits
the class (Miyato and Koyama 2018). There may be any number of classes. With pictures of
32x32 the run takes ten minutes on one core.
"""

from tinygan import (
    Adam,
    ConditionalBatchNorm,
    Dense,
    Identity,
    NonSaturating,
    Parallel,
    Pick,
    Projection,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
)
from tinygan.data import Labelled
from tinygan.recipes import read_pictures
from tinygan.recipes.pictures import INIT, look, sides, square, up, widths
from tinygan.runs import Classes, Experiment, Latent


def recipe(
    steps=4000,
    batch=64,
    lr=1e-3,
    seed=0,
    data=None,
    size=None,
    channels=None,
    classes=None,
    **reading,
):
    if size is None or channels is None or classes is None:  # as the data are
        data = read_pictures(data, size=size, channels=channels, **reading)
        size, channels = square(data).values()
        classes = list(Labelled(data).images.names)
    first, C = sides(size)[0], widths(size, channels)

    def beside(*layers):
        """(h, y) -> (layers(h), y)"""
        return Parallel(Sequential(*layers), Identity())

    def of_class():
        return ConditionalBatchNorm(gamma_std=0.5)

    G = Sequential(
        beside(
            Dense(first * first * C[0], bias=False, init=INIT),
            Reshape(first, first, C[0]),
        ),
        of_class(),
        *(part for c in C[1:-1] for part in (beside(ReLU(), up(c)), of_class())),
        Pick(0),
        ReLU(),
        up(channels),
        Tanh(),
    )
    D = Sequential(beside(*look(C)), Projection(init=INIT))
    return Experiment(
        G=G,
        D=D,
        shape=(size, size, channels),
        data=lambda: Labelled(
            read_pictures(data, size=size, channels=channels, **reading)
        ),
        condition=Classes(len(classes), classes),
        latent=Latent(64),
        objective=NonSaturating(),
        opt_G=Adam(lr, beta1=0.5),
        opt_D=Adam(lr / 2, beta1=0.5),
        steps=steps,
        batch=batch,
        seed=seed,
        decay=True,
        ema=0.99,
        decided={"size": size, "channels": channels, "classes": classes},
    )
