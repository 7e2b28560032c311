"""Kept texts are read here, whatever they are written in: they may come from a file of a stranger's."""

from __future__ import annotations

import codecs
from pathlib import Path

__all__ = ["words_in"]

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def words_in(path: str | Path, most: int = -1) -> str:
    """Return a file's text; what is no letter in its encoding is a replacement mark.

    Args:
        path: The file.
        most: Most characters that are read; without it, all.

    Raises:
        OSError: The file is gone, or cannot be read.
    """
    with Path(path).open("rb") as file:
        head = file.read(4)
    encoding = next((name for mark, name in MARKS if head.startswith(mark)), "utf-8")
    with Path(path).open(encoding=encoding, errors="replace") as text:
        return text.read(most)
