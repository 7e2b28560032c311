"""How a result shows itself: MIME bundles that survive an untrusted, offline, exported or year-old notebook.

A picture is an ``image/png`` or ``image/jpeg`` without HTML (which would hide it); a clip, a sound and a text are HTML
of kept tags with everything embedded; text/plain always carries status, cost and path. Nothing here raises for what
cannot be drawn: it says ``no preview`` and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import AssetError
from notebookgen.media.captions import (
    DOT,
    asset_line,
    error_lines,
    facts,
    line,
    open_address,
    shorten,
)
from notebookgen.media.grid import arranged, laid_out
from notebookgen.media.leaf import Entry, Leaf, words
from notebookgen.media.pages import PLAYED, abridged, kept, reading
from notebookgen.media.provenance import is_wanted, provenance
from notebookgen.media.shown import Picture, PreviewLimits, Shown
from notebookgen.media.stills import Wish, moving, still

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from notebookgen.media.markup import Markup

__all__ = ["LIMITS", "Bundle", "PreviewLimits", "Shown", "bundle", "grid", "plain", "spread"]

Bundle = tuple[dict[str, str | bytes], dict[str, object]]

KEY = "notebookgen"
GROUND = "needs_background"  # as JupyterLab and nbconvert read it: at the top, whatever the type of the picture
LIMITS = PreviewLimits()
MOST_PATHS = 3
MOST_ROWS = 20


def bundle(
    shown: Shown,
    *,
    limits: PreviewLimits = LIMITS,
    include: Collection[str] | None = None,
    exclude: Collection[str] | None = None,
    folder: str | Path | None = None,
) -> Bundle:
    """Return one result's data and metadata, as ``_repr_mimebundle_`` gives them.

    Args:
        shown: The result.
        limits: How large a preview may be.
        include: The only MIME types that are wanted; None for all.
        exclude: MIME types that are not wanted.
        folder: The notebook's folder; files beneath it are linked by their relative address. None for no links.
    """
    media = [asset for asset in shown.assets if asset.kind != "text" or not shown.text]
    data: dict[str, str | bytes] = {}
    metadata: dict[str, object] = {KEY: provenance(shown)} if is_wanted() else {}
    told = plain(shown)
    try:
        if len(media) == 1 and not shown.text:
            asset = media[0]
            if asset.kind in PLAYED and wants("text/html", include, exclude):
                data["text/html"] = within(PLAYED[asset.kind](shown, asset, limits, folder), limits)
            elif asset.kind in {"image", "3d"} and wants("image/*", include, exclude):
                wish = Wish(limits.edge, min(limits.picture_bytes, limits.cell_bytes * 3 // 4))
                seen = moving(asset, wish, limits) if asset.kind == "image" else None
                seen = seen or still(asset, wish, limits)
                data[seen.mime] = seen.data
                metadata[seen.mime] = layout(seen, shown, limits)
                if seen.ground is not None:
                    metadata[GROUND] = seen.ground
            elif asset.kind == "file" and wants("text/html", include, exclude):
                data["text/html"] = within(kept(shown, asset, folder), limits)
        elif media and wants("text/html", include, exclude):
            data["text/html"] = within(arranged([shown], limits, facts(shown), folder=folder), limits)
        elif shown.text is not None and wants("text/html", include, exclude):
            data["text/html"] = within(reading(shown, limits, folder), limits)
    except AssetError as caught:
        told += f"\nno preview: {line(str(caught))}"
    if shown.text is not None:
        told = f"{abridged(shown.text, limits)}\n\n{told}"
    data["text/plain"] = told
    return only(data, metadata, include, exclude)


def grid(
    several: Sequence[Shown],
    *,
    limits: PreviewLimits = LIMITS,
    heading: str = "",
    rest: int = 0,
    include: Collection[str] | None = None,
    exclude: Collection[str] | None = None,
) -> Bundle:
    """Return several results' data and metadata: a grid of pictures, failures among them, and a line each in words.

    Args:
        several: The results, in their order.
        limits: How large the cell's output may be.
        heading: What is said of all of them; empty where it is said above.
        rest: How many more there are.
        include: The only MIME types that are wanted; None for all.
        exclude: MIME types that are not wanted.
    """
    entries = tuple(Entry(shown, number) for number, shown in enumerate(several))
    leaf = Leaf(entries, heading if several else "")
    return spread(leaf, limits=limits, rest=rest, lines=MOST_ROWS, include=include, exclude=exclude)


def spread(
    leaf: Leaf,
    *,
    limits: PreviewLimits = LIMITS,
    rest: int = 0,
    lines: int = 1_000,
    include: Collection[str] | None = None,
    exclude: Collection[str] | None = None,
    folder: str | Path | None = None,
) -> Bundle:
    """Return one page of a gallery as data and metadata.

    Args:
        leaf: The page.
        limits: How large the cell's output may be.
        rest: How many more results there are, of which the page says nothing itself.
        lines: Of how many results there is a line in words, at the most.
        include: The only MIME types that are wanted; None for all.
        exclude: MIME types that are not wanted.
        folder: The notebook's folder; files beneath it are linked by their relative address. None for no links.
    """
    told = words(leaf, lines, rest=rest)
    several = [entry.shown for entry in leaf.entries]
    metadata: dict[str, object] = {}
    if is_wanted():
        metadata[KEY] = {
            "count": len(several) + rest,
            "results": [provenance(shown) for shown in several[:MOST_ROWS]],
        }
    data: dict[str, str | bytes] = {}
    if several and wants("text/html", include, exclude):
        try:
            data["text/html"] = within(laid_out(leaf, limits, folder=folder, rest=rest), limits)
        except AssetError as caught:
            told += f"\nno preview: {line(str(caught))}"
    data["text/plain"] = told
    return only(data, metadata, include, exclude)


def plain(shown: Shown) -> str:
    """Return a result in one to six lines: status, model, duration and cost; the reason of a failure; where its files are."""
    lines = [f"{line(shown.status)}{DOT}{facts(shown)}", *error_lines(shown)]
    lines += [asset_line(asset) for asset in shown.assets[:MOST_PATHS]]
    if len(shown.assets) > MOST_PATHS:
        lines.append(f"… and {len(shown.assets) - MOST_PATHS} more files")
    elif len(shown.assets) == 1 and shown.assets[0].kind == "file" and (address := open_address(shown.assets[0])):
        lines.append(address)
    return "\n".join(lines[:6])


def layout(seen: Picture, shown: Shown, limits: PreviewLimits) -> dict[str, object]:
    """Return at what size a picture is laid out, in CSS pixels, and what it shows, unless that is not to be told."""
    width, height = seen.fitted(limits.width, limits.width)
    size: dict[str, object] = {"width": width, "height": height}
    return {**size, "alt": shorten(shown.prompt, 200)} if is_wanted() else size


def within(html: Markup | None, limits: PreviewLimits) -> str:
    """Return the HTML as text if it keeps to the budget.

    Raises:
        AssetError: It does not.
    """
    if html is None or len(html.encode()) > limits.cell_bytes:
        raise AssetError(f"it does not fit into {limits.cell_bytes:,} bytes")
    return str(html)


def wants(mime: str, include: Collection[str] | None, exclude: Collection[str] | None) -> bool:
    """Return whether a MIME type (or any image) is wanted."""
    several = ("image/png", "image/jpeg") if mime == "image/*" else (mime,)
    return any((not include or one in include) and (not exclude or one not in exclude) for one in several)


def only(
    data: dict[str, str | bytes],
    metadata: dict[str, object],
    include: Collection[str] | None,
    exclude: Collection[str] | None,
) -> Bundle:
    """Return what is wanted of a bundle."""
    kept = {mime: value for mime, value in data.items() if wants(mime, include, exclude)}
    drawn = any(mime.startswith("image/") for mime in kept)
    return kept, {
        key: value for key, value in metadata.items() if key == KEY or key in kept or (key == GROUND and drawn)
    }
