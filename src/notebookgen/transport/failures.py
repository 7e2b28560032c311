"""Foreign exceptions become ours here, and only here: ``NotSent`` where nothing left, else ``ReplyLost``.

Whether something left is known where our own connections carried the exchange. Where a caller's own session did, the
table decides, and what it cannot prove counts as sent. Classes are named, not imported: the table is plain data, and
a test holds it against every class that requests and urllib3 have.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Literal

from notebookgen.errors import NotSent, ReplyLost, TransportError
from notebookgen.transport.blackout import Blackout

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FOREIGN", "told", "translate"]

Fate = Literal["unsent", "unclear"]

# Class name: does it prove that nothing left, and what a person calls it.
FOREIGN: dict[str, tuple[Fate, str]] = {
    "requests.exceptions.ChunkedEncodingError": ("unclear", "the reply broke off"),
    "requests.exceptions.ConnectTimeout": ("unsent", "no connection in time"),
    "requests.exceptions.ConnectionError": ("unclear", "the connection broke"),
    "requests.exceptions.ContentDecodingError": ("unclear", "the reply was packed wrongly"),
    "requests.exceptions.HTTPError": ("unclear", "the exchange failed"),
    "requests.exceptions.InvalidHeader": ("unsent", "a header cannot be sent"),
    "requests.exceptions.InvalidJSONError": ("unclear", "the reply is no JSON"),
    "requests.exceptions.InvalidProxyURL": ("unsent", "the proxy's address cannot be read"),
    "requests.exceptions.InvalidSchema": ("unsent", "the address is not http or https"),
    "requests.exceptions.InvalidURL": ("unsent", "the address cannot be read"),
    "requests.exceptions.JSONDecodeError": ("unclear", "the reply is no JSON"),
    "requests.exceptions.MissingSchema": ("unsent", "the address is not http or https"),
    "requests.exceptions.ProxyError": ("unclear", "the proxy failed"),
    "requests.exceptions.ReadTimeout": ("unclear", "no reply in time"),
    "requests.exceptions.RequestException": ("unclear", "the exchange failed"),
    "requests.exceptions.RetryError": ("unclear", "the exchange failed"),
    "requests.exceptions.SSLError": ("unclear", "TLS failed"),
    "requests.exceptions.StreamConsumedError": ("unclear", "the reply was read twice"),
    "requests.exceptions.Timeout": ("unclear", "no reply in time"),
    "requests.exceptions.TooManyRedirects": ("unclear", "there were too many redirects"),
    "requests.exceptions.URLRequired": ("unsent", "the address is missing"),
    "requests.exceptions.UnrewindableBodyError": ("unclear", "the body cannot be sent again"),
    "urllib3.exceptions.BodyNotHttplibCompatible": ("unclear", "the reply cannot be read"),
    "urllib3.exceptions.ClosedPoolError": ("unsent", "the transport is closed"),
    "urllib3.exceptions.ConnectTimeoutError": ("unsent", "no connection in time"),
    "urllib3.exceptions.DecodeError": ("unclear", "the reply was packed wrongly"),
    "urllib3.exceptions.EmptyPoolError": ("unsent", "no free connection"),
    "urllib3.exceptions.FullPoolError": ("unclear", "no free connection"),
    "urllib3.exceptions.HTTPError": ("unclear", "the exchange failed"),
    "urllib3.exceptions.HeaderParsingError": ("unclear", "the reply's headers cannot be read"),
    "urllib3.exceptions.HostChangedError": ("unsent", "the address belongs to another host"),
    "urllib3.exceptions.IncompleteRead": ("unclear", "the reply broke off"),
    "urllib3.exceptions.InvalidChunkLength": ("unclear", "the reply broke off"),
    "urllib3.exceptions.InvalidHeader": ("unclear", "the reply's headers cannot be read"),
    "urllib3.exceptions.LocationParseError": ("unsent", "the address cannot be read"),
    "urllib3.exceptions.LocationValueError": ("unsent", "the address cannot be read"),
    "urllib3.exceptions.MaxRetryError": ("unclear", "the exchange failed"),
    "urllib3.exceptions.NameResolutionError": ("unsent", "the name is not known here"),
    "urllib3.exceptions.NewConnectionError": ("unsent", "no connection"),
    "urllib3.exceptions.PoolError": ("unclear", "the exchange failed"),
    "urllib3.exceptions.ProtocolError": ("unclear", "the connection broke"),
    "urllib3.exceptions.ProxyError": ("unclear", "the proxy failed"),
    "urllib3.exceptions.ProxySchemeUnknown": ("unsent", "the proxy's address cannot be read"),
    "urllib3.exceptions.ProxySchemeUnsupported": ("unsent", "such a proxy is not supported"),
    "urllib3.exceptions.ReadTimeoutError": ("unclear", "no reply in time"),
    "urllib3.exceptions.RequestError": ("unclear", "the exchange failed"),
    "urllib3.exceptions.ResponseError": ("unclear", "the exchange failed"),
    "urllib3.exceptions.ResponseNotChunked": ("unclear", "the reply cannot be read"),
    "urllib3.exceptions.SSLError": ("unclear", "TLS failed"),
    "urllib3.exceptions.TimeoutError": ("unclear", "no reply in time"),
    "urllib3.exceptions.TimeoutStateError": ("unclear", "the exchange failed"),
    "urllib3.exceptions.URLSchemeUnknown": ("unsent", "the address is not http or https"),
    "urllib3.exceptions.UnrewindableBodyError": ("unclear", "the body cannot be sent again"),
    # Below them, from the standard library.
    "http.client.IncompleteRead": ("unclear", "the reply broke off"),
    "http.client.RemoteDisconnected": ("unclear", "the other side hung up without a reply"),
    "socket.gaierror": ("unsent", "the name is not known here"),
    "ssl.SSLCertVerificationError": ("unsent", "its certificate is not trusted"),
    "builtins.ConnectionRefusedError": ("unsent", "the connection was refused"),
    "builtins.ConnectionResetError": ("unclear", "the connection was reset"),
    "builtins.TimeoutError": ("unclear", "no reply in time"),
    "builtins.OSError": ("unclear", "the connection broke"),
}
MOST_SAID = 160
NO_KEY = Blackout(None)


def translate(error: Exception, *, host: str, left: bool | None, blackout: Blackout = NO_KEY) -> TransportError:
    """Return our exception for a foreign one; the caller raises it ``from`` what ``plain_cause`` returns.

    Args:
        error: What requests, urllib3, http.client or the socket raised.
        host: Whom it was about.
        left: Whether a byte of the request left; None where nobody watched.
        blackout: What takes the key out of foreign words.
    """
    chain = [(one, FOREIGN[name]) for one in causes(error) for name in [known_name(one)] if name]
    fate: Fate = "unsent" if any(fate == "unsent" for _, (fate, _) in chain) else "unclear"
    sent = left if left is not None else fate == "unclear"
    words = chain[-1][1][1] if chain else "the exchange failed"
    if not sent and words == "no reply in time":
        words = "no connection in time"
    said = said_by(chain[-1][0] if chain else error, blackout)
    made = told(host, words, said, left=sent)
    made.__cause__ = plain_cause(chain[-1][0] if chain else error, blackout)
    return made


def told(host: str, words: str, said: str = "", *, left: bool) -> TransportError:
    """Return the exception for an exchange that failed.

    Args:
        host: Whom it was about.
        words: What happened.
        said: The system's own words for it, without the key.
        left: Whether a byte of the request may have left.
    """
    detail = f" ({said})" if said and said not in words else ""
    if left:
        return ReplyLost(f"{host}: {words}{detail}. The request had left, and no complete reply came.")
    return NotSent(
        f"{host}: {words}{detail}. Nothing was sent.\nLook at the connection and the proxy settings, then run again."
    )


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what lies under it, outermost first."""
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            todo += [*one.args, getattr(one, "reason", None), one.__cause__ or one.__context__]


def known_name(error: BaseException) -> str | None:
    """Return the name of the nearest class in the table, or None."""
    if isinstance(error, socket.gaierror):  # its module is called socket, its type's module too: said once, plainly
        return "socket.gaierror"
    names = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(error).__mro__)
    return next((name for name in names if name in FOREIGN), None)


def said_by(error: BaseException, blackout: Blackout) -> str:
    """Return the system's own words in an exception, one short line without the key; empty where it has none."""
    text = getattr(error, "verify_message", None) or (error.strerror if isinstance(error, OSError) else None) or ""
    return " ".join(blackout.text(str(text)).split())[:MOST_SAID]


def plain_cause(error: BaseException, blackout: Blackout) -> BaseException:
    """Return a cause that can be shown: the innermost error, freed of frames, requests and pools that hold keys."""
    text = blackout.text(f"{type(error).__name__}: {error}")
    return OSError(" ".join(text.split())[: 2 * MOST_SAID])
