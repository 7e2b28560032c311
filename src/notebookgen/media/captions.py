"""Everything a preview says in words lives here: status lines, sizes, durations, and text made safe to be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from notebookgen.media.places import place
from notebookgen.normal import duration
from notebookgen.normal import shown_line as line
from notebookgen.normal import shown_text as clean

if TYPE_CHECKING:
    from notebookgen.media.shown import Shown
    from notebookgen.records import Asset, Cost

__all__ = [
    "asset_line",
    "clean",
    "cost_words",
    "error_lines",
    "extent",
    "facts",
    "line",
    "open_address",
    "pixels_words",
    "plain_address",
    "shorten",
    "size_words",
    "sound_words",
    "state_words",
]

DOT = " · "
TIMES = "\N{MULTIPLICATION SIGN}"
MOST_ERROR_LINES = 3
LONGEST_ERROR_LINE = 300


def shorten(text: str, most: int) -> str:
    """Return one clean line of at most that many characters, cut between words where that is possible."""
    whole = line(text)
    if len(whole) <= most:
        return whole
    head = whole[: most - 1]
    cut = head.rfind(" ")
    return (head[:cut] if cut > most // 2 else head).rstrip(" ,;:.-") + "…"


def size_words(size: int) -> str:
    """Return a number of bytes as ``940 B``, ``812 kB`` or ``1.2 MB``."""
    if size < 1000:
        return f"{size} B"
    for unit in ("kB", "MB"):
        size_in = size / (1000 if unit == "kB" else 1_000_000)
        if size_in < 999.5:
            return f"{size_in:.1f} {unit}" if size_in < 9.95 else f"{size_in:.0f} {unit}"
    return f"{size / 1e9:.1f} GB"


def pixels_words(width: int, height: int) -> str:
    """Return a picture's size, with a true multiplication sign."""
    return f"{width}{TIMES}{height}"


def cost_words(cost: Cost) -> str:
    """Return ``70 credits``, ``0.03 USD (listed)`` or ``cost unknown``."""
    if cost.amount is None:
        return "cost unknown"
    return line(str(cost)) if cost.amount else "nothing charged"


def extent(asset: Asset) -> str:
    """Return what an asset measures: pixels, duration, whether it has sound, and size, as far as they are known."""
    parts = [
        pixels_words(asset.width, asset.height) if asset.width and asset.height else "",
        duration(asset.seconds) if asset.seconds else "",
        sound_words(asset),
        size_words(asset.size),
    ]
    return ", ".join(filter(None, parts))


def sound_words(asset: Asset) -> str:
    """Return whether a clip has sound; empty where nobody knows, and for what is no clip."""
    if asset.kind != "video" or asset.has_sound is None:
        return ""
    return "with sound" if asset.has_sound else "no sound"


def asset_line(asset: Asset) -> str:
    """Return an asset's place and extent."""
    return f"{place(asset.path)} ({extent(asset)})"


def open_address(asset: Asset) -> str | None:
    """Return where the asset came from if that may be told."""
    return plain_address(asset.url)


def plain_address(url: str | None) -> str | None:
    """Return an address if it may be told: a plain http one, without a query that may sign it."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        plain = parts.scheme in {"http", "https"} and parts.hostname and not (parts.query or parts.username)
    except ValueError:
        return None
    return line(parts._replace(fragment="").geturl()) if plain else None


def state_words(shown: Shown) -> str:
    """Return a result's state as it is told; what was made and could not be brought here is not complete for anybody."""
    return "not fetched" if shown.status == "completed" and shown.error else line(shown.status)


def error_lines(shown: Shown, most: int = MOST_ERROR_LINES) -> list[str]:
    """Return the reason of a failure as a few clean lines; the last one says whether there are more."""
    lines = [one for one in clean(shown.error or "").splitlines() if one.strip()]
    told = [shorten(one, LONGEST_ERROR_LINE) for one in lines[:most]]
    if len(lines) > most > 1 and not told[-1].endswith("…"):
        told[-1] = shorten(f"{told[-1]} …", LONGEST_ERROR_LINE)
    return told


def facts(shown: Shown, *, model: bool = True) -> str:
    """Return model, duration and cost in one line, and whether the sandbox or the cache answered."""
    parts = [
        line(shown.model) if model else "",
        duration(shown.seconds) if shown.seconds is not None else "",
        cost_words(shown.cost),
        f"sample {shown.sample + 1}" if shown.sample else "",
        "cached" if shown.cached else "",
        "sandbox" if shown.sandbox else "",
    ]
    return DOT.join(filter(None, parts))
