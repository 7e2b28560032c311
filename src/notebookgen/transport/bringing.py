"""One GET for a file, its reply read piece by piece: what every way of fetching gives, and the way by urllib3.

Addresses are checked and redirects followed above; what is promised here is that no byte goes to a private address
but the provider's own, and that a line can be cut from another thread.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from urllib3.util import Timeout

from notebookgen.transport.bodies import UNPACKED, Unpacker
from notebookgen.transport.connections import NEVER_AGAIN, exchange
from notebookgen.transport.failures import told, translate
from notebookgen.transport.home import STALE
from notebookgen.transport.http import FOREIGN_ERRORS, Ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from urllib3 import BaseHTTPResponse

    from notebookgen.errors import TransportError
    from notebookgen.transport.addresses import SafeUrl
    from notebookgen.transport.lines import Line

__all__ = ["CHUNK", "Bringer", "PlainBringer", "Reply", "unpacked"]

CHUNK = 64 * 1024  # bytes on the wire that are unpacked at once: some stand for a thousand times as many


class Reply(Protocol):
    """A reply whose headers are here and whose body comes.

    Attributes:
        status: The HTTP status.
        headers: Names are found in lower case.
        rest: Bytes of the body that were announced and are still to come; 0 where nobody told.
    """

    status: int
    headers: Mapping[str, str]
    rest: int

    def read(self) -> bytes:
        """Return the next bytes of the body, unpacked; none at its end.

        Raises:
            TransportError: It broke off.
        """

    def end(self, *, whole: bool) -> None:
        """Be done with the reply; where it was not read to its end, its connection goes with it."""


class Bringer(Protocol):
    """A way of fetching. Threads may share it."""

    def get(
        self, url: SafeUrl, headers: Mapping[str, str], line: Line, *, connect: float, silence: float, until: float
    ) -> Reply:
        """Ask for a file, and return the reply with its body unread; redirects are not followed.

        Args:
            url: Where.
            headers: What is said.
            line: Told how the exchange can be cut.
            connect: Seconds for one connection.
            silence: Seconds without a byte.
            until: When it is over, on the monotonic clock, whatever comes.

        Raises:
            AssetRefused: The name leads to no public address.
            TransportError: There is no reply.
        """

    def close(self) -> None:
        """Close the connections."""


def unpacked(come: Callable[[], bytes], packing: str, host: str) -> Iterator[bytes]:
    """Yield the body of a reply unpacked, as it comes.

    Args:
        come: Returns the next bytes on the wire, none at the end.
        packing: One of ``PACKINGS``, and no empty one.
        host: Whom the messages are about.

    Raises:
        ReplyLost: It is not packed like that, or what was packed breaks off.
    """
    unpacker = Unpacker(packing)
    try:
        while packed := come():
            for start in range(0, len(packed), CHUNK):
                yield from unpacker.take(packed[start : start + CHUNK])
    except zlib.error:
        raise told(host, "the reply was packed wrongly", left=True) from None
    if not unpacker.whole:
        raise told(host, "the reply broke off", left=True)


class PlainReply:
    """A reply by urllib3."""

    def __init__(self, raw: BaseHTTPResponse, host: str) -> None:
        """Take a reply with its body unread."""
        self._raw, self._host = raw, host
        self.status: int = raw.status
        self.headers: Mapping[str, str] = raw.headers
        self.rest = raw.length_remaining or 0
        packing = raw.headers.get("content-encoding", "").strip().lower()
        self._pieces = None if packing in UNPACKED else unpacked(self._next, packing, host)

    def read(self) -> bytes:
        """Return the next bytes; see ``Reply``."""
        return self._next() if self._pieces is None else next(self._pieces, b"")

    def _next(self) -> bytes:
        """Return the next bytes as they came; none at the end.

        Raises:
            TransportError: It broke off.
        """
        try:
            return self._raw.read1(CHUNK, decode_content=False)
        except FOREIGN_ERRORS as error:
            problem = lost(error, self._host)
        raise problem  # here, outside of the except clause: the foreign error and its frames are not dragged along

    def end(self, *, whole: bool) -> None:
        """Give the connection back, or hang up."""
        if not whole:
            self._raw.close()
        self._raw.release_conn()


class PlainBringer:
    """Fetches by urllib3, on connections of ours.

    Args:
        keep: How many idle connections to keep for each host.
        environ: The environment's variables, for the CA bundle; by default this process's.

    Raises:
        ConfigurationError: The CA bundle cannot be read.
    """

    def __init__(self, *, keep: int, environ: Mapping[str, str] | None = None) -> None:
        self._ways = Ways(keep=keep, environ=environ)

    def get(
        self, url: SafeUrl, headers: Mapping[str, str], line: Line, *, connect: float, silence: float, until: float
    ) -> PlainReply:
        """Ask for a file; see ``Bringer``. Whoever calls cuts the line when the time is over."""
        route = self._ways.to(url)
        exchange.begin(STALE, watched=route.watched, line=line)
        try:
            raw = route.pool.urlopen(
                "GET",
                str(url) if route.absolute else url.target,
                headers=headers,
                retries=NEVER_AGAIN,
                redirect=False,
                assert_same_host=False,
                timeout=Timeout(connect=connect, read=silence),
                preload_content=False,
            )
        except FOREIGN_ERRORS as error:
            problem = lost(error, url.host)
        else:
            return PlainReply(raw, url.host)
        raise problem

    def close(self) -> None:
        """Close the connections."""
        self._ways.close()


def lost(error: Exception, host: str) -> TransportError:
    """Return our exception for what broke an exchange of this thread."""
    return translate(error, host=host, left=exchange.left)
