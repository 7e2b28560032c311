"""Several pictures in one HTML grid, within a budget of bytes: what does not fit is said, never dropped in silence.

Tiles share the budget. Each is offered its part of what is left: a clip or a sound that fits into it can be played, of
others the picture is made as small as its part asks for, and where not even that fits the tile says so in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.media.captions import line, shorten
from notebookgen.media.markup import CAPTION, FAINT, SHEET, Markup, element
from notebookgen.media.tiles import Piece, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.media.shown import PreviewLimits, Shown
    from notebookgen.records import Asset

__all__ = ["arranged", "pieces"]

FEW = 6  # up to so many tiles are shown larger
WIDE, NARROW = 304, 208  # CSS pixels
COLUMNS = {1: 1, 2: 2, 4: 2}  # for so many tiles; else 3, or as many as fit
GAP = 16
RESERVE = 1_200  # bytes kept for the sheet, the heading and the last line
SPREAD = "display:grid;grid-template-columns:repeat(auto-fill,{width}px);gap:18px 16px;align-items:start"


def pieces(several: Sequence[Shown]) -> list[Piece]:
    """Return one piece for each asset, and one for each result that has none; labels are places in the sequence."""
    found: list[Piece] = []
    for number, shown in enumerate(several):
        media = [asset for asset in shown.assets if asset.kind != "text" or not shown.text]
        several_here: list[Asset | None] = [*media, *([None] if shown.text or not media else [])]
        for place, asset in enumerate(several_here):
            label = f"[{number}]" if len(several) > 1 else ""
            if len(several_here) > 1:
                label = " ".join(
                    filter(
                        None,
                        [label, line(asset.name) if asset and asset.name else f"{place + 1} of {len(several_here)}"],
                    )
                )
            found.append(Piece(shown, asset, label, place == 0))
    return found


def arranged(several: Sequence[Shown], limits: PreviewLimits, heading: str = "", rest: int = 0) -> Markup | None:
    """Return the grid, or None where the budget does not even hold one tile.

    Args:
        several: The results, in their order.
        limits: How large it may be.
        heading: What is said of all of them.
        rest: How many more there are.
    """
    waiting = pieces(several)
    few = len(waiting) <= FEW
    width = WIDE if few else NARROW
    height = frame_height(waiting, width)
    prompts = {shown.prompt for shown in several}
    sheet = Sheet(
        limits,
        few=few,
        width=width,
        height=height,
        prompts=len(prompts) > 1,
        models=len({shown.model for shown in several}) > 1,
        mixed=not all(shown.sandbox for shown in several),
    )
    prompt = shorten(prompts.pop(), 240) if len(prompts) == 1 else ""
    head = [element("div", prompt, dir="auto")] if prompt else []
    head += [element("div", line(heading), style=FAINT)] if heading else []
    left = limits.cell_bytes - RESERVE - sum(len(part.encode()) for part in head)
    tiles: list[Markup] = []
    bare = 0
    for number, piece in enumerate(waiting[: limits.tiles]):
        share = left // (min(len(waiting), limits.tiles) - number)
        tile, pictured = sheet.tile(piece, share=share, left=left)
        if tile is None:
            break
        left -= len(tile.encode())
        tiles.append(tile)
        bare += not pictured
    if not tiles:
        return None
    said = closing(bare, len(waiting) - len(tiles) + rest, limits)
    body = [
        *([element("div", *head, style="margin:0 0 12px 0;font-size:12px")] if head else []),
        element("div", *tiles, style=spread(len(waiting), width)),
        *([element("div", said, style=f"{CAPTION};margin:12px 0 0 0;{FAINT}")] if said else []),
    ]
    whole = element("div", *body, style=SHEET)
    return whole if len(whole.encode()) <= limits.cell_bytes else None


def spread(count: int, width: int) -> str:
    """Return the style of so many tiles: a few stand in two or three columns, many in as many as fit."""
    style = SPREAD.format(width=width)
    if count > FEW:
        return style
    columns = COLUMNS.get(count, 3)
    return f"{style};max-width:{columns * width + (columns - 1) * GAP}px"


def closing(bare: int, more: int, limits: PreviewLimits) -> str:
    """Return what was left out, and why; empty where nothing was."""
    parts = [
        f"{bare} without a picture" if bare else "",
        f"{more} more not shown" if more else "",
    ]
    told = ", ".join(filter(None, parts))
    if not told:
        return ""
    return f"{told}: a cell holds at most {limits.tiles} tiles and {limits.cell_bytes / 1e6:.2g} MB. All files are on disk."


def frame_height(several: Sequence[Piece], width: int) -> int:
    """Return a height for all frames: that of the pictures' middle proportion, within reason."""
    ratios = sorted(
        asset.height / asset.width
        for piece in several
        if (asset := piece.asset) and asset.kind in {"image", "video"} and asset.width and asset.height
    )
    if not ratios:
        audio = any(piece.asset and piece.asset.kind == "audio" for piece in several)
        solid = any(piece.asset and piece.asset.kind == "3d" for piece in several)
        return width if solid else round(width * (0.5 if audio else 0.75))
    return round(width * min(1.5, max(0.5, ratios[len(ratios) // 2])))
