"""One exchange over real sockets: what leaves, what comes back, and what it is called when it goes wrong."""

from __future__ import annotations

import contextlib
import gzip
import logging
import socket
import ssl
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from notebookgen.credentials import Secret
from notebookgen.errors import (
    AssetRefused,
    ConfigurationError,
    NotSent,
    ReplyLost,
    UnexpectedResponse,
)
from notebookgen.transport import Timeouts, bodies, lines
from notebookgen.transport import home as home_module
from notebookgen.transport.fast import FastTransport
from notebookgen.transport.http import HttpTransport
from notebookgen.wire import HttpRequest
from rawserver import RawServer, RecordingProxy, Reset, reply
from wires import KEY, QUICK, closed_port, create_of, everything_in, read_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notebookgen.transport.base import HasSecret
    from rawserver import Answer, Asked


class Wire:
    """Which transport is tested just now."""

    kind: type[HttpTransport | FastTransport] = HttpTransport


@pytest.fixture(autouse=True, params=[HttpTransport, FastTransport], ids=["requests", "fast"])
def wire(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every promise here is each transport's."""
    monkeypatch.setattr(Wire, "kind", request.param)
    return "fast" if request.param is FastTransport else "requests"


def made(key: HasSecret | None, **more: Any) -> HttpTransport | FastTransport:
    """Return a transport of the kind that is tested."""
    return Wire.kind(key, **more)


@contextlib.contextmanager
def talking(
    answer: Callable[[Asked], Answer], **more: object
) -> Iterator[tuple[RawServer, HttpTransport | FastTransport]]:
    """Run a server and a transport whose provider it is."""
    with RawServer(answer, **more) as server:  # type: ignore[arg-type]  # the one option is tls, a context
        transport = made(Secret(KEY), origin=f"{server.url}/v1")
        try:
            yield server, transport
        finally:
            transport.close()


# What leaves, what comes back ------------------------------------------------------------------------------------


def test_one_exchange_carries_request_and_reply() -> None:
    """Method, path, headers, body and key arrive as given; status, lower-case headers and body come back."""
    with talking(lambda _: reply(b'{"id": 1}', "202 Accepted", X_Odd="yes")) as (server, transport):
        response = transport.send(create_of(f"{server.url}/v1/jobs?a=b"))
    (asked,) = server.asked
    assert (asked.method, asked.target, asked.body) == ("POST", "/v1/jobs?a=b", b'{"prompt":"a plum"}')
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["user-agent"].startswith("notebookgen/")
    assert asked.headers["host"] == f"127.0.0.1:{server.port}"
    assert (response.status, response.headers["x-odd"], response.json()) == (202, "yes", {"id": 1})


@pytest.mark.parametrize("status", ["200 OK", "301 Moved", "302 Found", "307 Moved", "404 No", "429 Slow", "503 Off"])
def test_any_status_is_returned_and_nothing_repeated(status: str) -> None:
    """A status is not an error here, a redirect is not followed, and Retry-After moves nothing: one request went out."""
    answer = reply(b"{}", status, Location="/v1/elsewhere", Retry_After="0")
    with talking(lambda _: answer) as (server, transport):
        response = transport.send(read_of(f"{server.url}/v1/x"))
    assert response.status == int(status[:3])
    assert len(server.asked) == 1


def test_connections_are_kept() -> None:
    """Ten requests in a row use one connection."""
    with talking(lambda _: reply(b"{}")) as (server, transport):
        for _ in range(10):
            transport.send(read_of(f"{server.url}/v1/x"))
    assert (len(server.asked), server.connections) == (10, 1)


def test_threads_share_a_transport() -> None:
    """Each of 400 requests from 16 threads gets the reply to its own question."""
    with talking(lambda asked: reply(asked.target.encode())) as (server, transport):
        paths = [f"/v1/{number}" for number in range(400)]
        with ThreadPoolExecutor(16) as pool:
            bodies = list(pool.map(lambda path: transport.send(read_of(server.url + path)).body, paths))
    assert bodies == [path.encode() for path in paths]


def test_more_sends_than_kept_connections_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """More simultaneous requests than the pool keeps are no reason to print a warning into a notebook."""
    server: RawServer
    with RawServer(lambda _: (server.pause(0.05), reply(b"{}"))[1]) as server:
        transport = made(None, origin=server.url, pool=1)
        with caplog.at_level(logging.WARNING), ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: transport.send(read_of(f"{server.url}/")), range(12)))
        transport.close()
    assert caplog.messages == []


