"""The server of the laboratory: who may ask it, and its end.

A page of another site cannot drive the laboratory. A browser names the page that asks,
in the header Origin or by Sec-Fetch-Site, and `Doorkeeper` refuses all pages but the
laboratory's own. A request under another name (Host) is refused, too: so a stranger's
name that leads to this machine opens nothing. No page may show the laboratory inside
itself.
"""

import contextlib
import logging
import signal
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from bokeh.resources import Resources
from bokeh.server.auth_provider import AuthProvider
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from bokeh.server.views.static_handler import StaticHandler
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import HTTPError

from .listening import names_of
from .page import Page
from .walk import Walk


class Doorkeeper(AuthProvider):
    """Answers to the laboratory's own page alone: others get status 403.

    names: the HOST:PORT under which the page may be asked for
    """

    def __init__(self, names: set[str]):
        self.names = names
        super().__init__()

    @property
    def get_user_async(self):
        """A function that returns the user of a request. Bokeh calls it first of all,
        for the page, its scripts and its websocket alike.
        """
        return self.admit

    @property
    def login_url(self) -> str:
        """Nobody is sent there: whoever may ask is a user."""
        return "/"

    async def admit(self, handler) -> str:
        """The user, for a request of the laboratory's own page. Raises HTTPError 403
        for any other.
        """
        headers = handler.request.headers
        origin = headers.get("Origin")
        is_page = headers.get("Sec-Fetch-Dest", "document") == "document"
        site = headers.get("Sec-Fetch-Site", "none")
        if (
            headers.get("Host", "").lower() not in self.names
            or (origin is not None and not self._is_own(origin))
            or not (site in ("none", "same-origin") or is_page)
        ):
            raise HTTPError(403, reason="this page is not the laboratory's own")
        handler.set_header("Content-Security-Policy", "frame-ancestors 'none'")
        handler.set_header("X-Frame-Options", "DENY")
        return "user"

    def _is_own(self, origin: str) -> bool:
        parts = urlsplit(origin)
        return parts.scheme == "http" and parts.netloc.lower() in self.names


class _App(BokehTornado):
    def resources(self, absolute_url=None) -> Resources:
        """The two scripts that the page needs, from this server alone."""
        return Resources(
            mode="server",
            root_url="/",
            path_versioner=StaticHandler.append_version,
            components=["bokeh", "bokeh-widgets"],
        )


class Laboratory:
    """The server on a socket that listens at `host`. `run` serves until it is stopped.

    walk: makes the `Walk` of the user's run, or is None
    """

    def __init__(
        self, own: socket.socket, host: str, walk: Callable[[], Walk] | None = None
    ):
        own.setblocking(False)
        names = names_of(host, own.getsockname()[1])
        self.loop = IOLoop.current()
        self.walk = walk
        self.spare: Page | None = None
        app = _App(
            self.begin,
            extra_websocket_origins=sorted(names),
            auth_provider=Doorkeeper(names),
            include_headers=[],
            include_cookies=[],
            log_function=lambda handler: None,
        )
        http = HTTPServer(app)
        http.add_socket(own)
        self.server = BaseServer(self.loop, app, http)

    def run(self) -> None:
        """Serve until Ctrl-C or SIGTERM."""
        # a window that was closed while a picture was on its way is no fault
        logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)
        self.server.start()
        self.loop.add_callback(self.prepare)
        with _ended_by(self.stop):
            self.loop.start()
        self.server.stop(wait=False)

    def prepare(self) -> None:
        """Make a page, while the browser starts: the first picture is there sooner."""
        self.spare = Page(self.walk)

    def begin(self, doc) -> None:
        """Begin a page for a new window of a browser."""
        page, self.spare = self.spare or Page(self.walk), None
        page.show(doc)

    def stop(self) -> None:
        """End `run`, from a signal or from another thread."""
        self.loop.add_callback(self.loop.stop)


@contextlib.contextmanager
def _ended_by(stop: Callable[[], None]):
    """Within this context Ctrl-C and SIGTERM call `stop`."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    old = [signal.signal(n, lambda *_: stop()) for n in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, old, strict=True):
            signal.signal(number, handler)
