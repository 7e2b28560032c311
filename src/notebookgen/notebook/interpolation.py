"""``{variable}`` in a prompt: what a name stands for in a notebook. Pure; the braces are taken apart in frames.template.

Only ``{name}``, with a plain identifier between single braces, is replaced, once: what is put in is never looked at
again, so a variable may hold braces of its own. Doubled braces that belong together stand for single ones, as in
Python's own templates: ``{{name}}`` comes out as ``{name}``. All other braces (JSON, code, ``{x:.2f}``, ``{a.b}``,
comprehensions) stay exactly as they are.
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidPrompt, near_miss
from notebookgen.frames.template import name_of, names_in, parts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["identifiers", "interpolate", "plain", "usable", "variable"]


def interpolate(template: str, namespace: Mapping[str, object]) -> str:
    """Return the template with each ``{name}`` replaced by that variable's text.

    Args:
        template: What the user wrote.
        namespace: The notebook's variables.

    Raises:
        InvalidPrompt: A name is unknown (with the nearest known ones), or holds what is no text or number.
    """
    return "".join(plain(name, namespace) if name else text for text, name in parts(template))


def identifiers(template: str) -> tuple[str, ...]:
    """Return the names that ``interpolate`` would look up, each once, in their order."""
    return names_in(template)


def variable(text: str) -> str | None:
    """Return ``name`` where the whole text is ``{name}``; else None."""
    return name_of(text[1:-1]) if text[:1] == "{" and text[-1:] == "}" else None


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
