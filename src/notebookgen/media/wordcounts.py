"""How many notes a clip or a sound says of itself: titles, comments, lists of places.

FFmpeg compares each note with all before it as soon as it opens the file: a hundred thousand of them, in a megabyte or
two, take it minutes. ID3: https://id3.org/id3v2.4.0-structure, Vorbis comments: https://xiph.org/vorbis/doc/v-comment.html
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

__all__ = ["COUNTED_BY", "MOST_NOTES", "MOST_WORDS", "TOO_MANY"]

MOST_WORDS = 4 * 2**20  # bytes of a Matroska file's lists, which take up to forty times that in memory
MOST_NOTES = 5_000  # a third of a second; people write a few dozens
TOO_MANY = f"it has more than {MOST_NOTES:,} notes"
BLOCK = 2**20
REACH = 16  # bytes around a name that are read with it
MOST_SECONDS = 5.0  # of counting
MOST_PAGES = 64 * 2**20  # bytes of an Ogg in which its notes may stand
FIRST, LEAST = 64, 500  # packets that may be notes, and bytes of a later one that may be
# Cues, Tags, Chapters (https://www.rfc-editor.org/rfc/rfc9559): what is read as a whole, wherever it stands.
LISTS = re.compile(rb"\x1c\x53\xbb\x6b|\x12\x54\xc3\x67|\x10\x43\xa7\x70")
LISTED = re.compile(rb"\x67\xc8|\x73\xc4")  # a note, and the number that a chapter has
ID3 = re.compile(rb"T[A-Z0-9]{2}|COM|ULT|USLT|PRIV|CHAP")  # what becomes a note, or a chapter
INFO = re.compile(rb"LIST")
APE = b"APETAGEX"
BY_CHANCE = 10_000  # bytes of sound among which one reads like the name of a note


class Slow(Exception):
    """Counting takes too long."""


class Watch:
    """Sees that counting ends."""

    def __init__(self) -> None:
        self.until = time.monotonic() + MOST_SECONDS

    def look(self) -> None:
        """Look at the clock.

        Raises:
            Slow: It takes too long.
        """
        if time.monotonic() > self.until:
            raise Slow


def found(file: IO[bytes], names: re.Pattern[bytes], size: int, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield where a name of a few bytes stands, and it with the sixteen bytes behind it."""
    watch = Watch()
    for at in range(start, size, BLOCK):
        file.seek(at)
        data = file.read(min(BLOCK + REACH + 3, size - at))
        for one in names.finditer(data, 0, BLOCK + 3):
            watch.look()
            yield at + one.start(), data[one.start() : one.end() + REACH]


def lists_overfull(file: IO[bytes], size: int) -> str:
    """Add up the lists of a Matroska file, and the notes and chapters in them."""
    total = notes = 0
    for at, around in found(file, LISTS, size):
        length = min(length_of(around[4:]), size - at)
        total += length
        if total > MOST_WORDS:
            return f"its lists of places and words are larger than {MOST_WORDS // 2**20} MB"
        file.seek(at)
        notes += len(LISTED.findall(file.read(REACH + length)))
        if notes > MOST_NOTES:
            return TOO_MANY
    return ""


def length_of(data: bytes) -> int:
    """Return the length that an EBML element says; one that says none has no end."""
    if not data or not data[0]:
        return 0
    width = 9 - data[0].bit_length()
    value = int.from_bytes(data[:width], "big") & ((1 << 7 * width) - 1)
    return 2**62 if value == (1 << 7 * width) - 1 else value


def behind_id3(file: IO[bytes]) -> int:
    """Return where the ID3 notes at the beginning end; several may follow each other."""
    at, watch = 0, Watch()
    while True:
        watch.look()
        file.seek(at)
        head = file.read(10)
        if len(head) < 10 or not head.startswith(b"ID3"):
            return at
        at += 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        at += 10 if head[5] & 0x10 else 0


def id3_overfull(file: IO[bytes], size: int) -> str:
    """Count the notes before a sound."""
    most = MOST_NOTES
    for number, _ in enumerate(found(file, ID3, min(size, behind_id3(file)))):
        if number >= most:
            return TOO_MANY
    return ""


