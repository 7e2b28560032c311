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
    from collections.abc import Collection, Iterable, Iterator, Mapping

__all__ = ["by_name", "composed", "instead", "name_of", "names_in", "parts"]

RAISED = ("^", "_")  # x^{2} and x_{2} are a power and an index, and no column called 2


def parts(template: str, known: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield the template in order, as ``(text, "")`` and ``("{name}", name)``.

    Args:
        template: What the user wrote.
        known: Names that count between braces although they may be no identifiers; those without a letter or a digit
            do not, and a bare number does not as a power or an index (``x^{2}``).
    """
    partner = _pairs(template)
    doubled = _doubled(partner)
    at = begun = 0
    kept = ""
    while at < len(template):
        close = partner.get(at, -1)
        name = name_of(template[at + 1 : close], known) if close > at and at not in doubled else None
        if name is not None and name.isdecimal() and template[:at].endswith(RAISED):
            name = None
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


def by_name(columns: Iterable[str]) -> dict[str, str]:
    """Return columns by the names that may stand between braces: their own, and the form Python gives it."""
    names = list(columns)
    return {composed(name): name for name in names} | {name: name for name in names}


def instead(text: str, columns: Collection[str]) -> str | None:
    """Return the expression that gives what a text with columns between braces means; None where it names none."""
    known = by_name(columns)
    pieces = [(piece, known.get(name) if name else None) for piece, name in parts(text, frozenset(columns))]
    cells = [f"ng.col({column!r})" for _, column in pieces if column is not None]
    if not cells:
        return None
    if len(pieces) == 1:
        return cells[0]
    template = "".join(piece if column is None else "{}" for piece, column in pieces)
    return f"polars.format({template!r}, {', '.join(cells)})"


def composed(name: str) -> str:
    """Return a name in the form in which Python compares identifiers (NFKC)."""
    return unicodedata.normalize("NFKC", name)


def name_of(text: str, known: Collection[str] = ()) -> str | None:
    """Return the name between two braces, or None where they are no placeholder (``return`` is no variable)."""
    if text in known and any(char.isalnum() for char in text):
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
