"""An experiment as a table: rows by columns, each with its label, and in each cell what came of that combination.

A table, not a grid of boxes: where a page takes styles away the rows and columns still stand, and a screen reader tells
of each cell under which labels it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.media.captions import line
from notebookgen.media.markup import FAINT, FRAME, Markup, element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.media.leaf import Label, Leaf

__all__ = ["TABLE_SHARE", "matrix", "matrix_width"]

TABLE_SHARE = 260  # bytes of a label's or an empty cell's own markup, about
WIDTHS = {1: 304, 2: 304, 3: 256, 4: 208, 5: 168}  # CSS pixels of a column, by how many there are
LEAST, LEAST_ABREAST, MOST_ABREAST = 144, 128, 208  # of a tile; and where several stand in a cell
ROOM, BETWEEN = 900, 10  # CSS pixels for all columns, about; and between tiles of one cell
CELL = "padding:0 14px 18px 0;vertical-align:top;text-align:left;border:0"
ROW = f"{CELL};white-space:normal;font-weight:400;min-width:72px;max-width:150px"
PLAIN = "background-color:transparent;border:0"
TOP = "padding:0 14px 8px 0;vertical-align:bottom;text-align:left;border:0;font-weight:400;white-space:normal"


def matrix_width(columns: int, abreast: int) -> int:
    """Return how wide a tile is, in CSS pixels.

    Args:
        columns: How many columns there are.
        abreast: How many results stand in a cell at the most.
    """
    if abreast < 2:
        return WIDTHS.get(columns, LEAST)
    column = ROOM // max(columns, 1) - 14
    fitting = max(1, min(abreast, column // LEAST_ABREAST))
    return max(LEAST_ABREAST, min(MOST_ABREAST, (column - BETWEEN * (fitting - 1)) // fitting))


def matrix(leaf: Leaf, tiles: Sequence[Sequence[Markup]], width: int) -> Markup:
    """Return the table of a page.

    Args:
        leaf: The page; its entries stand under two labels each.
        tiles: What was made of each entry; nothing where the budget did not hold it.
        width: How wide a tile is, in CSS pixels.
    """
    rows, columns = leaf.axes
    wide = f"width:{2 * width + 8 if leaf.compared else width}px"
    head = element(
        "tr",
        element("th", element("span", f"{line(rows)} \N{MULTIPLICATION SIGN} {line(columns)}", style=FAINT), style=TOP),
        *(element("th", *named(label), scope="col", style=TOP) for label in leaf.columns),
        style=PLAIN,
    )
    body: list[Markup] = []
    for number, label in enumerate(leaf.rows):
        if not any(entry.row == number for entry in leaf.entries):
            continue
        cells = [element("th", *named(label), scope="row", style=ROW)]
        for column in range(len(leaf.columns)):
            here = leaf.at(number, column)
            made = [tile for place in here for tile in tiles[place]]
            cells.append(element("td", *inside(made, asked=bool(here), wide=wide), style=CELL))
        body.append(element("tr", *cells, style=PLAIN))
    table = element(
        "table",
        element("thead", head, style=PLAIN),
        element("tbody", *body),
        style="border-collapse:collapse;border:0;margin:0;font-size:12px;table-layout:auto",
    )
    return element("div", table, style="overflow-x:auto;max-width:100%")


def named(label: Label) -> list[Markup]:
    """Return a label, and under it what came of its results."""
    name = element("div", line(label.name), dir="auto", style="font-weight:600;font-size:13px")
    return [name, *([element("div", line(label.said), style=f"font-size:11px;{FAINT}")] if label.said else [])]


def inside(made: Sequence[Markup], *, asked: bool, wide: str) -> list[Markup]:
    """Return what stands in a cell: its tiles, or that there are none."""
    if not made:
        words = "not shown: see below" if asked else "\N{EN DASH}"
        return [element("div", words, style=f"{FRAME};padding:6px 10px;{FAINT}")]
    if len(made) == 1:
        return [element("div", made[0], style=wide)]
    several = (element("div", one, style=wide) for one in made)
    return [element("div", *several, style="display:flex;flex-wrap:wrap;gap:12px 10px")]
