"""What only libcurl's transport promises: exchanges without threads, one thread for all, forks, exits, addresses."""

from __future__ import annotations

import contextlib
import gc
import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import zlib
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pycurl
import pytest

from notebookgen.credentials import Secret
from notebookgen.errors import AssetRefused, NotebookgenError, NotSent, ReplyLost
from notebookgen.transport import Timeouts
from notebookgen.transport import fast_exchange as exchange_module
from notebookgen.transport import fast_line as line_module
from notebookgen.transport import home as home_module
from notebookgen.transport.addresses import why_forbidden
from notebookgen.transport.bodies import unpacked
from notebookgen.transport.fast import FastTransport
from notebookgen.transport.fast_loop import Loop
from notebookgen.wire import HttpRequest, HttpResponse
from rawserver import RawServer, Reset, pump, reply
from wires import KEY, closed_port, create_of, everything_in, read_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rawserver import Answer, Asked

    Told = tuple[HttpResponse | None, BaseException | None]

LONG = 20.0  # seconds; a test that waits for so long has failed


@contextlib.contextmanager
def talking(answer: Callable[[Asked], Answer]) -> Iterator[tuple[RawServer, FastTransport]]:
    """Run a server and a transport whose provider it is."""
    with RawServer(answer) as server:
        transport = FastTransport(Secret(KEY), origin=f"{server.url}/v1")
        try:
            yield server, transport
        finally:
            transport.close()


def begun(transport: FastTransport, requests: list[HttpRequest], **options: Any) -> list[Told]:
    """Begin all of them at once, and return what was told, in the order of telling."""
    told: SimpleQueue[Told] = SimpleQueue()
    for request in requests:
        transport.begin(request, lambda response, error: told.put((response, error)), **options)
    return [told.get(timeout=LONG) for _ in requests]


def wires() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "notebookgen-wire"]


# Without waiting -------------------------------------------------------------------------------------------------


def test_exchanges_begin_without_a_thread_of_their_own() -> None:
    """Two hundred replies come to who asked for them, and one thread carries them all."""
    before = set(threading.enumerate())
    ours: set[str] = set()
    with talking(lambda asked: reply(asked.target.encode())) as (server, transport):
        told: SimpleQueue[Told] = SimpleQueue()
        for number in range(200):
            transport.begin(read_of(f"{server.url}/v1/{number}"), lambda *what: told.put(what))  # type: ignore[arg-type]  # both of them
        bodies = set()
        for _ in range(200):
            response, error = told.get(timeout=LONG)
            assert error is None
            assert response is not None
            bodies.add(response.body)
            ours |= {one.name for one in threading.enumerate() if one not in before and one not in server._threads}
    assert {f"/v1/{number}".encode() for number in range(200)} == bodies
    assert ours <= {"notebookgen-wire"}


def test_what_goes_wrong_is_told_and_not_raised() -> None:
    """The same errors as ``send`` raises, each told once; a request that may not be sent is told at once."""
    port = closed_port()
    with talking(lambda _: None) as (server, transport):
        (lost,) = begun(transport, [create_of(f"{server.url}/v1/x")])
        (bug,) = begun(transport, [read_of("http://provider.example/v1/x")])
        other = FastTransport(Secret(KEY), origin=f"http://127.0.0.1:{port}")
        (unsent,) = begun(other, [create_of(f"http://127.0.0.1:{port}/x")])
        other.close()
        (closed,) = begun(other, [create_of(f"http://127.0.0.1:{port}/x")])
    assert [ReplyLost, ValueError, NotSent, NotSent] == [type(error) for _, error in (lost, bug, unsent, closed)]
    assert [None] * 4 == [response for response, _ in (lost, bug, unsent, closed)]
    assert lost[1] is not None
    assert KEY not in everything_in(lost[1])