@pytest.mark.parametrize("chunks", [[b'5\r\n{"a":\r\n', b"2\r\n1}\r\n", b"0\r\n\r\n"]])
def test_chunked_and_packed_replies_are_read(chunks: list[bytes]) -> None:
    """Chunked bodies and gzip come back as plain bytes."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    packed = gzip.compress(b'{"a":1}')
    answers = [head + b"".join(chunks), reply(packed, Content_Encoding="gzip")]
    with talking(lambda asked: answers[int(asked.target[-1])]) as (server, transport):
        bodies = [transport.send(read_of(f"{server.url}/{number}")).body for number in range(2)]
    assert bodies == [b'{"a":1}', b'{"a":1}']


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/v1/a b", "/v1/a%20b"),
        ("/v1/ä", "/v1/%C3%A4"),
        ("/v1/a\r\nX-Evil: 1", "/v1/a%0D%0AX-Evil:%201"),
        ("/v1/\x00", "/v1/%00"),
        ("/v1/a/../b/%2E%2E/c?x=%20&y=../z#end", "/v1/a/../b/%2E%2E/c?x=%20&y=../z"),
    ],
)
def test_a_path_is_sent_as_it_is(path: str, sent: str) -> None:
    """Dots and encodings are the provider's to read; what cannot stand in a line is encoded."""
    with talking(lambda _: reply(b"{}")) as (server, transport):
        transport.send(read_of(f"{server.url}{path}"))
    assert sent == server.asked[0].target


# The key ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "disguise",
    [
        "http://127.0.0.1:{other}/v1/x",
        "http://localhost:{own}/v1/x",
        "https://127.0.0.1:{own}/v1/x",
        "http://127.0.0.1:{own}@127.0.0.1:{other}/v1/x",
        "http://127.0.0.1:{own}\\@127.0.0.1:{other}/v1/x",
        "http://127.0.0.1:{own}#@127.0.0.1:{other}/",
        "http://127.0.0.1:{own}.example.com/v1/x",
    ],
)
def test_the_key_goes_to_its_own_origin_only(disguise: str) -> None:
    """Another port, name or scheme, and whatever only looks like the origin, gets neither the key nor a request."""
    with (
        RawServer(lambda _: reply(b"{}")) as other,
        talking(lambda _: reply(b"{}")) as (own, transport),
        contextlib.suppress(ValueError),
    ):
        transport.send(read_of(disguise.format(own=own.port, other=other.port)))
    assert other.asked == []
    assert [asked.target for asked in own.asked if not asked.target.startswith("/")] == []


def test_a_bearer_request_elsewhere_is_a_bug() -> None:
    """Asking for the key to go elsewhere raises at once."""
    with talking(lambda _: reply(b"{}")) as (_, transport), pytest.raises(ValueError, match="the key belongs to"):
        transport.send(read_of("https://example.com/v1/x"))


def test_no_key_without_being_asked() -> None:
    """A request with ``auth="none"`` goes without the key, even to its own origin."""
    with talking(lambda _: reply(b"")) as (server, transport):
        transport.send(HttpRequest("PUT", f"{server.url}/put", body=b"x", auth="none", purpose="upload"))
    assert "authorization" not in server.asked[0].headers


def test_a_signed_upload_address_is_checked() -> None:
    """A provider cannot have an image put onto a service of this machine or network."""
    with (
        RawServer(lambda _: reply(b"")) as inside,
        talking(lambda _: reply(b"")) as (_, transport),
        pytest.raises(AssetRefused, match="loopback"),
    ):
        transport.send(HttpRequest("PUT", f"{inside.url}/x", body=b"x", auth="none", purpose="upload"))
    assert inside.asked == []


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00"])
def test_headers_cannot_be_smuggled(value: str) -> None:
    """A header with a line end is a bug, and nothing is sent."""
    with talking(lambda _: reply(b"")) as (server, transport):
        request = HttpRequest("GET", f"{server.url}/", headers=(("X-A", value),))
        with pytest.raises(ValueError, match="line end"):
            transport.send(request)
    assert server.asked == []


class Odd:
    """A key with a line end in it, as a file may give it."""

    def reveal(self) -> str:
        return f"{KEY}\r\nX-Evil: 1"

    def __repr__(self) -> str:
        return "***"


