"""Fetching by libcurl: the loop's thread brings a file's bytes, the thread that asked takes them as they come.

A small file is here whole before anybody is woken for it. Of a large one no more comes than a little ahead of whoever
takes it.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections import deque
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import pycurl

from notebookgen.errors import ReplyLost
from notebookgen.transport.base import Timeouts
from notebookgen.transport.bodies import UNPACKED
from notebookgen.transport.bringing import PlainBringer, unpacked
from notebookgen.transport.failures import NO_KEY, told
from notebookgen.transport.fast_ended import Asked, closed, failure, headers_of, status_of
from notebookgen.transport.fast_exchange import Handle
from notebookgen.transport.fast_line import SPARE, Line, OnLine
from notebookgen.transport.fast_ways import bundle_options, proxy_options
from notebookgen.wire import get_request

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from notebookgen.errors import NotebookgenError
    from notebookgen.transport import lines
    from notebookgen.transport.addresses import SafeUrl
    from notebookgen.transport.bringing import Reply
    from notebookgen.transport.fast_ended import Ended
    from notebookgen.transport.fast_ways import Option

__all__ = ["FastBringer"]

MOST_AHEAD = 4 * 2**20  # bytes that came and that nobody has taken
BUFFER = 256 * 1024  # bytes that libcurl reads at once: each piece is a call, and a turn for who takes it
MOST_KNOWN = 64  # hosts whose way is remembered
HOSTS = 8  # to which connections are kept, when there are so many for each
UNREADABLE = 8  # libcurl's number for a reply that it does not read, and that urllib3 may
LENGTH = re.compile(r"[0-9]{1,18}")  # a longer one is no file's


class FileHandle(Handle):
    """A handle whose body goes to a reply that is being read."""

    def __init__(self, way: tuple[Option, ...], sockets: dict[tuple[str, int], int], *, checked: bool) -> None:
        """Set what holds for every file that comes that way; see ``Handle``."""
        super().__init__(way, "GET", sockets, body=False, checked=checked)
        self.curl.setopt(pycurl.BUFFERSIZE, BUFFER)

    def ask(self, asked: Asked) -> None:
        """Prepare the handle for a file."""
        super().ask(asked)
        self._paused = False
        self._take = coming_of(asked).take

    def go_on(self) -> None:
        """Let more of the body come."""
        if self._paused:
            self._paused = False
            with contextlib.suppress(pycurl.error):  # it ends at once, and that is told like any end
                self.curl.pause(pycurl.PAUSE_CONT)

    def _headed(self) -> None:
        coming_of(self.asked).begun(self._heads)

    def _write(self, piece: bytes) -> int | None:
        if not self._take(piece):
            self._paused = True
            paused: int = pycurl.WRITEFUNC_PAUSE  # the piece comes again
            return paused
        self._size += len(piece)
        return None

    def check(self, now: float) -> NotebookgenError | None:
        """Return why the exchange has to end now; that nothing comes while we ourselves hold it up is no reason."""
        if self._paused:
            self._heard = now
        return super().check(now)

    def end(self, code: int = 0, said: str = "", problem: NotebookgenError | None = None) -> Ended:
        """Return what the exchange came to, and forget it."""
        del self._take
        return super().end(code, said, problem)


class FileLine(Line):
    """Connections to whoever has files. Only ever in the loop's thread."""

    def _kind(self, asked: Asked) -> Hashable | None:
        return asked.way, asked.checked

    def _full(self) -> bool:
        return False  # whoever asks holds a thread, and there are only so many

    def _new_handle(self, way: tuple[Option, ...], asked: Asked) -> Handle:
        return FileHandle(way, self._sockets, checked=asked.checked)

    def go_on(self, coming: Coming) -> None:
        """Let more of a file come."""
        for handle in self._handles_of(coming):
            handle.go_on()

    def stop(self, coming: Coming) -> None:
        """End an exchange, and its connection with it."""
        for handle in self._handles_of(coming):
            self._ended(handle, 0, "", closed(handle.asked.host, left=True))

    def _handles_of(self, coming: Coming) -> list[FileHandle]:
        """Return what brings a file: one, or none when it is over."""
        return [one for one in self._busy.values() if isinstance(one, FileHandle) and one.asked.owner is coming]


def coming_of(asked: Asked) -> Coming:
    """Return the reply that an exchange of ours is for."""
    if not isinstance(asked.owner, Coming):
        raise TypeError("only files are asked for here")
    return asked.owner


class FastBringer(OnLine[FileLine]):
    """Fetches by libcurl.

    Args:
        keep: How many idle connections to keep for each host.
        environ: The environment's variables, for the CA bundle; by default this process's.

    Raises:
        ConfigurationError: The CA bundle cannot be read.
    """

    def __init__(self, *, keep: int, environ: Mapping[str, str] | None = None) -> None:
        self._trusted = bundle_options(os.environ if environ is None else environ)
        self._ways: dict[tuple[str, bool], tuple[tuple[Option, ...], bool]] = {}
        self._plain = partial(PlainBringer, keep=keep, environ=environ)
        self._other: PlainBringer | None = None
        super().__init__(partial(FileLine, options=(), keep=keep * HOSTS))

    def get(
        self,
        url: SafeUrl,
        headers: Mapping[str, str],
        line: lines.Line,
        *,
        connect: float,
        silence: float,
        until: float,
    ) -> Reply:
        """Ask for a file; see ``Bringer``."""
        way, checked = self._way(url)
        coming = Coming(url.host, self._line_here(), until)
        waits = Timeouts(connect, silence, float("inf"))
        request = get_request(str(url), purpose="asset")
        coming.asked = Asked(request, request.url, url.host, headers, waits, way, checked, coming.over, coming)
        self._start(coming.asked)
        line.end = coming.stop
        if line.cut_for:  # just now
            coming.stop()
        problem = coming.wait_for_headers()
        if problem is None:
            return coming
        if coming.code != UNREADABLE:
            raise problem
        self._other = self._other or self._plain()
        return self._other.get(url, headers, line, connect=connect, silence=silence, until=until)

    def close(self) -> None:
        """Cut what is on its way, and close the connections."""
        super().close()
        if self._other is not None:
            self._other.close()

    def _way(self, url: SafeUrl) -> tuple[tuple[Option, ...], bool]:
        """Return how to reach a checked address, and whether only public ones may be connected to: asked once for each host."""
        known = (url.base, url.own)
        found = self._ways.get(known)
        if found is None:
            proxy = proxy_options(url)
            found = (*self._trusted, *proxy), not url.own and len(proxy) == 1  # a proxy is told the name alone
            if len(self._ways) >= MOST_KNOWN:
                self._ways.clear()
            self._ways[known] = found
        return found


