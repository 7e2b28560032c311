"""A prompt with ``{name}`` in it, taken apart: everything about its braces lives here. Pure, and knows no frames.

Only ``{name}``, with a plain identifier between single braces, is replaced, once: what is put in is never looked at
again. Doubled braces that belong together stand for single ones, as in Python's own templates: ``{{name}}`` comes out
as ``{name}``. All other braces (JSON, code, ``{x:.2f}``) stay exactly as they are; but where names are given that are
no identifiers (a column called ``hair colour`` or ``class``), one of those between braces is meant as well.
"""

from __future__ import annotations

import keyword
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["composed", "name_of", "names_in", "parts"]


def parts(template: str, known: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield the template in order, as ``(text, "")`` and ``("{name}", name)``.

    Args:
        template: What the user wrote.
        known: Names that count between braces although they may be no identifiers; those without any letter do not,
            for ``x^{2}`` is no column.
    """
    partner = _pairs(template)
    doubled = _doubled(partner)
    at = begun = 0
    kept = ""
    while at < len(template):
        close = partner.get(at, -1)
        name = name_of(template[at + 1 : close], known) if close > at and at not in doubled else None
        if name is None and at not in doubled:
            at += 1
            continue
        kept += template[begun:at]
        if name is None:
            kept += template[at]
            at += 2
        else:
            if kept:
                yield kept, ""
            kept = ""
            yield template[at : close + 1], name
            at = close + 1
        begun = at
    if kept + template[begun:]:
        yield kept + template[begun:], ""


def names_in(template: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names that the template wants filled, each once, in their order."""
    return tuple(dict.fromkeys(name for _, name in parts(template, known) if name))


def composed(name: str) -> str:
    """Return a name in the form in which Python compares identifiers (NFKC)."""
    return unicodedata.normalize("NFKC", name)


def name_of(text: str, known: Collection[str] = ()) -> str | None:
    """Return the name between two braces, or None where they are no placeholder (``return`` is no variable)."""
    if text in known and any(char.isalpha() for char in text):
        return text
    if not text.isidentifier() or keyword.iskeyword(text):
        return None
    return composed(text)


def _pairs(template: str) -> dict[int, int]:
    """Return for each brace that has a partner where that one is."""
    partner: dict[int, int] = {}
    opened: list[int] = []
    for at, char in enumerate(template):
        if char == "{":
            opened.append(at)
        elif char == "}" and opened:
            start = opened.pop()
            partner[start], partner[at] = at, start
    return partner


def _doubled(partner: Mapping[int, int]) -> frozenset[int]:
    """Return where doubled braces begin: two that open side by side and whose partners close side by side."""
    doubled: set[int] = set()
    for at in sorted(partner):
        close = partner[at]
        inner = partner.get(at + 1, -1)
        if close > at and inner == close - 1 and inner > at + 1 and at - 1 not in doubled:
            doubled |= {at, inner}
    return frozenset(doubled)
