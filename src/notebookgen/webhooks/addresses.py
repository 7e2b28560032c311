"""Where callbacks are to come: the public address, and a path below it for each job. Pure.

Nothing but the last two parts of a path is read, because proxies on the way may keep or drop what stands before them.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from notebookgen.errors import InvalidCall
from notebookgen.wire import shown_address

__all__ = ["Address", "is_near", "job_named", "read_address"]

# The name of a provider, and a token: 43 characters are the 32 bytes of an HMAC-SHA256.
JOB = re.compile(r"/([a-z0-9][a-z0-9_.-]{0,63})/([A-Za-z0-9_-]{43})")
NEAR = (".local", ".localhost", ".internal", ".lan", ".home.arpa")


@dataclass(frozen=True, slots=True)
class Address:
    """A public address, checked.

    Attributes:
        url: As it was given, without its last slash.
        near: Whether only this machine or its own network reaches it, as far as its host tells.
        secure: Whether it is an https address.
    """

    url: str
    near: bool
    secure: bool

    def of_job(self, provider: str, token: str) -> str:
        """Return the address at which a provider calls about one job."""
        return f"{self.url}/{provider}/{token}"

    @property
    def path(self) -> str:
        """Its own path; empty where it has none."""
        return urlsplit(self.url).path


def read_address(url: object) -> Address:
    """Read the address that ``ng.webhooks`` was given.

    Raises:
        InvalidCall: It is no http(s) address, or holds what must not be told to a provider.
    """
    text = url.strip() if isinstance(url, str) else ""
    if url is None or url == "":
        message = (
            "ng.webhooks has to be told where providers reach this machine: a tunnel's address, or your own.\n"
            "Nothing was started. Type: ng.webhooks(public_url='https://name.example.com/path')"
        )
        raise InvalidCall(message)
    why = "" if text else "it is no text"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it checks it
        if not why and (parts.scheme not in {"http", "https"} or not parts.hostname):
            why = "it needs http:// or https:// and a host"
        if "@" in parts.netloc:
            why = "a name or a password stands in it, which no provider gets"
        elif "?" in text or "#" in text:
            why = why or "a query or a fragment stands in it (a token there would be told to the provider)"
        elif not text.isascii() or any(one.isspace() or not one.isprintable() for one in text):
            why = why or "it holds characters that an address has encoded"
    except ValueError:  # a port that is no number, an open bracket
        why = "it cannot be read"
    if why:
        shown = repr(shown_address(text)) if text else "nothing"
        message = (
            f"public_url={shown} is no address to be called back at: {why}.\n"
            "Nothing was started. It should look like https://name.example.com/path"
        )
        raise InvalidCall(message)
    return Address(text.rstrip("/"), near=is_near(text), secure=parts.scheme == "https")


def is_near(url: str) -> bool:
    """Whether only this machine or its own network reaches an address, as far as its host tells; nobody is asked."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(NEAR)


def job_named(path: str) -> tuple[str, str] | None:
    """Return the provider and the token that a path ends with; None where it ends otherwise."""
    found = re.search(JOB.pattern + r"\Z", path)
    return (found[1], found[2]) if found is not None else None