class Coming:
    """A reply by libcurl: brought by the loop's thread, and read by the one that asked.

    Attributes:
        asked: What was asked for.
        status, headers, rest: See ``Reply``.
    """

    asked: Asked

    def __init__(self, host: str, line: FileLine, until: float) -> None:
        """Begin without anything; nobody waits for longer than until that moment, and a little more."""
        self.status = self.rest = 0
        self.headers: Mapping[str, str] = {}
        self._host, self._line, self._until = host, line, until
        self._heads: list[bytes] | None = None
        self._pieces: deque[bytes] = deque()
        self._came = self._taken = 0  # bytes; each counted by one thread
        self._held_up = False
        self._ended: Ended | None = None
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._rings = False  # whether the bell is rung at the end of this round
        self._unpacked: Iterator[bytes] | None = None

    # In the loop's thread ----------------------------------------------------------------------------------------

    def begun(self, heads: list[bytes]) -> None:
        """Take the headers, which are complete."""
        self._heads = heads
        self._ring()

    def take(self, piece: bytes) -> bool:
        """Take a piece of the body; False where so much is ahead that it has to wait."""
        self._ring()
        if self._came - self._taken > MOST_AHEAD:
            self._held_up = True
            return False
        self._pieces.append(piece)
        self._came += len(piece)
        return True

    def over(self, ended: Ended) -> None:
        """Take what it came to; in another thread where nothing was begun."""
        self._ended = ended
        if self._line.loop.here:
            self._ring()
        else:
            self._bell.put(None)

    def _ring(self) -> None:
        """Wake who waits, once all of this round is here."""
        if not self._rings:
            self._rings = True
            self._line.loop.tell(self._wake)

    def _wake(self) -> None:
        self._rings = False
        self._bell.put(None)

    # In the thread that asked ------------------------------------------------------------------------------------

    @property
    def code(self) -> int:
        """Libcurl's number for how it ended; 0 where it has not, or well."""
        return 0 if self._ended is None else self._ended.code

    def wait_for_headers(self) -> NotebookgenError | None:
        """Return when the headers are here; where none came, why."""
        while self._heads is None and self._ended is None:
            self._wait()
        if self._heads is None:
            broke = told(self._host, "the reply broke off in its headers", left=True)
            return self._problem() or broke
        self.status = status_of(self._heads)
        self.headers = headers_of(self._heads)
        length = self.headers.get("content-length", "")
        if LENGTH.fullmatch(length) and "transfer-encoding" not in self.headers:
            self.rest = int(length)
        packing = self.headers.get("content-encoding", "").strip().lower()
        self._unpacked = None if packing in UNPACKED else unpacked(self.next, packing, self._host)
        return None

    def read(self) -> bytes:
        """Return the next bytes; see ``Reply``."""
        return self.next() if self._unpacked is None else next(self._unpacked, b"")

    def next(self) -> bytes:
        """Return the next bytes as they came; none at the end.

        Raises:
            NotebookgenError: It broke off.
        """
        while not self._pieces:
            if self._ended is None:
                self._wait()
            elif not self._pieces:  # none came in between
                problem = self._problem()
                if problem is not None:
                    raise problem
                return b""
        piece = self._pieces.popleft()
        if self._pieces:  # libcurl's are small, and each would be hashed and written by itself
            pieces, size = [piece], len(piece)
            while self._pieces and size < BUFFER:
                pieces.append(self._pieces.popleft())
                size += len(pieces[-1])
            piece = b"".join(pieces)
        self._taken += len(piece)
        return piece

    def end(self, *, whole: bool) -> None:
        """Be done with the reply; see ``Reply``."""
        if not whole:
            self.stop()
        self._pieces.clear()

    def stop(self) -> None:
        """End the exchange, from any thread."""
        if self._ended is None:
            self._line.loop.post(partial(self._line.stop, self))

    def _wait(self) -> None:
        """Wait for news.

        Raises:
            ReplyLost: There are none, where the exchange should long have ended.
        """
        if self._held_up and not self._pieces:
            self._held_up = False
            self._line.loop.post(partial(self._line.go_on, self))
        try:
            self._bell.get(timeout=max(self._until - time.monotonic(), 0.0) + SPARE)
        except Empty:
            message = f"{self._host}: the exchange did not end in its time."
            raise ReplyLost(message) from None

    def _problem(self) -> NotebookgenError | None:
        """Return what it ended with, None where it ended well."""
        ended = self._ended
        if ended is None or ended.problem is not None:
            return None if ended is None else ended.problem
        return failure(ended, self._host, NO_KEY) if ended.code else None
