"""One exchange by libcurl: the options that make it ours, what comes back while it lasts, and what it came to.

libcurl would send a request once more by itself where a kept connection turns out to be dead. ``_before`` runs before
each time that a request would leave, and lets it leave once: nothing is ever repeated, a create least of all.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from typing import TYPE_CHECKING

import pycurl

from notebookgen.transport.addresses import why_forbidden
from notebookgen.transport.bodies import most_bytes, too_large, too_slow
from notebookgen.transport.connections import SLOWEST_UPLOAD, forbidden
from notebookgen.transport.failures import told
from notebookgen.transport.fast_ended import Ended, ends_so, status_of
from notebookgen.transport.home import stale_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.errors import NotebookgenError
    from notebookgen.transport.fast_ended import Asked
    from notebookgen.transport.fast_ways import Option

__all__ = ["Handle"]

MOST_HEADERS = 100  # as http.client has it
STARTING_UPLOAD = 60.0  # seconds, and then as many as the slowest line takes
LARGE_BODY = 65_536
MOST_SOCKETS = 1000
GRANTED: int = pycurl.PREREQFUNC_OK
REFUSED: int = pycurl.PREREQFUNC_ABORT
FINE: int = pycurl.SOCKOPT_OK
NO_SOCKET: int = pycurl.SOCKET_BAD
COMMON: tuple[Option, ...] = (
    (pycurl.NOSIGNAL, 1),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.FOLLOWLOCATION, 0),
    (pycurl.PATH_AS_IS, 1),
    (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
    (pycurl.SSL_VERIFYPEER, 1),
    (pycurl.SSL_VERIFYHOST, 2),
    (pycurl.HTTP_CONTENT_DECODING, 0),  # unpacked by us, up to the largest reply
)


class Handle:
    """One of libcurl's handles, with what its present exchange has come to. Only ever in the loop's thread."""

    def __init__(
        self,
        options: tuple[Option, ...],
        method: str,
        sockets: dict[tuple[str, int], int],
        *,
        body: bool,
        checked: bool,
    ) -> None:
        """Set what holds for every exchange by this handle.

        Args:
            options: The way to the host.
            method: Of every request.
            sockets: The connections of all handles by their ends here, kept by them.
            body: Whether each request has one.
            checked: Whether only public addresses may be connected to.
        """
        self._sockets = sockets
        self.curl = pycurl.Curl()
        for option, value in (*COMMON, *options):
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._header)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._write)
        self.curl.setopt(pycurl.PREREQFUNCTION, self._before)
        self.curl.setopt(pycurl.SOCKOPTFUNCTION, self._opens)
        if checked:
            self.curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
        self._posts = body or method in {"POST", "PUT", "PATCH"}
        if self._posts:
            self.curl.setopt(pycurl.POST, 1)
            self.curl.setopt(pycurl.POSTFIELDS, b"")
        if method == "HEAD":
            self.curl.setopt(pycurl.NOBODY, 1)
        elif method != ("POST" if body else "GET"):
            self.curl.setopt(pycurl.CUSTOMREQUEST, method)
        self._body = body
        self._checked = checked
        self._said: object = None
        self._ours: socket.socket | None = None
        self._connect = self._stale = -1.0
        self.asked: Asked

    def ask(self, asked: Asked) -> None:
        """Prepare the handle for an exchange.

        Raises:
            pycurl.error, UnicodeError: It cannot be sent.
        """
        curl, request = self.curl, asked.request
        self.asked = asked
        self._heads: list[bytes] = []
        self._parts: list[bytes] = []
        self._opened: list[int] = []
        self._size = self._behind = 0
        self._most = most_bytes(request.purpose)
        self._left = self._over = self.worn_out = False
        self._problem: NotebookgenError | None = None
        self._closed_to: str | None = None
        self._sent = self._heard = self._first = 0.0
        self._mark: tuple[int, ...] = ()
        curl.setopt(pycurl.URL, asked.url)
        if self._said is not asked.headers:
            curl.setopt(pycurl.HTTPHEADER, lines_of(asked.headers, posts=self._posts))
            self._said = asked.headers
        if self._body:
            curl.setopt(pycurl.POSTFIELDS, request.body)
        if self._connect != asked.waits.connect:
            curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(int(asked.waits.connect * 1000), 1))
            self._connect = asked.waits.connect
        self._stale_after(stale_after(request.purpose))

    def ask_again(self) -> None:
        """Prepare the handle for the same exchange on a fresh connection: nothing of it has left."""
        asked = self.asked
        self.ask(asked)
        self._stale_after(0.0)

    def _stale_after(self, stale: float) -> None:
        """Take no kept connection that idled for longer."""
        curl = self.curl
        if self._stale != stale:
            curl.setopt(pycurl.FRESH_CONNECT, int(stale < 1))
            curl.setopt(pycurl.MAXAGE_CONN, max(int(stale), 1))
            self._stale = stale

    @property
    def left(self) -> bool:
        """Whether a byte of the request may have left."""
        return self._left

    @property
    def reached(self) -> bool:
        """Whether an address was found to connect to."""
        return self._left or bool(self._opened)

    # While it lasts ----------------------------------------------------------------------------------------------

    def _before(self, there: str, here: str, port: int, local_port: int) -> int:
        """Note that the request leaves now; refuse that it leaves a second time, or to where it must not go."""
        if self._left:
            return REFUSED
        if self._opened:
            if len(self._sockets) > MOST_SOCKETS:  # of connections long gone; of the others it is noticed later
                self._sockets.clear()
            self._sockets[here, local_port] = the_one(self._opened, local_port)
        elif has_news(self._sockets.get((here, local_port), -1)):
            self.worn_out = (
                True  # libcurl itself looks once a second; nothing has left, and a fresh one takes its place
            )
            return REFUSED
        why = why_forbidden(there) if self._checked else None
        if why is not None:
            self._problem = forbidden(self.asked.host, why)
            return REFUSED
        self._left = True
        self._sent = self._heard = time.monotonic()
        self._heads.clear()  # what a proxy said on the way is no part of the reply
        self._over = False
        return GRANTED

    def _opens(self, fd: int, purpose: int) -> int:
        """Note a socket that is about to be connected; one that we opened was copied."""
        if self._ours is not None:
            self._ours.close()
            self._ours = None
        self._opened.append(fd)
        return FINE

    def _open(self, purpose: int, address: tuple[int, int, int, tuple[object, ...]]) -> socket.socket | int:
        """Open a socket to a public address, and to no other."""
        family, kind, protocol, place = address
        why = why_forbidden(str(place[0]))
        if why is not None:
            self._closed_to = why
            return NO_SOCKET
        self._ours = socket.socket(family, kind, protocol)
        return self._ours

    def _header(self, line: bytes) -> int | None:
        """Take a line of the headers; what comes behind the body is passed over."""
        if self._over:
            self._behind += 1
            return None
        if line not in {b"\r\n", b"\n"}:
            self._heads.append(line)
            if len(self._heads) > MOST_HEADERS + 1:
                self._problem = told(self.asked.host, "the reply has too many headers", left=self._left)
                return -1
        elif not self._heads:
            self._problem = told(self.asked.host, "what came is no HTTP", left=self._left)
            return -1
        elif self._heads[0][9:10] == b"1":  # an interim one
            self._heads.clear()
        else:
            self._over = True
            if self._left:  # else it is a proxy that speaks, about its tunnel
                self._headed()
        return None

    def _headed(self) -> None:
        """Take note that the headers are complete."""

    def _write(self, piece: bytes) -> int | None:
        """Take a piece of the body."""
        self._size += len(piece)
        if self._size > self._most:
            self._problem = too_large(self.asked.host, self._most, status_of(self._heads))
            return -1
        self._parts.append(piece)
        return None

    def check(self, now: float) -> NotebookgenError | None:
        """Return why the exchange has to end now: nothing was heard for too long, or the whole takes too long."""
        if not self._left:  # libcurl's own limit is for the connection
            return None
        waits = self.asked.waits
        size = len(self.asked.request.body)
        sent = int(self.curl.getinfo(pycurl.SIZE_UPLOAD_T)) if size > LARGE_BODY else size
        mark = (len(self._heads), self._size, self._behind, sent)
        if mark != self._mark:
            self._mark, self._heard = mark, max(self._heard, now) if any(mark[:3]) or size > sent else self._heard
        if self._heads and not self._first:
            self._first = now
        if self._first and now - self._first >= waits.whole:
            return too_slow(self.asked.host, self._size, waits.whole)
        late = sent < size and now - self._sent > STARTING_UPLOAD + size / SLOWEST_UPLOAD
        if late or now - self._heard >= waits.read:
            return told(self.asked.host, "no reply in time", left=True)
        return None

    def end(self, code: int = 0, said: str = "", problem: NotebookgenError | None = None) -> Ended:
        """Return what the exchange came to, and forget it."""
        problem = problem or self._problem
        if problem is None and self._closed_to is not None and not self._opened and not self._left:
            problem = forbidden(self.asked.host, self._closed_to)
        if self._over and ends_so(self._heads, code, said):
            code = 0
        errno = int(self.curl.getinfo(pycurl.OS_ERRNO)) if code == 7 else 0
        ended = Ended(self._heads, self._parts, code, said, errno, self._left, self._over, problem)
        del self.asked, self._heads, self._parts
        return ended

    def close(self) -> None:
        """Free the handle."""
        self.curl.close()


def the_one(sockets: list[int], port: int) -> int:
    """Return which of several sockets has that port here, -1 where none has: the first to connect is kept."""
    if len(sockets) == 1:
        return sockets[0]
    for fd in sockets:
        with contextlib.suppress(OSError):  # closed already
            one = socket.socket(fileno=fd)
            try:
                if one.getsockname()[1] == port:
                    return fd
            finally:
                one.detach()
    return -1


def has_news(fd: int) -> bool:
    """Whether something waits to be read where nothing was asked for: the end of the connection, mostly."""
    if fd < 0:
        return False
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([fd], [], [], 0)[0])


def lines_of(headers: Mapping[str, str], *, posts: bool) -> list[bytes]:
    """Return headers as libcurl takes them; what it would add by itself is left out.

    Raises:
        UnicodeError: One cannot be sent.
    """
    lines = [(f"{name}: {value}" if value else f"{name};").encode("latin-1") for name, value in headers.items()]
    named = {name.lower() for name in headers}
    if posts and "content-type" not in named:
        lines.append(b"Content-Type:")
    if "expect" not in named:
        lines.append(b"Expect:")
    return lines
