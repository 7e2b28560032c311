"""Whether an address leads back here: one call to ourselves, the way a provider would come."""

from __future__ import annotations

import logging
import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

__all__ = ["NAME", "call_ourselves"]

log = logging.getLogger("notebookgen")
NAME = "notebookgen"  # in the place of a provider's
SECONDS = 10.0


def call_ourselves(url: str) -> None:
    """Call an address once, in a thread of its own; whoever listens there knows by it that it is reached.

    From some networks one's own public address is not to be had although others reach it, so that a call that does not
    come proves nothing.
    """
    threading.Thread(target=_call, args=(url,), name="notebookgen-webhooks-probe", daemon=True).start()


def _call(url: str) -> None:
    """Post nothing; the answer does not matter."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request("POST", parts.path, body=b"", headers={"User-Agent": NAME})
        connection.getresponse()
    except (OSError, HTTPException, RuntimeError, UnicodeError) as error:
        log.debug("notebookgen: the address for callbacks cannot be called from here (%s)", type(error).__name__)
    finally:
        connection.close()
