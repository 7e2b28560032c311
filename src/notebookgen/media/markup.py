"""HTML that survives: only tags, attributes and inline styles that notebook sanitizers keep, and everything escaped.

What is not ``Markup`` is text and is escaped; there is no other way in. Text colours are the page's own, so that light
and dark themes are both legible; surfaces are thin greys that work on either.
"""

from __future__ import annotations

import html
from base64 import b64encode

from notebookgen.normal import NO_MATHS

__all__ = ["CAPTION", "FAINT", "FRAME", "SHEET", "WARNING", "Markup", "backed", "data_uri", "element", "outermost"]

# word-wrap, not overflow-wrap: JupyterLab's sanitizer takes `anywhere` away and older ones the whole property.
SHEET = (
    "font-family:system-ui,sans-serif;font-size:13px;line-height:1.45;max-width:100%;padding:4px 0;word-wrap:break-word"
)
CAPTION = "font-size:12px;line-height:1.45;margin:6px 0 0 0;min-width:0;word-wrap:break-word"
FAINT = "opacity:0.65"
FRAME = "background-color:rgba(128,128,128,0.10);border-radius:6px;overflow:hidden"
WARNING = "background-color:rgba(214,72,58,0.13);border-radius:6px;overflow:hidden"
GROUNDS = {"light": "rgba(255,255,255,0.96)", "dark": "rgba(24,26,30,0.96)"}
VOID = frozenset({"img", "br"})


class Markup(str):
    """HTML that was built by ``element``, hence already escaped."""

    __slots__ = ()


def data_uri(data: bytes, mime: str) -> Markup:
    """Return the bytes as an address that carries them."""
    return Markup(f"data:{html.escape(mime, quote=True)};base64,{b64encode(data).decode('ascii')}")


def element(name: str, *children: str, **attributes: str | int | None) -> Markup:
    """Return one element; attributes of None are left out, one of an empty text stands alone (``controls``)."""
    written = [name]
    for key, value in attributes.items():
        if value is not None:
            written.append(key if value == "" and key != "alt" else f'{key}="{escaped(str(value), value)}"')
    opening = f"<{' '.join(written)}>"
    if name in VOID:
        return Markup(opening)
    return Markup(f"{opening}{''.join(escaped(child, child) for child in children)}</{name}>")


def outermost(*children: str, style: str = SHEET) -> Markup:
    """Return the outermost element of an output: what stands in it is words, never formulas."""
    return element("div", *children, style=style, **{"class": NO_MATHS})


def backed(style: str, ground: str | None) -> str:
    """Return the style of a picture; one that something shines through has a ground that it is seen on in any theme."""
    return style if ground is None else f"{style};background-color:{GROUNDS[ground]};border-radius:4px"


def escaped(text: str, given: object) -> str:
    """Return text escaped, unless it was given as markup.

    The ends of its lines, too: behind an empty one, Markdown (as nbconvert writes it) reads what follows as its own.
    """
    return text if isinstance(given, Markup) else html.escape(text, quote=True).replace("\n", "&#10;")
