"""The options of each command: `train(sub)` adds the options of `tinygan train`."""

from ..layers.augment import KINDS
from .values import (
    black_and_white,
    kinds,
    name,
    natural,
    path,
    port,
    positive,
    rate,
    template,
    turns,
)

DATA = (
    "a folder or zip of pictures or of sounds (class folders give labels), IDX files, "
    ".npy, .npz, CIFAR, SVHN .mat, pictures with captions, or a text file in UTF-8"
)


def train(sub) -> None:
    """The options of `tinygan train`."""
    sub.add_argument(
        "recipe",
        nargs="?",
        type=name,
        metavar="RECIPE",
        help="a name that `tinygan recipes` lists, or a Python file (dcgan-digits)",
    )
    sub.add_argument("--steps", type=turns, help="turns of the game")
    sub.add_argument("--batch", type=positive, help="samples per step")
    sub.add_argument("--seed", type=natural, help="seed of everything random")
    sub.add_argument("--lr", type=rate, help="learning rate (of G, if D has another)")
    sub.add_argument(
        "--data",
        type=name,
        metavar="PATH",
        help=f"{DATA}; tinygan data PATH tells what it holds. Without a RECIPE, "
        "pictures or class-pictures is taken, wavegan-digits or cwavegan-digits, or "
        "text-lines",
    )
    _reading_arguments(sub)
    sub.add_argument(
        "--images",
        type=positive,
        help="of networks that grow: real pictures shown at the last level",
    )
    sub.add_argument(
        "--beta", type=rate, help="of a VAE: the weight of the KL in the ELBO (1)"
    )
    sub.add_argument(
        "--augment",
        type=kinds,
        nargs="?",
        const=tuple(KINDS),
        metavar="KINDS",
        help="D sees every picture, real or not, changed at random, for small sets of "
        f"pictures: {','.join(KINDS)} (all), or some of them",
    )
    sub.add_argument("--out", type=name, help="the run's folder (runs/RECIPE)")
    sub.add_argument(
        "--resume",
        type=name,
        metavar="RUN",
        help="go on with the run in this folder; --steps, --lr, --data, --array, "
        "--cores and --backend may change",
    )
    sub.add_argument(
        "--cores",
        type=positive,
        help="cores to use (all for large networks, fewer for small ones)",
    )
    sub.add_argument(
        "--no-graph",
        dest="graph",
        action="store_false",
        help="on a GPU, launch every kernel of a turn by itself; by default a turn is "
        "one CUDA graph, where that is possible",
    )
    sub.add_argument("--quiet", action="store_true", help="no progress bar")
    _backend_argument(sub)
    _run_arguments(sub)


def sample(sub) -> None:
    """The options of `tinygan sample`."""
    sub.add_argument("folder", type=name, metavar="RUN", help="the folder of a run")
    sub.add_argument("--n", type=positive, default=64, help="number of samples (64)")
    sub.add_argument("--seed", type=natural, default=0, help="seed of z (0)")
    which = sub.add_mutually_exclusive_group()
    which.add_argument(
        "--label",
        type=name,
        metavar="K",
        help="samples of class K, a number or a name, if the run has classes",
    )
    which.add_argument(
        "--text", metavar="SENTENCE", help="samples that this sentence describes"
    )
    which.add_argument(
        "--grid",
        action="store_true",
        help="each row has one class or sentence, each column one z",
    )
    sub.add_argument(
        "--to", metavar="SENTENCE", help="from --text to this sentence, one z per row"
    )
    _data_argument(sub)
    sub.add_argument(
        "--out",
        type=path,
        help="a .png picture, or the samples as .npy or .npz (RUN/generated.png); of "
        "sounds also .wav, .html with players, or a folder, a WAV file for each",
    )
    _backend_argument(sub)
    _run_arguments(sub)


def evaluate(sub) -> None:
    """The options of `tinygan evaluate`."""
    sub.add_argument("folder", type=name, metavar="RUN", help="the folder of a run")
    sub.add_argument(
        "--n", type=positive, default=2500, help="number of samples, 20 or more (2500)"
    )
    sub.add_argument(
        "--seed", type=natural, default=0, help="seed of z and of all choices (0)"
    )
    _data_argument(sub)
    sub.add_argument(
        "--out", type=path, help="also write the results to this file as JSON"
    )
    _backend_argument(sub)
    _run_arguments(sub)


