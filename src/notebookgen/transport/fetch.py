"""Fetching what came back, from hosts that a provider named: into a file of ours, or in memory while it is small.

No key and no cookie ever goes along; every hop of a redirect is checked again; size, time and slowness have limits;
a broken transfer is taken up where it broke when the server can prove that the file is still the same.
With a proxy in the environment the address is the proxy's to connect to, and the check is on the name alone.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.errors import AssetError, AssetGone, AssetRefused, TransportError
from notebookgen.normal import shown_line
from notebookgen.transport.addresses import check_url, follow
from notebookgen.transport.bodies import PACKINGS
from notebookgen.transport.choosing import bringer_for
from notebookgen.transport.fetched import Fetched, Held
from notebookgen.transport.home import default_user_agent
from notebookgen.transport.lines import Line, cut_after, looked_at
from notebookgen.transport.parts import Part
from notebookgen.transport.retry import PASSING, read_delay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from notebookgen.transport.addresses import SafeUrl
    from notebookgen.transport.bringing import Bringer, Reply

__all__ = ["AssetFetcher", "FetchLimits", "Fetched"]

CLOSING = 1.0  # seconds
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({403, 404, 410})  # object stores answer 403 where a signed address has expired
TOO_LONG = "it took too long"
AGAIN = "What was made is still at the provider. To fetch it again, type: ng.resume()"


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What a download may take.

    Attributes:
        size: Bytes, unpacked.
        seconds: All tries together.
        answer: Seconds until the reply's headers are complete.
        connect: Seconds for one connection.
        silence: Seconds without a byte.
        slow: Seconds after which the speed is judged, again and again ...
        slowest: ... and the bytes that must have come in each such span.
        hops: Redirects in a row.
        tries: How often a broken transfer is taken up, the first time included.
    """

    size: int = 2 * 2**30
    seconds: float = 1800.0
    answer: float = 60.0
    connect: float = 10.0
    silence: float = 30.0
    slow: float = 30.0
    slowest: int = 32 * 1024
    hops: int = 5
    tries: int = 3


