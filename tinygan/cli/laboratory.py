"""The command `tinygan lab`: a page on which a game is played live."""

import gc
import importlib.util
import threading
import webbrowser

from ..errors import InputError, one_line
from . import compare, folders
from .terminal import say


def lab(args) -> int:
    """Serve the laboratory until Ctrl-C; InputError if it cannot be served, or if the
    run cannot be read.

    The browser is opened first. It waits at the socket while Bokeh is imported.
    """
    from ..backend import NUMPY
    from ..lab.listening import address_of, listening

    walk = None if args.folder is None else _walk(args)
    if importlib.util.find_spec("bokeh") is None:
        raise _missing("it is not installed")
    with listening(args.host, args.port) as own:
        address = address_of(args.host, own.getsockname()[1])
        say(f"the laboratory is at {address} (Ctrl-C closes it)")
        if args.browser:
            _open(address)
        laboratory = _room().Laboratory(own, args.host, walk)
        with NUMPY.computing(1):  # the other cores are the browser's
            laboratory.run()
    say("the laboratory is closed")
    return 0


def _open(address: str) -> None:
    """Open the browser, by a thread: some return only when they are closed."""
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _room():
    """The module tinygan.lab.server. InputError if Bokeh cannot be imported."""
    gc.disable()  # Bokeh makes thousands of objects that stay: a fifth of its import
    try:
        from ..lab import server
    except ImportError as e:
        raise _missing(one_line(str(e))) from e
    finally:
        gc.enable()
    return server


def _missing(why: str) -> InputError:
    return InputError(
        f"the laboratory needs Bokeh, which cannot be used ({why}); "
        'try pip install "tinygan[lab]"'
    )


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
