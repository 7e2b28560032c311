"""The segments of a JPEG, looked through before Pillow sees them: its passes are counted, and what is no picture is left out.

Pillow joins the pieces of an EXIF note one by one, copying all of it each time, and lists every segment; a file of a few
megabytes may hold hundreds of thousands.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from notebookgen.errors import AssetRefused

if TYPE_CHECKING:
    from typing import IO

__all__ = ["MOST_SCANS", "bearable"]

LARGEST = 256 * 2**20  # bytes that are looked through
# Each pass of a JPEG goes through all pixels and may be 200 bytes long; writers make about ten.
MOST_SCANS = 100
MOST_PARTS = 1_000_000
MOST_NOTES = 1_000  # EXIF is one, an ICC profile and a depth map a few dozens
MOST_EXIF = 2**20  # bytes; a segment holds 64 kB, and writers make one
MOST_EXIF_PARTS = 64
MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
END, SCAN = 0xD9, 0xDA
EXIF, COMMENT, ADOBE = 0xE1, 0xFE, 0xEE
NOTES = frozenset({*range(0xE1, 0xF0), COMMENT}) - {ADOBE}  # JFIF and Adobe's say how colours are meant


def bearable(file: IO[bytes]) -> IO[bytes]:
    """Return a JPEG as it may be decoded: itself, at its beginning, or a copy in memory without its notes.

    Raises:
        AssetRefused: It is to be decoded in very many passes, or is in very many pieces.
    """
    data, at, scans = file.read(LARGEST), 2, 0
    file.seek(0)
    notes: list[tuple[int, int]] = []
    every = beside = parts = exif = 0
    while found := MARKER.search(data, at):
        kind, at = data[found.start() + 1], found.end()
        if kind == END:
            break
        every += 1
        if every > MOST_PARTS:
            message = f"the picture is in more than {MOST_PARTS:,} parts, which may be a trap; it was not kept"
            raise AssetRefused(message, final=True)
        length = int.from_bytes(data[at : at + 2], "big")
        if kind in NOTES:
            beside += 1
            start = notes.pop()[0] if notes and notes[-1][1] == found.start() else found.start()
            notes.append((start, at + length))
            if kind == EXIF and data.startswith(b"Exif\0\0", at + 2):
                parts, exif = parts + 1, exif + length
        scans += kind == SCAN
        if scans > MOST_SCANS:
            message = (
                f"the picture is to be decoded in more than {MOST_SCANS} passes, which may be a trap; it was not kept"
            )
            raise AssetRefused(message, final=True)
        at += length
    if beside <= MOST_NOTES and parts <= MOST_EXIF_PARTS and exif <= MOST_EXIF:
        return file
    kept, before = io.BytesIO(), 0
    for start, stop in notes:
        kept.write(data[before:start])
        before = max(before, stop)
    kept.write(data[before:])
    kept.seek(0)
    return kept
