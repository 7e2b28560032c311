"""What an HTML or Markdown output is made of, as far as it decides what a reader sees. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Literal, NamedTuple

__all__ = ["Source", "Traits", "traits_of"]

Role = Literal["picture", "player", "poster", "frame", "script", "link"]

HIDDEN = frozenset({"script", "style", "title", "template", "noscript", "head"})
PLAYERS = frozenset({"audio", "video"})
FRAMES = frozenset({"embed", "iframe", "object"})
# What only looks like a script.
OWN_SCRIPTS = frozenset({"text/x-template", "application/json"})
TAKES: dict[str, tuple[tuple[Role, str], ...]] = {
    "a": (("link", "href"),),
    "audio": (("player", "src"),),
    "embed": (("frame", "src"),),
    "iframe": (("frame", "src"),),
    "img": (("picture", "src"),),
    "object": (("frame", "data"),),
    "script": (("script", "src"),),
    "video": (("player", "src"), ("poster", "poster")),
}
CUSTOM: tuple[tuple[Role, str], ...] = (("frame", "src"),)
IMAGE = re.compile(r"!\[[^\]]{0,2000}\]\(\s*<?([^\s)>]+)")
LINK = re.compile(r"(?<!!)\[[^\]]{0,2000}\]\(\s*<?([^\s)>]+)")
FENCED = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)


class Source(NamedTuple):
    """An address that something is taken from, or leads to.

    Attributes:
        role: What it is for.
        address: As it stands.
        nested: Whether a player's address stands on a ``<source>`` inside it.
    """

    role: Role
    address: str
    nested: bool = False


@dataclass(slots=True)
class Traits:
    """What there is.

    Attributes:
        sources: Addresses, in their order.
        players: How many players there are.
        scripts, frames, drawings, customs: How many scripts, frames, inline SVG and elements of somebody's own.
        words: Whether there is a word to be read, scripts and styles left out.
    """

    sources: list[Source] = field(default_factory=list)
    players: int = 0
    scripts: int = 0
    frames: int = 0
    drawings: int = 0
    customs: int = 0
    words: bool = False


class Reader(HTMLParser):
    """Reads HTML as a browser would, without asking for anything."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.traits = Traits()
        self.hidden: list[str] = []
        self.playing: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element is and where it takes things from."""
        found, given = self.traits, {name: value or "" for name, value in attrs}
        found.scripts += tag == "script" and given.get("type", "") not in OWN_SCRIPTS
        found.players += tag in PLAYERS
        found.frames += tag in FRAMES
        found.drawings += tag == "svg"
        found.customs += "-" in tag
        for role, attribute in TAKES.get(tag, CUSTOM if "-" in tag else ()):
            self._take(role, given.get(attribute))
        if tag == "source" and self.playing:
            self._take("player", given.get("src"), nested=True)
        for inside, kinds in ((self.hidden, HIDDEN), (self.playing, PLAYERS)):
            if tag in kinds:
                inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave what is hidden, and a player."""
        for inside in (self.hidden, self.playing):
            if tag in inside:
                del inside[len(inside) - 1 - inside[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        """Note whether there is something to read."""
        if not self.hidden and data.strip():
            self.traits.words = True

    def _take(self, role: Role, address: str | None, *, nested: bool = False) -> None:
        """Keep an address, where there is one."""
        if address and address.strip():
            self.traits.sources.append(Source(role, address.strip(), nested))


def traits_of(text: str, *, markdown: bool = False) -> Traits:
    """Return what HTML, or Markdown with HTML in it, is made of."""
    reader = Reader()
    if markdown:
        plain = FENCED.sub(" ", text)
        for role, pattern in (("picture", IMAGE), ("link", LINK)):
            for found in pattern.finditer(plain):
                reader.traits.sources.append(Source(role, found[1]))  # type: ignore[arg-type]  # both are roles
        text = IMAGE.sub(" ", plain)
        reader.traits.words = bool(FENCED.search(text) or text.strip())
    reader.feed(text)
    reader.close()
    return reader.traits
