"""What a download comes to: a file of ours that has no name yet, or, where it is small, bytes. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Fetched", "Held"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole file that was fetched, still under a temporary name.

    Attributes:
        path: The file; whoever keeps it moves it away, whoever does not deletes it.
        sha256: Hash of its bytes, hexadecimal.
        size: Length in bytes.
        mime: What the server called it, lower case; a hint that is worth little.
        url: The address that was asked for first.
    """

    path: Path
    sha256: str
    size: int
    mime: str
    url: str


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A whole small file that was fetched, in memory alone.

    Attributes:
        data: Its bytes.
        sha256: Their hash, hexadecimal.
        mime: What the server called it, lower case; a hint that is worth little.
        url: The address that was asked for first.
    """

    data: bytes
    sha256: str
    mime: str
    url: str
