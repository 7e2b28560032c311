"""Sending: one exchange for one request, policies for repeating reads, and fetching what came back.

The names below are loaded at their first use, so that importing this package loads neither requests nor urllib3.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebookgen.transport.addresses import SafeUrl, check_url
    from notebookgen.transport.base import Timeouts, Transport
    from notebookgen.transport.choosing import transport_for
    from notebookgen.transport.fetch import AssetFetcher, Fetched, FetchLimits
    from notebookgen.transport.http import HttpTransport
    from notebookgen.transport.reading import read
    from notebookgen.transport.retry import read_delay

__all__ = [
    "AssetFetcher",
    "FetchLimits",
    "Fetched",
    "HttpTransport",
    "SafeUrl",
    "Timeouts",
    "Transport",
    "check_url",
    "read",
    "read_delay",
    "transport_for",
]

HOMES = {
    "AssetFetcher": "fetch",
    "FetchLimits": "fetch",
    "Fetched": "fetch",
    "HttpTransport": "http",
    "SafeUrl": "addresses",
    "Timeouts": "base",
    "Transport": "base",
    "check_url": "addresses",
    "read": "reading",
    "read_delay": "retry",
    "transport_for": "choosing",
}


def __getattr__(name: str) -> object:
    """Load a name from the module it lives in."""
    if name not in HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
