"""The command `tinygan lab`: a page on which a game is played live."""

import functools
import gc
import threading
import webbrowser

from ..backend import NUMPY
from ..errors import InputError, one_line
from . import compare, folders
from .terminal import say


def lab(args) -> int:
    """Serve the laboratory until Ctrl-C; InputError if it cannot be served, or if the
    run cannot be read.
    """
    walk = None if args.folder is None else _walk(args)
    laboratory = _room().Laboratory(walk, args.host, args.port)
    with NUMPY.computing(1):  # the other cores are the browser's
        laboratory.run(functools.partial(_ready, browser=args.browser))
    say("the laboratory is closed")
    return 0


def _room():
    """The module tinygan.lab.server. InputError if Bokeh is not installed."""
    gc.disable()  # Bokeh makes thousands of objects that stay: a fifth of its import
    try:
        from ..lab import server
    except ImportError as e:
        raise InputError(
            f"the laboratory needs Bokeh, which cannot be used ({one_line(str(e))}); "
            'try pip install "tinygan[lab]"'
        ) from e
    finally:
        gc.enable()
    return server


def _walk(args):
    """A function that makes a new walk through the latents of the run."""
    folder, experiment, module, backend = folders.trained(args)

    def walk():
        from .. import recipes
        from ..lab.walk import Walk

        with recipes.blamed(module):
            compare.meaning_of_words(experiment, folder)
            return Walk(experiment, folder, backend)

    return walk


def _ready(address: str, browser: bool) -> None:
    say(f"the laboratory is at {address} (Ctrl-C closes it)")
    if browser:  # some browsers return only when they are closed
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
