"""Python's words told as the magic's: everything that turns keywords into flags lives here. Pure.

Below this layer every message speaks of functions and keywords (``ng.resume()``, ``budget=40``), in whichever thread
it is made and whoever asked. The magic's door says the same in flags and commands (``%generate resume``,
``--budget 40``), so that what a person is told to type is what they type already.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from notebookgen.notebook.flags import FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.errors import NotebookgenError, Stopped

__all__ = ["in_flags", "retell"]

UNNAMED = {"settings", "images", "out", "over", "save", "no_provenance", "quiet"}  # no keyword of a function
KEYWORDS = {flag.name: flag for flag in FLAGS if flag.name not in UNNAMED}
QUOTE = "'"
SPOKEN = re.compile(
    r"(?P<configure>(?<!as ng; )ng\.configure\([^()]*\))"
    r"|ng\.Client\(\)\.model\('(?P<model>[^']*)'\)\.settings"
    r"|ng\.(?:Client\(\)\.)?(?P<name>models|runs|resume|retry|resolve|cancel|doctor)\((?P<given>[^()]*)\)"
    r"|(?<![\w.(])(?P<keyword>" + "|".join(KEYWORDS) + r")=(?P<value>'[^']*'|\{[^{}]*\}|\d+(?:\.\d+)?|True)"
    r"|\"(?P<column>\{[^{}]+\})\" or ng\.col\([^()]*\) for its cells; polars\.lit\([^()]*\) for the word itself"
    r"|(?P<whole>Write (?:ng\.col|polars\.format)\(.*?\) for its cells; polars\.lit\(.*?\) for the text itself)"
    r"|(?<![\w.(])settings=\{'(?P<setting>[^']*)': \.\.\.\}"
    r"|%load_ext notebookgen, then (?=%generate)"
)


def in_flags(text: str, *, imported: bool = True) -> str:
    """Return a message as the magic says it.

    Args:
        text: The message in Python's words.
        imported: Whether ``ng`` is there to be typed; what has no flag is then told with its import.
    """
    return SPOKEN.sub(lambda found: _told(found, imported=imported), text)


def retell(error: NotebookgenError | Stopped, namespace: Mapping[str, object]) -> None:
    """Have an error that a magic met speak as a magic does.

    Args:
        error: What was raised; its message is replaced.
        namespace: The notebook's variables.
    """
    imported = getattr(namespace.get("ng"), "__name__", "") == "notebookgen"
    error.args = (in_flags(str(error), imported=imported), *error.args[1:])


def _told(found: re.Match[str], *, imported: bool) -> str:
    """Return one thing to type, as the magic has it."""
    ways: dict[str, Callable[[], str]] = {
        "configure": lambda: found["configure"] if imported else f"import notebookgen as ng; {found['configure']}",
        "model": lambda: f"%generate help {found['model']}",
        "name": lambda: " ".join(("%generate", found["name"], *_words(found["given"]))),
        "column": lambda: f"{found['column']} for its cells, or more words around it",
        "whole": lambda: "Make a column of the whole text, and write its name alone between braces",
        "setting": lambda: f"-s '{found['setting']}'=...",
        "keyword": lambda: _flag(found["keyword"], found["value"]),
    }
    return next((tell() for group, tell in ways.items() if found[group] is not None), "")


def _words(given: str) -> list[str]:
    """Return a call's arguments as the words of a line."""
    words: list[str] = []
    for one in filter(None, (part.strip() for part in given.split(","))):
        name, equals, value = one.rpartition("=")
        words += [*([f"--{name}"] if equals else []), value.strip("'")]
    return words


def _flag(keyword: str, value: str) -> str:
    """Return a keyword and its value as a flag."""
    flag = KEYWORDS[keyword]
    if value == "True":
        return flag.long
    if value.startswith("{"):
        pairs = (part.split(":") for part in value[1:-1].split(","))
        value = "'" + ", ".join(f"{amount.strip()} {unit.strip().strip(QUOTE)}" for unit, amount in pairs) + "'"
    bare = value.strip("'")
    return f"{flag.usual} {flag.takes if bare == '...' else value if ' ' in bare else bare}"
