"""A server on loopback that does exactly what a test tells it: drip, cut, redirect, lie, or answer well."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

CRLF = "\r\n"


@dataclass(frozen=True)
class Asked:
    """One request as it came, and on which connection (counted from 1)."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


@dataclass(frozen=True)
class Reset:
    """Send these bytes, then reset the connection."""

    data: bytes = b""


Answer = bytes | Reset | Iterable[bytes] | None


def reply(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole, honest reply; ``Content_Length`` and the like replace what would be said by itself."""
    said = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in said.items() if value), "", ""]
    return CRLF.join(lines).encode() + body


class RawServer:
    """Answers each request by a function; ``asked`` holds what came.

    Args:
        answer: Returns bytes to send, pieces to send one after the other, a ``Reset``, or None to hang up. After bytes
            the connection is kept, unless they say otherwise.
        tls: A server's context, for https.
    """

    def __init__(self, answer: Callable[[Asked], Answer], *, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.tls = tls
        self.asked: list[Asked] = []
        self.connections = 0
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._begin(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            still = list(self._open)
        for sock in still:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        assert [thread for thread in self._threads if thread.is_alive()] == []

    def pause(self, seconds: float) -> bool:
        """Wait between two pieces; True when the test is over."""
        return self.stopped.wait(seconds)

    def _begin(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while not self.stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(sock)
                number = self.connections
            self._begin(self._talk, sock, number)

    def _talk(self, sock: socket.socket, number: int) -> None:
        raw = sock
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            with sock.makefile("rb") as stream:
                while not self.stopped.is_set():
                    asked = read_request(stream, number)
                    if asked is None:
                        return
                    with self._lock:
                        self.asked.append(asked)
                    if not send(sock, self.answer(asked)):
                        return
        except (OSError, ValueError):
            return  # the client went away, which some tests are about
        finally:
            with self._lock:
                self._open.discard(raw)
            sock.close()


def read_request(stream: object, number: int) -> Asked | None:
    """Read one request; None at the end."""
    readline, read = stream.readline, stream.read  # type: ignore[attr-defined]  # a buffered reader
    first = readline().decode("latin-1").strip()
    if not first:
        return None
    method, target, _ = first.split(" ", 2)
    headers: dict[str, str] = {}
    while line := readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = read(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body, number)


def send(sock: socket.socket, answer: Answer) -> bool:
    """Send an answer; return whether the connection goes on."""
    if answer is None:
        return False
    if isinstance(answer, Reset):
        if answer.data:
            sock.sendall(answer.data)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    pieces = [answer] if isinstance(answer, bytes) else answer
    whole = isinstance(answer, bytes)
    for piece in pieces:
        sock.sendall(piece)
    return whole


class RecordingProxy(RawServer):
    """A proxy that notes what it is asked for and passes it on to one server, tunnels included; with ``tls`` it is one by https."""

    def __init__(self, upstream: RawServer, *, refuse: bool = False, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(self._never, tls=tls)
        self.upstream = upstream
        self.refuse = refuse

    def _never(self, asked: Asked) -> Answer:
        raise AssertionError

    def _talk(self, sock: socket.socket, number: int) -> None:
        raw = sock
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            with sock.makefile("rb") as stream:
                asked = read_request(stream, number)
            if asked is None:
                return
            self.asked.append(asked)
            if self.refuse:
                sock.sendall(reply(b"no", "407 Proxy Authentication Required"))
                return
            with socket.create_connection(("127.0.0.1", self.upstream.port), 5) as there:
                with self._lock:
                    self._open.add(there)
                if asked.method == "CONNECT":
                    sock.sendall(f"HTTP/1.1 200 OK{CRLF}{CRLF}".encode())
                else:
                    path = "/" + asked.target.split("/", 3)[3]
                    lines = [f"{asked.method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in asked.headers.items())]
                    there.sendall(CRLF.join([*lines, "", ""]).encode() + asked.body)
                back = threading.Thread(target=pump, args=(there, sock), daemon=True)
                back.start()
                pump(sock, there)
                back.join(5)
        except OSError:
            return
        finally:
            with self._lock:
                self._open.discard(raw)
            sock.close()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy bytes until one side ends."""
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for sock in (source, sink):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
