"""What an HTML or Markdown output is made of, as far as it decides what a reader sees. Pure.

A notebook may come from anybody: each of its texts is read once, in one pass, and none further than a person would wait.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Literal, NamedTuple

__all__ = ["MOST", "Pages", "Source", "Traits", "traits_of"]

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
# The pieces of Markdown's pictures and links; a picture may stand inside a link.
BRACKET = re.compile(r"(?P<open>!?\[)|\](?:\(\s*<?(?P<address>[^\s)>]+))?")
FENCED = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
# What is embedded is most of a text, and says nothing that its first words do not.
EMBEDDED = re.compile(r"(data:[\w.+-]+/[\w.+;=-]+;base64,)([A-Za-z0-9+/=_%-]{64,})")
STAND_IN = "\ue000"
STOOD_FOR = re.compile(rf"(data:[^,]+,){STAND_IN}(\d{{1,9}})")
MOST = 2**20  # characters of one text, without what is embedded
MOST_IN_ALL = 8 * MOST  # of all texts of a notebook
MOST_SOURCES = 10_000  # addresses in one text
DEEPEST = 200  # of what is inside of each other
UNFINISHED = re.compile(r"<[A-Za-z]")


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
        cut: Whether there is more than was read.
    """

    sources: list[Source] = field(default_factory=list)
    players: int = 0
    scripts: int = 0
    frames: int = 0
    drawings: int = 0
    customs: int = 0
    words: bool = False
    cut: bool = False


class Reader(HTMLParser):
    """Reads HTML as a browser would, without asking for anything."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.traits = Traits()
        self.embedded: list[str] = []
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
            if tag in kinds and len(inside) < DEEPEST:
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

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """Pass over ``<![…]>`` as a browser does: a comment up to the next ``>``; Python's own way ends in an error."""
        del report
        end = self.rawdata.find(">", i)
        return end + 1 if end >= 0 else -1

    def read(self, text: str) -> None:
        """Read a text that is all there is.

        Its end is not told to the parser: that would look for the end of each unfinished tag anew. A browser drops an
        unfinished tag or comment; any other rest is text.
        """
        try:
            self.feed(text)
        except AssertionError:  # how html.parser says that it does not know what stands there
            self.traits.cut = True
            return
        if not self.rawdata.startswith(("<!", "</", "<?")) and not UNFINISHED.match(self.rawdata):
            self.handle_data(self.rawdata)

    def stand_in(self, found: re.Match[str]) -> str:
        """Return what stands for something embedded while a text is read."""
        self.embedded.append(found[2])
        return f"{found[1]}{STAND_IN}{len(self.embedded) - 1}"

    def _take(self, role: Role, address: str | None, *, nested: bool = False) -> None:
        """Keep an address, where there is one; what a player plays is told with it."""
        if not address or not address.strip():
            return
        if len(self.traits.sources) >= MOST_SOURCES:
            self.traits.cut = True
            return
        address = address.strip()
        known = STOOD_FOR.fullmatch(address) if role == "player" else None
        if known and int(known[2]) < len(self.embedded):
            address = known[1] + self.embedded[int(known[2])]
        self.traits.sources.append(Source(role, address, nested))

    def take_markdown(self, text: str) -> str:
        """Keep the addresses of Markdown's pictures and links; return the text without its pictures."""
        opened: list[re.Match[str]] = []
        rest: list[str] = []
        at = 0
        for found in BRACKET.finditer(text):
            if found["open"]:
                opened.append(found)
                continue
            begun = opened.pop() if opened else None
            if begun is None or not found["address"]:
                continue
            is_picture = begun["open"] == "!["
            self._take("picture" if is_picture else "link", found["address"])
            if is_picture and begun.start() >= at:
                rest += [text[at : begun.start()], " "]
                at = found.end()
        return "".join([*rest, text[at:]])


class Pages:
    """Reads the texts of a notebook, each once."""

    __slots__ = ("_left", "_read")

    def __init__(self) -> None:
        self._read: dict[tuple[str, bool], Traits] = {}
        self._left = MOST_IN_ALL

    def of(self, text: str, *, markdown: bool = False) -> Traits:
        """Return what a text is made of."""
        known = self._read.get((text, markdown))
        if known is None:
            reader = Reader()
            plain = EMBEDDED.sub(reader.stand_in, text)
            most = min(MOST, self._left)
            self._left -= min(most, len(plain))
            known = self._read[text, markdown] = _made_of(reader, plain[:most], markdown=markdown)
            known.cut = known.cut or len(plain) > most
        return known


def traits_of(text: str, *, markdown: bool = False) -> Traits:
    """Return what HTML, or Markdown with HTML in it, is made of."""
    return Pages().of(text, markdown=markdown)


def _made_of(reader: Reader, text: str, *, markdown: bool) -> Traits:
    """Return what a reader makes of a text."""
    if markdown:
        plain = reader.take_markdown(FENCED.sub(" ", text))
        reader.traits.words = bool(plain.strip() or FENCED.search(text))
        text = plain
    reader.read(text)
    return reader.traits
