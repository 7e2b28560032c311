"""Boxes of ISO media files (MP4, MOV, M4A, AVIF): found, written, and the places in them moved along. Pure but for the file.

ISO/IEC 14496-12. A file is a row of boxes; some hold places in the file, counted from its beginning, which have to
follow when something before them grows.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, NamedTuple

from notebookgen.media.stamping_notes import NoRoom
from notebookgen.media.stamping_pictures import read

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Box", "box", "boxes_in", "child", "full_box", "moved", "top_boxes", "whole"]

MOST_BOXES = 100_000
MOST_READ = 64 * 2**20
# Those on the way to the tables of places.
HOLDERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
TABLES = {b"stco": (">I", 4), b"co64": (">Q", 8)}


class Box(NamedTuple):
    """Where a box is.

    Attributes:
        kind: Its four letters.
        start: Where it begins.
        inner: Where what it holds begins.
        stop: Where it ends.
        open: Whether it says no length: it goes on to the end of the file.
    """

    kind: bytes
    start: int
    inner: int
    stop: int
    open: bool = False


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box."""
    body = b"".join(parts)
    if len(body) > 0xFFFFFFF0:
        raise NoRoom("a part of it would be too large")
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full_box(kind: bytes, version: int, *parts: bytes) -> bytes:
    """Return a box with a version, and no flags."""
    return box(kind, struct.pack(">I", version << 24), *parts)


def top_boxes(file: IO[bytes], size: int) -> list[Box]:
    """Return the boxes of a file.

    Raises:
        NoRoom: They do not fill it.
    """
    found: list[Box] = []
    at = 0
    while at < size:
        found.append(header(read(file, at, min(16, size - at)), at, size))
        at = found[-1].stop
        if len(found) > MOST_BOXES:
            raise NoRoom("it has more parts than such a file has")
    return found


def boxes_in(data: bytes | bytearray, start: int = 0, stop: int | None = None) -> Iterator[Box]:
    """Yield the boxes within some bytes.

    Raises:
        NoRoom: They do not fill them.
    """
    end = len(data) if stop is None else stop
    at = start
    while at < end:
        if data[at:end] == b"\x00" * (end - at) and end - at < 8:  # some writers end a list with a zero
            return
        one = header(data[at : at + 16], at, end)
        yield one
        at = one.stop


def header(head: bytes | bytearray, at: int, end: int) -> Box:
    """Read the beginning of a box that lies before ``end``."""
    if len(head) < 8:
        raise NoRoom("its boxes are not as long as they say")
    length, kind = struct.unpack(">I4s", head[:8])
    inner = at + 8
    if length == 1 and len(head) >= 16:
        (length,) = struct.unpack(">Q", head[8:16])
        inner = at + 16
    stop = end if length == 0 else at + length
    if not inner <= stop <= end:
        raise NoRoom("its boxes are not as long as they say")
    return Box(kind, at, inner, stop, length == 0)


def child(data: bytes, kind: bytes, start: int = 0, stop: int | None = None) -> Box | None:
    """Return the first box of a kind within some bytes, or None."""
    return next((one for one in boxes_in(data, start, stop) if one.kind == kind), None)


def whole(file: IO[bytes], one: Box) -> bytes:
    """Return a box with its header."""
    if one.stop - one.start > MOST_READ:
        raise NoRoom("a part of it is larger than is read at once")
    return read(file, one.start, one.stop - one.start)


def moved(data: bytes, behind: int, by: int) -> bytes:
    """Return a ``moov`` box whose tables of places follow: those behind a place are ``by`` bytes further on.

    Raises:
        NoRoom: A table has no room for the new places, or there are others than are known.
    """
    found = bytearray(data)
    _move(found, 0, len(found), behind, by)
    return bytes(found)


def _move(data: bytearray, start: int, stop: int, behind: int, by: int) -> None:
    """Move the places in the tables of some boxes and of those within them."""
    for one in boxes_in(data, start, stop):
        if one.kind in HOLDERS:
            _move(data, one.inner, one.stop, behind, by)
        elif one.kind in TABLES:
            form, width = TABLES[one.kind]
            (count,) = struct.unpack_from(">I", data, one.inner + 4)
            first = one.inner + 8
            if first + count * width > one.stop:
                raise NoRoom("a table in it is not as long as it says")
            for at in range(first, first + count * width, width):
                (place,) = struct.unpack_from(form, data, at)
                if place >= behind:
                    try:
                        struct.pack_into(form, data, at, place + by)
                    except struct.error as error:
                        raise NoRoom("a table in it has no room for larger places") from error
        elif one.kind in {b"saio", b"mvex"}:  # of encrypted and of fragmented files: other places, counted otherwise
            raise NoRoom("it is made of fragments")
