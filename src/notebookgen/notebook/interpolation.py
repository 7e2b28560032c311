"""``{variable}`` in a prompt: everything about braces lives here. Pure.

Only ``{name}``, with a plain identifier between single braces, is replaced, once: what is put in is never looked at
again, so a variable may hold braces of its own. Doubled braces that belong together stand for single ones, as in
Python's own templates: ``{{name}}`` comes out as ``{name}``. All other braces (JSON, code, ``{x:.2f}``, ``{a.b}``,
comprehensions) stay exactly as they are.
"""

from __future__ import annotations

import keyword
import numbers
import unicodedata
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidPrompt, near_miss

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["identifiers", "interpolate", "plain", "usable", "variable"]


def interpolate(template: str, namespace: Mapping[str, object]) -> str:
    """Return the template with each ``{name}`` replaced by that variable's text.

    Args:
        template: What the user wrote.
        namespace: The notebook's variables.

    Raises:
        InvalidPrompt: A name is unknown (with the nearest known ones), or holds what is no text or number.
    """
    return "".join(plain(name, namespace) if name else text for text, name in _parts(template))


def identifiers(template: str) -> tuple[str, ...]:
    """Return the names that ``interpolate`` would look up, each once, in their order."""
    return tuple(dict.fromkeys(name for _, name in _parts(template) if name))


def variable(text: str) -> str | None:
    """Return ``name`` where the whole text is ``{name}``; else None."""
    return _name(text[1:-1]) if text[:1] == "{" and text[-1:] == "}" else None


def plain(name: str, namespace: Mapping[str, object]) -> str:
    """Return a variable as the text that goes into a prompt.

    Raises:
        InvalidPrompt: There is no such variable, or it is neither text nor number.
    """
    if name not in namespace:
        message = (
            f"{{{name}}} names no variable.{near_miss(name, usable(namespace))} Nothing was sent.\n"
            f"Assign {name} first, or write {{{{{name}}}}} to keep the braces."
        )
        raise InvalidPrompt(message)
    value = namespace[name]
    if isinstance(value, str):
        return str.__str__(value)  # a subclass may show itself otherwise, an enum for one
    if isinstance(value, numbers.Number):
        return str(value)
    kind = "None" if value is None else f"of type {type(value).__name__}"
    message = (
        f"{{{name}}} is {kind}, and only text and numbers go into a prompt. Nothing was sent.\n"
        f"Make a text of it first; an image goes along with -i {{{name}}}; {{{{{name}}}}} keeps the braces."
    )
    raise InvalidPrompt(message)


def usable(namespace: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of the variables that could stand in a prompt."""
    return tuple(
        name
        for name, value in namespace.items()
        if not name.startswith("_") and issubclass(type(value), str | numbers.Number)
    )


def _parts(template: str) -> Iterator[tuple[str, str]]:
    """Yield the template as (text, "") and ("{name}", name), in order."""
    partner = _pairs(template)
    doubled = _doubled(partner)
    at, length = 0, len(template)
    while at < length:
        if at in doubled:
            yield template[at], ""
            at += 2
            continue
        close = partner.get(at, -1)
        name = _name(template[at + 1 : close]) if close > at else None
        if name:
            yield template[at : close + 1], name
            at = close + 1
            continue
        yield template[at], ""
        at += 1


def _name(text: str) -> str | None:
    """Return a plain identifier as Python knows it, or None for anything else (``return`` is no variable)."""
    if not text.isidentifier() or keyword.iskeyword(text):
        return None
    return unicodedata.normalize("NFKC", text)


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