class AssetFetcher:
    """Downloads files. Threads may share it; ``close`` cuts what is still on its way.

    Args:
        keep: How many idle connections to keep for each host.
        environ: The environment's variables, for the way and the CA bundle; by default this process's.
        user_agent: What to call ourselves; some hosts turn away what does not begin like a browser.
        wait: Waits that many seconds between tries; returns True when interrupted.
        rng: Returns a random number from 0 to 1.
    """

    def __init__(
        self,
        *,
        keep: int = 4,
        environ: Mapping[str, str] | None = None,
        user_agent: str | None = None,
        wait: Callable[[float], bool] | None = None,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._bringer: Bringer = bringer_for(environ, keep=keep)
        agent = user_agent or f"Mozilla/5.0 (compatible; {default_user_agent()})"
        self._headers = {"User-Agent": agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._rng = rng
        self._lines: set[Line] = set()
        self._lock = threading.Lock()
        self._active = 0
        self._idle = threading.Condition()

    def fetch(
        self, url: str, *, into: Path, allowed_origin: str | None = None, limits: FetchLimits | None = None
    ) -> Fetched:
        """Download a file into a folder of ours, under a temporary name ending in ``.part``.

        Args:
            url: Where the provider says it is.
            into: The folder; made when it is missing.
            allowed_origin: The provider's own configured address, which alone may be a private one.
            limits: What the download may take.

        Raises:
            AssetRefused: The address is not allowed, or the file is too large.
            AssetGone: The address has expired.
            AssetError: It is too slow, or the server does not give it.
            TransportError: The wire broke more often than is worth trying.
            NotWritable: The disk is full, or the folder may not be written.
        """
        with self._coming(url, into, allowed_origin, limits or FetchLimits()) as part:
            return Fetched(part.keep(), part.sha256, part.size, part.mime, url)

    def bring(
        self, url: str, *, into: Path, allowed_origin: str | None = None, limits: FetchLimits | None = None
    ) -> Fetched | Held:
        """Download a file as ``fetch`` does, but leave a small one in memory: whoever keeps it writes it once."""
        with self._coming(url, into, allowed_origin, limits or FetchLimits()) as part:
            data = part.held
            if data is not None:
                return Held(data, part.sha256, part.mime, url)
            return Fetched(part.keep(), part.sha256, part.size, part.mime, url)

    @contextlib.contextmanager
    def _coming(self, url: str, into: Path, allowed: str | None, limits: FetchLimits) -> Iterator[Part]:
        """Yield what came, whole."""
        safe = check_url(url, allowed_origin=allowed)  # before a file is made for it, or one looked for
        until = time.monotonic() + limits.seconds
        with self._counted(), Part(into, url) as part:
            for attempt in range(1, limits.tries + 1):
                problem = self._try(safe, part, allowed, limits, until)
                if problem is None:
                    break
                delay = read_delay(attempt, retry_after=None, jitter=self._rng())
                if attempt == limits.tries or delay is None or self._wait(delay):
                    raise problem
            yield part

    def close(self) -> None:
        """Cut what is on its way, and close the connections."""
        self._closed.set()
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            line.cut("the download was stopped")
        with self._idle:
            self._idle.wait_for(lambda: not self._active, CLOSING)
        self._bringer.close()

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Let ``close`` wait until what came is put away."""
        with self._idle:
            self._active += 1
        try:
            yield
        finally:
            with self._idle:
                self._active -= 1
                self._idle.notify_all()

    def _try(
        self, safe: SafeUrl, part: Part, allowed: str | None, limits: FetchLimits, until: float
    ) -> AssetError | TransportError | None:
        """Try once; return what went wrong when trying again may help, raise when it does not, else None."""
        line = Line()
        problem: TransportError
        try:
            with self._known(line):
                for _ in range(limits.hops + 1):
                    reply = self._open(safe, part, line, limits, until)
                    place = reply.headers.get("location") if reply.status in REDIRECTS else None
                    if place is None:
                        return self._take(reply, safe, part, line, limits, until)
                    reply.end(whole=False)
                    safe = follow(safe, place, allowed_origin=allowed)
        except TransportError as error:
            problem = error.with_traceback(None)
        else:
            message = f"{safe.host} redirects more than {limits.hops} times"
            raise AssetRefused(message)
        if line.cut_for:
            raise stopped(safe.host, line.cut_for)
        return problem

    def _open(self, url: SafeUrl, part: Part, line: Line, limits: FetchLimits, until: float) -> Reply:
        """Ask for the file, or for its rest, and return the reply with its body unread."""
        headers = self._headers | part.rest_headers(str(url)) if part.size else self._headers
        with cut_after(line, min(limits.answer, until - time.monotonic()), "it took too long to answer"):
            return self._bringer.get(url, headers, line, connect=limits.connect, silence=limits.silence, until=until)

    def _take(
        self, reply: Reply, url: SafeUrl, part: Part, line: Line, limits: FetchLimits, until: float
    ) -> AssetError | None:
        """Judge the reply and write its body down."""
        done = False
        try:
            problem = judge(reply, url, part)
            if problem is None:
                with watched(line, part, limits, until):
                    copy(reply, url, part, limits, until)
                if line.cut_for:  # a cut looks like the end of a file whose length nobody told
                    raise stopped(url.host, line.cut_for)
                done = True
                problem = part.missing(url.host)
        finally:
            reply.end(whole=done)
        return problem

    @contextlib.contextmanager
    def _known(self, line: Line) -> Iterator[None]:
        """Let ``close`` find the line while it is in use."""
        with self._lock:
            self._lines.add(line)
        try:
            if self._closed.is_set():
                message = "the download was stopped before it began"
                raise AssetError(message)
            yield
        finally:
            with self._lock:
                self._lines.discard(line)


def judge(reply: Reply, url: SafeUrl, part: Part) -> AssetError | None:
    """Prepare the part for the reply's body; return a problem that may pass, raise one that will not.

    Raises:
        AssetGone: The address has expired.
        AssetError: The server refuses.
    """
    if reply.status == 200:
        packing = reply.headers.get("content-encoding", "").strip().lower()
        if packing not in PACKINGS:
            message = f"{url.host} sent the file packed in a way that nobody asked for ({shown_line(packing)[:40]})."
            raise AssetError(message)
        part.begin(reply.headers, str(url))
        return None
    if reply.status == 206 and part.size:
        if part.goes_on(reply.headers, str(url)):
            return None
        part.forget()
        return AssetError(f"{url.host} sent a part of a file, and not the rest that it was asked for.\n{AGAIN}")
    if reply.status in GONE:
        message = f"{url.host} no longer has the file (HTTP {reply.status}): its address has expired or was withdrawn."
        raise AssetGone(message)
    problem = AssetError(f"{url.host} does not give the file (HTTP {reply.status}).\n{AGAIN}")
    if reply.status == 416 and part.size:
        part.forget()
        return problem
    if reply.status in PASSING or reply.status >= 500:
        return problem
    if 400 <= reply.status < 500:  # a last word about this address; the job may know a better one
        message = f"{url.host} does not give the file (HTTP {reply.status})."
        raise AssetGone(message)
    raise problem


def copy(reply: Reply, url: SafeUrl, part: Part, limits: FetchLimits, until: float) -> None:
    """Write the body down as it comes, watching its size, and its time also where it is here and is unpacked for long.

    Raises:
        AssetRefused: It is larger than allowed.
        AssetError: Its time is over.
    """
    while True:
        if max(part.size, reply.rest) > limits.size:
            message = f"the file at {url.host} is larger than the limit of {limits.size / 2**20:.0f} MB"
            raise AssetRefused(message, final=True)
        piece = reply.read()
        if not piece:
            return
        part.add(piece)
        if time.monotonic() > until:
            raise stopped(url.host, TOO_LONG)


def stopped(host: str, why: str) -> AssetError:
    """Return the exception for a download that was cut."""
    return AssetError(f"{host}: {why}.\n{AGAIN}")


def watched(line: Line, part: Part, limits: FetchLimits, until: float) -> AbstractContextManager[None]:
    """Cut the line when the block takes too long, or when too little of the file comes, whatever else may come.

    What belongs to no file (the sizes and the trailers of chunks) has no end that a reader of it would notice.
    """
    before = part.size

    def look(now: float) -> float | None:
        nonlocal before
        if now >= until:
            line.cut(TOO_LONG)
            return None
        if part.size - before < limits.slowest:
            line.cut(f"it sends the file too slowly ({part.size} bytes so far)")
            return None
        before = part.size
        return min(now + limits.slow, until)

    return looked_at(min(time.monotonic() + limits.slow, until), look)