def report(sub) -> None:
    """The options of `tinygan report`."""
    sub.add_argument(
        "folders",
        nargs="+",
        type=name,
        metavar="RUN",
        help="the folder of a run; several are shown side by side, on the same scales",
    )
    sub.add_argument(
        "--out",
        type=path,
        metavar="FILE.html",
        help="write this file (report.html: of one run in its folder, of several here)",
    )


def data(sub) -> None:
    """The options of `tinygan data`."""
    sub.add_argument("path", type=name, metavar="PATH", help=f"the data: {DATA}")
    _reading_arguments(sub)
    sub.add_argument(
        "--out",
        type=path,
        help="draw some of the images or sounds into this .png picture (data.png)",
    )


def _reading_arguments(sub) -> None:
    """How `--data` become images or sounds."""
    sub.add_argument(
        "--size",
        type=positive,
        help="crop the middle square of each picture and scale it to SIZE x SIZE; cut "
        "or pad each sound to SIZE samples, and each line of text to SIZE characters",
    )
    sub.add_argument(
        "--channels",
        type=natural,
        choices=(1, 3, 4),
        help="1: grey, 3: colour, 4: colour with transparency (as the data are)",
    )
    sub.add_argument(
        "--array", metavar="NAME", help="the array to take from a .npz file"
    )
    sub.add_argument(
        "--range",
        type=black_and_white,
        metavar="LOW,HIGH",
        help="the numbers that are black and white, as in --range 0,16",
    )
    sub.add_argument(
        "--labels",
        type=template,
        metavar="TEMPLATE",
        help='the classes of sounds by their names, as in --labels "{label}_*_*"',
    )


def check(sub) -> None:
    """The options of `tinygan check`."""
    sub.add_argument(
        "file",
        nargs="?",
        type=name,
        metavar="FILE",
        help="a Python file with layers, objectives ... or with a recipe, or the name "
        "of a recipe; without FILE, everything that tinygan brings",
    )
    sub.add_argument("--seed", type=natural, default=0, help="seed of the draws (0)")
    sub.add_argument(
        "--thorough",
        action="store_true",
        help="try many more cases, which takes longer",
    )
    sub.add_argument(
        "--finite", action="store_true", help="use finite differences only, to 1e-6"
    )
    sub.add_argument(
        "--plain",
        action="store_true",
        help="check the plain code, without its fast twins",
    )
    sub.add_argument(
        "--data",
        type=name,
        metavar="PATH",
        help="the data of the recipe, as `tinygan train` takes them",
    )


def theory(sub) -> None:
    """The options of `tinygan theory`."""
    sub.add_argument(
        "name",
        nargs="?",
        type=name,
        metavar="NAME",
        help="a figure; without NAME, list all figures",
    )
    sub.add_argument("--out", type=path, help="write this .png picture (NAME.png)")
    sub.add_argument("--seed", type=natural, default=0, help="seed of training (0)")


def lab(sub) -> None:
    """The options of `tinygan lab`."""
    sub.add_argument(
        "folder",
        nargs="?",
        type=name,
        metavar="RUN",
        help="the folder of a run, to walk through its latents",
    )
    sub.add_argument(
        "--host",
        type=name,
        default="127.0.0.1",
        help="the address of this machine to listen at, for browsers on other machines "
        "(127.0.0.1, for this machine alone)",
    )
    sub.add_argument(
        "--port", type=port, default=0, help="the port to listen at (any that is free)"
    )
    sub.add_argument(
        "--no-browser",
        dest="browser",
        action="store_false",
        help="open no browser, but print the address",
    )
    _data_argument(sub)
    _backend_argument(sub)
    _run_arguments(sub)


def _data_argument(sub) -> None:
    sub.add_argument(
        "--data",
        type=name,
        metavar="PATH",
        help=f"the new place of the data, if they have moved: {DATA}",
    )


def _backend_argument(sub) -> None:
    sub.add_argument(
        "--backend",
        choices=("numpy", "cupy"),
        help="CPU or GPU (numpy, or that of the run)",
    )


def _run_arguments(sub) -> None:
    """How a run is taken up again, if its recipe or its data are not as they were."""
    sub.add_argument(
        "--with-changes",
        action="store_true",
        help="take the recipe, the checkpoint and the data as they are now",
    )
    sub.add_argument(
        "--as-trained",
        action="store_true",
        help="take the recipe from the run's own copy, even if its file has changed",
    )
    sub.add_argument(
        "--trust",
        action="store_true",
        help="run the recipe of a folder from elsewhere: it is a program",
    )
