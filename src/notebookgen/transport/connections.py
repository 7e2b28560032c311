"""The connections under every exchange: what left, how long they idled, and whom they really reached.

Everything that subclasses urllib3 lives here. Three promises are kept at this depth because nothing above can keep
them: whether a byte of a request has left this machine is known, not guessed; a connection that idled is not used for
what must not be sent twice; and the address of a foreign host is checked on the socket before anything is sent.
"""

from __future__ import annotations

import math
import os
import queue
import socket
import threading
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, ClassVar

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Retry
from urllib3.util.connection import create_connection
from urllib3.util.ssl_ import create_urllib3_context

from notebookgen.errors import AssetRefused, ConfigurationError
from notebookgen.transport.addresses import ONLY_PUBLIC, why_forbidden

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from notebookgen.transport.lines import Line

__all__ = [
    "FOREIGN_POOLS",
    "NEVER_AGAIN",
    "OWN_POOLS",
    "Pools",
    "ca_bundle",
    "exchange",
    "forbidden",
    "longest_write",
    "tls_context",
    "unreadable",
]

# urllib3 repeats nothing: not a connect, not a read, not a redirect. Errors come out as they are.
NEVER_AGAIN = Retry(total=False, connect=False, read=False, redirect=False, status=False, other=False)
LARGE_WRITE = 65_536
SLOWEST_UPLOAD = 10_000  # bytes a second
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # as requests reads them, in that order


class Exchange(threading.local):
    """What this thread's present exchange has come to. One exchange runs in one thread, from beginning to end.

    Attributes:
        left: Whether a byte of the request may have left this machine; None where nobody watches the connection.
        stale_after: A kept connection that idled for longer, in seconds, is replaced and not used.
        line: Told of the socket in use, where somebody may have to cut it.
    """

    left: bool | None = False
    stale_after: float = math.inf
    line: Line | None = None

    def begin(self, stale_after: float, *, watched: bool = True, line: Line | None = None) -> None:
        """Forget the last exchange."""
        self.left = False if watched else None
        self.stale_after = stale_after
        self.line = line


exchange = Exchange()


class Final(HTTPResponse):
    """A reply that is one: whatever a server says on the way to it is passed over, as 100 is by itself.

    Taken for the reply it would leave the real one behind on a kept connection, for the next request to take for its own.
    """

    def begin(self) -> None:
        """Read the headers, and those of the next one where these were of an interim reply."""
        super().begin()
        while is_interim(self.status):
            self.headers = self.msg = None  # type: ignore[assignment]  # as it was before the first
            super().begin()


class Watched(HTTPConnection):
    """A connection that notes when bytes leave and when it was last used."""

    response_class = Final
    used_at: float = 0.0
    connecting: bool = False
    process: int = 0

    @property
    def is_connected(self) -> bool:
        """Whether it may be used once more; asked by the pool before it hands a kept connection out."""
        if self.sock is not None and time.monotonic() - self.used_at > exchange.stale_after:
            return False
        if self.process != os.getpid():  # its parent's: whoever reads first would take the other's reply
            return False
        return super().is_connected

    def connect(self) -> None:
        """Connect; what a proxy is told on the way is no part of the request."""
        self.connecting, self.process = True, os.getpid()
        try:
            super().connect()
        finally:
            self.connecting = False
        self.used_at = time.monotonic()

    def send(self, data: Any) -> None:
        """Send bytes, noting it first."""
        if self.sock is None:
            self.connect()
        if not self.connecting:
            exchange.left = True
            if exchange.line is not None:
                exchange.line.sock = self.sock
            if isinstance(data, bytes) and len(data) > LARGE_WRITE and self.sock is not None:
                # The connect timeout would cut a large body on a slow line short.
                self.sock.settimeout(longest_write(data))
        super().send(data)

    def close(self) -> None:
        """Close."""
        self.connecting = False
        super().close()


class OwnHttp(Watched):
    """To the provider's own configured origin."""


class OwnHttps(Watched, HTTPSConnection):
    """To the provider's own configured origin, encrypted."""