def test_a_bug_of_who_is_told_ends_nobody_elses_exchange(caplog: pytest.LogCaptureFixture) -> None:
    """An exception out of ``done`` is logged, and the next reply comes all the same."""

    def bad(response: HttpResponse | None, error: BaseException | None) -> None:
        raise RuntimeError("theirs")

    with talking(lambda _: reply(b"{}")) as (server, transport):
        transport.begin(read_of(f"{server.url}/v1/a"), bad)
        ((response, _),) = begun(transport, [read_of(f"{server.url}/v1/b")])
    assert response is not None
    assert ["notebookgen: unexpected error while sending"] == caplog.messages


def test_a_large_reply_is_read_beside_the_others() -> None:
    """What takes long to unpack and to search does not keep the thread that all share."""
    body = json.dumps({"data": "x" * 2**19}).encode()
    names: list[str] = []
    ended = threading.Event()

    def done(response: HttpResponse | None, error: BaseException | None) -> None:
        assert response is not None
        names.extend([threading.current_thread().name, str(response.body == body)])
        ended.set()

    with talking(lambda _: reply(body)) as (server, transport):
        transport.begin(create_of(f"{server.url}/v1/x"), done)
        assert ended.wait(LONG)
    assert ["notebookgen-reply", "True"] == names


def test_reads_wait_for_their_turn_and_creates_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more reads are under way than there may be; a create passes them by."""
    monkeypatch.setattr(line_module, "MOST_READS", 4)
    go, lock = threading.Event(), threading.Lock()
    now: list[int] = [0, 0]

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            return reply(b"{}")
        with lock:
            now[0] += 1
            now[1] = max(now)
        go.wait(LONG)
        with lock:
            now[0] -= 1
        return reply(b"{}")

    with talking(answer) as (server, transport):
        told: SimpleQueue[Told] = SimpleQueue()
        for number in range(20):
            transport.begin(read_of(f"{server.url}/v1/{number}"), lambda *what: told.put(what))  # type: ignore[arg-type]  # both of them
        assert transport.send(create_of(f"{server.url}/v1/x")).status == 200
        go.set()
        assert [200] * 20 == [
            response.status for response, _ in (told.get(timeout=LONG) for _ in range(20)) if response
        ]
    assert now[1] <= 4


# Once, and never again -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [None, Reset()], ids=["hangs up", "resets"])
@pytest.mark.parametrize("of", [read_of, create_of])
def test_libcurl_repeats_nothing_by_itself(how: Answer, of: Callable[[str], HttpRequest]) -> None:
    """A kept connection that dies under a request before a byte of the reply: libcurl would ask again, and must not."""
    answers = [reply(b"{}"), how]
    with talking(lambda asked: answers[int(asked.target[-1])]) as (server, transport):
        transport.send(read_of(f"{server.url}/v1/0"))
        with pytest.raises(ReplyLost):
            transport.send(of(f"{server.url}/v1/1"))
        assert ["/v1/0", "/v1/1"] == [asked.target for asked in server.asked]
        assert [1, 1] == [asked.connection for asked in server.asked]


@pytest.mark.slow
def test_a_connection_that_idled_too_long_takes_no_create(monkeypatch: pytest.MonkeyPatch) -> None:
    """A create goes on a fresh connection where the kept one has idled for longer than it may."""
    monkeypatch.setattr(home_module, "STALE_FOR_CREATE", 1.0)
    with talking(lambda _: reply(b"{}")) as (server, transport):
        transport.send(create_of(f"{server.url}/v1/x"))
        transport.send(create_of(f"{server.url}/v1/x"))
        server.pause(2.5)
        transport.send(create_of(f"{server.url}/v1/x"))
        assert [1, 1, 2] == [asked.connection for asked in server.asked]


def test_headers_that_are_said_twice_are_joined() -> None:
    """Like requests does: one value, with commas."""
    answer = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\n{}"
    with talking(lambda _: answer) as (server, transport):
        response = transport.send(read_of(f"{server.url}/v1/x"))
    assert "1, 2" == response.headers["x-a"]


@pytest.mark.parametrize(
    ("method", "body", "length"), [("POST", b"", "0"), ("PUT", b"xyz", "3"), ("DELETE", b"", None), ("GET", b"", None)]
)
def test_methods_and_bodies_leave_as_they_are(method: str, body: bytes, length: str | None) -> None:
    """No header of libcurl's own making: no type nobody told, nothing awaited before the body."""
    with talking(lambda _: reply(b"{}")) as (server, transport):
        transport.send(HttpRequest(method, f"{server.url}/v1/x", headers=(("X-Empty", ""),), body=body))
    (asked,) = server.asked
    assert (method, body, length, "") == (
        asked.method,
        asked.body,
        asked.headers.get("content-length"),
        asked.headers["x-empty"],
    )
    assert {"host", "accept", "accept-encoding", "user-agent", "authorization", "x-empty"} == (
        asked.headers.keys() - {"content-length"}
    )


