"""Sending by requests and urllib3: the way that is always there. One ``send`` is one exchange on the wire.

Nothing is repeated and no redirect is followed here: who asked decides what an outcome means. The environment's
proxies and CA bundle are read once, when the transport is made.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy
from urllib3.exceptions import HTTPError, LocationValueError
from urllib3.util import Timeout

from notebookgen.errors import (
    ConfigurationError,
    InvalidCall,
    NotebookgenError,
    TransportError,
    UnexpectedResponse,
)
from notebookgen.transport.base import Timeouts, Transport, timeouts_for
from notebookgen.transport.bodies import SLOWLY, read_whole
from notebookgen.transport.connections import (
    FOREIGN_POOLS,
    NEVER_AGAIN,
    OWN_POOLS,
    ca_bundle,
    exchange,
    longest_write,
    tls_context,
)
from notebookgen.transport.failures import translate
from notebookgen.transport.home import Home, stale_after
from notebookgen.transport.lines import Line, cut_after
from notebookgen.wire import HttpResponse, shown_address

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from urllib3 import BaseHTTPResponse, HTTPConnectionPool

    from notebookgen.transport.addresses import SafeUrl
    from notebookgen.transport.base import HasSecret
    from notebookgen.transport.connections import Pools
    from notebookgen.wire import HttpRequest

__all__ = ["FOREIGN_ERRORS", "Direct", "HttpTransport", "Route", "Timeouts", "Transport", "Ways"]

MOST_KNOWN = 64  # hosts whose way is remembered
# What an exchange may end in; everything else is a bug and stays what it is. requests' own are all OSErrors.
FOREIGN_ERRORS = (HTTPError, HTTPException, OSError, UnicodeError)


@dataclass(frozen=True, slots=True)
class Route:
    """How to reach one origin.

    Attributes:
        pool: Where its connections are kept.
        absolute: Whether a proxy wants the whole URL in the request line.
        watched: Whether the connections are ours and note what leaves.
    """

    pool: HTTPConnectionPool
    absolute: bool
    watched: bool


class Direct(HTTPAdapter):
    """A requests adapter on our connections: one TLS context for the process, nothing ever repeated.

    Args:
        pools: Whose connections: to the provider itself, or to hosts that it named.
        context: Holds the trusted certificates; requests would read the bundle again for every new connection.
        keep: How many idle connections to keep for each host.
    """

    def __init__(self, pools: Pools, context: ssl.SSLContext, *, keep: int) -> None:
        self.pools = pools
        self.context = context
        self.in_use: WeakSet[HTTPConnectionPool] = WeakSet()
        super().__init__(pool_connections=8, pool_maxsize=keep, max_retries=NEVER_AGAIN)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:  # noqa: FBT001, FBT002 - requests' own signature
        """Make the pools of our classes."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=self.context, **more)
        self.poolmanager.pool_classes_by_scheme = dict(self.pools)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        """Make the pools of our classes behind a proxy; a SOCKS proxy keeps its own."""
        socks = proxy.lower().startswith("socks")
        if not socks:
            more["proxy_ssl_context"] = self.context
        manager = super().proxy_manager_for(proxy, ssl_context=self.context, **more)
        if not socks:
            manager.pool_classes_by_scheme = dict(self.pools)
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Tell pools apart by host alone: the context is the same for all, and it always verifies."""
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        return host, {}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the pool as it is: its context has read the bundle, and always verifies."""

    def close(self) -> None:
        """Close every pool, also those that a route still holds."""
        for pool in list(self.in_use):
            pool.close()
        super().close()

    def route(self, url: str, proxies: Mapping[str, str]) -> Route:
        """Return how to reach the URL's origin.

        Raises:
            ConfigurationError: The proxy cannot be used.
        """
        proxy = select_proxy(url, dict(proxies))
        bare = requests.Request("GET", url).prepare()
        try:
            pool: Any = self.get_connection_with_tls_context(bare, True, proxies=dict(proxies))
        except (requests.RequestException, LocationValueError, TypeError) as error:  # the last: a name and no host
            words = f": {error}".rstrip(".") if isinstance(error, requests.RequestException) else ""  # others quote it
            message = (
                f"the proxy {shown_address(proxy or '')!r} that the environment names for {url} cannot be used{words}.\n"
                "Correct HTTPS_PROXY and HTTP_PROXY; for a SOCKS proxy, type: pip install 'requests[socks]'"
            )
            raise ConfigurationError(message) from None
        self.in_use.add(pool)
        socks = proxy is not None and proxy.lower().startswith("socks")
        absolute = proxy is not None and not socks and url.lower().startswith("http:")
        return Route(pool, absolute=absolute, watched=not socks)


class Ways:
    """The ways out of this machine: to the provider itself, and, more carefully, to hosts that it named.

    Args:
        keep: How many idle connections to keep for each host.
        environ: The environment's variables, for the CA bundle; by default this process's.

    Raises:
        ConfigurationError: The CA bundle cannot be read.
    """

    def __init__(self, *, keep: int, environ: Mapping[str, str] | None = None) -> None:
        context = tls_context(ca_bundle(os.environ if environ is None else environ) or DEFAULT_CA_BUNDLE_PATH)
        self.own = Direct(OWN_POOLS, context, keep=keep)
        self.foreign = Direct(FOREIGN_POOLS, context, keep=keep)
        self._known: dict[tuple[str, bool], Route] = {}

    def to(self, url: SafeUrl) -> Route:
        """Return how to reach a checked URL; the environment is asked once for each host."""
        known = self._known.get((url.base, url.own))
        if known is not None and known.pool.pool is not None:  # else it was put away for newer ones
            return known
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        route = self._known[url.base, url.own] = self._find(url)
        return route

    def _find(self, url: SafeUrl) -> Route:
        """Return how to reach a checked URL, as the environment says now."""
        adapter = self.own if url.own else self.foreign
        return adapter.route(url.base, {} if url.loopback else get_environ_proxies(url.base))

    def close(self) -> None:
        """Close the connections."""
        self.own.close()
        self.foreign.close()


