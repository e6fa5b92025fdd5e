"""Where the laboratory listens: on loopback, unless another address is asked for.

This needs no Bokeh. So the browser can start, and wait at the socket, while the rest of
the laboratory is still being imported.
"""

import ipaddress
import socket

from ..errors import InputError

LOOPBACK = "127.0.0.1"


def listening(host: str = LOOPBACK, port: int = 0) -> socket.socket:
    """A socket that listens at this host and port; port 0 is any that is free.

    Raises InputError if that cannot be, and for a host that means every address of the
    machine: then no name could be checked.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        own = socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as e:
        why = getattr(e, "strerror", None) or str(e)
        where = f"--host {host} --port {port}" if port else f"--host {host}"
        raise InputError(f"{where}: cannot listen there ({why})") from e
    if ipaddress.ip_address(own.getsockname()[0].partition("%")[0]).is_unspecified:
        own.close()
        raise InputError(
            f"--host {host}: expected one address of this machine, got all of them"
        )
    return own


def address_of(host: str, port: int) -> str:
    """The address of the page that is served at this host and port."""
    return f"http://{_written(host)}:{port}/"


def names_of(host: str, port: int) -> set[str]:
    """The HOST:PORT under which a browser may ask for what listens at `host`."""
    hosts = {LOOPBACK, "localhost"} if host in (LOOPBACK, "localhost") else {host}
    return {f"{_written(h.lower())}:{port}" for h in hosts}


def _written(host: str) -> str:
    """A host as an address has it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host
