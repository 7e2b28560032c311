"""What is shown of a key that a text cuts short, at its end, at its beginning or at both. Pure.

A piece is looked for as it is, in upper or lower case, in base64 and in hexadecimal digits; its punctuation may be
escaped. It counts from twelve characters on, and only with some of what makes the key secret: many keys begin with
words (``sk-live-``), which also stand in texts that hold no key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from notebookgen.transport.spellings import base64_cores, spellings

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_LOOKS", "Shape", "find_pieces", "shapes_of"]

LEAST = 12  # characters of the key
SECRET = 4  # so many of them behind its words
WORDS = re.compile(r"(?:[A-Za-z]{1,10}[0-9]?(?:[-_.:/]|$))*")
LONGEST_SPELLING = 16  # bytes of one escaped character that are looked at
# A body made to hold a key's crumbs a million times is not searched for ever.
MOST_LOOKS = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class Shape:
    """One of the texts whose pieces are looked for; it shows nothing of them itself.

    Attributes:
        text: The key, or the key encoded.
        folds: Whether upper and lower case are one; such a text is in lower case.
        least: A shorter piece is none.
        beyond: A piece that ends before that place is none.
        step: How long the crumbs are that are looked for first; each piece holds a whole one.
        crumbs: Where they begin, and what they are.
        spelt: The characters where one may be escaped; empty where none is.
    """

    text: bytes
    folds: bool
    least: int
    beyond: int
    step: int
    crumbs: tuple[tuple[int, bytes], ...]
    spelt: str = ""

    def around(self, data: bytes, folded: bytes, place: int, crumb: int) -> tuple[int, int] | None:
        """Return where the piece around a crumb begins and ends; None where it is too short for one."""
        source = folded if self.folds else data
        start, first = place, crumb
        while first > 0:
            size = self._before(data, source, start, first - 1)
            if not size:
                break
            start, first = start - size, first - 1
        end, last = place + self.step, crumb + self.step
        while last < len(self.text):
            size = self._after(data, source, end, last)
            if not size:
                break
            end, last = end + size, last + 1
        return (start, end) if last - first >= self.least and last >= self.beyond else None

    def _before(self, data: bytes, source: bytes, end: int, number: int) -> int:
        """Return how many bytes before a place are the text's character of that number; 0 where none are."""
        plain = end > 0 and source[end - 1] == self.text[number]
        if not self.spelt or (plain and self.spelt[number].isalnum()):
            return int(plain)
        spelling = compiled(self.spelt[number])
        sizes = range(min(LONGEST_SPELLING, end), 1, -1)  # an escaped slash ends with a slash
        return next((size for size in sizes if spelling.fullmatch(data, end - size, end)), int(plain))

    def _after(self, data: bytes, source: bytes, start: int, number: int) -> int:
        """Return how many bytes from a place on are the text's character of that number; 0 where none are."""
        if start < len(source) and source[start] == self.text[number]:
            return 1
        found = compiled(self.spelt[number]).match(data, start) if self.spelt else None
        return found.end() - start if found else 0


def shapes_of(text: str) -> tuple[Shape, ...]:
    """Return what is to be looked for where a key may be cut short."""
    found = WORDS.match(text)
    words = found.end() if found else 0
    least = min(LEAST, len(text)) if len(text) - words >= SECRET else len(text)
    beyond = min(words + SECRET, len(text))
    shapes = [
        shape(text.lower(), 1, least, beyond, step=4, folds=True, spelt=text),
        shape(text.encode().hex(), 2, least, beyond, step=12, folds=True),
    ]
    cores = dict.fromkeys(core for before in range(3) for core in base64_cores(text, before))
    return (*shapes, *(shape(core, 8 / 6, least, beyond, step=8, folds=False) for core in cores))


def shape(text: str, wide: float, least: int, beyond: int, *, step: int, folds: bool, spelt: str = "") -> Shape:
    """Return a shape of an encoded key; ``wide`` is how long a character of the key is in it."""
    size = len(text)
    end = min(int(beyond * wide), size)
    starts = sorted({*range(max(end - step, 0), size - step, step), size - step})
    whole = text.encode()
    crumbs = tuple((place, whole[place : place + step]) for place in starts)
    return Shape(whole, folds, min(int(least * wide), size), end, step, crumbs, spelt)


def find_pieces(data: bytes, shapes: tuple[Shape, ...]) -> list[tuple[int, int]]:
    """Return where pieces begin and end, in order; they do not overlap."""
    folded = data.lower()
    looks = MOST_LOOKS
    found: list[tuple[int, int]] = []
    for one in shapes:
        source = folded if one.folds else data
        for crumb, letters in one.crumbs:
            if letters not in source:  # the usual case, and all that most replies cost
                continue
            for place in places(source, letters):
                looks -= 1
                if looks < 0:
                    return merged(found)
                around = one.around(data, folded, place, crumb)
                if around is not None:
                    found.append(around)
    return merged(found)


def places(data: bytes, crumb: bytes) -> Iterator[int]:
    """Yield where a crumb stands."""
    at = data.find(crumb)
    while at >= 0:
        yield at
        at = data.find(crumb, at + 1)


def merged(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that overlap made one."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted(set(found)):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


@cache
def compiled(char: str) -> re.Pattern[bytes]:
    """Return the ways to write one character, ready to be looked for."""
    return re.compile(spellings(char).encode())
