"""Where the addresses of a notebook lead, and until when: beside it, outside, to the web, to what expires. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from notebookgen.normal import duration, shown_line
from notebookgen.transport.expiry import expires_at
from notebookgen.transport.signing import SIGNATURES
from notebookgen.wire import shown_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Host", "Leads", "Link", "Surroundings", "addresses_in", "led", "short"]

Leads = Literal["inside", "beside", "missing", "outside", "here", "web", "expires", "expired"]

ADDRESS = re.compile(r"https?://[^\s\"'<>`\\)\]}]+")
DRIVE = re.compile(r"[A-Za-z]:[\\/]")
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
HERE = re.compile(r"(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1\]|.*\.local)", re.IGNORECASE)
INSIDE = frozenset({"data", "mailto", "tel", "javascript", "blob", "about"})
LONGEST = 90  # characters of an address that are shown
TOLD = 2_000  # characters of it that are looked through for what may not be shown
MOST_ADDRESSES = 10_000  # in one text


@dataclass(frozen=True, slots=True)
class Host:
    """A service whose results lie under a name of its own.

    Attributes:
        title: How people write it.
        keeps: How long results stay there, in seconds; None where nobody says.
    """

    title: str
    keeps: float | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around a notebook.

    Attributes:
        now: The time.
        hosts: Services by the ends of their hosts' names.
        exists: Whether there is a file at a path relative to the notebook's folder.
    """

    now: datetime
    hosts: Mapping[str, Host]
    exists: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Link:
    """Where an address leads.

    Attributes:
        leads: ``inside`` (it carries its content, or stays on the page), ``beside`` (a file of the notebook's folder),
            ``missing`` (such a file, which is not there), ``outside`` (another folder of this machine), ``here`` (a
            server of this machine), ``web``, ``expires`` or ``expired``.
        shown: The address in one line, without a query, which may sign it; `short` makes it shorter.
        why: For one that expires: who says so.
    """

    leads: Leads
    shown: str = ""
    why: str = ""


def led(address: str, around: Surroundings) -> Link:
    """Return where an address leads."""
    try:
        return _led(address.strip(), around)
    except ValueError:  # no address that a browser could follow
        return Link("missing", _short(address))


def _led(address: str, around: Surroundings) -> Link:
    """Return where an address leads.

    Raises:
        ValueError: It is none.
    """
    if address.startswith("#") or not address:
        return Link("inside")
    if address.startswith("//"):
        address = f"https:{address}"
    scheme = SCHEME.match(address)
    kind = scheme[1].lower() if scheme and not DRIVE.match(address) else ""
    if kind in INSIDE or kind == "attachment":
        return Link("inside")
    if kind in {"http", "https"}:
        return _on_the_web(address, around)
    if kind or DRIVE.match(address) or address.startswith(("/", "\\", "~")):
        return Link("outside", _short(address))
    path = unquote(re.split(r"[?#]", address)[0]).replace("\\", "/")
    path = "/".join(part for part in path.split("/") if part not in {"", "."})
    if path.startswith("files/") and not around.exists(path):  # how Jupyter itself writes it
        path = path.removeprefix("files/")
    depth = 0
    for part in path.split("/"):
        depth += -1 if part == ".." else 1
        if depth < 0:
            return Link("outside", _short(address))
    return Link("beside" if around.exists(path) else "missing", _short(address))


def _on_the_web(address: str, around: Surroundings) -> Link:
    """Return whether and when an address of the web stops to lead anywhere."""
    parts = urlsplit(address)
    host, shown = (parts.hostname or "").lower(), _short(shown_address(address))
    if HERE.fullmatch(host):
        return Link("here", shown)
    query = {name.lower(): value for name, value in parse_qsl(parts.query)}
    service = next((one for end, one in around.hosts.items() if host == end or host.endswith(f".{end}")), None)
    if SIGNATURES & query.keys():
        ends = expires_at(address)
        if ends == math.inf:
            return Link("expires", shown, "it is signed, and such addresses end")
        end = datetime.fromtimestamp(ends, UTC)
        left = (end - around.now).total_seconds()
        if left <= 0:
            return Link("expired", shown, f"it was signed until {end:%d %B %Y %H:%M} UTC".replace(" 0", " "))
        return Link("expires", shown, f"it is signed, for another {_long(left)}")
    if service is not None:
        kept = f"{service.title} keeps results {_long(service.keeps)}" if service.keeps else ""
        return Link("expires", shown, kept or f"{service.title} does not say how long it keeps results")
    return Link("web", shown)


def addresses_in(text: str) -> list[str]:
    """Return the addresses of the web that stand in a text."""
    met = islice(ADDRESS.finditer(text), MOST_ADDRESSES)
    return list(dict.fromkeys(found[0].rstrip(".,;:!?") for found in met))


def _long(seconds: float) -> str:
    """Return a long time in words: days from two on."""
    days = seconds / 86_400
    return f"{days:.0f} days" if days >= 2 else f"{seconds / 3600:.0f} hours" if seconds >= 7200 else duration(seconds)


def _short(address: str) -> str:
    """Return an address as one line, without the middle of one that nobody would read."""
    return _without_middle(shown_line(address[:TOLD] + address[-TOLD:] if len(address) > 2 * TOLD else address), TOLD)


def short(line: str) -> str:
    """Return an address as it is shown: not too long, its end kept."""
    return _without_middle(line, LONGEST)


def _without_middle(line: str, most: int) -> str:
    return line if len(line) <= most else f"{line[: most // 2]}…{line[-most // 2 + 1 :]}"
