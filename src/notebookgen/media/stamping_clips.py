"""Where MP4, MOV and M4A files have room for a note: the tags that players show, else an XMP box at the end.

What is seen and heard is copied as it is; only the tables of places in ``moov`` follow where it stands before them.
QuickTime's own files have their words in ``udta`` itself: https://developer.apple.com/documentation/quicktime-file-format
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING

from notebookgen.media.boxes import Box, box, boxes_in, child, full_box, moved, top_boxes, whole
from notebookgen.media.stamping_notes import KEY, NoRoom, Span, xmp

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.media.stamping_notes import Note, Piece

    Words = Callable[[bytes, Note], bytes]  # makes what ``udta`` says from what it said

__all__ = ["clip", "film"]

# https://developer.adobe.com/xmp/docs/XMPSpecifications/ part 3: where XMP stands in MPEG-4 files
XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
COMMENT, DESCRIPTION = b"\xa9cmt", b"desc"
UNDETERMINED = 0x55C4  # "und" as packed letters: no language is claimed
HANDLER = full_box(b"hdlr", 0, b"\x00\x00\x00\x00mdirappl", b"\x00" * 9)


def clip(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Return an MP4 or M4A with the note among its tags."""
    return with_tags(file, size, note, listed)


def film(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Return a MOV with the note among its words."""
    return with_tags(file, size, note, spoken)


def with_tags(file: IO[bytes], size: int, note: Note, words: Words) -> list[Piece]:
    """Return the file with the note in ``moov``; where that cannot be, with an XMP box at its end."""
    boxes = top_boxes(file, size)
    try:
        return in_moov(file, size, boxes, note, words)
    except NoRoom:
        return at_end(file, size, boxes, note)


def in_moov(file: IO[bytes], size: int, boxes: list[Box], note: Note, words: Words) -> list[Piece]:
    """Return the file with other words in its ``moov``."""
    found = [one for one in boxes if one.kind == b"moov"]
    if len(found) != 1 or found[0].open or any(one.kind in {b"moof", b"sidx"} for one in boxes):
        raise NoRoom("it is made of fragments")
    moov = found[0]
    data = whole(file, moov)
    inner = moov.inner - moov.start
    udta = child(data, b"udta", inner)
    said = data[udta.inner : udta.stop] if udta else b""
    others = data[inner : udta.start] + data[udta.stop :] if udta else data[inner:]
    new = box(b"moov", others, box(b"udta", words(said, note)))
    if any(one.kind == b"mdat" and one.start > moov.start for one in boxes):
        new = moved(new, moov.stop, len(new) - (moov.stop - moov.start))
    return [Span(0, moov.start), new, Span(moov.stop, size)]


def listed(said: bytes, note: Note) -> bytes:
    """Return what ``udta`` says, with the note in the list of tags that iTunes has brought into use."""
    tags = [tag(DESCRIPTION, note.prompt)] if note.prompt else []
    meta = child(said, b"meta")
    if meta is None:
        end = len(said) - 4 if said[-4:] == b"\x00" * 4 else len(said)  # some writers end a list with a zero
        return said[:end] + full_box(b"meta", 0, HANDLER, box(b"ilst", *tags, tag(COMMENT, note.text)))
    body = said[meta.inner : meta.stop]
    handler, items = child(body, b"hdlr", 4), child(body, b"ilst", 4)
    if handler is None or body[handler.inner + 8 : handler.inner + 12] != b"mdir":
        raise NoRoom("its tags are of another making")
    there = body[items.inner : items.stop] if items else b""
    kinds = {one.kind for one in boxes_in(there)}
    own = tag(COMMENT, note.text) if COMMENT not in kinds else free_tag(note.text)
    kept = body[4 : items.start] + body[items.stop :] if items else body[4:]
    tags = [one for one in tags if DESCRIPTION not in kinds]
    new = full_box(b"meta", 0, kept, box(b"ilst", there, *tags, own))
    return said[: meta.start] + new + said[meta.stop :]


def tag(kind: bytes, text: str) -> bytes:
    """Return one tag of a list: UTF-8."""
    return box(kind, box(b"data", struct.pack(">II", 1, 0), text.encode()))


def free_tag(text: str) -> bytes:
    """Return a tag of a name of our own."""
    data = box(b"data", struct.pack(">II", 1, 0), text.encode())
    return box(b"----", full_box(b"mean", 0, b"com.notebookgen"), full_box(b"name", 0, KEY.encode()), data)


def spoken(said: bytes, note: Note) -> bytes:
    """Return what a QuickTime file's ``udta`` says, with the note as one more of its texts."""
    texts = {COMMENT: note.text, b"\xa9des": note.prompt}
    known = {one.kind for one in boxes_in(said)}
    if COMMENT in known:
        raise NoRoom("it has a comment of its own")
    more = [
        box(kind, struct.pack(">HH", len(data), UNDETERMINED), data)
        for kind, text in texts.items()
        if (data := text.encode()) and kind not in known and len(data) < 0x8000
    ]
    end = len(said) - 4 if said[-4:] == b"\x00" * 4 and len(said) >= 4 else len(said)  # QuickTime ends it with a zero
    return said[:end] + b"".join(more) + said[end:]


def at_end(file: IO[bytes], size: int, boxes: list[Box], note: Note) -> list[Piece]:
    """Return the file with an XMP box at its end."""
    if any(one.kind == b"uuid" and whole(file, one)[8:24] == XMP_BOX for one in boxes if one.stop - one.start < 2**20):
        raise NoRoom("it has an XMP packet of its own")
    packet = box(b"uuid", XMP_BOX, xmp(note))
    last = boxes[-1] if boxes else None
    if last is None or not last.open:
        return [Span(0, size), packet]
    if size - last.start > 0xFFFFFFFF:
        raise NoRoom("its last part says no length, and is too large to be told one")
    told = struct.pack(">I", size - last.start)
    return [Span(0, last.start), told, Span(last.start + 4, size), packet]
