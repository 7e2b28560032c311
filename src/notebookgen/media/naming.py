"""Names for files that a person keeps: made by us from the prompt, never taken from a provider."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["human_name"]

LONGEST = 48
# Windows keeps these for devices, whatever their ending.
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
ACCENTED = re.compile(r"([a-z])[\u0300-\u036f]+")


def human_name(prompt: str, id: str, suffix: str, number: int | None = None) -> str:
    """Return a file name such as ``a-fox-in-the-snow-1f2e3d4c.png``.

    Args:
        prompt: What was asked for; letters and digits of it are used, of any script, with hyphens between them.
        id: The generation's id; its first eight digits tell equal prompts apart.
        suffix: The file's ending with its dot.
        number: Which of several files, from 1.
    """
    spelled = ACCENTED.sub(r"\1", unicodedata.normalize("NFKD", prompt[: LONGEST * 20].casefold()))
    letters = "".join(one if is_letter(one) else "-" for one in spelled)
    words = unicodedata.normalize("NFC", re.sub(r"-+", "-", letters).strip("-"))[:LONGEST].rstrip("-")
    # A mark alone stands on nothing, and the hyphen before it is not for it.
    stem = words if words and words not in RESERVED and not unicodedata.combining(words[0]) else "result"
    return f"{stem}-{id[:8]}{f'-{number}' if number is not None else ''}{suffix}"


def is_letter(one: str) -> bool:
    """Whether a character is a letter, a digit, or a mark on one, in whatever script."""
    return unicodedata.category(one)[0] in "LNM"
