"""Taking a key out of what a provider sends back. Pure.

A service may echo the key in an error. It is looked for in the bytes as they came, so that whatever decodes them later
finds nothing: whole in every spelling of ``spellings`` and in mixtures of these, and in the pieces of ``pieces``, where
a text is cut short. A service that means to give a key away can always write it so that nobody finds it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from notebookgen.transport.pieces import find_pieces, shapes_of
from notebookgen.transport.spellings import pattern_of
from notebookgen.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebookgen.transport.base import HasSecret

__all__ = ["Blackout"]

SHORTEST_KEY = 8  # characters; a shorter one would black out words
STARS = b"***"


class Blackout:
    """Blacks one key out; shows nothing of it itself."""

    __slots__ = ("__weakref__", "_pattern", "_shapes")

    def __init__(self, key: HasSecret | None) -> None:
        """Look for ``key``; where there is none, or one as short as a word, everything passes as it is."""
        text = key.reveal() if key is not None else ""
        long_enough = len(text) >= SHORTEST_KEY
        self._pattern = pattern_of(text) if long_enough else None
        self._shapes = shapes_of(text) if long_enough else ()

    def __repr__(self) -> str:
        return "Blackout(***)"

    def data(self, data: bytes) -> bytes:
        """Return bytes without the key."""
        if self._pattern is None:
            return data
        data = starred(data, ((found.start(), found.end("all")) for found in self._pattern.finditer(data)))
        return starred(data, find_pieces(data, self._shapes))

    def text(self, text: str) -> str:
        """Return a text without the key."""
        return self.data(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def reply(self, reply: HttpResponse) -> HttpResponse:
        """Return a reply without the key, in its body and in its headers."""
        if self._pattern is None:
            return reply
        # No spelling of a key has a line end in it: one look for all of them.
        said = "\n".join(reply.headers.values()).encode("utf-8", "surrogatepass")
        if self.data(said) is said:
            body = self.data(reply.body)
            return reply if body is reply.body else HttpResponse(reply.status, reply.headers, body)
        headers = {name: self.text(value) for name, value in reply.headers.items()}
        return HttpResponse(reply.status, MappingProxyType(headers), self.data(reply.body))


def starred(data: bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    """Return bytes with stars in the place of spans, which come in order; one inside another is passed over."""
    parts: list[bytes] = []
    at = 0
    for start, end in spans:
        if start >= at:
            parts += [data[at:start], STARS]
            at = end
    return b"".join([*parts, data[at:]]) if parts else data
