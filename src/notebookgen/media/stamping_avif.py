"""Where AVIF files have room for a note: an XMP item beside the picture. What is drawn is copied as it is.

ISO/IEC 23008-12 (HEIF), and ISO/IEC 14496-12 for ``meta``: ``iinf`` names the items, ``iref`` says what they are about,
``iloc`` where they are.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from notebookgen.media.boxes import box, boxes_in, child, full_box, moved, top_boxes, whole
from notebookgen.media.stamping_notes import NoRoom, Span, xmp

if TYPE_CHECKING:
    from notebookgen.media.boxes import Box
    from notebookgen.media.stamping_notes import Note, Piece

__all__ = ["avif"]

XMP_TYPE = b"application/rdf+xml"
MOST_ID = 0xFFFF


@dataclass(slots=True)
class Cursor:
    """Reads numbers of any width, one after the other."""

    data: bytes
    at: int = 0

    def take(self, width: int) -> int:
        """Return the next number of that many bytes; 0 where it has none."""
        if self.at + width > len(self.data):
            raise NoRoom("its list of places is cut short")
        self.at += width
        return int.from_bytes(self.data[self.at - width : self.at], "big")


def avif(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Return the file with an XMP item, whose bytes stand at the end."""
    boxes = top_boxes(file, size)
    meta = next((one for one in boxes if one.kind == b"meta"), None)
    if meta is None or boxes[-1].open or any(one.kind in {b"moof", b"sidx"} for one in boxes):
        raise NoRoom("its parts are not as an AVIF picture has them")
    data = whole(file, meta)
    packet = xmp(note)
    inner = meta.inner - meta.start
    draft = with_item(data, inner, meta, by=0, place=0, length=len(packet))
    by = len(draft) - (meta.stop - meta.start)
    new = with_item(data, inner, meta, by=by, place=size + by + 8, length=len(packet))
    pieces: list[Piece] = [Span(0, meta.start), new]
    for one in boxes:
        if one.start < meta.start or one is meta:
            continue
        films = one.kind == b"moov"  # of a sequence of pictures
        pieces.append(moved(whole(file, one), meta.stop, by) if films else Span(one.start, one.stop))
    if any(one.kind == b"moov" and one.start < meta.start for one in boxes):
        raise NoRoom("its parts are not in the order of an AVIF picture")
    return [*pieces, box(b"mdat", packet)]


def with_item(data: bytes, inner: int, meta: Box, *, by: int, place: int, length: int) -> bytes:
    """Return a ``meta`` box with one more item.

    Args:
        data: The box as it is.
        inner: Where in it what it holds begins.
        meta: Where it is in the file.
        by: How many bytes longer it becomes.
        place: Where the item's bytes are going to be.
        length: How many they are.
    """
    start = inner + 4
    parts = {kind: child(data, kind, start) for kind in (b"pitm", b"iinf", b"iloc", b"iref")}
    pitm, iinf, iloc = (parts[kind] for kind in (b"pitm", b"iinf", b"iloc"))
    if pitm is None or iinf is None or iloc is None:
        raise NoRoom("it names no items")
    wide = data[pitm.inner] != 0
    primary = int.from_bytes(data[pitm.inner + 4 : pitm.inner + (8 if wide else 6)], "big")
    new_id, names = named(data[iinf.start : iinf.stop])
    changed = {
        b"iinf": names,
        b"iloc": placed(data[iloc.inner : iloc.stop], new_id, meta.stop, by=by, place=place, length=length),
    }
    iref = parts[b"iref"]
    version = data[iref.inner] if iref is not None else 0
    width = 4 if version else 2
    about = box(b"cdsc", new_id.to_bytes(width, "big"), b"\x00\x01", primary.to_bytes(width, "big"))
    if iref is not None:
        changed[b"iref"] = full_box(b"iref", version, data[iref.inner + 4 : iref.stop], about)
    body = b"".join(changed.get(one.kind, data[one.start : one.stop]) for one in boxes_in(data, start))
    more = b"" if iref is not None else full_box(b"iref", 0, about)
    return box(b"meta", data[inner:start], body, more)


def named(data: bytes) -> tuple[int, bytes]:
    """Return the new item's id, and the list of items with it in it."""
    version, width = data[8], 4 if data[8] else 2
    count = int.from_bytes(data[12 : 12 + width], "big")
    ids = []
    for one in boxes_in(data, 12 + width):
        if one.kind != b"infe" or data[one.inner] not in {2, 3}:
            raise NoRoom("its items are named in a way that is not known")
        wide = 4 if data[one.inner] == 3 else 2
        ids.append(int.from_bytes(data[one.inner + 4 : one.inner + 4 + wide], "big"))
        if XMP_TYPE in data[one.inner : one.stop]:
            raise NoRoom("it has an XMP packet of its own")
    new_id = max(ids, default=0) + 1
    if len(ids) != count or new_id > MOST_ID:
        raise NoRoom("its items are not as many as it says")
    entry = full_box(b"infe", 2, struct.pack(">HH", new_id, 0), b"mimeXMP\x00", XMP_TYPE + b"\x00")
    return new_id, full_box(b"iinf", version, (count + 1).to_bytes(width, "big"), data[12 + width :], entry)


def placed(data: bytes, new_id: int, behind: int, *, by: int, place: int, length: int) -> bytes:
    """Return the list of places with all that stand behind ``behind`` moved, and one more."""
    version = data[0]
    if version > 2:
        raise NoRoom("its list of places is of a making that is not known")
    cursor = Cursor(data, 4)
    widths = cursor.take(2)
    at_width, long_width, base_width = widths >> 12, widths >> 8 & 15, widths >> 4 & 15
    index_width = widths & 15 if version else 0
    id_width = 4 if version == 2 else 2
    items: list[bytes] = []
    for _ in range(cursor.take(id_width)):
        head = cursor.take(id_width).to_bytes(id_width, "big")
        way = cursor.take(2) if version else 0
        head += way.to_bytes(2, "big") if version else b""
        head += cursor.take(2).to_bytes(2, "big")
        base = cursor.take(base_width)
        extents = cursor.take(2)
        moves = way & 15 == 0
        follows = moves and base_width > 0 and base >= behind
        head += number(base + by if follows else base, base_width) + extents.to_bytes(2, "big")
        for _ in range(extents):
            index, start, long = cursor.take(index_width), cursor.take(at_width), cursor.take(long_width)
            if moves and not follows and base + start >= behind:
                start += by
            head += number(index, index_width) + number(start, at_width) + number(long, long_width)
        items.append(head)
    own = new_id.to_bytes(id_width, "big") + (b"\x00\x00" if version else b"") + b"\x00\x00"
    own += number(0 if at_width else place, base_width) + b"\x00\x01" + number(0, index_width)
    own += number(place if at_width else 0, at_width) + number(length, long_width)
    if not (at_width or base_width) or not long_width:
        raise NoRoom("its list of places has no room for places")
    count = (len(items) + 1).to_bytes(id_width, "big")
    return box(b"iloc", data[:4], widths.to_bytes(2, "big"), count, *items, own)


def number(value: int, width: int) -> bytes:
    """Return a number in that many bytes; nothing where there are none."""
    if not width:
        return b""
    try:
        return value.to_bytes(width, "big")
    except OverflowError as error:
        raise NoRoom("its list of places has no room for larger ones") from error
