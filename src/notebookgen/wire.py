"""HTTP as values: a request that can be stored, compared and logged, a reply, and checked reading of JSON.

No key is ever part of an ``HttpRequest``: it names the scheme (``auth``) and the transport adds the secret last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeVar, overload

from notebookgen.errors import UnexpectedResponse
from notebookgen.normal import shown_line

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "Auth",
    "HttpRequest",
    "HttpResponse",
    "Purpose",
    "get_request",
    "json_request",
    "maybe",
    "object_in",
    "retry_after_seconds",
    "shown_address",
    "take",
]

Auth = Literal["bearer", "none"]
Purpose = Literal["create", "status", "list", "cancel", "balance", "models", "upload", "asset", "other"]
T = TypeVar("T")
EXCERPT = 200
SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//")
HOST_ENDS = re.compile(r"[/?#\\]")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, ready to be sent but for the key.

    Attributes:
        method: ``"GET"``, ``"POST"`` or ``"PUT"``.
        url: Absolute, with its query.
        headers: Pairs beside what the transport adds (Authorization, User-Agent, Content-Length).
        body: The exact bytes to send.
        auth: ``"bearer"`` where the provider's key must be added, ``"none"`` for signed upload addresses.
        purpose: What the request is for: pacing, logs and the sandbox's faults are told by it.
        repeatable: Whether it may be sent again when its fate is unknown. Only reads and free uploads are.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    auth: Auth = "bearer"
    purpose: Purpose = "other"
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One complete reply.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case.
        body: The whole body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: bytes = b""

    def excerpt(self) -> str:
        """Return the beginning of the body as one line of text, for messages."""
        text = shown_line(self.body[: EXCERPT * 4].decode("utf-8", "replace"))
        return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"

    def json(self) -> object:
        """Return the body as JSON.

        Raises:
            UnexpectedResponse: The body is no JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:  # covers UnicodeDecodeError and JSONDecodeError
            said = self.excerpt() or "nothing at all"
            message = f"expected JSON and got, with HTTP {self.status}: {said}"
            raise UnexpectedResponse(message, code=self.status, said=self.excerpt()) from error
        except RecursionError as error:
            message = f"expected JSON and got brackets without end, with HTTP {self.status}"
            raise UnexpectedResponse(message, code=self.status) from error


def json_request(
    url: str, payload: object, *, purpose: Purpose, method: str = "POST", repeatable: bool = False
) -> HttpRequest:
    """Return a request whose body is ``payload`` as UTF-8 JSON."""
    body = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    headers = (("Content-Type", "application/json"),)
    return HttpRequest(method, url, headers=headers, body=body, purpose=purpose, repeatable=repeatable)


def get_request(url: str, *, purpose: Purpose) -> HttpRequest:
    """Return a read: it may be repeated."""
    return HttpRequest("GET", url, purpose=purpose, repeatable=True)


def object_in(value: object, what: str = "the reply") -> Mapping[str, object]:
    """Return ``value`` if it is a JSON object.

    Raises:
        UnexpectedResponse: It is a list, a string, a number or null.
    """
    if isinstance(value, Mapping):
        return value
    message = f"{what} should be a JSON object and is {kind_of(value)}"
    raise UnexpectedResponse(message)


@overload
def take(data: Mapping[str, object], key: str, kind: type[T]) -> T: ...
@overload
def take(data: Mapping[str, object], key: str, kind: tuple[type[T], ...]) -> T: ...
def take(data: Mapping[str, object], key: str, kind: type[T] | tuple[type[T], ...]) -> T:
    """Return ``data[key]``, which must be there and of that kind (a bool is no number).

    Raises:
        UnexpectedResponse: It is missing or of another kind.
    """
    value = data.get(key)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds):
        return value
    wanted = " or ".join(one.__name__ for one in kinds)
    message = f"'{key}' should be {wanted} and is {kind_of(value) if key in data else 'missing'}"
    raise UnexpectedResponse(message)


def maybe(data: Mapping[str, object], key: str, kind: type[T]) -> T | None:
    """Return ``data[key]`` if it is of that kind, else None: for what the pages leave open."""
    value = data.get(key)
    return value if isinstance(value, kind) and (not isinstance(value, bool) or kind is bool) else None


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return what ``Retry-After`` asks for, in seconds; a date is read against the reply's own ``Date``.

    RFC 9110, section 10.2.3: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return float(value)
    until, now = _http_date(value), _http_date(headers.get("date", ""))
    return max((until - now).total_seconds(), 0.0) if until and now else None


def _http_date(text: str) -> datetime | None:
    """Return an HTTP date with its zone, or None where the text is none."""
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError):  # the latter: a year of twenty digits
        return None
    return moment if moment and moment.tzinfo else None


def kind_of(value: object) -> str:
    """Return the JSON name of a value's kind, for messages."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def shown_address(url: str) -> str:
    """Return an address as it may be shown: without a name, a password, a query and a fragment.

    A password may hold what ends a host; where one cannot be told from the other, only the scheme is left.
    """
    beginning = SCHEME.match(url)
    scheme = beginning.group() if beginning else ""
    host = HOST_ENDS.split(url[len(scheme) :], maxsplit=1)[0]
    path = url[len(scheme) + len(host) :]
    if "@" in path:
        return f"{scheme}***"
    path, mark, _ = path.partition("#" if "?" not in path.partition("#")[0] else "?")
    return f"{scheme}{'***@' if '@' in host else ''}{host.rpartition('@')[2]}{path}{mark and mark + '***'}"