def test_a_large_body_arrives_whole() -> None:
    """Pictures in a create are not held back for a word from the other side."""
    body = os.urandom(3 * 2**20)
    with talking(lambda _: reply(b"{}")) as (server, transport):
        transport.send(HttpRequest("POST", f"{server.url}/v1/x", body=body, purpose="create"))
    assert body == server.asked[0].body
    assert "expect" not in server.asked[0].headers


# Packed ----------------------------------------------------------------------------------------------------------

TEXT = b'{"a": 1}' * 100
RAW = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("packing", "body"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        ("x-gzip", gzip.compress(TEXT) + b"\0\0 padding"),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", RAW.compress(TEXT) + RAW.flush()),
        ("identity", TEXT),
    ],
    ids=["gzip", "gzip in two members", "gzip and more", "deflate", "deflate without its frame", "not at all"],
)
def test_what_is_packed_is_unpacked(packing: str, body: bytes) -> None:
    """Every way that a server may pack what was asked for."""
    assert TEXT == unpacked(body, packing, 2**20)


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_what_is_packed_and_breaks_off_is_no_reply(packing: str) -> None:
    """A stream without its end is not taken for a whole one."""
    body = gzip.compress(TEXT) if packing == "gzip" else zlib.compress(TEXT)
    with (
        talking(lambda _: reply(body[:-9], Content_Encoding=packing)) as (server, transport),
        pytest.raises(ReplyLost, match="packed wrongly"),
    ):
        transport.send(read_of(f"{server.url}/v1/x"))


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_a_bomb_is_not_unpacked_further_than_needed(packing: str) -> None:
    """A little more than the largest is enough to refuse it."""
    body = bytes(2**26)
    packed = gzip.compress(body) if packing == "gzip" else zlib.compress(body)
    assert len(unpacked(packed, packing, 2**20)) <= 2**20 + 2


# Hosts that a provider named ---------------------------------------------------------------------------------------


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """A server of this machine that a public name leads to."""
    with RawServer(lambda _: reply(b"")) as inside:
        curl = pycurl.Curl

        def knowing() -> pycurl.Curl:
            one = curl()
            one.setopt(pycurl.RESOLVE, [f"uploads.example.com:{inside.port}:127.0.0.1"])
            return one

        monkeypatch.setattr(exchange_module.pycurl, "Curl", knowing)
        yield inside


def upload_to(server: RawServer) -> HttpRequest:
    return HttpRequest("PUT", f"http://uploads.example.com:{server.port}/x", body=b"x", auth="none", purpose="upload")


def test_a_name_that_leads_inside_is_not_connected_to(named: RawServer) -> None:
    """A public name that resolves to this machine is refused before a connection is made."""
    with talking(lambda _: reply(b"")) as (_, transport), pytest.raises(AssetRefused, match="loopback"):
        transport.send(upload_to(named))
    assert (0, []) == (named.connections, named.asked)


