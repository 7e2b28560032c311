"""Which address is whose: the sandbox's own files, private hosts, and everything else."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

__all__ = ["is_loopback", "is_private", "is_web", "own_path"]

_OWN = re.compile(r"/assets/[\w./~-]+")


def is_web(text: object) -> bool:
    """Tell whether a value is an http(s) address with a host."""
    if not isinstance(text, str):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def own_path(url: str, origin: str) -> str | None:
    """Return the path of a file of this sandbox, or of an earlier one on this machine, else None."""
    if not is_web(url):
        return None
    parts = urlsplit(url)
    ours = url.startswith(origin + "/") or is_loopback(parts.hostname or "")
    return parts.path if ours and _OWN.fullmatch(parts.path) and ".." not in parts.path else None


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(url: str) -> bool:
    """Tell whether an address cannot be reached by a service out there."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith((".local", ".internal", ".localhost", ".lan"))
