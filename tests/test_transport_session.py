"""What is only requests': a caller's own session, and the sockets and certificates under our own connections."""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
import requests
import trustme

from notebookgen.credentials import Secret
from notebookgen.errors import AssetRefused, InvalidCall, NotebookgenError, NotSent, ReplyLost
from notebookgen.transport import connections as connections_module
from notebookgen.transport.http import HttpTransport
from notebookgen.wire import HttpRequest
from rawserver import RawServer, reply
from wires import KEY, closed_port, create_of, everything_in, read_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rawserver import Answer, Asked


@contextlib.contextmanager
def talking(answer: Callable[[Asked], Answer]) -> Iterator[tuple[RawServer, HttpTransport]]:
    """Run a server and a transport whose provider it is."""
    with RawServer(answer) as server:
        transport = HttpTransport(Secret(KEY), origin=f"{server.url}/v1")
        try:
            yield server, transport
        finally:
            transport.close()


@pytest.fixture
def authority(tmp_path: Path) -> tuple[str, ssl.SSLContext]:
    """Return the file of a throw-away certificate authority and a server's context signed by it."""
    issuer = trustme.CA()
    bundle = tmp_path / "authority.pem"
    issuer.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("127.0.0.1").configure_cert(context)
    return str(bundle), context


def test_the_bundle_is_read_once(authority: tuple[str, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> None:
    """Five connections of two transports read the CA bundle once."""
    bundle, context = authority
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    loads: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def counting(self: ssl.SSLContext, *args: object, **more: object) -> None:
        loads.append(args)
        load(self, *args, **more)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counting)
    with RawServer(lambda _: reply(b"{}", Connection="close"), tls=context) as server:
        transports = [HttpTransport(Secret(KEY), origin=server.url) for _ in range(2)]
        for transport in transports:
            for _ in range(3):
                transport.send(read_of(f"{server.url}/"))
            transport.close()
    assert (len(server.asked), len(loads)) == (6, 1)


def test_a_callers_session_is_used() -> None:
    """A session given by the caller carries the exchange, once, without its redirects and cookies."""
    used: list[str] = []

    class Noting(requests.adapters.HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *args: object, **more: object) -> requests.Response:
            used.append(str(request.url))
            return super().send(request, *args, **more)  # type: ignore[arg-type]  # passed on as they came

    with RawServer(lambda _: reply(b"{}", "302 Found", Location="/other")) as server, requests.Session() as session:
        session.mount("http://", Noting())
        transport = HttpTransport(Secret(KEY), origin=server.url, session=session)
        assert transport.send(create_of(f"{server.url}/v1/x")).status == 302
        transport.close()
        assert (used, len(server.asked)) == ([f"{server.url}/v1/x"], 1)
        assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_session_that_repeats_is_refused() -> None:
    """A session whose adapter repeats requests is not taken: a create sent twice is paid twice."""
    with requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=3))
        with pytest.raises(InvalidCall, match="repeats"):
            HttpTransport(None, origin="https://provider.example", session=session)


@pytest.mark.parametrize(("how", "due"), [("refused", NotSent), ("hangs up", ReplyLost)])
def test_a_callers_session_is_judged_with_care(how: str, due: type[NotebookgenError]) -> None:
    """Where nobody watched the bytes, only what proves that nothing left is ``NotSent``."""
    with RawServer(lambda _: None) as server, requests.Session() as session:
        origin = server.url if how == "hangs up" else f"http://127.0.0.1:{closed_port()}"
        transport = HttpTransport(Secret(KEY), origin=origin, session=session)
        with pytest.raises(due) as caught:
            transport.send(create_of(f"{origin}/"))
    assert KEY not in everything_in(caught.value)


def resolving_to(address: str, port: int) -> Callable[..., list[object]]:
    """Return a resolver that knows one address for every name."""

    def resolve(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    return resolve


def test_a_name_that_leads_inside_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A public name that resolves to this machine is refused before a connection is made."""
    with RawServer(lambda _: reply(b"")) as inside, talking(lambda _: reply(b"")) as (_, transport):
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1", inside.port))
        url = f"http://uploads.example.com:{inside.port}/x"
        with pytest.raises(AssetRefused, match="loopback"):
            transport.send(HttpRequest("PUT", url, body=b"x", auth="none", purpose="upload"))
    assert (inside.connections, inside.asked) == (0, [])


def test_the_address_really_connected_to_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the resolver said, the peer on the socket decides, and nothing is sent to a private one."""
    with RawServer(lambda _: reply(b"")) as inside, talking(lambda _: reply(b"")) as (_, transport):
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to("93.184.215.14", inside.port))
        monkeypatch.setattr(
            connections_module,
            "create_connection",
            lambda *_, **__: connected(inside.port),
        )
        url = f"http://uploads.example.com:{inside.port}/x"
        with pytest.raises(AssetRefused, match="loopback"):
            transport.send(HttpRequest("PUT", url, body=b"x", auth="none", purpose="upload"))
    assert inside.asked == []


def connected(port: int) -> socket.socket:
    """Return a socket connected to loopback."""
    sock = socket.socket()
    sock.connect(("127.0.0.1", port))
    return sock


def test_an_unknown_name_was_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that the resolver does not know: ``NotSent``."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    transport = HttpTransport(Secret(KEY), origin="http://provider.example")
    with pytest.raises(NotSent, match="the name is not known"):
        transport.send(create_of("http://provider.example/v1/x"))
    transport.close()


def test_behind_an_interim_reply_a_session_keeps_no_connection() -> None:
    """What still comes there is the reply to the request before, and never to the next one: that would be another's job."""
    with RawServer(lambda _: b"HTTP/1.1 103 Early Hints\r\n\r\n") as server, requests.Session() as session:
        transport = HttpTransport(Secret(KEY), origin=f"{server.url}/v1", session=session)
        for _ in range(2):
            with pytest.raises(ReplyLost, match="103"):
                transport.send(create_of(f"{server.url}/v1/x"))
        assert [1, 2] == [asked.connection for asked in server.asked]
