"""How many bytes a notebook's outputs take, and which cells take most of them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.normal import shown_line

if TYPE_CHECKING:
    from notebookgen.checkup.reading import Cell, Notebook, Output

__all__ = ["Weight", "weigh"]

MOST_CELLS = 5
LONGEST = 40  # characters of a MIME type that are shown
NAMES = {
    "text/html": "HTML",
    "text/markdown": "Markdown",
    "text/plain": "text",
    "application/json": "JSON",
    "application/vnd.jupyter.widget-view+json": "a widget",
}


@dataclass(frozen=True, slots=True)
class Weight:
    """What the outputs take.

    Attributes:
        outputs: Bytes of all of them.
        widgets: Bytes of the saved state of widgets, which stays when outputs are cleared.
        attachments: Bytes of the files in Markdown cells.
        largest: The cells that take most, with their bytes and what they are, the largest first.
    """

    outputs: int
    widgets: int
    attachments: int
    largest: tuple[tuple[str, int, str], ...]


def weigh(notebook: Notebook) -> Weight:
    """Return what the outputs of a notebook take."""
    sizes = {cell.number: sum(output.size for output in cell.outputs) for cell in notebook.cells}
    largest = sorted((cell for cell in notebook.cells if sizes[cell.number]), key=lambda one: -sizes[one.number])
    return Weight(
        sum(sizes.values()),
        _bytes(notebook.metadata.get("widgets")),
        sum(_bytes(cell.attachments) for cell in notebook.cells),
        tuple((cell.label, sizes[cell.number], _made_of(cell)) for cell in largest[:MOST_CELLS]),
    )


def _bytes(value: object) -> int:
    """Return what a value takes in the file; nothing where it is empty."""
    return (
        len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        if isinstance(value, Mapping) and value
        else 0
    )


def _made_of(cell: Cell) -> str:
    """Return what most of a cell's bytes are."""
    output = max(cell.outputs, key=lambda one: one.size)
    more = f" and {len(cell.outputs) - 1} more" if len(cell.outputs) > 1 else ""
    return f"{_kind(output)}{more}"


def _kind(output: Output) -> str:
    """Return what most of an output's bytes are."""
    if output.kind != "result":
        return {"stream": "what was printed", "error": "an error"}[output.kind]
    sizes = {mime: len(output.text(mime)) for mime in output.data}
    mime = max(sizes, key=lambda one: sizes[one], default="")
    if mime == "text/html":
        html = output.text(mime)
        inside = [
            word for tag, word in (("<video", "a clip"), ("<audio", "a sound"), ("<img", "pictures")) if tag in html
        ]
        return f"HTML with {inside[0]}" if inside else "HTML"
    shown = shown_line(mime[:LONGEST])
    return NAMES.get(mime) or (
        f"a picture ({shown.partition('/')[2].upper()})" if mime.startswith("image/") else shown or "nothing"
    )
