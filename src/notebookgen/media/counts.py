"""How much a clip says it holds, counted in its bytes before a decoder makes room for it.

A table of a few bytes may stand for thousands of millions of frames, for each of which FFmpeg takes memory as soon as
it opens the file. Its readers find tables in odd places too, so they are looked for wherever they might stand, and not
only where they belong.
"""

from __future__ import annotations

import os
import re
import struct
from typing import TYPE_CHECKING, NamedTuple

from notebookgen.errors import AssetRefused
from notebookgen.media.boxes import top_boxes
from notebookgen.media.stamping_notes import NoRoom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

__all__ = ["MOST_FRAME", "MOST_SAMPLES", "overfull"]

MOST_SAMPLES = 6_000_000  # frames and pieces of sound: a day of film; FFmpeg takes about 36 bytes for each
MOST_FRAME = 40_000_000  # pixels of a frame that is decoded: 8K is 35; a decoder keeps up to sixteen at once
MOST_TABLES = 64 * 2**20  # bytes beside the frames that are looked through
MOST_WORDS = 4 * 2**20  # bytes of a Matroska file's lists, which take up to forty times that in memory
SOUND_BLOCK = 160  # samples of plain sound that FFmpeg counts as one, at the least
BLOCK = 2**20
REACH = 16  # bytes around a name that are read with it

NAMES = re.compile(rb"stsz|stz2|trun|elst|stts|stsc|stco|co64|cmov")
FRAMES = frozenset({b"mdat"})  # what holds no tables: its readers pass over it
# Cues, Tags, Chapters (https://www.rfc-editor.org/rfc/rfc9559): what is read as a whole, wherever it stands.
LISTS = re.compile(rb"\x1c\x53\xbb\x6b|\x12\x54\xc3\x67|\x10\x43\xa7\x70")


class Table(NamedTuple):
    """A table of an ISO media file.

    Attributes:
        kind: Its four letters.
        at: Where they stand.
        body: The bytes behind them.
        sound: Whether its head is as it should be: words that only look like one are none.
    """

    kind: bytes
    at: int
    body: bytes
    sound: bool


def overfull(file: IO[bytes], demuxer: str) -> str:
    """Return why a clip is not opened, in a few words; empty where it may be. The file is at its beginning again.

    Args:
        file: The clip.
        demuxer: FFmpeg's name of its container.

    Raises:
        AssetRefused: It says that it holds more than its bytes can.
    """
    count = COUNTED_BY.get(demuxer)
    if count is None:
        return ""
    size = file.seek(0, os.SEEK_END)
    try:
        return count(file, size)
    finally:
        file.seek(0)


def boxes_overfull(file: IO[bytes], size: int) -> str:
    """Count what the tables of an ISO media file stand for."""
    samples, edits, chunks, most_in_chunk, plain_sound = 0, 1, 0, 0, False
    spans = beside_frames(file, size)
    if sum(stop - start for start, stop in spans) > MOST_TABLES:
        return f"its tables are larger than {MOST_TABLES // 2**20} MB"
    for one in tables(file, spans, size):
        _, second, third = struct.unpack_from(">III", one.body)
        if one.kind == b"cmov":
            return "its tables are packed"
        if one.kind in {b"stsz", b"stz2", b"trun"}:
            counted = second if one.kind == b"trun" else third
            samples += counted
            if counted > size and one.sound:
                message = f"the clip is damaged: it says that it holds {counted:,} frames, in {size:,} bytes"
                raise AssetRefused(message, final=True)
        elif one.kind == b"elst":
            edits = max(edits, second)
        elif one.kind == b"stts":
            plain_sound |= second == 1 and one.body[12:16] == b"\0\0\0\1"
        elif one.kind == b"stsc":
            most_in_chunk = max(most_in_chunk, largest_chunk(file, one.at + 12, min(second, (size - one.at) // 12)))
        else:
            chunks += second
    counted = samples * edits + (chunks * most_in_chunk // SOUND_BLOCK if plain_sound else 0)
    return f"it says that it holds more than {MOST_SAMPLES:,} frames" if counted > MOST_SAMPLES else ""


def beside_frames(file: IO[bytes], size: int) -> list[tuple[int, int]]:
    """Return the parts of an ISO media file that may hold tables: all but its frames; what is odd counts as one."""
    file.seek(0)
    try:
        found = top_boxes(file, size)
    except NoRoom:
        return [(0, size)]
    return [(one.start, one.stop) for one in found if one.kind not in FRAMES]


def tables(file: IO[bytes], spans: list[tuple[int, int]], size: int) -> Iterator[Table]:
    """Yield whatever is named like a table."""
    for at, around in found(file, spans, NAMES):
        length, kind, body = int.from_bytes(around[:4], "big"), around[4:8], around[8:].ljust(REACH, b"\0")
        yield Table(kind, at, body, 8 <= length <= size - at + 4 and body[0] == 0)


def found(file: IO[bytes], spans: list[tuple[int, int]], names: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield where a name stands, and the bytes around it: four before it, it, and sixteen behind."""
    for start, stop in spans:
        at, kept = start, b"\0" * 4
        while at < stop:
            file.seek(at)
            data = kept + file.read(min(BLOCK, stop - at) + REACH + 3)
            end = min(BLOCK, stop - at)
            for one in names.finditer(data, 4):
                if one.start() - 4 >= end:
                    break
                place = at + one.start() - 4
                yield place, data[one.start() - 4 : one.end() + REACH]
            at += end
            kept = data[end : end + 4]


def largest_chunk(file: IO[bytes], at: int, entries: int) -> int:
    """Return how many samples the largest chunk of a table holds."""
    file.seek(at)
    data = file.read(12 * entries)
    return max((one[1] for one in struct.iter_unpack(">III", data[: len(data) // 12 * 12])), default=0)


def lists_overfull(file: IO[bytes], size: int) -> str:
    """Add up the lists of a Matroska file."""
    total = 0
    for at, around in found(file, [(0, size)], LISTS):
        total += min(length_of(around[8:]), size - at)
        if total > MOST_WORDS:
            return f"its lists of places and words are larger than {MOST_WORDS // 2**20} MB"
    return ""


def length_of(data: bytes) -> int:
    """Return the length that an EBML element says; one that says none has no end."""
    if not data or not data[0]:
        return 0
    width = 9 - data[0].bit_length()
    value = int.from_bytes(data[:width], "big") & ((1 << 7 * width) - 1)
    return 2**62 if value == (1 << 7 * width) - 1 else value


COUNTED_BY: dict[str, Callable[[IO[bytes], int], str]] = {
    "mp4": boxes_overfull,
    "mov": boxes_overfull,
    "webm": lists_overfull,
    "matroska": lists_overfull,
}
