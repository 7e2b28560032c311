"""Names for files that a person keeps: made by us from the prompt, never taken from a provider."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["human_name"]

LONGEST = 48
# Windows keeps these for devices, whatever their ending.
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})


def human_name(prompt: str, id: str, suffix: str, number: int | None = None) -> str:
    """Return a file name such as ``a-fox-in-the-snow-1f2e3d4c.png``.

    Args:
        prompt: What was asked for; letters, digits and hyphens of it are used.
        id: The generation's id; its first eight digits tell equal prompts apart.
        suffix: The file's ending with its dot.
        number: Which of several files, from 1.
    """
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].rstrip("-")
    stem = words if words and words not in RESERVED else "result"
    return f"{stem}-{id[:8]}{f'-{number}' if number is not None else ''}{suffix}"
