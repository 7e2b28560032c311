"""Words drawn into a picture: which font has their letters, how wide they are, where their lines break.

Pillow's own font has Latin letters. What it lacks is looked for among the fonts that systems usually have; where none has
a letter, the font's own box stands for it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from PIL import ImageFont

from notebookgen.media.captions import line

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont
    from PIL.ImageFont import ImageFont as BitmapFont

    Font = FreeTypeFont | BitmapFont

__all__ = ["broken", "font_for", "wide", "write"]

ABSENT = "\uffff"  # no font has it: what it draws instead is what it draws for every letter that it lacks
OTHERS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "wqy-microhei.ttc",
    "Arial Unicode.ttf", "PingFang.ttc", "AppleGothic.ttf", "arial.ttf", "Arial.ttf", "segoeui.ttf", "msyh.ttc", "malgun.ttf",
)  # fmt: skip


@cache
def fonts(size: int) -> tuple[Font, ...]:
    """Return Pillow's own font, and those of this system that are among the usual ones."""
    found: list[Font] = [ImageFont.load_default(size)]
    for name in OTHERS:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:  # not here
            continue
    return tuple(found)


@lru_cache(20_000)
def has(size: int, number: int, letter: str) -> bool:
    """Whether a font has a letter."""
    font = fonts(size)[number]
    if letter.isspace():
        return True
    return bytes(font.getmask(letter)) != bytes(font.getmask(ABSENT))


def font_for(text: str, size: int) -> Font:
    """Return the first font that has most of a text's letters."""
    letters = set(text)
    return max(enumerate(fonts(size)), key=lambda one: (sum(has(size, one[0], letter) for letter in letters), -one[0]))[
        1
    ]


def wide(text: str, size: int) -> float:
    """Return how wide a text is, in pixels."""
    return font_for(text, size).getlength(text)


def broken(text: str, size: int, width: int, most: int) -> list[str]:
    """Return a text in at most so many lines of at most so many pixels; what is left out is an ellipsis."""
    font, words = font_for(text, size), line(text)
    lines: list[str] = []
    while words and len(lines) < most:
        if font.getlength(words) <= width:
            return [*lines, words]
        last = len(lines) == most - 1
        fits = fitting(words, font, width - (font.getlength("…") if last else 0))
        cut = words.rfind(" ", 0, fits + 1)
        at = cut if cut > fits // 2 else fits
        lines.append(words[:at].rstrip() + ("…" if last else ""))
        words = words[at:].lstrip()
    return lines


def fitting(text: str, font: Font, width: float) -> int:
    """Return how many letters of a text are no wider than that; one at least."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if font.getlength(text[:middle]) <= width else (low, middle - 1)
    return low


def write(draw: ImageDraw, at: tuple[float, float], text: str, size: int, colour: tuple[int, int, int]) -> None:
    """Write one line, its upper left corner at that place."""
    if text:
        draw.text(at, text, font=font_for(text, size), fill=colour)