def test_the_address_really_connected_to_is_checked(named: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was opened, the peer on the socket decides, and nothing is sent to a private one."""
    lies = iter([None])
    monkeypatch.setattr(exchange_module, "why_forbidden", lambda address: next(lies, why_forbidden(address)))
    with talking(lambda _: reply(b"")) as (_, transport), pytest.raises(AssetRefused, match="loopback"):
        transport.send(upload_to(named))
    assert [] == named.asked


def test_an_unknown_name_was_never_sent() -> None:
    """A name that the resolver does not know: ``NotSent``."""
    transport = FastTransport(Secret(KEY), origin="http://provider.invalid")
    with pytest.raises(NotSent, match=r"not known|no connection in time"):
        transport.send(create_of("http://provider.invalid/v1/x"), timeout=Timeouts(connect=2.0))
    transport.close()


class Socks(RawServer):
    """A SOCKS proxy that passes everything on to one server."""

    def __init__(self, upstream: RawServer) -> None:
        super().__init__(lambda _: None)
        self.upstream = upstream
        self.wanted: list[bytes] = []

    def _talk(self, sock: socket.socket, number: int) -> None:
        with (
            sock,
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.upstream.port), 5) as there,
        ):
            stream = sock.makefile("rb")
            stream.read(stream.read(2)[1])
            sock.sendall(b"\x05\x00")
            head = stream.read(4)
            self.wanted.append(stream.read(stream.read(1)[0]) if head[3] == 3 else stream.read(4))
            stream.read(2)
            sock.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            back = threading.Thread(target=pump, args=(there, sock), daemon=True)
            back.start()
            pump(sock, there)
            back.join(5)


def test_a_socks_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is asked for the name, and needs nothing more to be installed."""
    monkeypatch.delenv("NO_PROXY")
    with RawServer(lambda _: reply(b"{}")) as server, Socks(server) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{proxy.port}")
        transport = FastTransport(Secret(KEY), origin="http://provider.example/v1")
        assert transport.send(create_of("http://provider.example/v1/x")).status == 200
        transport.close()
    assert [b"provider.example"] == proxy.wanted
    assert "/v1/x" == server.asked[0].target


# Beginning and end -------------------------------------------------------------------------------------------------


def test_close_cuts_what_is_under_way() -> None:
    """Who waits is told at once: what had left is lost, what had not was never sent."""
    here, go = threading.Event(), threading.Event()

    def answer(_: Asked) -> Answer:
        here.set()
        go.wait(LONG)
        return reply(b"{}")

    with talking(answer) as (server, transport):
        told: SimpleQueue[Told] = SimpleQueue()
        transport.begin(create_of(f"{server.url}/v1/x"), lambda *what: told.put(what))  # type: ignore[arg-type]  # both of them
        assert here.wait(LONG)
        transport.close()
        _, error = told.get(timeout=LONG)
        go.set()
    assert isinstance(error, ReplyLost)
    assert "closed" in str(error)


def test_the_thread_ends_with_the_last_transport() -> None:
    """Nothing is left behind by transports that are closed, nor by those that nobody holds any more."""
    with RawServer(lambda _: reply(b"{}")) as server:
        closed = FastTransport(Secret(KEY), origin=server.url)
        dropped = FastTransport(Secret(KEY), origin=server.url)
        for transport in (closed, dropped):
            transport.send(read_of(f"{server.url}/x"))
        threads = wires()
        closed.close()
        del transport, dropped
        gc.collect()
        for thread in threads:
            thread.join(LONG)
        assert [False] == [thread.is_alive() for thread in threads]
        while any(thread.is_alive() for thread in server._threads[1:]):  # its side of the connections has ended, too
            server._threads[-1].join(0.05)
            server._threads[1].join(0.05)
        again = FastTransport(Secret(KEY), origin=server.url)
        assert 200 == again.send(read_of(f"{server.url}/x")).status
        again.close()


def test_what_is_dropped_while_others_are_served_is_closed_afterwards() -> None:
    """Garbage may be collected in the midst of anything, and others' replies must not get lost by it."""
    closed: SimpleQueue[bool] = SimpleQueue()
    with RawServer(lambda _: reply(b"{}")) as server:
        held = [FastTransport(Secret(KEY), origin=server.url)]
        held[0].send(read_of(f"{server.url}/x"))
        line = held[0]._line

        def drop() -> None:
            held.clear()
            gc.collect()
            closed.put(line._closed)

        line.loop.post(drop)
        assert not closed.get(timeout=LONG)
        line.loop.post(lambda: closed.put(line._closed))
        assert closed.get(timeout=LONG)


def test_what_is_collected_while_the_thread_is_woken_blocks_nobody() -> None:
    """Garbage is collected at any moment, also in the midst of what begins or wakes the loop's thread."""
    transport = FastTransport(Secret(KEY), origin="http://provider.invalid")
    loop, kept = transport._line_here().loop, [transport]
    del transport

    def collected() -> None:
        with loop._lock:
            kept.clear()
            gc.collect()

    thread = threading.Thread(target=collected, daemon=True)
    thread.start()
    thread.join(10.0)
    assert not thread.is_alive()


def test_a_name_that_is_still_asked_for_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network a resolver takes long to give up: neither who closes waits for it, nor any other exchange."""
    go, closed = threading.Event(), threading.Event()

    class Asking(pycurl.CurlMulti):  # type: ignore[misc]  # pycurl has no types
        def close(self) -> None:
            go.wait(LONG)
            super().close()
            closed.set()

    with talking(lambda _: reply(b"{}")) as (server, other):
        other.send(read_of(f"{server.url}/v1/x"))
        monkeypatch.setattr(line_module.pycurl, "CurlMulti", Asking)
        transport = FastTransport(Secret(KEY), origin="http://provider.invalid")
        with pytest.raises(NotSent):
            transport.send(create_of("http://provider.invalid/x"), timeout=Timeouts(connect=0.5))
        transport.close()
        assert 200 == other.send(read_of(f"{server.url}/v1/x")).status
        assert not closed.is_set()
        go.set()
        assert closed.wait(LONG)


def test_a_loop_begins_and_ends_as_often_as_it_is_needed() -> None:
    """No event is lost between the end of one thread and the beginning of the next."""
    loop = Loop()
    ran: SimpleQueue[int] = SimpleQueue()
    for number in range(300):
        loop.post(lambda number=number: ran.put(number))  # type: ignore[misc]  # each its own number
        if number % 7 == 0:
            assert ran.get(timeout=LONG) == number
        else:
            ran.get(timeout=LONG)


def script(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of its own."""
    path = tmp_path / "program.py"
    path.write_text(code, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(path)], capture_output=True, text=True, timeout=60, check=False
    )


