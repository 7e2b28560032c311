"""HTTP as the three services see it: a call, a reply and the table that joins them. Values only."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.sandbox.tokens import Job
    from notebookgen.sandbox.world import Account, World

__all__ = ["BadBody", "Call", "Drawing", "Reply", "Route", "Service", "Upload", "compact", "route"]


class BadBody(ValueError):
    """The request's body is not a JSON object."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: `path` begins below the service's root, `now` is in Unix seconds, `entropy` is 12 random bytes.

    `form` and `files` are the parts of a multipart body.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    origin: str
    now: float
    entropy: bytes
    account: Account | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, tuple[Upload, ...]] = field(default_factory=dict)

    @property
    def owner(self) -> Account:
        """The account that asks; no endpoint is reached without one."""
        assert self.account is not None  # noqa: S101 - the front door admits nobody without one
        return self.account

    def json(self) -> dict[str, Any]:
        """Return the body's JSON object."""
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise BadBody from error
        if not isinstance(value, dict):
            raise BadBody
        return value

    def header(self, name: str) -> str:
        """Return a header's value, or an empty string; names are compared without case."""
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Drawing:
    """One file of a job that has yet to be drawn."""

    job: Job
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer.

    Attributes:
        status: The HTTP status.
        value: The body as a JSON value; `raw` goes before it.
        raw: The body as bytes.
        headers: Beside Content-Type and Content-Length.
        content_type: Of the body.
        delay: Seconds for which the connection is held before the answer.
        needs: Files to draw first.
        finish: Makes the final reply from those files' bytes.
    """

    status: int = 200
    value: Any = None
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    delay: float = 0.0
    needs: tuple[Drawing, ...] = ()
    finish: Callable[[tuple[bytes, ...]], Reply] | None = None

    @property
    def body(self) -> bytes:
        """The bytes to send."""
        return compact(self.value) if self.raw is None else self.raw

    def having(self, headers: Mapping[str, str]) -> Reply:
        """Return the same reply with more headers."""
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: method, a pattern over the path, what faults know it as, and who answers."""

    method: str
    pattern: re.Pattern[str]
    purpose: str
    answer: Callable[..., Reply]


def route(method: str, pattern: str, purpose: str, answer: Callable[..., Reply]) -> Route:
    """Return a route whose ``{name}`` parts match one path segment and ``{name*}`` the rest."""
    text = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", pattern)
    text = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text)
    return Route(method, re.compile(text), purpose, answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service: its root path, its endpoints, and how it says no.

    `deny` takes one of ``missing_key wrong_key plan rate not_found bad_body broken`` and the seconds to wait, `error` an
    HTTP status and a text.
    """

    name: str
    root: str
    routes: tuple[Route, ...]
    deny: Callable[[str, float], Reply]
    error: Callable[[int, str], Reply]
    headers: Callable[[World, Account, float], Mapping[str, str]]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the endpoint for a path below the root, and what its pattern caught."""
        for each in self.routes:
            match = each.pattern.fullmatch(path) if each.method == method else None
            if match:
                return each, match.groupdict()
        return None


def compact(value: Any) -> bytes:
    """Return JSON as bytes, half surrogates and all."""
    return json.dumps(value, separators=(",", ":"), default=str).encode()
