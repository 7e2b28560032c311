"""What an exchange by libcurl came to: the reply, judged as every transport of ours judges it, or our exception for it."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from errno import ECONNREFUSED
from types import MappingProxyType
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError, ReplyLost
from notebookgen.transport.bodies import check_end, most_bytes, packing_of, too_large, unpacked
from notebookgen.transport.failures import MOST_SAID, plain_cause, told
from notebookgen.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.transport.base import Timeouts
    from notebookgen.transport.blackout import Blackout
    from notebookgen.transport.fast_ways import Option
    from notebookgen.wire import HttpRequest

__all__ = ["Asked", "Ended", "closed", "ends_so", "failure", "headers_of", "outcome_of", "status_of"]

# What https://curl.se/libcurl/c/libcurl-errors.html calls them, in words for a person: while nothing had left, and after.
SAYS = {
    1: ("the address is not http or https", "the reply cannot be read"),
    3: ("the address cannot be read", "the exchange failed"),
    5: ("the proxy's name is not known here", "the exchange failed"),
    6: ("the name is not known here", "the exchange failed"),
    7: ("no connection", "the connection broke"),
    8: ("the reply of the proxy cannot be read", "the reply cannot be read"),
    18: ("the connection broke", "the reply broke off"),
    28: ("no connection in time", "no reply in time"),
    35: ("TLS failed", "TLS failed"),
    42: ("the connection broke", "the connection broke"),
    52: ("the connection broke", "the other side hung up without a reply"),
    55: ("the connection broke", "the connection broke"),
    56: ("the proxy failed", "the reply broke off"),
    60: ("its certificate is not trusted", "its certificate is not trusted"),
    77: ("the file of trusted certificates cannot be used", "TLS failed"),
    97: ("the proxy failed", "the proxy failed"),
    100: ("the reply of the proxy cannot be read", "the reply's headers cannot be read"),
}
SHOWN = frozenset({7, 35, 56, 60, 77, 97})  # where curl's own words say more
BROKE = 56  # whatever went wrong while a reply came
HUNG_UP = ("unexpected eof", "SSL_ERROR_SYSCALL, errno 0")  # OpenSSL 3, and before: no farewell of TLS
OF_THE_SOCKET = "Recv failure: "  # curl's, before the system's own words


@dataclass(slots=True, eq=False, repr=False)  # it may hold a key that was sent back
class Ended:
    """What an exchange came to.

    Attributes:
        heads: The lines of the reply's headers, the first one the status line.
        parts: The body as it came.
        code: libcurl's number for what went wrong; 0 where nothing did.
        said: libcurl's own words for it.
        errno: The system's number for it, or 0.
        left: Whether a byte of the request may have left.
        whole: Whether the reply's headers came to their end.
        problem: What we ourselves ended it for.
    """

    heads: list[bytes]
    parts: list[bytes]
    code: int
    said: str
    errno: int
    left: bool
    whole: bool
    problem: NotebookgenError | None


@dataclass(slots=True, eq=False)
class Asked:
    """A request on its way to the thread that sends it.

    Attributes:
        request: What to send.
        url: Where to, as it will be requested.
        host: Whom the messages are about.
        headers: What is said with it.
        waits: How long it may take.
        way: Options that hold for this one only, where it does not go to the provider's own address.
        checked: Whether only a public address may be connected to.
        ended: Told what it came to, in the thread that sends.
        owner: Kept alive until then.
    """

    request: HttpRequest
    url: str
    host: str
    headers: Mapping[str, str]
    waits: Timeouts
    way: tuple[Option, ...] | None
    checked: bool
    ended: Callable[[Ended], None]
    owner: object


def status_of(heads: list[bytes]) -> int:
    """Return the status of a reply, 0 where there is none."""
    words = heads[0].split(None, 2) if heads else []
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def outcome_of(ended: Ended, asked: Asked, blackout: Blackout) -> HttpResponse | NotebookgenError:
    """Return the reply that an exchange ended in, or the exception: without its frames, which hold the reply as it came."""
    try:
        return reply_of(ended, asked, blackout)
    except NotebookgenError as error:
        return error.with_traceback(None)


def reply_of(ended: Ended, asked: Asked, blackout: Blackout) -> HttpResponse:
    """Return the reply that an exchange ended in, unpacked and without the key.

    Raises:
        NotSent, ReplyLost, UnexpectedResponse, AssetRefused: It ended in none.
    """
    if ended.problem is not None:
        raise ended.problem
    if ended.code:
        raise failure(ended, asked.host, blackout)
    status = status_of(ended.heads)
    if not ended.whole or not status:
        raise told(asked.host, "the reply broke off in its headers", left=True)
    headers = headers_of(ended.heads)
    most = most_bytes(asked.request.purpose)
    packing = packing_of(headers, status, asked.host)
    body = b"".join(ended.parts)
    try:
        body = unpacked(body, packing, most)
    except zlib.error:
        raise told(asked.host, "the reply was packed wrongly", left=True) from None
    if len(body) > most:
        raise too_large(asked.host, most, status)
    check_end(headers, body, status, asked.host, http_11=ended.heads[0].startswith(b"HTTP/1.1"))
    return blackout.reply(HttpResponse(status, MappingProxyType(headers), body))


def headers_of(heads: list[bytes]) -> dict[str, str]:
    """Return headers by their names in lower case; what is said twice is joined, as RFC 9110 has it."""
    headers: dict[str, str] = {}
    name = ""
    for line in heads[1:]:
        text = line.decode("latin-1")
        if text[0] in " \t" and name:  # a long one goes on
            headers[name] = f"{headers[name]} {text.strip()}"
            continue
        name, _, value = text.partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def ends_so(heads: list[bytes], code: int, said: str) -> bool:
    """Whether a reply ends with its connection, although TLS said no farewell: one whose end is told by nothing else."""
    return hung_up(code, said) and headers_of(heads).keys().isdisjoint({"content-length", "transfer-encoding"})


def hung_up(code: int, said: str) -> bool:
    """Whether the other side closed a connection under TLS without saying so; requests takes it for a plain end."""
    return code == BROKE and any(words in said for words in HUNG_UP)


def broken(ended: Ended) -> tuple[str, str]:
    """Return what broke while a reply came, for a person, and the system's own words for it."""
    if hung_up(ended.code, ended.said):
        return ("the reply broke off" if ended.heads else "the other side hung up without a reply"), ""
    _, ours, system = ended.said.partition(OF_THE_SOCKET)
    if not ours:
        return "the reply broke off", ended.said
    return ("the connection was reset" if "reset" in system else "the connection broke"), system


def failure(ended: Ended, host: str, blackout: Blackout) -> NotebookgenError:
    """Return our exception for what libcurl says."""
    unsent, lost = SAYS.get(ended.code, ("the exchange failed", "the exchange failed"))
    words = lost if ended.left else unsent
    said = ended.said if ended.code in SHOWN else ""
    if ended.code == BROKE and ended.left:
        words, said = broken(ended)
    if ended.errno:
        said = os.strerror(ended.errno)
        words = "the connection was refused" if ended.errno == ECONNREFUSED else words
    said = " ".join(blackout.text(said).split())[:MOST_SAID]
    made = told(host, words, said, left=ended.left)
    made.__cause__ = plain_cause(OSError(f"curl {ended.code}: {ended.said}"), blackout)
    return made


def closed(host: str, *, left: bool) -> NotebookgenError:
    """Return the exception for an exchange that the end of its transport cut."""
    return (
        ReplyLost(f"{host}: the transport was closed meanwhile.")
        if left
        else told(host, "the transport is closed", left=False)
    )