HEAD = """
import os, sys
from notebookgen.credentials import Secret
from notebookgen.transport.fast import FastTransport
from notebookgen.wire import get_request, json_request
url = {url!r}
transport = FastTransport(Secret({key!r}), origin=url)
read = get_request(url + "/x", purpose="status")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("kind", ["fast import FastTransport", "http import HttpTransport as FastTransport"])
def test_a_forked_child_has_connections_of_its_own(kind: str, tmp_path: Path) -> None:
    """Parent and child send on, each on its own connection; the child's end does not break the parent's."""
    code = HEAD.replace("fast import FastTransport", kind) + (
        "transport.send(read)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    transport.send(read)\n"
        "    sys.exit(7)\n"  # a whole end of the interpreter, with everything that it frees
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
        "print(transport.send(read).status)\n"
        "transport.close()\n"
    )
    with RawServer(lambda _: reply(b"{}")) as server:
        done = script(code.format(url=server.url, key=KEY), tmp_path)
        assert ("7\n200\n", "") == (done.stdout, done.stderr)
        assert [1, 2, 1] == [asked.connection for asked in server.asked]


NOTHING_LEFT = """
import resource, threading
from notebookgen.errors import NotSent
create = json_request(url + "/x", {{}}, purpose="create")
def sent(transport):
    told = []
    try:
        told.append(transport.send(create).status)
    except NotSent:
        told.append("unsent")
    over = threading.Event()
    def done(response, error):
        told.append("unsent" if isinstance(error, NotSent) else response.status)
        over.set()
    transport.begin(create, done)
    assert over.wait(20)
    return told
