"""Input pictures as the services are given them: addresses or base64, checked; nothing is fetched from outside."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from notebookgen.sandbox.addresses import is_private, is_web, own_path

__all__ = ["PRIVATE", "BadSource", "from_base64", "from_urls"]

#: What APIModels says of an address that only the caller can reach.
PRIVATE = "private/reserved IP addresses not allowed"
LEAST_BASE64 = 16


class BadSource(ValueError):
    """An input picture that no service could use; the text says why."""


def from_urls(values: Any, origin: str) -> tuple[str, ...]:
    """Return the sandbox's own files among some addresses; others are taken as read and drawn without.

    Raises:
        BadSource: An address is none, or cannot be reached from outside.
    """
    own = []
    if not isinstance(values, (str, list, type(None))):
        raise BadSource("image must be a public http(s) URL")
    for url in [values] if isinstance(values, str) else values or ():
        if isinstance(url, str) and url.startswith("asset://"):
            continue
        if not is_web(url):
            raise BadSource("image must be a public http(s) URL")
        path = own_path(url, origin)
        if path is not None:
            own.append(path)
        elif is_private(url):
            raise BadSource(PRIVATE)
    return tuple(own)


def from_base64(text: Any) -> bytes:
    """Return the bytes of bare base64.

    Raises:
        BadSource: It is none.
    """
    if not isinstance(text, str) or len(text) < LEAST_BASE64:
        raise BadSource("image is not valid base64")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSource("image is not valid base64") from error
