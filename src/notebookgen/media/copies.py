"""Copies of kept files in places of a person's own: whole or not at all."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from notebookgen.errors import NotWritable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["copied", "made"]


def made(folder: Path) -> None:
    """Make a folder.

    Raises:
        NotWritable: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be made: {error.strerror}. What was paid for is safe; give another folder."
        raise NotWritable(message) from error


def copied(source: Path, place: Path) -> Path:
    """Copy a file whole or not at all.

    Raises:
        NotWritable: The place cannot be written.
    """
    made(place.parent)
    part = place.with_name(f".{place.name}.part")
    try:
        shutil.copyfile(source, part)
        part.replace(place)
    except OSError as error:
        part.unlink(missing_ok=True)
        message = f"{place} cannot be written: {error.strerror}. What was paid for is safe in {source}"
        raise NotWritable(message) from error
    return place