def test_a_key_that_is_none_is_said_without_it() -> None:
    """A key with a line end is refused when the transport is made; the message does not show it."""
    with pytest.raises(ConfigurationError) as caught:
        made(Odd(), origin="http://127.0.0.1:1/v1")
    assert KEY not in everything_in(caught.value)


# What goes wrong -------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BROKEN: dict[str, Answer] = {
    "hangs up": None,
    "resets": Reset(),
    "resets in the body": Reset(HEAD + b"abc"),
    "breaks off in the headers": [b"HTTP/1.1 200 OK\r\nContent-Le"],
    "breaks off in the body": [HEAD + b"abc"],
    "breaks off in a chunk": [CHUNKED + b"ff\r\nabc"],
    "breaks off between chunks": [CHUNKED + b"3\r\nabc\r\n"],
    "has a wrong chunk": [CHUNKED + b"zz\r\nabc\r\n"],
    "talks something else": [b"SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    "begins with an empty line": [b"\r\n" + HEAD + b"0123456789"],
    "packs wrongly": reply(b"not gzip at all", Content_Encoding="gzip"),
    "has too many headers": reply(b"", **{f"X_{number}": "x" for number in range(150)}),
}


@pytest.mark.parametrize("how", list(BROKEN))
@pytest.mark.parametrize("of", [read_of, create_of])
def test_a_broken_reply_is_lost_and_never_asked_for_again(
    how: str, of: Callable[[str], HttpRequest], capsys: pytest.CaptureFixture[str]
) -> None:
    """Once a request has left, whatever is not a whole reply is ``ReplyLost``, and one request went out."""
    with talking(lambda _: BROKEN[how]) as (server, transport):
        with pytest.raises(ReplyLost) as caught:
            transport.send(of(f"{server.url}/v1/x"), timeout=QUICK)
        assert len(server.asked) == 1
    assert KEY not in everything_in(caught.value)
    assert len(str(caught.value).splitlines()) <= 4
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nX: "])
def test_a_reply_whose_headers_drip_is_lost(start: bytes) -> None:
    """Headers that come byte by byte hold no thread for ever, however lively they look."""

    def answer(asked: Asked) -> Answer:
        def drip() -> Iterator[bytes]:
            yield start
            while not server.pause(0.05):
                yield b"x"

        return drip()

    with talking(answer) as (server, transport):
        ending = threading.Timer(10.0, server.stopped.set)
        ending.start()
        with pytest.raises(ReplyLost):
            transport.send(create_of(f"{server.url}/v1/x"), timeout=Timeouts(connect=0.2, read=0.3, whole=0.3))
        assert not server.stopped.is_set()
        ending.cancel()


