"""What a notebook's sanitizer keeps of HTML, as a strict reader: anything it would take away or change is a fault.

The tags, attributes and styles are a part of those that JupyterLab keeps in an untrusted notebook: only what the
previews need, so that a new one has to be looked up before it is used.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

COMMON = {"style", "title", "dir"}
KEPT = {
    "a": {"href"},
    "audio": {"controls", "preload", "src"},
    "div": {"class"},
    "figcaption": set(),
    "figure": set(),
    "img": {"alt", "height", "src", "width"},
    "span": set(),
    "table": set(),
    "tbody": set(),
    "td": set(),
    "th": {"scope"},
    "thead": set(),
    "tr": set(),
    "video": {"controls", "height", "loop", "poster", "preload", "src", "width"},
}
VOID = {"img"}
WORDS = "mathjax_ignore tex2jax_ignore"
LENGTH = r"-?\d+(\.\d+)?(px|em|%)?"
LENGTHS = rf"{LENGTH}( {LENGTH}){{0,3}}"
COLOUR = r"rgba\(\d{1,3},\d{1,3},\d{1,3},0\.\d+\)"
STYLES = {
    "align-items": r"center|start",
    "background-color": rf"transparent|{COLOUR}",
    "border": r"0",
    "border-collapse": r"collapse",
    "border-radius": LENGTHS,
    "display": r"block|flex|grid",
    "flex-direction": r"column",
    "flex-wrap": r"wrap",
    "font-family": r"system-ui,sans-serif",
    "font-size": LENGTH,
    "font-weight": r"400|600",
    "gap": LENGTHS,
    "grid-template-columns": r"repeat\(auto-fill,\d+px\)",
    "height": rf"auto|{LENGTH}",
    "justify-content": r"center",
    "line-height": LENGTH,
    "margin": LENGTHS,
    "max-width": LENGTH,
    "min-width": LENGTH,
    "opacity": r"0\.\d+",
    "overflow": r"hidden",
    "overflow-x": r"auto",
    "padding": LENGTHS,
    "table-layout": r"auto",
    "text-align": r"left",
    "vertical-align": r"bottom|top",
    "white-space": r"normal|pre-wrap",
    "width": LENGTH,
    "word-wrap": r"break-word",
}
EMBEDDED = re.compile(
    r"data:(image/(png|jpeg)|video/(mp4|webm)|audio/(wav|mpeg|mp4|aac|ogg|flac|webm));base64,[A-Za-z0-9+/]+=*"
)
RELATIVE = re.compile(r"[\w.~%-]+(/[\w.~%-]+)*")
PUBLIC = re.compile(r"https?://[^\s\"'<>]+")
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Sanitizer(HTMLParser):
    """Reads HTML, collects its faults and what a reader would see.

    Attributes:
        faults: What a sanitizer would take away.
        tags: Every opening tag, with its attributes, in their order.
        text: The text that is seen.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in KEPT:
            self.faults.append(f"<{tag}> is taken away")
            return
        if len(attrs) != len(dict(attrs)):
            self.faults.append(f"<{tag}> says an attribute twice")
        for name, value in attrs:
            if name not in KEPT[tag] | COMMON:
                self.faults.append(f"{name}= of <{tag}> is taken away")
            elif name == "style":
                self.style(value or "")
            elif name == "class" and value != WORDS:
                self.faults.append(f"class is {value!r}")
            elif name in {"src", "poster"} and not self.address(tag, name, value or ""):
                self.faults.append(f"{name}= of <{tag}> is {(value or '')[:60]!r}")
            elif name == "href" and not (RELATIVE.fullmatch(value or "") or PUBLIC.fullmatch(value or "")):
                self.faults.append(f"href is {(value or '')[:60]!r}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.faults.append("a comment")

    def handle_decl(self, decl: str) -> None:
        self.faults.append("a declaration")

    def handle_pi(self, data: str) -> None:
        self.faults.append("an instruction")

    def unknown_decl(self, data: str) -> None:
        self.faults.append("an unknown declaration")

    def style(self, written: str) -> None:
        for one in written.split(";"):
            name, _, value = one.partition(":")
            if name not in STYLES or not re.fullmatch(STYLES[name], value):
                self.faults.append(f"style {one!r} is taken away")

    @staticmethod
    def address(tag: str, name: str, value: str) -> bool:
        """A poster's relative address is not resolved, so that it has to be embedded; a player's is."""
        if EMBEDDED.fullmatch(value):
            return True
        return name == "src" and tag in {"audio", "video"} and bool(RELATIVE.fullmatch(value))


def seen(html: str, *, whole: bool = True) -> Sanitizer:
    """Return what is left of HTML; raise AssertionError unless that is all of it.

    Args:
        html: The HTML.
        whole: Whether it is an output, hence says that dollar signs in it are money; else a part of one.
    """
    reader = Sanitizer()
    reader.feed(html)
    reader.close()
    if whole and (not reader.tags or reader.tags[0][1].get("class") != WORDS):
        reader.faults.append("its dollar signs are formulas")
    faults = [*reader.faults, *(f"<{tag}> is not closed" for tag in reader.open)]
    if UNSAFE.search(html):
        faults.append(f"{UNSAFE.search(html)!r} stands in it")
    assert [] == faults
    return reader
