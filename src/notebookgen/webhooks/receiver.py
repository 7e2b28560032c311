"""The small server that providers call: tornado on a daemon thread, with an event loop that is not the kernel's.

Everything that comes is answered before anything is made of it, and the answer is the same whether a token is known or
not. What it holds at once is bounded: connections, bytes, and the time that each may take.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import threading
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)

from notebookgen.errors import InvalidCall, NotWritable
from notebookgen.normal import shown_value
from notebookgen.webhooks.addresses import job_named
from notebookgen.webhooks.probe import NAME, call_ourselves

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from tornado.httputil import HTTPConnection
    from tornado.iostream import IOStream

    from notebookgen.webhooks.addresses import Address

__all__ = ["Incoming", "Receiver", "bound"]

log = logging.getLogger("notebookgen")
MOST_BODY = 1_000_000  # bytes
MOST_DRAINED = 4_000_000  # bytes of a body that is too large, read so that its sender hears why
MOST_CONNECTIONS = 64
HEADER_SECONDS = BODY_SECONDS = 10.0
PATIENCE = 5.0
PROBE_SECONDS = 3.0
HIGHEST_PORT = 65535
BACKLOG = 128
GREETING = b"notebookgen is called back here.\n"
REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large"}


@dataclass(frozen=True, slots=True)
class Incoming:
    """What came to a job's address.

    Attributes:
        provider: The name in the path.
        token: The job's token.
        headers: Names in lower case.
        body: The raw bytes.
    """

    provider: str
    token: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """What ``ng.webhooks`` gives: where jobs call back, and what has come there. Also a context manager."""

    def __init__(
        self,
        address: Address,
        listening: socket.socket,
        *,
        take: Callable[[Incoming], str],
        ended: Callable[[Receiver], None],
    ) -> None:
        """Begin to listen.

        Args:
            address: Where providers call.
            listening: A socket that is bound.
            take: Makes something of a callback, after it was answered; gives one word for what became of it.
            ended: Is told of the end, once.
        """
        self.address = address
        self._bound = (str(listening.getsockname()[0]), int(listening.getsockname()[1]))
        self._take = take
        self._ended = ended
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._probe = secrets.token_urlsafe(32)
        self._reached = threading.Event()
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(listening, started), name="notebookgen-webhooks", daemon=True
        )
        self._thread.start()
        started.result(PATIENCE)
        call_ourselves(address.of_job(NAME, self._probe))

    @property
    def host(self) -> str:
        """The address of this machine at which it listens."""
        return self._bound[0]

    @property
    def port(self) -> int:
        """The port at which it listens."""
        return self._bound[1]

    @property
    def url(self) -> str:
        """The public address, below which each job has its own."""
        return self.address.url

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self._thread.is_alive()

    @property
    def reached(self) -> bool:
        """Whether something that was sent to the public address has come here: looks wait for callbacks only then."""
        return self._reached.is_set()

    def wait_reached(self) -> bool:
        """Wait for that a moment: it calls itself when it starts."""
        return self._reached.wait(PROBE_SECONDS)

    @property
    def counts(self) -> dict[str, int]:
        """How many callbacks came, by what became of them: ``used``, ``early``, ``repeated``, ``unawaited``, ...

        ``forged`` are those whose signature does not hold, ``unknown`` those with a token of no job, and ``refused`` what
        was no callback at all.
        """
        with self._lock:
            return dict(sorted(self._counts.items()))

    def count(self, fate: str) -> None:
        """Count what became of a callback."""
        with self._lock:
            self._counts[fate] += 1

    def stop(self) -> None:
        """Hear nothing more; jobs are asked about as usual from now on. Nothing happens the second time."""
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None and self._thread.is_alive() and not loop.is_closed():
            loop.call_soon_threadsafe(stopping.set)
        if threading.current_thread() is not self._thread:
            self._thread.join(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = f"listening on {self.host}:{self.port}" if self.running else "stopped"
        came = ", ".join(f"{number} {fate}" for fate, number in self.counts.items())
        near = ", which only this machine or its network reaches" if self.address.near else ""
        nothing = "nothing came yet" if self.reached else "not reached yet, so that jobs are asked about as usual"
        return f"<notebookgen webhooks at {self.url}{near}; {state}; {came or nothing}>"

    # Its own thread ----------------------------------------------------------------------------------------------

    def _run(self, listening: socket.socket, started: Future[None]) -> None:
        try:
            # A selector loop on Windows too: tornado needs add_reader.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._main(listening, started))
        finally:
            listening.close()
            if not started.done():
                started.set_exception(RuntimeError("the receiver of callbacks did not start"))
            self._ended(self)

    async def _main(self, listening: socket.socket, started: Future[None]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = _Server(
            _Door(self),
            no_keep_alive=True,
            idle_connection_timeout=HEADER_SECONDS,
            body_timeout=BODY_SECONDS,
            max_header_size=16_384,
            max_body_size=1 << 62,  # the door closes long before, and says why
            chunk_size=65_536,
            max_buffer_size=262_144,
        )
        server.add_sockets([listening])
        started.set_result(None)
        try:
            await self._stopping.wait()
        finally:
            server.stop()
            await server.close_all_connections()

    def take(self, incoming: Incoming) -> None:
        """Make something of a callback that is answered."""
        if incoming.provider == NAME:
            if secrets.compare_digest(incoming.token, self._probe):
                self._reached.set()
            return
        try:
            fate = self._take(incoming)
        except Exception as bug:  # noqa: BLE001 - what a stranger sends must not end the server; the job is looked at later
            log.warning("notebookgen: a callback of %s was dropped (%s)", incoming.provider, type(bug).__name__)
            fate = "dropped"
        if fate != "unknown":
            self._reached.set()
        if fate:
            self.count(fate)
            log.debug("notebookgen: a callback of %s: %s", incoming.provider, fate)


class _Server(HTTPServer):
    """Tornado's, with so many connections at once and no more: those beyond are closed unheard, and come again."""

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Take a connection, where there is room."""
        if len(self._connections) >= MOST_CONNECTIONS:
            stream.close()
        else:
            super().handle_stream(stream, address)


class _Door(HTTPServerConnectionDelegate):
    """Gives each request somebody who reads it."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Begin to read a request."""
        return _Request(self._receiver, request_conn)