def aac_overfull(file: IO[bytes], size: int) -> str:
    """Count the notes of a sound that may stand anywhere in it, and those at its end."""
    file.seek(max(0, size - 32))
    end = file.read(32)
    if end.startswith(APE) and int.from_bytes(end[16:20], "little") > MOST_NOTES:
        return TOO_MANY
    for number, _ in enumerate(found(file, ID3, size)):
        if number >= MOST_NOTES + size // BY_CHANCE:
            return TOO_MANY
    return ""


def flac_overfull(file: IO[bytes], size: int) -> str:
    """Count the notes before a FLAC and those in its blocks."""
    if id3_overfull(file, size):
        return TOO_MANY
    at, notes, last, watch = behind_id3(file) + 4, 0, False, Watch()
    while at < size and not last:
        watch.look()
        file.seek(at)
        head = file.read(4)
        last, kind, length = bool(head[:1] >= b"\x80"), head[:1], int.from_bytes(head[1:], "big")
        if kind in {b"\x04", b"\x84"}:
            notes += comments(file.read(length), 0, MOST_NOTES)
        if notes > MOST_NOTES:
            return TOO_MANY
        at += 4 + length
    return ""


def comments(data: bytes, at: int, most: int) -> int:
    """Return how many Vorbis comments stand at a place, or one more than that many."""
    at += 4 + int.from_bytes(data[at : at + 4], "little")
    left, seen = int.from_bytes(data[at : at + 4], "little"), 0
    at += 4
    while seen < left and seen <= most and at + 4 <= len(data):
        at += 4 + int.from_bytes(data[at : at + 4], "little")
        seen += 1
    return seen if at <= len(data) else max(0, seen - 1)


def ogg_overfull(file: IO[bytes], size: int) -> str:
    """Count the notes of an Ogg: where they stand in a packet is another place with each codec."""
    notes = 0
    numbers: dict[bytes, int] = {}
    file.seek(0)
    for stream, packet in packets(file.read(min(size, MOST_PAGES))):
        numbers[stream] = numbers.get(stream, 0) + 1
        if numbers[stream] <= FIRST or len(packet) >= LEAST:
            notes += max(comments(packet, at, MOST_NOTES) for at in (0, 4, 7, 8))
        if notes > MOST_NOTES:
            return TOO_MANY
    return ""


def packets(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the packets of an Ogg, each with its stream's number; also those that were not ended."""
    open_ones: dict[bytes, bytearray] = {}
    at, watch = data.find(b"OggS"), Watch()
    while at >= 0:
        watch.look()
        stream, count = data[at + 14 : at + 18], data[at + 26] if at + 26 < len(data) else 0
        start = at + 27 + count
        packet = open_ones.setdefault(stream, bytearray())
        for length in data[at + 27 : start]:
            packet += data[start : start + length]
            start += length
            if length < 255:
                yield stream, bytes(packet)
                packet.clear()
        at = data.find(b"OggS", start)
    yield from ((stream, bytes(packet)) for stream, packet in open_ones.items())


def wav_overfull(file: IO[bytes], size: int) -> str:
    """Count the notes of a WAV."""
    notes = 0
    for start, around in list_starts(file, size):
        at, stop = start + 12, min(size, start + 8 + int.from_bytes(around[4:8], "little"))
        while at + 8 <= stop and notes <= MOST_NOTES:
            file.seek(at + 4)
            length = int.from_bytes(file.read(4), "little")
            at, notes = at + 8 + length + length % 2, notes + 1
        if notes > MOST_NOTES:
            return TOO_MANY
    return ""


def list_starts(file: IO[bytes], size: int) -> Iterator[tuple[int, bytes]]:
    """Yield where a WAV may have a list of notes, and how that begins."""
    return ((at, around) for at, around in found(file, INFO, size) if around[8:12] == b"INFO")


def in_time(count: Callable[[IO[bytes], int], str]) -> Callable[[IO[bytes], int], str]:
    """Return what counts, and gives up where that takes too long."""

    def counted(file: IO[bytes], size: int) -> str:
        try:
            return count(file, size)
        except Slow:
            return f"it takes more than {MOST_SECONDS:.0f} seconds to count what it says of itself"

    return counted


COUNTED_BY: dict[str, Callable[[IO[bytes], int], str]] = {
    "webm": in_time(lists_overfull),
    "matroska": in_time(lists_overfull),
    "mp3": in_time(id3_overfull),
    "aac": in_time(aac_overfull),
    "flac": in_time(flac_overfull),
    "ogg": in_time(ogg_overfull),
    "wav": in_time(wav_overfull),
}