class HttpTransport:
    """Sends over real HTTP. Threads may share it.

    Args:
        key: What holds the provider's key; None where none is needed.
        origin: The provider's configured address (up to the path or with it): the only one that is given the key.
        pool: How many idle connections to keep; more may be open at once.
        environ: The environment's variables, for the CA bundle; by default this process's.
        user_agent: What to call ourselves.
        session: A caller's own ``requests.Session``, whose adapters, proxies and certificates are used as they are.

    Raises:
        ConfigurationError: The address, the key or the CA bundle cannot be used.
        InvalidCall: The caller's session repeats requests on its own.
    """

    def __init__(
        self,
        key: HasSecret | None,
        *,
        origin: str,
        pool: int = 32,
        environ: Mapping[str, str] | None = None,
        user_agent: str | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self._base = shown_address(origin)
        self._home = Home(key, origin, user_agent)
        self._session = session
        if session is not None:
            must_not_repeat(session)
            return
        self._ways = Ways(keep=pool, environ=environ)
        self._route = self._ways.to(self._home.safe)

    def __repr__(self) -> str:
        return f"HttpTransport({self._base!r})"

    def send(self, request: HttpRequest, *, timeout: Timeouts | None = None) -> HttpResponse:
        """Perform exactly one HTTP exchange; see ``Transport``."""
        reply = self._exchange(request, timeout or timeouts_for(request.purpose))
        if isinstance(reply, NotebookgenError):
            raise reply  # here, outside any except clause: the foreign error and its frames are not dragged along
        return self._home.blackout.reply(reply)  # before anything of it is kept or shown

    def close(self) -> None:
        """Close the connections; a caller's own session is left open."""
        if self._session is None:
            self._ways.close()

    def _exchange(self, request: HttpRequest, waits: Timeouts) -> HttpResponse | NotebookgenError:
        """Perform the exchange; what went wrong is returned. The key is in no local variable of this frame."""
        home = self._home
        url, target = home.place(request)
        headers = home.headers(request)
        host = home.host if url is None else url.host
        try:
            line = Line()
            if self._session is not None:
                exchange.begin(math.inf, watched=False)
                raw = through(self._session, request, headers, waits)
            else:
                raw = self._open(request, url, target, headers, waits, line)
            return read_whole(raw, request.purpose, host, waits.whole, line)
        except (TransportError, UnexpectedResponse) as error:
            return error.with_traceback(None)  # its frames hold the reply's headers as they came
        except FOREIGN_ERRORS as error:
            return translate(error, host=host, left=exchange.left, blackout=home.blackout)

    def _open(
        self,
        request: HttpRequest,
        url: SafeUrl | None,
        target: str,
        headers: dict[str, str],
        waits: Timeouts,
        line: Line,
    ) -> BaseHTTPResponse:
        """Send the request and return the reply with its body still unread; headers that drip have an end, too."""
        route, base = self._route, self._home.base
        if url is not None:
            route, base = self._ways.to(url), url.base
        exchange.begin(stale_after(request.purpose), watched=route.watched, line=line)
        longest = waits.connect + waits.read + waits.whole + longest_write(request.body)
        with cut_after(line, longest, SLOWLY):
            return route.pool.urlopen(
                request.method,
                base + target if route.absolute else target,
                body=request.body or None,
                headers=headers,
                retries=NEVER_AGAIN,
                redirect=False,
                assert_same_host=False,
                timeout=Timeout(connect=waits.connect, read=waits.read),
                preload_content=False,
            )


def through(
    session: requests.Session, request: HttpRequest, headers: dict[str, str], waits: Timeouts
) -> BaseHTTPResponse:
    """Send by a caller's own session: its adapter, proxies and certificates, one exchange, no cookies, no redirects."""
    prepared = requests.Request(request.method, request.url, headers=headers, data=request.body or None).prepare()
    url = prepared.url or request.url
    how: dict[str, Any] = {**session.merge_environment_settings(url, {}, True, None, None)}
    reply = session.get_adapter(url).send(prepared, timeout=(waits.connect, waits.read), **how)
    raw: BaseHTTPResponse = reply.raw
    return raw


def must_not_repeat(session: requests.Session) -> None:
    """Make sure that no adapter of a session repeats requests: a create sent twice is paid twice.

    Raises:
        InvalidCall: One does.
    """
    for prefix, adapter in session.adapters.items():
        retries = getattr(adapter, "max_retries", None)
        if retries is not None and any((retries.total, retries.connect, retries.read, retries.status, retries.other)):
            message = (
                f"the session repeats requests to {prefix!r} by itself, and a create sent twice is paid twice.\n"
                "Mount an adapter without retries: session.mount('https://', requests.adapters.HTTPAdapter())"
            )
            raise InvalidCall(message)
