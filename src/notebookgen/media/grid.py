"""A page of pictures as HTML, within a budget of bytes: what does not fit is said, never dropped in silence.

Tiles share the budget. Of each its picture is made as small as its part asks for, and where not even that fits the tile
says so in words. What the pictures leave is for clips and sounds to be played, the smallest first; those for which there
is no room stand still, without a sign that asks to be clicked, and are told of below.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from notebookgen.errors import AssetError
from notebookgen.media.captions import line, shorten
from notebookgen.media.drawn import at_once
from notebookgen.media.leaf import Entry, Leaf, place_words
from notebookgen.media.markup import CAPTION, FAINT, Markup, element, outermost
from notebookgen.media.matrix import TABLE_SHARE, matrix, matrix_width
from notebookgen.media.playing import TOLD, may_play, played, standing_still
from notebookgen.media.stills import still
from notebookgen.media.tiles import ENOUGH, Piece, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from notebookgen.media.leaf import Label
    from notebookgen.media.shown import PreviewLimits, Shown
    from notebookgen.media.stills import Wish
    from notebookgen.records import Asset

__all__ = ["arranged", "laid_out", "least_bytes", "pieces"]

FEW = 6  # up to so many tiles are shown larger
WIDE, NARROW = 304, 208  # CSS pixels
FEWER, PAIRED = 232, 184  # of one of two pictures that are compared: of a few, and of many
COLUMNS = {1: 1, 2: 2, 4: 2}  # for so many tiles; else 3, or as many as fit
GAP = 16
RESERVE = 1_200  # bytes kept for the sheet, the heading and the last line
LEGIBLE = 7_000  # bytes of a tile whose picture can still be made out
SPREAD = "display:grid;grid-template-columns:repeat(auto-fill,{width}px);gap:18px 16px;align-items:start"


@dataclass(frozen=True, slots=True)
class Tiles:
    """The tiles of a page, as far as the budget holds them.

    Attributes:
        made: Each one's HTML, with the entry that it belongs to.
        bare: How many have no picture because it did not fit.
        left: How many are not shown at all.
        smaller: Whether pictures were made smaller than usual.
        still: Clips and sounds that would be played, had they room.
    """

    made: tuple[tuple[int, Markup], ...]
    bare: int
    left: int
    smaller: bool
    still: tuple[Asset, ...]

    def of(self, entries: Sequence[int]) -> list[Markup]:
        """Return the tiles of some entries."""
        wanted = set(entries)
        return [tile for entry, tile in self.made if entry in wanted]


def least_bytes(*, compared: bool = False) -> int:
    """Return how many bytes of a page a tile takes whose picture can still be made out."""
    return 2 * LEGIBLE if compared else LEGIBLE


def pieces(several: Sequence[Entry]) -> list[tuple[int, Piece]]:
    """Return one piece for each asset, and one for each result that has none, with the place of its entry."""
    found: list[tuple[int, Piece]] = []
    for number, entry in enumerate(several):
        shown = entry.shown
        media = [asset for asset in shown.assets if asset.kind != "text" or not shown.text]
        several_here: list[Asset | None] = [*media, *([None] if shown.text or not media else [])]
        for place, asset in enumerate(several_here):
            label = entry.label
            if len(several_here) > 1:
                called = asset is not None and any(letter.isalpha() for letter in asset.name)  # not its place in a list
                which = line(asset.name) if asset and called else f"{place + 1} of {len(several_here)}"
                label = f"{label} {which}".strip()
            found.append((number, Piece(shown, asset, label, place == 0, entry.note)))
    return found


def arranged(
    several: Sequence[Shown],
    limits: PreviewLimits,
    heading: str = "",
    rest: int = 0,
    *,
    folder: str | Path | None = None,
) -> Markup | None:
    """Return the grid of some results, or None where the budget does not even hold one tile.

    Args:
        several: The results, in their order.
        limits: How large it may be.
        heading: What is said of all of them.
        rest: How many more there are.
        folder: The notebook's folder, for links.
    """
    entries = tuple(Entry(shown, number if len(several) > 1 else None) for number, shown in enumerate(several))
    return laid_out(Leaf(entries, heading), limits, folder=folder, rest=rest)


def laid_out(leaf: Leaf, limits: PreviewLimits, *, folder: str | Path | None = None, rest: int = 0) -> Markup | None:
    """Return a page as HTML, or None where the budget does not even hold one tile.

    Args:
        leaf: The page.
        limits: How large it may be.
        folder: The notebook's folder, for links.
        rest: How many more there are, of which nothing else is said.
    """
    waiting = pieces(leaf.entries)
    sheet = sheet_of(leaf, [piece for _, piece in waiting], limits, folder)
    head = header(leaf)
    around = [*head, *(line(one) for label in (*leaf.rows, *leaf.columns) for one in (label.name, label.said))]
    around += leaf.said
    frame = RESERVE + (TOLD if any(may_play(piece) for _, piece in waiting) else 0)
    frame += sum(len(part.encode()) for part in around) + TABLE_SHARE * len(around)
    tiles = drawn(waiting, sheet, limits.cell_bytes - frame)
    if not tiles.made and waiting:
        return None
    said = [*leaf.said, *filter(None, [closing(tiles, rest, limits), standing_still(tiles.still, limits)])]
    if len(leaf.axes) == 2:
        body = [matrix(leaf, [tiles.of([place]) for place in range(len(leaf.entries))], sheet.width)]
    elif leaf.axes:
        body = groups(leaf, tiles, sheet)
    else:
        body = [element("div", *(tile for _, tile in tiles.made), style=spread(len(waiting), across(sheet)))]
    whole = outermost(
        *([element("div", *head, style="margin:0 0 12px 0;font-size:12px")] if head else []),
        *body,
        *(element("div", one, style=f"{CAPTION};margin:12px 0 0 0;{FAINT}") for one in said),
    )
    return whole if len(whole.encode()) <= limits.cell_bytes else None


def header(leaf: Leaf) -> list[Markup]:
    """Return what stands above all tiles: a prompt that all of them share, and what is said of all."""
    prompts = {entry.shown.prompt for entry in leaf.entries}
    prompt = shorten(prompts.pop(), 240) if len(prompts) == 1 else ""
    head = [element("div", prompt, dir="auto")] if prompt else []
    return head + ([element("div", line(leaf.heading), style=FAINT)] if leaf.heading else [])


def sheet_of(leaf: Leaf, waiting: Sequence[Piece], limits: PreviewLimits, folder: str | Path | None) -> Sheet:
    """Return what the tiles of a page have in common."""
    together: dict[tuple[int, int], list[Entry]] = {}
    for entry in leaf.entries:  # what stands under the same labels is told apart by what differs there
        together.setdefault((entry.row, entry.column), []).append(entry)
    crossed = len(leaf.axes) == 2
    most = max((len(same) for same in together.values()), default=1)
    few = len(waiting) <= FEW and not crossed
    width = matrix_width(len(leaf.columns), most) if crossed else WIDE if few else NARROW
    if leaf.compared:
        width = min(width, WIDE if len(waiting) <= 2 else FEWER if few else PAIRED)
    shown = [entry.shown for entry in leaf.entries]
    cells = list(together.values()) if leaf.axes else [list(leaf.entries)]
    return Sheet(
        limits,
        few=few or (crossed and len(waiting) <= FEW),
        width=width,
        height=frame_height(waiting, width),
        prompts=any(len({one.shown.prompt for one in cell}) > 1 for cell in cells) or untold(leaf),
        models=any(len({one.shown.model for one in cell}) > 1 for cell in cells),
        mixed=not all(one.sandbox for one in shown),
        folder=folder,
        compared=leaf.compared,
    )


def untold(leaf: Leaf) -> bool:
    """Whether the prompts of groups differ, and are not what the groups are called."""
    if len(leaf.axes) != 1 or len({entry.shown.prompt for entry in leaf.entries}) < 2:
        return False
    return any(leaf.rows[entry.row].name != place_words(entry.shown.prompt) for entry in leaf.entries)


def drawn(waiting: Sequence[tuple[int, Piece]], sheet: Sheet, room: int) -> Tiles:
    """Return as many tiles as the budget holds; their pictures are made several at a time."""
    limits, most = sheet.limits, min(len(waiting), sheet.limits.tiles)
    left = room
    wish = sheet.wish(left // most if most else 0)
    at_once(calls(waiting[:most], sheet, wish))
    made: list[tuple[int, Markup]] = []
    bare = 0
    for entry, piece in waiting[:most]:
        tile, pictured = sheet.tile(piece, wish, left=left)
        if tile is None:
            break
        left -= len(tile.encode())
        made.append((entry, tile))
        bare += not pictured
    usual = limits.tile_bytes // 2  # what a picture of that size takes at the most, but for a few
    smaller = 0 < wish.most_bytes < usual and bare < len(made)
    tiles, standing = played(made, [piece for _, piece in waiting], sheet, wish, left)
    return Tiles(tiles, bare, len(waiting) - len(made), smaller, standing)


def calls(waiting: Sequence[tuple[int, Piece]], sheet: Sheet, wish: Wish) -> list[partial[None]]:
    """Return what makes the pictures of some tiles, each once."""
    if wish.most_bytes < min(ENOUGH.values()):
        return []
    assets = [piece.asset for _, piece in waiting]
    if sheet.compared:
        assets += [one for _, piece in waiting for one in piece.shown.inputs[:1] if not isinstance(one, str)]
    wanted = {one.path: one for one in assets if one is not None and one.kind in ENOUGH}
    return [partial(ahead, one, wish, sheet.limits) for one in wanted.values()]


def ahead(asset: Asset, wish: Wish, limits: PreviewLimits) -> None:
    """Make a picture that is remembered; why there is none is told by whoever wants to show it."""
    try:
        still(asset, wish, limits)
    except AssetError:
        return


def groups(leaf: Leaf, tiles: Tiles, sheet: Sheet) -> list[Markup]:
    """Return one grid for each label, under it."""
    parts: list[Markup] = []
    for number, label in enumerate(leaf.rows):
        here = tiles.of(leaf.at(number))
        if not here:
            continue
        parts.append(caption(leaf.axes[0], label, first=not parts))
        style = spread(FEW + 1, across(sheet))
        parts.append(element("div", *here, style=style))
    return parts


def caption(axis: str, label: Label, *, first: bool) -> Markup:
    """Return what stands above a group."""
    name = element("span", line(label.name), dir="auto", style="font-weight:600;font-size:14px")
    said = element("span", f"{line(axis)}{' · ' if label.said else ''}{line(label.said)}", style=FAINT)
    return element("div", name, Markup("&ensp;"), said, style=f"margin:{0 if first else 26}px 0 10px 0;font-size:12px")


def across(sheet: Sheet) -> int:
    """Return how wide a tile is, in CSS pixels."""
    return 2 * sheet.width + 8 if sheet.compared else sheet.width


def spread(count: int, width: int) -> str:
    """Return the style of so many tiles: a few stand in two or three columns, many in as many as fit."""
    style = SPREAD.format(width=width)
    if count > FEW:
        return style
    columns = COLUMNS.get(count, 3)
    return f"{style};max-width:{columns * width + (columns - 1) * GAP}px"


def closing(tiles: Tiles, rest: int, limits: PreviewLimits) -> str:
    """Return what was left out or made smaller, and why; empty where nothing was."""
    parts = [
        f"{tiles.bare} without a picture" if tiles.bare else "",
        "pictures smaller than usual" if tiles.smaller else "",
        f"{tiles.left + rest} more not shown" if tiles.left + rest else "",
    ]
    told = ", ".join(filter(None, parts))
    if not told:
        return ""
    room = f"{limits.cell_bytes / 1e6:.2g} MB (ng.configure(cell_bytes=...))"
    most = f"{limits.tiles} tiles and {room}" if tiles.left + rest else room
    return f"{told}: a cell holds at most {most}. All files are on disk."


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
