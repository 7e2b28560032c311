r"""How a magic's line is cut into words: everything about quotes and backslashes lives here. Pure.

The rules are a shell's, with two differences that notebooks need. A backslash escapes only a quote or a blank, so
that ``C:\pictures\fox.png`` is a path on Windows as typed. And each word remembers which part of it was quoted,
because quotes around a setting's value make it a text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

__all__ = ["Word", "cut", "unquoted"]

QUOTES = "\"'"


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a line.

    Attributes:
        text: What it says, without the quotes that were around it or inside it.
        start: Where it begins in the line.
        quoted: The parts of ``text`` that were quoted, as (start, end).
        open: The quote that was opened and never closed; empty where there is none.
    """

    text: str
    start: int = 0
    quoted: tuple[tuple[int, int], ...] = ()
    open: str = ""

    def quoted_from(self, start: int) -> bool:
        """Whether everything from ``start`` to the end stood in one pair of quotes."""
        return (start, len(self.text)) in self.quoted


def cut(line: str) -> tuple[Word, ...]:
    """Return the words of a line. An unclosed quote takes the rest of the line and is told in ``Word.open``."""
    words: list[Word] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        word, at = _word(line, at)
        words.append(word)
    return tuple(words)


def unquoted(text: str) -> str | None:
    r"""Return what stands inside the quotes around a text, or None where there are none.

    Double quotes are read as JSON does, so that ``"a\"b"`` works; what is no JSON is taken as it stands.
    """
    if len(text) < 2 or text[0] not in QUOTES or text[0] != text[-1]:
        return None
    if text[0] == '"':
        try:
            read = json.loads(text)
        except ValueError:
            return text[1:-1]
        return read if isinstance(read, str) else None
    return text[1:-1]


def _word(line: str, start: int) -> tuple[Word, int]:
    """Read one word beginning at ``start``; return it and where it ends."""
    text: list[str] = []
    quoted: list[tuple[int, int]] = []
    quote, opened, at = "", 0, start
    while at < len(line):
        char = line[at]
        following = line[at + 1 : at + 2]
        if not quote and char.isspace():
            break
        if char == "\\" and following and _escapes(following, quote):
            text.append(following)
            at += 2
            continue
        if quote and char == quote:
            quoted.append((opened, len(text)))
            quote = ""
        elif not quote and char in QUOTES:
            quote, opened = char, len(text)
        else:
            text.append(char)
        at += 1
    return Word("".join(text), start, tuple(quoted), quote), at


def _escapes(following: str, quote: str) -> bool:
    """Whether a backslash before that character is an escape, inside the given quote or outside of any."""
    if quote:
        return quote == '"' and following == '"'
    return following in QUOTES or following.isspace()
