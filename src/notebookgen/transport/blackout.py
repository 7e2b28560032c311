r"""Taking a key out of what a provider sends back, however it is spelled there. Pure.

A service may echo the key in an error: as it is, escaped as JSON writes it (``\/``, ``\u0073``, JSON inside JSON),
as an address or a page writes it (``%2F``, ``&#47;``), in base64, in a wider character set, or in a mixture of these.
All are looked for in the bytes as they came, so that whatever decodes them later finds nothing.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from html.entities import html5
from types import MappingProxyType
from typing import TYPE_CHECKING

from notebookgen.wire import HttpResponse

if TYPE_CHECKING:
    from notebookgen.transport.base import HasSecret

__all__ = ["Blackout"]

SHORTEST_KEY = 8  # characters; a shorter one would black out words
STARS = b"***"
# JSON in JSON in JSON doubles its backslashes each time. A run is looked at from its beginning only: a body of nothing
# else would take for ever.
RUN = r"(?<!\\)\\+"


class Blackout:
    """Blacks one key out; shows nothing of it itself."""

    __slots__ = ("_pattern",)

    def __init__(self, key: HasSecret | None) -> None:
        """Look for ``key``; where there is none, or one as short as a word, everything passes as it is."""
        text = key.reveal() if key is not None else ""
        self._pattern = pattern_of(text) if len(text) >= SHORTEST_KEY else None

    def __repr__(self) -> str:
        return "Blackout(***)"

    def data(self, data: bytes) -> bytes:
        """Return bytes without the key."""
        if self._pattern is None:
            return data
        parts: list[bytes] = []
        at = 0
        for found in self._pattern.finditer(data):
            if found.start() >= at:
                parts += [data[at : found.start()], STARS]
                at = found.end("all")
        return b"".join([*parts, data[at:]]) if parts else data

    def text(self, text: str) -> str:
        """Return a text without the key."""
        return self.data(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def reply(self, reply: HttpResponse) -> HttpResponse:
        """Return a reply without the key, in its body and in its headers."""
        if self._pattern is None:
            return reply
        headers = {name: self.text(value) for name, value in reply.headers.items()}
        return HttpResponse(reply.status, MappingProxyType(headers), self.data(reply.body))


def pattern_of(text: str) -> re.Pattern[bytes]:
    """Return a pattern of all that decodes to ``text``: it itself, and the base64 of what it may be a part of."""
    cores = dict.fromkeys(core for before in range(3) for core in base64_cores(text, before))
    whole = ["".join(map(spellings, text))]
    whole += ["".join(one if one.isalnum() else spellings(one) for one in core) for core in cores]
    every = "|".join(whole)
    # One character is matched and then looked at anew, because a pattern that begins with a set is searched for some
    # ten times as fast; replies can be pictures of many megabytes.
    first = "".join(re.escape(one) for one in sorted({"\\", "%", "&", text[0], *(core[0] for core in cores)}))
    return re.compile(f"[{first}](?<=(?=(?P<all>{every}))[{first}])".encode())


def base64_cores(text: str, before: int) -> tuple[str, str]:
    """Return ``text`` in base64 after so many other bytes, in both alphabets, without what its neighbours decide."""
    data = b"\0" * before + text.encode()
    core = base64.b64encode(data).decode()[-(-before * 8 // 6) : len(data) * 8 // 6]
    return core, core.replace("+", "-").replace("/", "_")


@cache
def spellings(char: str) -> str:
    """Return a pattern of the ways to write one ASCII character."""
    code, itself = ord(char), re.escape(char)
    digits = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{code:02x}")
    named = [re.escape(name) for name, value in html5.items() if value == char and name.endswith(";")]
    page = "|".join([f"#0{{0,4}}{code};?", f"#[xX]0{{0,4}}{digits};?", *named])
    plain = r"\\{1,16}" if char == "\\" else itself if char.isalnum() else f"(?:{RUN})?{itself}"
    ways = [plain, f"{RUN}(?:u00|x){digits}", f"%(?:25){{0,4}}{digits}", f"&(?:amp;)?(?:{page})"]
    return rf"(?:{'|'.join(ways)})\x00{{0,3}}"
