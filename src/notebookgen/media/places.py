"""How a place on this machine is told: short to the eye, and without naming whose home it lies in.

A notebook is published with what it says; a person's own folders are nobody else's. What is told can still be typed:
``~`` is the home in every shell.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from notebookgen.normal import shown_line as line

__all__ = ["place", "short_name"]

HASH_DIGITS = 64  # of a SHA-256, as kept files are named
LONGEST_NAME = 60


def place(path: str) -> str:
    """Return a path as it is told: ``~/pictures/a.png`` where it lies in this person's home."""
    try:
        home = Path.home()
    except RuntimeError:  # nobody knows where it is
        return line(path)
    for start in (home, os.path.realpath(home)):
        try:
            inside = PurePath(path).relative_to(start)
        except ValueError:
            continue
        return line(str("~" / inside)) if inside.parts else "~"
    return line(path)


def short_name(path: str) -> str:
    """Return a file's name for a caption, its ending whole: one that is nothing but a hash by its first digits."""
    name = PurePath(path)
    if len(name.stem) == HASH_DIGITS and all(digit in "0123456789abcdef" for digit in name.stem):
        return f"{name.stem[:8]}…{line(name.suffix)}"
    whole = line(name.name)
    if len(whole) <= LONGEST_NAME:
        return whole or line(path)
    end = len(line(name.suffix)) + LONGEST_NAME // 4  # what tells equal prompts apart stands before the ending
    end = min(end, LONGEST_NAME // 2)
    return f"{whole[: LONGEST_NAME - 1 - end].rstrip('-_. ')}…{whole[-end:].lstrip('-_ ')}"
