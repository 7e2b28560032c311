"""The parts of a JPEG, a PNG, a GIF and an AVIF, looked through before Pillow sees them: what is no picture is left out if it is much.

Pillow joins the pieces of an EXIF note and of a comment one by one, copying all of it each time, and lists every segment
of a JPEG, of which a file of a few megabytes may hold hundreds of thousands; a JPEG's passes are counted. What stands
between the segments it reads byte by byte, and a PNG's chunks one by one, with nothing in them or not.
"""

from __future__ import annotations

import io
import os
import re
import struct
from typing import TYPE_CHECKING

from notebookgen.errors import AssetRefused
from notebookgen.media.tags import note_overfull

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

__all__ = ["MOST_SCANS", "bearable"]

LARGEST = 256 * 2**20  # bytes that are looked through
# Each pass of a JPEG goes through all pixels and may be 200 bytes long; writers make about ten.
MOST_SCANS = 100
MOST_PARTS = 1_000_000
IN_PARTS = f"in more than {MOST_PARTS:,} parts"
MOST_NOTES = 1_000  # EXIF is one, an ICC profile and a depth map a few dozens
MOST_EXIF = 2**20  # bytes; a segment holds 64 kB, and writers make one
MOST_EXIF_PARTS = 64
MOST_BETWEEN = 64 * 2**10  # bytes between segments; writers make none, or one before a marker
MARKER = re.compile(rb"\xff[\xc0-\xc7\xc9-\xcf\xd9-\xef\xfe]")  # those that Pillow knows a length of
END, SCAN = 0xD9, 0xDA
EXIF, COMMENT, ADOBE = 0xE1, 0xFE, 0xEE
NOTES = frozenset({*range(0xE1, 0xF0), COMMENT}) - {ADOBE}  # JFIF and Adobe's say how colours are meant
EXIF_START, FURTHER_START = b"Exif\0\0", b"MPF\0"  # the second lists further pictures, in directories like EXIF's
MOST_COMMENT = 64 * 2**10  # bytes of a GIF's comments
MOST_BLOCKS = 4_000_000  # of a GIF: a gigabyte as writers make them
GIFS = (b"GIF87a", b"GIF89a")
GIF_EXTENSION, GIF_PICTURE, GIF_END = 0x21, 0x2C, 0x3B
GIF_PARTS = frozenset({GIF_EXTENSION, GIF_PICTURE})
GIF_COMMENT = b"\x21\xfe"
PNG = b"\x89PNG\r\n\x1a\n"
# Writers put 8 kB into each, and hence 13,000 into a hundred megabytes.
MOST_CHUNKS, LEAST_CHUNK = 100_000, 512  # and bytes that each has on average where they are more
CHUNK = struct.Struct(">I4s")
CHECKSUM = 4
PNG_END = b"IEND"
# Those that say what is seen: https://www.w3.org/TR/png-3/#4Concepts.FormatChunks
PIXELS = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", PNG_END, b"tRNS", b"gAMA", b"cHRM", b"iCCP", b"sRGB", b"acTL", b"fcTL", b"fdAT"}
)
# An item's type in AVIF, behind its version, number and protection. How a picture is turned is never told by it there.
AVIF_EXIF = re.compile(rb"(infe[\x02\x03].{7}(?:..)?)Exif", re.DOTALL)


def bearable(file: IO[bytes]) -> IO[bytes]:
    """Return a picture as it may be decoded: itself, at its beginning, or a copy in memory without its notes.

    Raises:
        AssetRefused: It is to be decoded in very many passes, or is in very many pieces.
    """
    start = file.read(12)
    file.seek(0)
    for what, made in BEARABLE.items():
        if start.startswith(what) or start[4:].startswith(what):
            return made(file)
    return file


def bearable_jpeg(file: IO[bytes]) -> IO[bytes]:
    """Return a JPEG, without its notes where they are many, large, or claim more than they hold."""
    data, at, scans = beginning(file), 2, 0
    notes: list[tuple[int, int]] = []
    pieces: list[bytes] = []
    further = b""
    between: list[tuple[int, int]] = []
    every = beside = exif = 0
    stop = at
    while found := MARKER.search(data, at):
        kind, at = data[found.start() + 1], found.end()
        if kind == END:
            if scans:
                break
            continue  # Pillow goes on until there are pixels
        every += 1
        if not scans and found.start() > stop:
            between.append((stop, found.start()))
        length = int.from_bytes(data[at : at + 2], "big")
        if kind in NOTES:
            beside += 1
            start = notes.pop()[0] if notes and notes[-1][1] == found.start() else found.start()
            notes.append((start, at + length))
            if kind == EXIF and data.startswith(EXIF_START, at + 2) and (exif := exif + length) <= MOST_EXIF:
                pieces.append(data[at + 2 + len(EXIF_START) : at + length])
            elif data.startswith(FURTHER_START, at + 2):
                further = data[at + 2 + len(FURTHER_START) : at + length]
        scans += kind == SCAN
        if scans > MOST_SCANS or every > MOST_PARTS:
            much = f"to be decoded in more than {MOST_SCANS} passes" if scans > MOST_SCANS else IN_PARTS
            raise trap(much)
        at = stop = at + length
    between += [] if scans else [(stop, len(data))]
    junk = between if sum(end - start for start, end in between) > MOST_BETWEEN else []
    few = beside <= MOST_NOTES and len(pieces) <= MOST_EXIF_PARTS and exif <= MOST_EXIF
    if few and not note_overfull(b"".join(pieces)) and not note_overfull(further):
        return without(data, junk) if junk else file
    return without(data, sorted(notes + junk))