class _Request(HTTPMessageDelegate):
    """Reads one request, answers it, and hands on what is a callback."""

    def __init__(self, receiver: Receiver, connection: HTTPConnection) -> None:
        self._receiver = receiver
        self._connection = connection
        self._chunks: list[bytes] = []
        self._size = 0
        self._line = RequestStartLine("", "", "")
        self._headers: dict[str, str] = {}
        self._answered = False

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> None:
        """Keep the head; what says that it is far too large is answered at once."""
        assert isinstance(start_line, RequestStartLine)  # noqa: S101 - this is a server
        self._line = start_line
        self._headers = {name.lower(): value for name, value in headers.items()}
        length = self._headers.get("content-length", "")
        if length.isdecimal() and (len(length) > 15 or int(length) > MOST_DRAINED):
            self._answer(413)

    def data_received(self, chunk: bytes) -> None:
        """Keep a piece of the body, as long as it is one that a callback may have."""
        self._size += len(chunk)
        if self._size <= MOST_BODY:
            self._chunks.append(chunk)
        else:
            self._chunks.clear()
            if self._size > MOST_DRAINED:
                self._answer(413)

    def finish(self) -> None:
        """Answer, then hand on."""
        path = self._line.path.partition("?")[0]
        named = job_named(path)
        if self._size > MOST_BODY:
            self._answer(413)
        elif named is None and self._line.method in {"GET", "HEAD"} and path.rstrip("/") in self._own_paths():
            self._answer(200, GREETING, count=False)  # a person who looks whether the tunnel leads here
        elif named is None:
            self._answer(404)
        elif self._line.method != "POST":
            self._answer(405)
        else:
            self._answer(200)
            incoming = Incoming(*named, self._headers, b"".join(self._chunks))
            asyncio.get_running_loop().call_soon(self._receiver.take, incoming)

    def on_connection_close(self) -> None:
        """Forget what came of it."""
        self._chunks.clear()

    def _own_paths(self) -> set[str]:
        return {"", self._receiver.address.path}

    def _answer(self, status: int, body: bytes = b"", *, count: bool = True) -> None:
        """Answer and end the connection; whoever has something more to say opens another."""
        if self._answered:
            return
        self._answered = True
        if status != 200 and count:
            self._receiver.count("refused")
        headers = HTTPHeaders({"Content-Length": str(len(body)), "Content-Type": "text/plain", "Server": "notebookgen"})
        if status == 405:
            headers["Allow"] = "POST"
        line = ResponseStartLine("HTTP/1.1", status, REASONS[status])
        written = self._connection.write_headers(line, headers, body if self._line.method != "HEAD" else None)
        written.add_done_callback(_seen)
        self._connection.finish()


def _seen(written: asyncio.Future[None]) -> None:
    """Take note of an answer that nobody waited for: the sender's right."""
    if not written.cancelled():
        written.exception()


def bound(host: object, port: object) -> socket.socket:
    """Return a listening socket.

    Raises:
        InvalidCall: There cannot be such a port or host.
        NotWritable: It cannot be listened on.
    """
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= HIGHEST_PORT:
        message = f"port={shown_value(port)} is no port. Give a whole number from 0 (any free one) to {HIGHEST_PORT}."
        raise InvalidCall(message)
    if not isinstance(host, str) or not host.strip():
        message = f"host={host!r} is no address of this machine. Leave it out to listen on 127.0.0.1."
        raise InvalidCall(message)
    listening: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        if os.name != "nt":  # there it would share the port with whoever has it
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setblocking(False)
        listening.bind(address)
        listening.listen(BACKLOG)
    except (OSError, UnicodeError) as error:
        if listening is not None:
            listening.close()
        message = (
            f"callbacks cannot be listened for on {host}:{port}: {error}.\n"
            "Take another port, or any free one: port=0. One of this kernel's: stop it with .stop() first."
        )
        raise NotWritable(message) from error
    return listening