def fresh():
    for one in [one for one in threading.enumerate() if one.name == "notebookgen-wire"]:
        one.join(20)
    return FastTransport(None, origin=url)
sent(transport)
transport.close()
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))
for spare in range(8):
    transport, held = fresh(), []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    for _ in range(spare):
        os.close(held.pop())
    short = sent(transport)
    for one in held:
        os.close(one)
    print(*short, *sent(transport))
    transport.close()
start = threading.Thread.start
def refuse(self):
    raise RuntimeError("can't start new thread")
transport, threading.Thread.start = fresh(), refuse
short = sent(transport)
threading.Thread.start = start
print(*short, *sent(transport))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process has no such limit here")
def test_where_nothing_is_left_to_send_by_nothing_is_sent_later(tmp_path: Path) -> None:
    """Without a file or a thread to give, a create was not sent, nobody waits for ever, and it does not leave once there are."""
    with RawServer(lambda _: reply(b"{}")) as server:
        ended = script((HEAD + NOTHING_LEFT).format(url=server.url, key=KEY), tmp_path)
    rows = [line.split() for line in ended.stdout.splitlines()]
    assert (0, 9) == (ended.returncode, len(rows)), ended.stderr
    assert [["200", "200"]] * 9 == [row[2:] for row in rows]
    assert ["unsent", "unsent"] == rows[0][:2] == rows[-1][:2]
    assert {"unsent", "200"} == {word for row in rows for word in row}
    assert 2 + sum(row.count("200") for row in rows) == len(server.asked)


def test_what_is_posted_while_the_thread_fails_to_begin_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes at that moment is not told that it will be run by a thread that there will never be: it is tried once more."""
    loop, ran, others = Loop(), threading.Event(), list[threading.Thread]()
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "notebookgen-wire" and not others:
            others.append(threading.Thread(target=loop.post, args=(ran.set,)))
            others[0].start()
            others[0].join(0.5)  # it waits for this one's end
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError):
        loop.post(lambda: None)
    assert ran.wait(LONG)
    others[0].join(LONG)


@pytest.mark.parametrize("how", ["waited for", "begun", "dropped in a thread"])
def test_the_interpreter_ends_cleanly_with_requests_under_way(how: str, tmp_path: Path) -> None:
    """No word on the screen, no crash, no waiting: whatever is still on its way."""
    ways = {
        "waited for": "import threading\nthreading.Thread(target=lambda: transport.send(read), daemon=True).start()\n",
        "begun": "for _ in range(20):\n    transport.begin(read, print)\n",
        "dropped in a thread": "import gc\ntransport.begin(read, print)\ndel transport\ngc.collect()\n",
    }
    waiting = "import urllib.request\nurllib.request.urlopen(url + '/asked').read()\nprint('end')\n"
    asked_for, go = threading.Event(), threading.Event()

    def answer(asked: Asked) -> Answer:
        if asked.target == "/asked":
            asked_for.wait(LONG)
            return reply(b"{}", Connection="close")
        asked_for.set()
        go.wait(LONG)
        return None

    with RawServer(answer) as server:
        done = script((HEAD + ways[how] + waiting).format(url=server.url, key=KEY), tmp_path)
        go.set()
    assert (0, "end\n", "") == (done.returncode, done.stdout, done.stderr)


def test_errors_say_what_is_wrong_without_the_key() -> None:
    """A number of libcurl's is not what a person reads."""
    port = closed_port()
    transport = FastTransport(Secret(KEY), origin=f"http://127.0.0.1:{port}")
    with pytest.raises(NotSent) as caught:
        transport.send(create_of(f"http://127.0.0.1:{port}/v1/x"))
    transport.close()
    assert isinstance(caught.value, NotebookgenError)
    assert str(caught.value).startswith("127.0.0.1: the connection was refused (Connection refused). Nothing was sent.")
    assert str(caught.value.__cause__).startswith("OSError: curl 7: ")