class Foreign(Watched):
    """A connection to a host that a provider named: only ever to a public address.

    The name is resolved here and each address is checked before it is connected to, then the peer's address once
    more on the socket, before TLS and before a byte is sent.
    """

    peer_checked: bool = False

    def _new_conn(self) -> socket.socket:
        """Return a socket to a public address of the host."""
        sock = super()._new_conn() if self.proxy else self.open_checked()
        self.peer_checked = True
        return sock

    def open_checked(self) -> socket.socket:
        """Resolve, check, connect, check again.

        Raises:
            AssetRefused: No address of the host is a public one.
        """
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        why = {address: why_forbidden(address) for address in addresses}
        allowed = [address for address in addresses if why[address] is None]
        if not allowed:
            raise forbidden(self.host, next(filter(None, why.values()), "missing"))
        failure: OSError | None = None
        for address in allowed:
            try:
                sock = create_connection((address, self.port), self.timeout, socket_options=self.socket_options)
            except OSError as error:
                failure = error
                continue
            peer = why_forbidden(str(sock.getpeername()[0]))
            if peer is None:
                return sock
            sock.close()
            raise forbidden(self.host, peer)
        raise failure or OSError("no address to connect to")

    def connect(self) -> None:
        """Connect, and make sure that the check above was really part of it."""
        self.peer_checked = False
        super().connect()
        if not self.peer_checked:
            self.close()
            message = "the installed urllib3 connects in a way that notebookgen cannot check. Type: pip install -U notebookgen"
            raise ConfigurationError(message)


class ForeignHttp(Foreign):
    """To a host that a provider named."""


class ForeignHttps(Foreign, HTTPSConnection):
    """To a host that a provider named, encrypted."""


class Shelf(queue.LifoQueue[Any]):
    """Idle connections, the newest first. One too many is closed quietly: urllib3 would warn into the notebook."""

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002 - the queue's own signature
        """Put a connection back, or close it when there is no room; never wait."""
        try:
            super().put(item, block=False)
        except queue.Full:
            if item is not None:
                item.close()


class OwnHttpPool(HTTPConnectionPool):
    """Keeps connections to the provider."""

    QueueCls = Shelf
    ConnectionCls = OwnHttp


class OwnHttpsPool(HTTPSConnectionPool):
    """Keeps encrypted connections to the provider."""

    QueueCls = Shelf
    ConnectionCls = OwnHttps


class ForeignHttpPool(HTTPConnectionPool):
    """Keeps connections to hosts that a provider named."""

    QueueCls = Shelf
    ConnectionCls = ForeignHttp


class ForeignHttpsPool(HTTPSConnectionPool):
    """Keeps encrypted connections to hosts that a provider named."""

    QueueCls = Shelf
    ConnectionCls = ForeignHttps


Pools = dict[str, type[HTTPConnectionPool]]
OWN_POOLS: Pools = {"http": OwnHttpPool, "https": OwnHttpsPool}
FOREIGN_POOLS: Pools = {"http": ForeignHttpPool, "https": ForeignHttpsPool}


class Contexts:
    """One TLS context for each CA bundle and process: reading a bundle costs 17 ms, and no connection needs its own."""

    made: ClassVar[dict[str, ssl.SSLContext]] = {}
    lock: ClassVar[threading.Lock] = threading.Lock()


def tls_context(bundle: str) -> ssl.SSLContext:
    """Return the process's TLS context for a CA bundle, a file or a folder, read at its first use.

    Raises:
        ConfigurationError: The bundle is missing or cannot be read.
    """
    with Contexts.lock:
        if bundle not in Contexts.made:
            context = create_urllib3_context()
            try:
                folder = os.path.isdir(bundle)  # noqa: PTH112 - a path from the environment, as OpenSSL takes it
                context.load_verify_locations(None if folder else bundle, bundle if folder else None)
            except OSError as error:
                raise unreadable(bundle, error.strerror or str(error)) from error
            Contexts.made[bundle] = context
        return Contexts.made[bundle]


def unreadable(bundle: str, why: str) -> ConfigurationError:
    """Return the exception for a CA bundle that cannot be used."""
    message = (
        f"the file of trusted certificates {bundle!r} cannot be read ({why}).\n"
        f"Correct or unset {' and '.join(CA_VARIABLES)}, or type: pip install --force-reinstall certifi"
    )
    return ConfigurationError(message)


def ca_bundle(environ: Mapping[str, str]) -> str | None:
    """Return the CA bundle that the environment names, or None."""
    return next((environ[name] for name in CA_VARIABLES if environ.get(name)), None)


def longest_write(data: bytes) -> float:
    """Return the seconds that sending so much may take; 0 for what leaves at once."""
    return 60 + len(data) / SLOWEST_UPLOAD if len(data) > LARGE_WRITE else 0.0


def is_interim(status: int) -> bool:
    """Whether a reply is followed by another one; behind 101 comes no HTTP at all."""
    return 100 <= status < 200 and status != 101


def forbidden(host: str, why: str) -> AssetRefused:
    """Return the exception for a host that leads to no public address."""
    message = f"the host {host!r} was not contacted: it leads to a {why} address.\n{ONLY_PUBLIC}"
    return AssetRefused(message)
