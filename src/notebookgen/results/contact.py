"""A contact sheet: the results of a run as one PNG, with a label under each; rows and columns where it is a matrix.

For what is printed, sent or put into a paper: every word of it is drawn, so that it needs no page around it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from PIL.PngImagePlugin import PngInfo

from notebookgen.errors import InvalidCall, NotWritable
from notebookgen.ledger.filesystem import at_home
from notebookgen.media.captions import line, pixels_words
from notebookgen.media.contact import DARK, LIGHT, Drawing
from notebookgen.media.leaf import words
from notebookgen.media.pictures import encoded
from notebookgen.normal import shown_value
from notebookgen.results.showing import here

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from PIL.Image import Image

    from notebookgen.media.leaf import Leaf
    from notebookgen.media.shown import PreviewLimits

__all__ = ["ContactSheet", "contact_sheet"]

MOST_PIXELS = 40_000_000
MOST_TILES = 2_000
SMALLEST, LARGEST = 48, 1_024  # pixels of a picture's side
SHOWN = 1_600  # pixels: longest side of what is embedded, where the whole sheet is too large
WIDEST = 1_000  # CSS pixels


@dataclass(frozen=True)
class ContactSheet:
    """Results as one picture, labelled. Shows itself in a notebook; ``.save("sheet.png")`` keeps it.

    Attributes:
        image: The picture, as a Pillow image.
        text: The same in words.
        alt: What it shows, in a line.
        run: The run's id.
        room: How many bytes its preview may take.
    """

    image: Image
    text: str
    alt: str
    run: str
    room: int

    @cached_property
    def png(self) -> bytes:
        """The whole sheet as a PNG file."""
        note = PngInfo()
        note.add_itxt("Title", self.alt)
        note.add_itxt("Description", self.text)
        note.add_text("Software", "notebookgen")
        out = io.BytesIO()
        self.image.save(out, "PNG", pnginfo=note)
        return out.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write it as a PNG file.

        Args:
            path: A file's name, or a folder, where a name is made for it.

        Raises:
            InvalidCall: The name is that of another kind of file.
            NotWritable: The place cannot be written.
        """
        target = at_home(path)
        if target.is_dir() or not target.suffix or str(path).endswith(("/", "\\")):
            target /= f"contact-sheet-{self.run[:10]}.png"
        if target.suffix.lower() != ".png":
            message = f"a contact sheet is a PNG file. Name it {target.with_suffix('.png').name}"
            raise InvalidCall(message)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            part.write_bytes(self.png)
            part.replace(target)
        except OSError as error:
            message = f"{target} cannot be written: {error.strerror}. Give another place."
            raise NotWritable(message) from error
        return target

    def show(self) -> None:
        """Show it here, also in the middle of a cell."""
        here(self)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return how it looks in a notebook, as (data, metadata): whole where it fits, else made smaller."""
        mime, data, said = "image/png", self.png, ""
        if len(data) > self.room:
            wide, high = self.image.size
            edge = SHOWN * max(1, min(4, round(high / wide)))  # a long strip is still to be read
            small = encoded(self.image.copy(), edge=edge, most_bytes=self.room, lossless=False)
            mime, data = small.mime, small.data
            said = f" (shown smaller: {pixels_words(small.width, small.height)})"
        width = min(self.image.width, WIDEST)
        height = round(self.image.height * width / self.image.width)
        plain = f"{self!r}{said}\n{self.text}"
        bundle: dict[str, Any] = {mime: data, "text/plain": plain}
        kept = {
            key: value
            for key, value in bundle.items()
            if (not include or key in include) and (not exclude or key not in exclude)
        }
        about = {mime: {"width": width, "height": height, "alt": self.alt}} if mime in kept else {}
        return kept, {"notebookgen": {"run": self.run, "kind": "contact sheet"}, **about}

    def __repr__(self) -> str:
        return f"<ContactSheet {pixels_words(*self.image.size)}, {self.alt}>"


def contact_sheet(
    leaf: Leaf, *, limits: PreviewLimits, columns: int | None, tile: int, dark: bool, run: str
) -> ContactSheet:
    """Return results as one picture.

    Args:
        leaf: What is on it.
        limits: How much is decoded for it, and how large its preview may be.
        columns: How many pictures stand abreast; None for as many as look well.
        tile: The side of a picture, in pixels; smaller where the sheet would have too many pixels.
        dark: Whether the paper is dark.
        run: The run's id.

    Raises:
        InvalidCall: There is nothing to show, or a number makes no sense.
    """
    for name, value, least, most in (
        ("tile", tile, SMALLEST, LARGEST),
        ("columns", 1 if columns is None else columns, 1, 100),
    ):
        if type(value) is not int or not least <= value <= most:
            message = f"{name}={shown_value(value)} makes no sense. Give a whole number of {'pixels' if name == 'tile' else 'pictures'} from {least} to {most:,}."
            raise InvalidCall(message)
    if not leaf.entries:
        message = "there is nothing to put on a contact sheet: no result is left. Filter less, or wait for the run."
        raise InvalidCall(message)
    if len(leaf.entries) > MOST_TILES:
        message = (
            f"{len(leaf.entries):,} results are too many for one contact sheet, which holds {MOST_TILES:,}.\n"
            "Take a part: .gallery(filter=...).contact_sheet()"
        )
        raise InvalidCall(message)
    drawing = Drawing(leaf, limits, columns, tile, DARK if dark else LIGHT)
    while drawing.width * drawing.height > MOST_PIXELS and drawing.tile > SMALLEST:
        drawing = Drawing(leaf, limits, columns, max(SMALLEST, drawing.tile * 4 // 5), DARK if dark else LIGHT)
    about = f"contact sheet of {len(leaf.entries):,} {'result' if len(leaf.entries) == 1 else 'results'}"
    if leaf.axes:
        about += f", {' by '.join(line(axis) for axis in leaf.axes)}"
    return ContactSheet(drawing.made(), words(leaf), about, run, limits.cell_bytes * 3 // 4)
