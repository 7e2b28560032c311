"""A provider's own address: whose key goes there and nowhere else, and what is said with every request.

What a request must be before any transport of ours sends it is decided here, so that all of them refuse the same.
"""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from notebookgen.errors import ConfigurationError
from notebookgen.transport.addresses import check_url, parse, written
from notebookgen.transport.blackout import Blackout
from notebookgen.transport.logs import watch_logs
from notebookgen.wire import shown_address

if TYPE_CHECKING:
    from notebookgen.transport.addresses import SafeUrl
    from notebookgen.transport.base import HasSecret
    from notebookgen.wire import HttpRequest, Purpose

__all__ = ["STALE", "Home", "default_user_agent", "stale_after"]

# Seconds; servers and NAT boxes drop idle connections from about 30 s on, some without a word.
STALE_FOR_CREATE = 20.0
STALE = 60.0
MOST_KEPT = 16  # sets of headers that are kept ready: a service uses two or three
PLAIN_KEY = re.compile(r"[\x21-\x7e]+")
PLAIN_HEADER = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


def stale_after(purpose: Purpose) -> float:
    """Return the seconds after which a connection that idled is not used for such a request."""
    return STALE_FOR_CREATE if purpose == "create" else STALE


class Hidden(str):
    """Text that is sent but not shown: a traceback that prints local variables prints stars."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Home:
    """A provider's configured address, its key, and the way we present ourselves.

    Args:
        key: What holds the provider's key; None where none is needed.
        origin: The provider's configured address (up to the path or with it): the only one that is given the key.
        user_agent: What to call ourselves.

    Raises:
        ConfigurationError: The address or the key cannot be used.
    """

    def __init__(self, key: HasSecret | None, origin: str, user_agent: str | None = None) -> None:
        try:
            safe = parse(origin)
        except ValueError as error:
            message = f"{shown_address(origin)!r} is no address of a provider: {error}. It should look like https://api.example.com/v1"
            raise ConfigurationError(message) from None
        if key is not None and PLAIN_KEY.fullmatch(key.reveal()) is None:
            message = "the API key has spaces or other characters that no key has. Copy it again from the provider."
            raise ConfigurationError(message)
        self._key = key
        self.safe = replace(safe, own=True)
        self.host = safe.host
        self.base = safe.base
        self.prefix = f"{safe.base}/"
        self.blackout = watch_logs(Blackout(key))
        self._always = {
            "Accept": "application/json, */*;q=0.5",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": user_agent or default_user_agent(),
        }
        self._ready: dict[tuple[object, ...], dict[str, str]] = {}

    def place(self, request: HttpRequest) -> tuple[SafeUrl | None, str]:
        """Return where a request goes: None for the provider's own address, and the path with its query.

        Raises:
            ValueError: The key was asked to go elsewhere, or the address cannot be read.
            AssetRefused: It is an address that may not be contacted.
        """
        if request.url.startswith(self.prefix):  # the usual case: nothing needs to be read closely
            return None, written(request.url[len(self.prefix) - 1 :].partition("#")[0])
        safe = parse(request.url)
        if safe.origin == self.safe.origin:
            return None, safe.target
        if request.auth != "none":
            message = f"the key belongs to {self.prefix} and was asked to go to {safe.base}"
            raise ValueError(message)
        safe = check_url(request.url)
        return safe, safe.target

    def headers(self, request: HttpRequest) -> dict[str, str]:
        """Return what is said with a request, the key last; nobody changes it: it is kept for the next one.

        Raises:
            ValueError: A header has a line end in it.
        """
        known = (request.headers, request.auth)
        found = self._ready.get(known)
        if found is not None:
            return found
        headers = {**self._always, **dict(request.headers)}
        if not all(map(PLAIN_HEADER.fullmatch, headers.values())):
            message = f"a header of the {request.purpose} request has a line end in it"
            raise ValueError(message)
        if request.auth == "bearer" and self._key is not None:
            headers["Authorization"] = Hidden(f"Bearer {self._key.reveal()}")
        if len(self._ready) >= MOST_KEPT:
            self._ready.clear()
        self._ready[known] = headers
        return headers


def default_user_agent() -> str:
    """Return ``notebookgen/1.2.3``."""
    return f"notebookgen/{version('notebookgen')}"