def bearable_png(file: IO[bytes]) -> IO[bytes]:
    """Return a PNG, without its notes and what is empty where its chunks are very many."""
    size = file.seek(0, os.SEEK_END)
    at, every, kept = len(PNG), 0, 0
    left_out: list[tuple[int, int]] = []
    kind = b""
    while at < size and kind != PNG_END:
        file.seek(at)
        head = file.read(CHUNK.size)
        if len(head) < CHUNK.size:
            break
        length, kind = CHUNK.unpack(head)
        stop, every = at + CHUNK.size + length + CHECKSUM, every + 1
        if every > MOST_PARTS:
            raise trap(IN_PARTS)
        if kind in PIXELS and (length or kind == PNG_END):
            kept += 1
        elif left_out and left_out[-1][1] == at:
            left_out[-1] = (left_out[-1][0], stop)
        else:
            left_out.append((at, stop))
        at = stop
    if kept > MOST_CHUNKS and size < kept * LEAST_CHUNK:
        raise trap(f"in {kept:,} very small parts")
    file.seek(0)
    if every <= MOST_CHUNKS or not left_out:
        return file
    data = file.read(min(size, at))
    file.seek(0)
    return without(data, left_out)


def trap(much: str) -> AssetRefused:
    """Return the exception for a picture that takes long, and was made to."""
    return AssetRefused(f"the picture is {much}, which may be a trap; it was not kept", final=True)


def beginning(file: IO[bytes]) -> bytes:
    """Return as much of a file as is looked through; asked for more than there is, reading makes room for all of that."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    data = file.read(min(size, LARGEST))
    file.seek(0)
    return data


def without(data: bytes, notes: list[tuple[int, int]]) -> IO[bytes]:
    """Return a copy in memory without some parts, each from where to where."""
    kept, before = io.BytesIO(), 0
    for start, stop in notes:
        kept.write(data[before:start])
        before = max(before, stop)
    kept.write(data[before:])
    kept.seek(0)
    return kept


def bearable_gif(file: IO[bytes]) -> IO[bytes]:
    """Return a GIF, without its comments where they are large, and without what follows very many blocks."""
    data = beginning(file)
    if data.count(GIF_COMMENT) == 0 or len(data) < MOST_COMMENT:
        return file
    at, end = 13 + colours(data[10:11]), len(data)
    notes: list[tuple[int, int]] = []
    comment = blocks = 0
    while at < end and data[at] != GIF_END and blocks < MOST_BLOCKS:
        start, kind, blocks = at, data[at], blocks + 1
        if kind not in GIF_PARTS:  # what stands between parts is passed over
            at += 1
            continue
        at += 2 if kind == GIF_EXTENSION else 11 + colours(data[at + 9 : at + 10])
        while at < end and data[at] and blocks < MOST_BLOCKS:
            at, blocks = at + data[at] + 1, blocks + 1
        at += 1
        if data.startswith(GIF_COMMENT, start):
            notes.append((start, at))
            comment += at - start
    if blocks >= MOST_BLOCKS:
        if comment > MOST_COMMENT:
            raise trap(f"in more than {MOST_BLOCKS:,} parts")
        return without(data[:at], notes)
    return file if comment <= MOST_COMMENT else without(data, notes)


def colours(flags: bytes) -> int:
    """Return how many bytes a table of colours takes, by the byte that tells of it."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def bearable_avif(file: IO[bytes]) -> IO[bytes]:
    """Return an AVIF without EXIF, which Pillow reads as soon as it opens one."""
    data = file.read()  # as Pillow does
    file.seek(0)
    return io.BytesIO(AVIF_EXIF.sub(rb"\1free", data)) if AVIF_EXIF.search(data) else file


BEARABLE: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\xff\xd8\xff": bearable_jpeg,
    PNG: bearable_png,
    **dict.fromkeys(GIFS, bearable_gif),
    **dict.fromkeys((b"ftypavi", b"ftypmif1", b"ftypmsf1"), bearable_avif),
}
