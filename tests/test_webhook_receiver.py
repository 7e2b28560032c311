"""The server that providers call: what it answers to whom, over real connections on loopback."""

from __future__ import annotations

import http.client
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

import notebookgen as ng
from notebookgen.errors import InvalidCall, NotWritable
from notebookgen.webhooks import exchange, receiver
from sandbox_talk import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookgen.webhooks.receiver import Incoming, Receiver

TOKEN = "AbC-_0123456789AbC-_0123456789AbC-_0123456x"
PATIENCE = 20.0


class Desk:
    """Keeps what comes, and says that it awaited it."""

    def __init__(self) -> None:
        self.came: list[Incoming] = []
        self.starts = 0
        self.ended: list[Receiver] = []

    def take(self, incoming: Incoming) -> str | None:
        if incoming.token != TOKEN:
            return None
        self.came.append(incoming)
        return "used"

    def started(self) -> None:
        self.starts += 1

    def stopped(self, receiver: Receiver) -> None:
        self.ended.append(receiver)


@contextmanager
def desk() -> Iterator[Desk]:
    """Await callbacks."""
    one = Desk()
    exchange.join(one)
    try:
        yield one
    finally:
        exchange.leave(one)


def free_port() -> int:
    """Return a port that nobody has just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def listening(path: str = "") -> Iterator[Receiver]:
    """Listen at an address of this machine."""
    port = free_port()
    with ng.webhooks(public_url=f"http://127.0.0.1:{port}{path}", port=port) as one:
        yield one


def said(one: Receiver, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Send a request; return status, body and headers of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def spoken(one: Receiver, *parts: bytes) -> bytes:
    """Send bytes as they are; return all that is answered until the connection ends."""
    with socket.create_connection(("127.0.0.1", one.port), PATIENCE) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
        return answer


def test_a_callback_is_answered_with_an_empty_200_and_handed_on_as_it_came() -> None:
    """Status 200 without a word, whatever the body; headers by lower-case name; the connection ends."""
    with desk() as mine, listening("/hook") as one:
        for body in (b'{"a": 1}', b"", b"\xff not json"):
            status, answer, headers = said(
                one, "POST", f"/hook/armox/{TOKEN}", body, **{"X-Armox-Signature": "sha256=0"}
            )
            assert (200, b"", "close") == (status, answer, headers["connection"])
        until(lambda: one.counts.get("used") == 3)
    assert [b'{"a": 1}', b"", b"\xff not json"] == [each.body for each in mine.came]
    assert {("armox", "sha256=0")} == {(each.provider, each.headers["x-armox-signature"]) for each in mine.came}


@pytest.mark.parametrize("prefix", ["", "/hook", "/user/a/proxy/8765", "/user/a/proxy/absolute/8765"])
def test_proxies_may_keep_or_drop_the_path_of_the_address(prefix: str) -> None:
    """What stands before provider and token is not read: jupyter-server-proxy drops it, or keeps it where it is told to."""
    with desk() as mine, listening("/user/a/proxy/8765") as one:
        assert 200 == said(one, "POST", f"{prefix}/apixo/{TOKEN}?x=1", b"{}")[0]
        until(lambda: mine.came)


def test_a_stranger_hears_the_same_whether_a_token_is_known_or_not() -> None:
    """An unknown token is answered like a known one, so that nobody learns which there are; it is counted."""
    with desk() as mine, listening() as one:
        known, unknown = (said(one, "POST", f"/armox/{token}", b"{}") for token in (TOKEN, "x" * 43))
        assert known[:2] == unknown[:2]
        assert set(known[2]) == set(unknown[2])
        until(lambda: one.counts == {"unknown": 1, "used": 1})
        assert 1 == len(mine.came)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/armox/{TOKEN}", 405),
        ("PUT", f"/armox/{TOKEN}", 405),
        ("DELETE", f"/armox/{TOKEN}", 405),
        ("OPTIONS", f"/armox/{TOKEN}", 405),
        ("POST", "/", 404),
        ("POST", "/armox", 404),
        ("POST", "/armox/short", 404),
        ("POST", f"/armox/{TOKEN}/more", 404),
        ("GET", "/etc/passwd", 404),
        ("GET", "/..%2f..%2fwebhooks.secret", 404),
    ],
)
def test_what_is_no_callback_is_refused(method: str, path: str, status: int) -> None:
    """Another method, another path: refused without a word, counted, and handed on to nobody."""
    with desk() as mine, listening() as one:
        answer = said(one, method, path, b"{}")
        assert (status, b"") == answer[:2]
        assert ("POST" if status == 405 else None) == answer[2].get("allow")
        assert {"refused": 1} == one.counts
        assert [] == mine.came


def test_a_person_who_opens_the_address_sees_that_it_leads_here() -> None:
    """The address itself greets, with its path and without, and says nothing of any job."""
    with listening("/hook") as one:
        for path in ("/", "/hook", "/hook/"):
            assert (200, receiver.GREETING) == said(one, "GET", path)[:2]
        assert (200, b"") == said(one, "HEAD", "/")[:2]
        assert {} == one.counts


def test_what_is_too_large_is_refused_unread() -> None:
    """Up to a megabyte is taken; more is answered with 413, also where its length is not told, and never kept."""
    with desk() as mine, listening() as one:
        path = f"/armox/{TOKEN}"
        assert 200 == said(one, "POST", path, b" " * receiver.MOST_BODY)[0]
        until(lambda: mine.came)
        assert 413 == said(one, "POST", path, b" " * (receiver.MOST_BODY + 1))[0]
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode()
        for length in (b"5000000", b"9" * 30):
            assert spoken(one, head + b"Content-Length: " + length + b"\r\n\r\n").startswith(b"HTTP/1.1 413 ")
        chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
        chunked = spoken(one, head + b"Transfer-Encoding: chunked\r\n\r\n", chunk * 20, b"0\r\n\r\n")
        assert chunked.startswith(b"HTTP/1.1 413 ")
        assert 1 == len(mine.came)
        assert 4 == one.counts["refused"]


@pytest.mark.parametrize(
    "noise",
    [
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_noise_ends_its_own_connection_only(noise: bytes) -> None:
    """Whatever is sent, the next callback is taken."""
    with desk() as mine, listening() as one:
        with socket.create_connection(("127.0.0.1", one.port), PATIENCE) as connection:
            connection.sendall(noise)
            connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                while connection.recv(65_536):
                    continue
        assert 200 == said(one, "POST", f"/armox/{TOKEN}", b"{}")[0]
        until(lambda: mine.came)


def test_who_sends_slowly_is_cut_off_and_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head or a body that does not end is given up after its time; others are answered meanwhile."""
    monkeypatch.setattr(receiver, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(receiver, "BODY_SECONDS", 0.3)
    with desk() as mine, listening() as one:
        slow = []
        for begun in (b"POST /armox/", f"POST /armox/{TOKEN} HTTP/1.1\r\nContent-Length: 50\r\n\r\n{{".encode()):
            connection = socket.create_connection(("127.0.0.1", one.port), PATIENCE)
            connection.sendall(begun)
            slow.append(connection)
        assert 200 == said(one, "POST", f"/armox/{TOKEN}", b"{}")[0]
        for connection in slow:
            with connection:
                assert b"" == connection.recv(1)
        until(lambda: one.counts == {"used": 1})
        assert 1 == len(mine.came)


def test_connections_beyond_a_number_are_closed_and_the_next_ones_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who opens many takes no more than so many of them; when they end, there is room again."""
    monkeypatch.setattr(receiver, "MOST_CONNECTIONS", 3)
    with desk() as mine, listening() as one:
        held = [socket.create_connection(("127.0.0.1", one.port), PATIENCE) for _ in range(8)]
        closed = 0
        for connection in held[3:]:
            closed += connection.recv(1) == b""
        assert 5 == closed
        for connection in held:
            connection.close()

        def answered() -> bool:
            try:
                return said(one, "POST", f"/armox/{TOKEN}", b"{}")[0] == 200
            except (OSError, http.client.HTTPException):
                return False

        until(answered)
        until(lambda: mine.came)


def test_many_at_once_are_all_answered() -> None:
    """A burst of callbacks, as a provider sends when many jobs end together, loses none."""
    with desk() as mine, listening() as one:
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.append(said(one, "POST", f"/armox/{TOKEN}", b"{}")[0]))
            for _ in range(40)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join(PATIENCE)
        assert [200] * 40 == answers
        until(lambda: len(mine.came) == 40)


def test_a_bug_behind_the_door_ends_neither_the_server_nor_the_answer() -> None:
    """What makes something of a callback may fail: its sender was answered already, and the next one is taken."""

    class Broken(Desk):
        def take(self, incoming: Incoming) -> str | None:
            raise ZeroDivisionError

    broken = Broken()
    exchange.join(broken)
    try:
        with listening() as one:
            assert [200, 200] == [said(one, "POST", f"/armox/{TOKEN}", b"{}")[0] for _ in range(2)]
            until(lambda: one.counts == {"dropped": 2})
    finally:
        exchange.leave(broken)


def test_the_same_address_is_the_same_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Called again (a cell run twice), it is the one that listens; after its end another one is made."""
    monkeypatch.setattr(receiver, "PROBE_SECONDS", 0.01)
    with desk() as mine:
        with listening("/hook") as one:
            assert one is ng.webhooks(public_url=one.url + "/", port=one.port)
            assert one is ng.webhooks(public_url=one.url)
            assert one is exchange.newest()
            other = ng.webhooks(public_url=f"http://127.0.0.1:{one.port}/other")
            try:
                assert other is not one
                assert other is exchange.newest()
            finally:
                other.stop()
            assert one is exchange.newest()
        assert (False, None) == (one.running, exchange.newest())
        one.stop()
        with ng.webhooks(public_url=one.url, port=one.port) as again:
            assert again is not one
        assert ([other, one, again], 3) == (mine.ended, mine.starts)


def test_it_knows_whether_its_address_leads_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It calls itself at its start, as a provider would; at an address that leads elsewhere it is not reached."""
    with listening("/hook") as one:
        assert one.reached
        assert {} == one.counts
    elsewhere = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setattr(receiver, "PROBE_SECONDS", 0.01)
    with ng.webhooks(public_url=elsewhere) as lost:
        assert not lost.reached
        assert "not reached yet" in repr(lost)
        with desk():
            assert 200 == said(lost, "POST", f"/armox/{TOKEN}", b"{}")[0]
            until(lambda: lost.reached)


def test_a_stranger_cannot_make_it_believe_that_it_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown tokens, and another word for its own call to itself, say nothing of the address."""
    monkeypatch.setattr(receiver, "PROBE_SECONDS", 0.01)
    with ng.webhooks(public_url=f"http://127.0.0.1:{free_port()}") as one:
        for name in ("armox", "notebookgen"):
            assert 200 == said(one, "POST", f"/{name}/{TOKEN}", b"{}")[0]
        until(lambda: one.counts == {"unknown": 1})
        assert not one.reached


def test_it_is_shown_in_one_calm_line() -> None:
    """Where it is called, where it listens, and what has come; no token."""
    with desk(), listening("/hook") as one:
        assert (
            f"<notebookgen webhooks at {one.url}, which only this machine or its network reaches; listening on 127.0.0.1:{one.port}; nothing came yet>"
            == repr(one)
        )
        said(one, "POST", f"/armox/{TOKEN}", b"{}")
        until(lambda: one.counts)
        assert repr(one).endswith("; 1 used>")
    assert repr(one).endswith("; stopped; 1 used>")


@pytest.mark.parametrize(
    ("host", "port"),
    [("127.0.0.1", -1), ("127.0.0.1", 65_536), ("127.0.0.1", "8000"), ("127.0.0.1", True), ("", 0), (None, 0)],
)
def test_what_is_no_place_to_listen_is_refused(host: object, port: object) -> None:
    """The message says what is allowed; nothing was started."""
    with pytest.raises(InvalidCall, match=r"port=|host="):
        exchange.listen("https://name.example.com", host=host, port=port)
    assert exchange.newest() is None


def test_a_port_that_is_taken_is_told() -> None:
    """The message names the port and what to do; the one who has it goes on."""
    with listening() as one, pytest.raises(NotWritable, match=rf"{one.port}.*\n.*port=0") as caught:
        ng.webhooks(public_url="https://name.example.com", port=one.port)
    assert len(str(caught.value).splitlines()) <= 4


def test_logs_hold_no_payload_and_no_token(caplog: pytest.LogCaptureFixture) -> None:
    """What is logged of a callback is whose it was and what became of it."""
    with caplog.at_level(0), desk(), listening() as one:
        said(one, "POST", f"/armox/{TOKEN}", b"secret words", **{"X-Armox-Signature": "sha256=cafe"})
        until(lambda: one.counts == {"used": 1})
    assert "a callback of armox: used" in caplog.text
    for word in (TOKEN, "secret words", "cafe"):
        assert word not in caplog.text
