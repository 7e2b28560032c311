"""One result as HTML: a clip, a sound, a text, each with its caption and everything it needs inside the page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from notebookgen.media.captions import clean, extent, facts, line, open_address, shorten
from notebookgen.media.links import relative
from notebookgen.media.markup import CAPTION, FAINT, FRAME, Markup, data_uri, element, outermost
from notebookgen.media.places import place, short_name
from notebookgen.media.players import player, stays_still
from notebookgen.media.stills import WAVE_HEIGHT, Wish, embedded, still

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.media.shown import PreviewLimits, Shown
    from notebookgen.records import Asset

__all__ = ["PLAYED", "abridged", "heard", "kept", "reading", "watched"]

POSTER_BYTES = 60_000
LONGEST_LINK = 72  # letters of a path beside the notebook; of a longer one the name is shown
CAPTION_BYTES = 4_000  # kept for all that is not a picture or a player
TOO_LARGE = (
    "too large to be embedded here; the whole file is on disk."
    " A copy beside the notebook, as .save('clips') makes it, is linked and played."
)
FLUID = "max-width:100%;height:auto;border-radius:6px"
READING = f"{FRAME};padding:14px 18px;max-width:46em;white-space:pre-wrap;line-height:1.55;font-size:14px"
"""A text's own block: lines of about 70 characters."""


def watched(shown: Shown, asset: Asset, limits: PreviewLimits, folder: str | Path | None) -> Markup:
    """Return a clip that plays inside the page, or its poster where it is too large for that.

    ``src`` stands on the tag itself, since sanitizers empty ``<source>``; the poster is a data URI, since a relative
    one is not resolved; the ``<img>`` inside is for hosts that take ``<video>`` away and keep what is in it.
    """
    most = min(
        POSTER_BYTES, limits.picture_bytes, (limits.cell_bytes - CAPTION_BYTES) * 3 // 8
    )  # it may stand there twice
    seen = still(asset, Wish(limits.edge, most, lossless=False), limits)
    width, height = seen.fitted(limits.width, limits.width)
    poster = data_uri(seen.data, seen.mime)
    image = element("img", src=poster, alt=shorten(shown.prompt, 200), width=width, height=height, style=FLUID)
    source, reason = carried(asset, shown, limits.clip_bytes, limits.cell_bytes - 2 * len(poster), folder)
    if source is None:
        return page(image, caption(shown, asset, folder, reason))
    clip = element(
        "video",
        image,
        controls="",
        loop="",
        preload="metadata",
        src=source,
        poster=poster,
        width=width,
        height=height,
        style=FLUID,
    )
    return page(clip, caption(shown, asset, folder, ""))


def heard(shown: Shown, asset: Asset, limits: PreviewLimits, folder: str | Path | None) -> Markup:
    """Return a sound that plays inside the page under its waveform, or the waveform alone where it is too large."""
    width = limits.width
    most = min(limits.picture_bytes, (limits.cell_bytes - CAPTION_BYTES) * 3 // 4)
    seen = still(asset, Wish(limits.edge, most, wave=(2 * width, 2 * WAVE_HEIGHT)), limits)
    alt = f"waveform: {shorten(shown.prompt, 160)}"
    image = data_uri(seen.data, seen.mime)
    parts = [element("img", src=image, alt=alt, width=width, height=WAVE_HEIGHT, style=FLUID)]
    source, reason = carried(asset, shown, limits.sound_bytes, limits.cell_bytes - len(image), folder)
    if source is not None:
        style = f"width:{width}px;max-width:100%;display:block;margin:6px 0 0 0"
        parts.append(element("audio", controls="", preload="metadata", src=source, style=style))
    return page(*parts, caption(shown, asset, folder, reason))


def carried(asset: Asset, shown: Shown, most: int, room: int, folder: str | Path | None) -> tuple[str | None, str]:
    """Return what a player plays (the whole file, else its relative address) and, where there is nothing, the reason."""
    kind = player(asset)
    if kind is None:
        return None, f"this is {stays_still(asset)}, which most browsers do not play; the file is whole, on disk."
    fits = asset.size <= most and asset.size * 4 / 3 + CAPTION_BYTES <= room
    if fits:
        return data_uri(embedded(asset, most_bytes=most), kind.mime), ""
    if linked := relative(asset, shown, folder):
        return linked, ""
    return None, TOO_LARGE


def reading(shown: Shown, limits: PreviewLimits, folder: str | Path | None) -> Markup:
    """Return a text in a block that is pleasant to read."""
    text = element("div", abridged(shown.text or "", limits), dir="auto", style=READING)
    asset = next((one for one in shown.assets if one.kind == "text"), None)
    return page(text, caption(shown, asset, folder, ""))


def kept(shown: Shown, asset: Asset, folder: str | Path | None) -> Markup:
    """Return a file of a type that is not drawn: what it is, and where; linked where a front end can open it."""
    what = f"a file of type {line(asset.mime)}, which is not drawn"
    reason = (
        "" if relative(asset, shown, folder) else "A copy beside the notebook, as .save('files') makes it, is linked."
    )
    return page(element("div", what, style=READING), caption(shown, asset, folder, reason))


def page(*parts: Markup) -> Markup:
    """Return the whole of one result's HTML."""
    return outermost(*parts)


def caption(shown: Shown, asset: Asset | None, folder: str | Path | None, reason: str) -> Markup:
    """Return what stands under a clip, a sound or a text: facts, file, and what is missing."""
    prompt = shorten(shown.prompt, 240)
    lines = [element("div", facts(shown))]
    if asset is not None:
        address = relative(asset, shown, folder)
        where = line(unquote(address)) if address else place(asset.path)
        words = f"{where if address and len(where) <= LONGEST_LINK else short_name(where)} ({extent(asset)})"
        lines.append(element("div", element("a", words, href=address) if address else words, title=where))
    if reason:
        address = open_address(asset) if asset else None
        lines.append(
            element(
                "div", reason, *([" ", element("a", "open it where it came from", href=address)] if address else [])
            )
        )
    said = [element("div", prompt, dir="auto")] if prompt else []
    return element("div", *said, element("div", *lines, style=FAINT), style=CAPTION)


def abridged(text: str, limits: PreviewLimits) -> str:
    """Return a text, clean, and no longer than a cell should be."""
    whole = clean(text).strip()
    if len(whole) <= limits.text_characters:
        return whole
    left = len(whole) - limits.text_characters
    return f"{whole[: limits.text_characters].rstrip()}…\n\n({left:,} more characters)"


PLAYED = {"video": watched, "audio": heard}
"""What is shown as a player, by kind."""