@pytest.mark.parametrize("said", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_interim_replies_are_passed_over(said: str) -> None:
    """A reply that is announced before it is ready is the one that counts: it is never taken for the next request's."""
    early = f"HTTP/1.1 {said}\r\nX-Early: 1\r\n\r\n".encode()
    with talking(lambda asked: early * 3 + reply(asked.target.encode(), X_Late="1")) as (server, transport):
        first, second = (transport.send(create_of(f"{server.url}/v1/{name}")) for name in "ab")
    assert (200, b"/v1/a", "1", None) == (
        first.status,
        first.body,
        first.headers.get("x-late"),
        first.headers.get("x-early"),
    )
    assert b"/v1/b" == second.body
    assert [1, 1] == [asked.connection for asked in server.asked]


def test_a_reply_that_drips_is_lost() -> None:
    """A body that comes byte by byte ends the wait after its time as a whole, however lively it looks."""
    head = reply(b"x" * 100_000).partition(b"x")[0]

    def answer(asked: Asked) -> Answer:
        def drip() -> Iterator[bytes]:
            yield head
            for _ in range(10_000):
                if server.stopped.wait(0.02):
                    return
                yield b"x"

        return drip()

    with talking(answer) as (server, transport), pytest.raises(ReplyLost, match="too slowly"):
        transport.send(read_of(f"{server.url}/v1/x"), timeout=Timeouts(connect=2.0, read=2.0, whole=0.3))


def test_a_reply_is_taken_also_where_nobody_can_watch_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no thread to give takes no reply away that was paid for; the next exchange is watched again."""

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "notebookgen-watch":
            raise RuntimeError("can't start new thread")
        start(thread)

    def trailing() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
        while not server.pause(0.002):
            yield b"T: v\r\n"

    start = threading.Thread.start
    monkeypatch.setattr(lines._Only, "watch", lines.Watch())
    with talking(lambda _: reply(b"{}")) as (server, transport):
        with monkeypatch.context() as short:
            short.setattr(threading.Thread, "start", refuse)
            assert 200 == transport.send(create_of(f"{server.url}/v1/x")).status
        server.answer = lambda _: trailing()
        with pytest.raises(ReplyLost, match="slowly"):
            transport.send(read_of(f"{server.url}/v1/x"), timeout=Timeouts(read=5.0, whole=0.3))


def test_a_reply_whose_trailers_never_end_is_lost() -> None:
    """What comes behind the body of a reply does not hold its thread for ever."""

    def answer(asked: Asked) -> Answer:
        def trailing() -> Iterator[bytes]:
            yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
            for _ in range(5_000):
                if server.stopped.wait(0.002):
                    return
                yield b"T: v\r\n"

        return trailing()

    with talking(answer) as (server, transport), pytest.raises(ReplyLost, match="too slowly"):
        transport.send(read_of(f"{server.url}/v1/x"), timeout=Timeouts(connect=2.0, read=2.0, whole=0.3))


def test_silence_is_a_lost_reply() -> None:
    """No reply within the read timeout is ``ReplyLost``."""
    server: RawServer
    with RawServer(lambda _: (server.pause(5), b"")[1]) as server:
        transport = made(Secret(KEY), origin=server.url)
        with pytest.raises(ReplyLost, match="no reply in time") as caught:
            transport.send(create_of(f"{server.url}/"), timeout=QUICK)
        transport.close()
    assert KEY not in everything_in(caught.value)


def test_a_kept_connection_that_breaks_is_not_replaced_silently() -> None:
    """When a kept connection breaks under a create, the create is not sent once more on a fresh one."""
    with talking(lambda asked: reply(b"{}") if asked.method == "GET" else Reset()) as (server, transport):
        transport.send(read_of(f"{server.url}/"))
        with pytest.raises(ReplyLost):
            transport.send(create_of(f"{server.url}/"))
        assert [asked.method for asked in server.asked] == ["GET", "POST"]


def test_a_connection_that_the_server_closed_is_noticed_beforehand() -> None:
    """A kept connection that was closed meanwhile is replaced before anything is sent on it."""
    with talking(lambda _: [reply(b"{}")]) as (server, transport):
        for _ in range(2):
            assert transport.send(create_of(f"{server.url}/")).status == 200
            while any(thread.is_alive() for thread in server._threads[1:]):
                server._threads[-1].join(1)
    assert server.connections == 2


def test_a_create_is_not_sent_on_a_connection_that_idled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read takes the kept connection, a create after too long a pause opens a new one."""
    with talking(lambda _: reply(b"{}")) as (server, transport):
        transport.send(read_of(f"{server.url}/"))
        transport.send(create_of(f"{server.url}/"))
        monkeypatch.setattr(home_module, "STALE_FOR_CREATE", 0.0)
        transport.send(read_of(f"{server.url}/"))
        transport.send(create_of(f"{server.url}/"))
    assert [(asked.method, asked.connection) for asked in server.asked] == [
        ("GET", 1),
        ("POST", 1),
        ("GET", 1),
        ("POST", 2),
    ]


def test_a_refused_connection_was_never_sent() -> None:
    """Nobody listening: ``NotSent``, in words, with what to look at."""
    origin = f"http://127.0.0.1:{closed_port()}"
    transport = made(Secret(KEY), origin=origin)
    with pytest.raises(NotSent, match=r"refused.*Nothing was sent") as caught:
        transport.send(create_of(f"{origin}/v1/x"))
    assert KEY not in everything_in(caught.value)
    transport.close()


def test_a_connection_that_does_not_come_was_never_sent() -> None:
    """A host that does not answer to a connection attempt: ``NotSent``."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(4):  # fill the queue of a listener that accepts nobody
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        transport = made(Secret(KEY), origin=f"http://127.0.0.1:{port}")
        with pytest.raises(NotSent, match="no connection in time"):
            transport.send(create_of(f"http://127.0.0.1:{port}/"), timeout=Timeouts(connect=0.3, read=0.3))
        transport.close()


def test_a_closed_transport_sends_nothing() -> None:
    """After ``close``, a send is ``NotSent``."""
    with RawServer(lambda _: reply(b"")) as server:
        transport = made(None, origin=server.url)
        transport.send(read_of(f"{server.url}/"))
        transport.close()
        with pytest.raises(NotSent, match="closed"):
            transport.send(read_of(f"{server.url}/"))


# How much comes back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("purpose", "limit"), [("status", "LARGEST_REPLY"), ("create", "LARGEST_CREATE_REPLY")])
@pytest.mark.parametrize("packed", [False, True])
def test_a_reply_has_a_largest_size(
    purpose: str,
    limit: str,
    packed: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More than any reply needs is refused as it comes, also when it is small while it is packed (a gzip bomb)."""
    monkeypatch.setattr(bodies, limit, 2**20)
    body = bytes(3 * 2**20)
    answer = reply(gzip.compress(body), Content_Encoding="gzip") if packed else reply(body)
    request = HttpRequest("GET", "", purpose=purpose)  # type: ignore[arg-type]  # one of the purposes
    with talking(lambda _: answer) as (server, transport):
        with pytest.raises(UnexpectedResponse, match="more than 1 MB"):
            transport.send(HttpRequest("GET", f"{server.url}/", purpose=request.purpose))
        assert len(server.asked) == 1


def test_a_packing_that_was_not_asked_for_is_refused() -> None:
    """Several layers of packing, or an unknown one, are not unpacked."""
    with (
        talking(lambda _: reply(b"x", Content_Encoding="gzip, gzip")) as (server, transport),
        pytest.raises(UnexpectedResponse, match="not asked for"),
    ):
        transport.send(read_of(f"{server.url}/"))


# TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path) -> tuple[str, ssl.SSLContext]:
    """Return the file of a throw-away certificate authority and a server's context signed by it."""
    issuer = trustme.CA()
    bundle = tmp_path / "authority.pem"
    issuer.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("127.0.0.1", "provider.example").configure_cert(context)
    return str(bundle), context


def test_an_unknown_authority_is_not_trusted(authority: tuple[str, ssl.SSLContext]) -> None:
    """A certificate that the bundle does not know: ``NotSent``, and the server saw no request."""
    with RawServer(lambda _: reply(b"{}"), tls=authority[1]) as server:
        transport = made(Secret(KEY), origin=server.url)
        with pytest.raises(NotSent, match="not trusted") as caught:
            transport.send(create_of(f"{server.url}/"))
        transport.close()
    assert server.asked == []
    assert KEY not in everything_in(caught.value)


def test_a_certificate_for_another_name_is_not_trusted(
    authority: tuple[str, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trusted authority's certificate counts for its own names only."""
    monkeypatch.setenv("CURL_CA_BUNDLE", authority[0])
    with RawServer(lambda _: reply(b"{}"), tls=authority[1]) as server:
        origin = f"https://localhost:{server.port}"
        transport = made(Secret(KEY), origin=origin)
        with pytest.raises(NotSent, match="not trusted"):
            transport.send(create_of(f"{origin}/"))
        transport.close()
    assert server.asked == []


@pytest.mark.slow
def test_tls_where_there_is_none_was_never_sent() -> None:
    """Https to a server that speaks none: ``NotSent``, for nothing of the request was written."""
    with RawServer(lambda _: reply(b"{}")) as server:
        origin = server.url.replace("http:", "https:")
        transport = made(Secret(KEY), origin=origin)
        with pytest.raises(NotSent):
            transport.send(create_of(f"{origin}/"), timeout=QUICK)
        transport.close()
    assert not any(word in repr(server.asked) for word in ("plum", "Bearer", KEY))


def test_a_tls_connection_that_breaks_after_the_request_is_lost(
    authority: tuple[str, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of TLS after the request has left is ``ReplyLost``, not a failed handshake."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority[0])
    with RawServer(lambda _: None, tls=authority[1]) as server:
        transport = made(Secret(KEY), origin=server.url)
        with pytest.raises(ReplyLost):
            transport.send(create_of(f"{server.url}/"))
        transport.close()
    assert len(server.asked) == 1


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_a_reply_of_no_told_length_ends_with_its_tls_connection(
    version: str, authority: tuple[str, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that hangs up without TLS's farewell has answered nevertheless: what it accepted is not in doubt."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority[0])
    answer = f'{version} 200 OK\r\n\r\n{{"id": 1}}'.encode()
    with talking(lambda _: [answer], tls=authority[1]) as (server, transport):
        assert b'{"id": 1}' == transport.send(create_of(f"{server.url}/v1/x")).body


@pytest.mark.parametrize("said", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_a_reply_of_told_length_does_not_end_before_it(
    said: str, authority: tuple[str, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was announced and did not come is missing, and is called that, whatever TLS says of it."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority[0])
    answer = f"HTTP/1.1 200 OK\r\n{said}\r\n\r\n9\r\n".encode()
    with talking(lambda _: [answer], tls=authority[1]) as (server, transport):
        with pytest.raises(ReplyLost, match=r"the reply broke off\. The request had left"):
            transport.send(create_of(f"{server.url}/v1/x"))
        assert 1 == len(server.asked)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (Reset(b"HTTP/1.1 200 OK\r\n"), r"the connection was reset \(Connection reset by peer\)"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], "the reply broke off"),
    ],
    ids=["reset", "no chunk"],
)
def test_either_way_it_is_said_in_the_same_words(how: Answer, words: str) -> None:
    """A reset is called one, and nothing else is; the system's words stand without those of a library."""
    with talking(lambda _: how) as (server, transport), pytest.raises(ReplyLost, match=f"^127.0.0.1: {words}"):
        transport.send(create_of(f"{server.url}/v1/x"))


@pytest.mark.parametrize("holds", [b"", b"no certificate"])
def test_a_bundle_without_a_certificate_is_said(holds: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is another one is told when it is named, and not taken for a broken connection at each request."""
    bundle = tmp_path / "authority.pem"
    bundle.write_bytes(holds)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with pytest.raises(ConfigurationError, match=r"authority\.pem"):
        made(None, origin="https://provider.example/v1")


def test_a_missing_bundle_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle that does not exist is named with the variables that name it."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(ConfigurationError, match=r"/nowhere/ca\.pem(.|\n)*REQUESTS_CA_BUNDLE"):
        made(None, origin="https://provider.example")


# Proxies ---------------------------------------------------------------------------------------------------------


def test_the_environments_proxy_is_used_and_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY is asked for the whole address; what the variable says later changes nothing."""
    monkeypatch.delenv("NO_PROXY")
    with RawServer(lambda _: reply(b"{}")) as server, RecordingProxy(server) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://teacher:secret@127.0.0.1:{proxy.port}")
        transport = made(Secret(KEY), origin="http://provider.example/v1")
        monkeypatch.delenv("HTTP_PROXY")
        assert transport.send(create_of("http://provider.example/v1/x?y=z")).status == 200
        transport.close()
    (asked,) = proxy.asked
    assert (asked.target, asked.headers["host"]) == ("http://provider.example/v1/x?y=z", "provider.example")
    assert asked.headers["proxy-authorization"].startswith("Basic ")
    assert server.asked[0].target == "/v1/x?y=z"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_never_reached_through_a_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy's loopback is another machine's: the sandbox answers also where the environment sends everything to a proxy."""
    monkeypatch.delenv("NO_PROXY")
    with RawServer(lambda _: reply(b"{}")) as server, RecordingProxy(server) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        transport = made(Secret(KEY), origin=f"http://{host}:{server.port}/v1")
        assert transport.send(create_of(f"http://{host}:{server.port}/v1/x")).status == 200
        transport.close()
    assert (1, 0) == (len(server.asked), len(proxy.asked))


def test_https_goes_through_a_tunnel(authority: tuple[str, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY is asked for a tunnel and never sees the key; the certificate is checked inside the tunnel."""
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority[0])
    with RawServer(lambda _: reply(b"{}"), tls=authority[1]) as server, RecordingProxy(server) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        transport = made(Secret(KEY), origin="https://provider.example")
        for _ in range(2):
            assert transport.send(create_of("https://provider.example/v1/x")).status == 200
        transport.close()
    assert [(asked.method, asked.target) for asked in proxy.asked] == [("CONNECT", "provider.example:443")]
    assert "authorization" not in proxy.asked[0].headers
    assert [asked.headers["authorization"] for asked in server.asked] == [f"Bearer {KEY}"] * 2


def test_through_a_proxy_by_https_a_drip_is_cut_and_the_watch_goes_on(
    authority: tuple[str, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS inside TLS has a socket of a kind of its own: it is cut like any other, and so is whatever drips after it."""

    def answer(asked: Asked) -> Answer:
        def drip() -> Iterator[bytes]:
            yield b"HTTP/1.1 200 OK\r\nX: "
            while not server.pause(0.05):
                yield b"x"

        return drip()

    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority[0])
    with RawServer(answer, tls=authority[1]) as server, RecordingProxy(server, tls=authority[1]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{proxy.port}")
        transport = made(Secret(KEY), origin="https://provider.example")
        ending = threading.Timer(10.0, server.stopped.set)
        ending.start()
        for _ in range(2):
            with pytest.raises(ReplyLost):
                transport.send(
                    create_of("https://provider.example/v1/x"), timeout=Timeouts(connect=0.5, read=0.3, whole=0.3)
                )
        assert not server.stopped.is_set()
        ending.cancel()
        transport.close()
    assert ["CONNECT", "CONNECT"] == [asked.method for asked in proxy.asked]


def test_a_tunnel_that_is_refused_was_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that gives no tunnel: ``NotSent``, for it was told a name and nothing else."""
    monkeypatch.delenv("NO_PROXY")
    with RawServer(lambda _: reply(b"{}")) as server, RecordingProxy(server, refuse=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        transport = made(Secret(KEY), origin="https://provider.example")
        with pytest.raises(NotSent):
            transport.send(create_of("https://provider.example/v1/x"))
        transport.close()


@pytest.mark.parametrize("proxy", ["socks9://127.0.0.1:1", "gopher://127.0.0.1:1", "http://"])
def test_a_proxy_that_cannot_be_used_is_said(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of a kind that is not supported is a matter of configuration, said with the variables' names."""
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY"):
        made(None, origin="https://provider.example")


def test_no_proxy_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY keeps a host off the proxy."""
    with RawServer(lambda _: reply(b"{}")) as server, RecordingProxy(server) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        transport = made(Secret(KEY), origin=server.url)
        transport.send(read_of(f"{server.url}/"))
        transport.close()
    assert (len(server.asked), len(proxy.asked)) == (1, 0)


@pytest.mark.parametrize("password", ["hunter2", "hun/hunter2", "hun?hunter2", "hunter2@hunter2"])
def test_a_password_in_an_address_is_not_shown(password: str) -> None:
    """An address with credentials is refused, and its message holds none of them."""
    with pytest.raises(ConfigurationError) as caught:
        made(Secret(KEY), origin=f"https://user:{password}@example.com/v1")

    assert "hunter2" not in str(caught.value)
    assert ("***@example.com" in str(caught.value)) == (password in {"hunter2", "hunter2@hunter2"})


@pytest.mark.parametrize(
    "proxy", ["http://me:{}@", "me:{}@proxy.example:1", "http://me:{}/x@proxy.example:1", "gopher://me:{}@a.example:1"]
)
def test_a_password_of_a_proxy_is_not_shown(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that cannot be used is told without it, whatever the libraries say."""
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTPS_PROXY", proxy.format("hunter2"))
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as caught:
        made(None, origin="https://provider.example")

    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_key_that_the_provider_sends_back_is_blacked_out() -> None:
    """No reply carries the key any further: not into a message, the ledger, or a text that is shown."""
    with talking(lambda _asked: reply(f'{{"error": "bad key {KEY}"}}'.encode(), X_Seen=KEY)) as (server, transport):
        said = transport.send(read_of(f"{server.url}/v1/x"))

    assert b'{"error": "bad key ***"}' == said.body
    assert "***" == said.headers["x-seen"]


def test_a_key_in_the_escapes_of_a_reply_is_blacked_out() -> None:
    """Nor does it once the reply has been decoded, whichever way its JSON is written."""
    spelt = "".join(f"\\u{ord(one):04x}" for one in KEY)
    with talking(lambda _asked: reply(f'{{"error": "bad key {spelt}"}}'.encode())) as (server, transport):
        said = transport.send(read_of(f"{server.url}/v1/x"))

    assert {"error": "bad key ***"} == said.json()


def test_a_packing_that_is_called_like_the_key_is_not_named() -> None:
    """A message repeats of a header only what it knows."""
    with talking(lambda _: reply(b"x", Content_Encoding=KEY)) as (server, transport):
        with pytest.raises(UnexpectedResponse, match="packed its reply as something") as caught:
            transport.send(read_of(f"{server.url}/"))
        server.answer = lambda _: f"HTTP/1.1 200 {KEY}\r\n{KEY}\r\n\r\n".encode()
        with pytest.raises(ReplyLost) as broken:
            transport.send(read_of(f"{server.url}/"), timeout=QUICK)

    assert KEY not in everything_in(caught.value) + everything_in(broken.value)
