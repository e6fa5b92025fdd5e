"""The server of the laboratory: who may ask it, where it listens, how it ends."""

import base64
import contextlib
import functools
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tinygan import InputError
from tinygan.cli.arguments import main

pytest.importorskip("bokeh", reason="the extra lab is not installed")

from serving import served

from tinygan.lab.gamepage import GamePage
from tinygan.lab.listening import address_of, listening, names_of
from tinygan.lab.server import Laboratory


@pytest.fixture(scope="module")
def address():
    with served() as (_, address):
        yield address


def asked(address: str, path: str = "/", **headers) -> tuple[int, dict, str]:
    """The status, the headers and the text of an answer to GET."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    with contextlib.closing(connection):
        names = {k.replace("_", "-"): v for k, v in headers.items()}
        connection.putrequest("GET", path, skip_host="Host" in names)
        for name, value in names.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = b"" if answer.status == 101 else answer.read()
        return answer.status, dict(answer.getheaders()), body.decode("utf-8")


@functools.cache
def token(address: str) -> str:
    return re.search(r'"token":"([^"]+)"', asked(address)[2])[1]


def handshake(address: str, **headers) -> int:
    """The status of an attempt to open the websocket, which drives the game."""
    key = base64.b64encode(os.urandom(16)).decode("ascii")
    status, _, _ = asked(
        address,
        "/ws",
        Upgrade="websocket",
        Connection="Upgrade",
        Sec_WebSocket_Key=key,
        Sec_WebSocket_Version="13",
        Sec_WebSocket_Protocol=f"bokeh, {token(address)}",
        **headers,
    )
    return status


def test_the_page_is_served_and_loads_nothing_from_elsewhere(address):
    status, headers, page = asked(address)
    assert status == 200 and "The laboratory of tinygan" in page
    sources = re.findall(r"""(?:src|href)\s*=\s*["']([^"']+)""", page)
    assert len(sources) == 2 and all(s.startswith("/static/js/") for s in sources)
    assert not re.search(r"https?://|@import|url\(", page)
    for source in sources:
        assert asked(address, source)[0] == 200
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"


def test_the_scripts_are_its_own_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("BOKEH_RESOURCES", "cdn")
    monkeypatch.setenv("BOKEH_ALLOW_WS_ORIGIN", "*")
    with served() as (_, address):
        assert "cdn.bokeh.org" not in asked(address)[2]
        assert handshake(address, Origin="http://evil.example") == 403
        assert handshake(address, Origin=address.rstrip("/")) == 101


def test_the_websocket_opens_for_its_own_page_alone(address):
    port = urlsplit(address).port
    for own in (address.rstrip("/"), f"http://localhost:{port}"):
        assert handshake(address, Origin=own) == 101
    for foreign in (
        "http://evil.example",
        f"http://evil.example:{port}",
        f"https://127.0.0.1:{port}",
        "http://127.0.0.1",
        f"http://127.0.0.1:{port + 1}",
        f"http://127.0.0.1:{port}.evil.example",
        "null",
        "file://",
    ):
        assert handshake(address, Origin=foreign) == 403, foreign


@pytest.mark.parametrize(
    "path", ["/", "/ws", "/metadata", "/autoload.js?bokeh-autoload-element=a"]
)
def test_other_sites_get_nothing(address, path):
    port = urlsplit(address).port
    for headers in (
        {"Origin": "http://evil.example"},
        {"Host": "evil.example"},
        {"Host": f"evil.example:{port}"},  # a name that leads to 127.0.0.1
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "iframe"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "script"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Dest": "empty"},
    ):
        assert asked(address, path, **headers)[0] == 403, headers


def test_a_link_from_another_page_may_be_followed(address):
    headers = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "document"}
    assert asked(address, **headers)[0] == 200


def test_it_listens_on_loopback_alone():
    own = listening("127.0.0.1", 0)
    with own:
        host, port = own.getsockname()
        assert host == "127.0.0.1"
        if sys.platform == "linux":  # which has all of 127.0.0.0/8
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", port), timeout=5)
        with pytest.raises(InputError, match="cannot listen there"):
            listening("127.0.0.1", port)


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is Linux's")
def test_it_listens_elsewhere_if_that_is_asked_for():
    own = listening("127.0.0.2")
    port = own.getsockname()[1]
    laboratory = Laboratory(own, "127.0.0.2")
    try:
        assert address_of("127.0.0.2", port) == f"http://127.0.0.2:{port}/"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        socket.create_connection(("127.0.0.2", port), timeout=5).close()
    finally:
        laboratory.server.unlisten()


def test_the_names_under_which_it_may_be_asked():
    assert names_of("127.0.0.1", 7) == {"127.0.0.1:7", "localhost:7"}
    assert names_of("Box.example", 7) == {"box.example:7"}
    assert names_of("::1", 7) == {"[::1]:7"}
    assert address_of("::1", 7) == "http://[::1]:7/"


def test_a_port_can_be_chosen():
    with listening("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    with served("--port", port) as (_, address):
        assert urlsplit(address).port == port


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_cleanly(number):
    with served() as (process, address):
        assert asked(address)[0] == 200
        process.send_signal(getattr(signal, number))
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "the laboratory is closed\n", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host", "0.0.0.0"], "expected one address of this machine"),
        (["--host", "0"], "expected one address of this machine"),
        (["--host", "::"], "expected one address of this machine"),
        (["--host", "no such host"], "--host no such host: cannot listen there"),
        (["no/such/run"], "no/such/run"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, sentence, capsys):
    assert main(["lab", "--no-browser", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and sentence in err and len(err.splitlines()) == 1


def test_a_port_out_of_range_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["lab", "--port", "65536"])
    assert ended.value.code == 2
    assert "at most 65535" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["bokeh", "bokeh.server"])  # or a part of it
def test_without_bokeh_the_sentence_names_the_extra(missing):
    code = (
        f"import sys; sys.modules[{missing!r}] = None; from tinygan.cli import main; "
        "sys.exit(main(['lab', '--no-browser']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert 'try pip install "tinygan[lab]"' in done.stderr


def test_a_picture_that_is_late_comes_when_the_browser_has_shown_the_last_one():
    """Otherwise each picture would wait for a whole beat more."""
    page = GamePage()
    page.on_play()
    page.tick()
    drawn = page.pictures
    page.tick()  # the browser is busy
    assert page.pictures == drawn
    page.on_shown(None, None, None)
    assert page.pictures == drawn + 1
    page.on_shown(None, None, None)  # nothing is due
    assert page.pictures == drawn + 1
