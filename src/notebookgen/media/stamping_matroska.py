"""Where WebM and Matroska files have room for a note: tags at the end of their segment, found by its list of places.

https://www.rfc-editor.org/rfc/rfc9559 · elements are a number, a length and that many bytes. What stands in the file
keeps its place, so that nothing that counts places has to change; the list takes its room from the void behind it.
"""

from __future__ import annotations

import zlib
from typing import IO, TYPE_CHECKING, NamedTuple

from notebookgen.media.stamping_notes import KEY, NoRoom, Span
from notebookgen.media.stamping_pictures import read

if TYPE_CHECKING:
    from notebookgen.media.stamping_notes import Note, Piece

__all__ = ["matroska"]

HEADER, SEGMENT, PLACES, VOID, CHECK = b"\x1aE\xdf\xa3", b"\x18S\x80g", b"\x11M\x9bt", b"\xec", b"\xbf"
TAGS, TAG, TARGETS, SIMPLE = b"\x12T\xc3g", b"\x73\x73", b"\x63\xc0", b"\x67\xc8"
NAME, TEXT, PLACE, PLACE_ID, PLACE_AT = b"\x45\xa3", b"\x44\x87", b"\x4d\xbb", b"\x53\xab", b"\x53\xac"
MOST_PLACES = 64 * 1024


class Element(NamedTuple):
    """Where an element is.

    Attributes:
        kind: Its number, as it stands there.
        start: Where it begins.
        inner: Where what it holds begins.
        stop: Where it ends; None where it says no length.
    """

    kind: bytes
    start: int
    inner: int
    stop: int | None


def matroska(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Append tags to the segment."""
    header = element(file, 0, size)
    if header.kind != HEADER or header.stop is None:
        raise NoRoom("its header is not as a Matroska file has it")
    segment = element(file, header.stop, size)
    if segment.kind != SEGMENT or segment.stop not in {None, size}:
        raise NoRoom("there is more behind its segment")
    tags = spelled(TAGS, spelled(TAG, spelled(TARGETS, b""), *simple(note)))
    start = read(file, segment.start, segment.inner - segment.start)
    if segment.stop is not None:
        start = start[:4] + length(size - segment.inner + len(tags), len(start) - 4)
    places, stop = found_there(file, segment.inner, size)
    return [Span(0, segment.start), start, places, Span(stop, size), tags]


def simple(note: Note) -> list[bytes]:
    """Return the note as tags."""
    words = {KEY.upper(): note.text, "DESCRIPTION": note.prompt}
    return [
        spelled(SIMPLE, spelled(NAME, name.encode()), spelled(TEXT, text.encode()))
        for name, text in words.items()
        if text
    ]


def found_there(file: IO[bytes], at: int, size: int) -> tuple[bytes, int]:
    """Return the list of places with one for the tags, and where what it stands for ends; nothing where it has no room."""
    places = element(file, at, size)
    if places.kind != PLACES or places.stop is None or places.stop - at > MOST_PLACES or places.stop >= size:
        return b"", at
    void = element(file, places.stop, size)
    entry = spelled(PLACE, spelled(PLACE_ID, TAGS), spelled(PLACE_AT, (size - at).to_bytes(8, "big")))
    room = (void.stop or 0) - void.start - len(entry)
    if void.kind != VOID or void.stop is None or room < 9 or void.stop - void.start > MOST_PLACES:
        return b"", at
    body = read(file, places.inner, places.stop - places.inner) + entry
    if body.startswith(CHECK + b"\x84"):
        body = body[:2] + zlib.crc32(body[6:]).to_bytes(4, "little") + body[6:]
    head = PLACES + length(len(body), places.inner - at - len(PLACES))
    return head + body + VOID + length(room - 9, 8) + b"\x00" * (room - 9), void.stop


def element(file: IO[bytes], at: int, size: int) -> Element:
    """Read the head of an element."""
    head = read(file, at, min(12, size - at)) if at < size else b""
    wide = head[:1] and 9 - head[0].bit_length()
    if not wide or wide > 4 or len(head) <= wide:
        raise NoRoom("its parts are not as a Matroska file has them")
    long = 9 - head[wide].bit_length()
    told = head[wide : wide + long]
    if long > 8 or len(told) < long:
        raise NoRoom("its parts are not as a Matroska file has them")
    count = int.from_bytes(told, "big") & ((1 << 7 * long) - 1)
    inner = at + wide + long
    unknown = count == (1 << 7 * long) - 1
    if not unknown and inner + count > size:
        raise NoRoom("its parts are longer than it is")
    return Element(head[:wide], at, inner, None if unknown else inner + count)


def length(count: int, width: int) -> bytes:
    """Return a length in that many bytes."""
    if not 1 <= width <= 8 or count >= (1 << 7 * width) - 1:
        raise NoRoom("its parts have no room for a larger length")
    return (count | 1 << 7 * width).to_bytes(width, "big")


def spelled(kind: bytes, *parts: bytes) -> bytes:
    """Return an element."""
    body = b"".join(parts)
    return kind + length(len(body), 8 if len(body) > 126 else 1) + body
