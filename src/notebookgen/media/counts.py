"""How much a clip says it holds, counted in its bytes before a decoder makes room for it.

A table of a few bytes may stand for thousands of millions of frames, for each of which FFmpeg takes memory as soon as
it opens the file. The boxes of an ISO media file are gone through as FFmpeg goes through them, crooked ones too: what
it reads as a table is counted, and words that only read like one are not.
"""

from __future__ import annotations

import os
import re
import struct
import sys
import time
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from notebookgen.errors import AssetRefused
from notebookgen.media import wordcounts
from notebookgen.media.wordcounts import MOST_NOTES, TOO_MANY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

__all__ = ["MOST_FRAME", "MOST_SAMPLES", "overfull"]

MOST_SAMPLES = 6_000_000  # frames and pieces of sound: a day of film; FFmpeg takes about 36 bytes for each
MOST_FRAME = 40_000_000  # pixels of a frame that is decoded: 8K is 35; a decoder keeps up to sixteen at once
MOST_TABLES = 64 * 2**20  # bytes beside the frames that are looked through
MOST_BOXES = 200_000  # a film of seven hours in pieces of a second has so many
MOST_FORMS = 2**20  # bytes that say how frames are packed
MOST_SECONDS = 5.0  # of counting
MOST_DEEP = 12  # boxes in boxes: FFmpeg gives up earlier
SOUND_BLOCK = 160  # samples of plain sound that FFmpeg counts as one, at the least
BLOCK = 2**20
ELSEWHERE = "its tables are not where they belong"
LED_ELSEWHERE = "its index leads elsewhere"
MOST_LISTED = 20_000  # entries of lists for each of which there is room made, be it there or not
MOST_PIECES = 1_000_000  # of all tracks: for each piece of a film in pieces there is a place for every track
ANEVIA = b"Anevia\x1a\x1a"  # says of a stream that it has an index at its end: of all others, that is not read

# What holds boxes that FFmpeg reads wherever they stand, and what it passes over.
HOLDERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"dinf", b"edts", b"mvex", b"stbl", b"moof", b"traf", b"tref"})
HOLDERS |= {b"udta", b"meta", b"ilst", b"sinf", b"schi"}
PASSED = frozenset({b"mdat", b"free", b"skip"})
NOTED = frozenset({b"udta", b"ilst"})  # of which each box is a note
# These have boxes behind words of many forms: there is no table in any of them.
FORMS = frozenset({b"stsd", b"wave", b"iprp"})
NAMES = re.compile(
    rb"stsz|stz2|trun|elst|stts|stsc|stco|co64|cmov|trak|moov|sidx|sgpd|iinf|iloc|keys|udta|ilst|HMMT|Anevia"
)
PICTURE_FORM = 8 + 86  # bytes of a list of one picture form before its boxes; a name that a person gave is among them
# Sound of which every sample stands in the table, which FFmpeg takes in blocks all the same.
PLAIN = frozenset({b"sowt", b"twos", b"raw ", b"NONE", b"in24", b"in32", b"fl32", b"fl64", b"lpcm", b"ipcm", b"fpcm"})
PLAIN |= {b"ulaw", b"alaw", b"ima4", b"MAC3", b"MAC6"}
MEDIA = frozenset({b"soun", b"vide", b"subp", b"clcp", b"m1a "})  # what a handler says a track is


class Unopened(Exception):
    """Why a clip is not opened."""


class Part(NamedTuple):
    """A box as FFmpeg sees it.

    Attributes:
        kind: Its four letters.
        start: Where it begins.
        inner: Where what it holds begins.
        stop: Where it ends, or what it stands in.
        fits: Whether it is no longer than that.
    """

    kind: bytes
    start: int
    inner: int
    stop: int
    fits: bool


@dataclass(slots=True)
class Track:
    """What the tables of a track say, or those that stand in none.

    Attributes:
        samples: How many samples there are.
        most: The largest number of them in one table that is made as it should be.
        chunks: How many chunks there are.
        spans: Where how many are in a chunk is said, and in how many entries.
        times: Of each table of times, whether each sample takes one tick.
        handlers: What reads it.
        forms: How it is packed.
        shifted: Whether samples are shown at other times than they are read at.
    """

    samples: int = 0
    most: int = 0
    chunks: int = 0
    spans: list[tuple[int, int]] = field(default_factory=list)
    times: list[bool] = field(default_factory=list)
    handlers: set[bytes] = field(default_factory=set)
    forms: list[bytes] = field(default_factory=list)
    shifted: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether FFmpeg takes it in blocks, for sure."""
        heard = self.handlers & MEDIA == {b"soun"}
        packed = len(self.forms) == 1 and self.forms[0] in PLAIN
        return heard and packed and self.times == [True] and not self.shifted


class Walk:
    """Goes through an ISO media file, and adds up.

    Args:
        file: It.
        size: How long it is.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file, self.size = file, size
        self.tracks, self.edits, self.boxes, self.beside = [Track()], 1, 0, 0
        self.notes = self.listed = self.pieces = 0
        self.starts, self.leads = set[int](), set[int]()  # of boxes, and where an index leads
        self.sound = True  # whether what is read stands in the file whole
        self.each = Track()  # samples of any track for each of which there is room, whatever the track is
        self.until = time.monotonic() + MOST_SECONDS

    def all(self) -> None:
        """Go through the file; where it has no ``moov``, FFmpeg looks for one in what is free."""
        kinds = [self.top(one) for one in self.parts(0, self.size)]
        if b"moov" not in kinds:
            for one in self.parts(0, self.size):
                if one.kind == b"free" and self.hides_moov(one):
                    self.within(one, 1)
        # FFmpeg follows an index of pieces, and reads there whatever it finds.
        if self.leads and not (self.sound and {at for at in self.leads if at < self.size} <= self.starts):
            raise Unopened(LED_ELSEWHERE)
        if self.pieces * len(self.tracks) > MOST_PIECES:
            raise Unopened(f"it has more than {MOST_PIECES:,} pieces")

    def top(self, one: Part) -> bytes:
        """Go through a box that stands in none, and return its kind."""
        self.starts.add(one.start)
        self.pieces += one.kind == b"moof"
        if one.kind not in PASSED:
            self.sound &= one.fits
            self.within(one, 1)
        return b"moov" if one.kind == b"hoov" and self.hides_moov(one) else one.kind

    def hides_moov(self, one: Part) -> bool:
        """Whether a box is a ``moov`` under another name."""
        return self.read(one.inner + 4, 4) in {b"mvhd", b"cmov"}

    def within(self, one: Part, deep: int) -> None:
        """Go through the boxes in one that holds some; count one that is a table.

        Raises:
            Unopened: There is too much.
        """
        kind = b"moov" if one.kind in {b"free", b"hoov"} and self.hides_moov(one) else one.kind
        self.bearable(kind, one, deep)
        if kind == b"trak":
            self.tracks.append(Track())
        if kind in FORMS:
            self.form(one)
        elif kind in READ_BY:
            READ_BY[kind](self, one, self.read(one.inner, 20).ljust(20, b"\0"))
        elif kind in HOLDERS and deep < MOST_DEEP:
            for part in self.parts(self.behind_words(one) if kind == b"meta" else one.inner, one.stop):
                self.notes += kind in NOTED
                if self.notes > MOST_NOTES:
                    raise Unopened(TOO_MANY)
                self.within(part, deep + 1)

    def bearable(self, kind: bytes, one: Part, deep: int) -> None:
        """Make sure that a box may be read, and is where it may be.

        Raises:
            Unopened: It is not, or there is too much.
        """
        self.beside += one.stop - one.start if deep == 1 else 0
        if self.beside > MOST_TABLES:
            raise Unopened(f"its tables are larger than {MOST_TABLES // 2**20} MB")
        if kind == b"cmov":
            raise Unopened("its tables are packed")
        if deep > {b"moov": 1, b"trak": 2}.get(kind, MOST_DEEP):
            raise Unopened(ELSEWHERE)

    def parts(self, start: int, stop: int) -> Iterator[Part]:
        """Yield the boxes between two places, as far as FFmpeg reads them.

        Raises:
            Unopened: There are too many.
        """
        at = start
        while at + 8 <= stop:
            self.boxes += 1
            if self.boxes > MOST_BOXES:
                raise Unopened(f"it has more than {MOST_BOXES:,} parts")
            self.in_time()
            head = self.read(at, 16)
            (length, kind), inner = struct.unpack(">I4s", head[:8]), at + 8
            if length == 1 and at + 16 <= stop:
                length, inner = int.from_bytes(head[8:16], "big", signed=True) - 8, at + 16
            rest = stop - inner if length == 0 else length - 8
            if rest < 0:
                return
            end = min(inner + rest, stop)
            if kind == b"free" and self.read(inner, 8) == ANEVIA:
                raise Unopened(LED_ELSEWHERE)
            yield Part(kind, at, inner, end, inner + rest <= stop)
            at = end

    def in_time(self) -> None:
        """Make sure that counting ends.

        Raises:
            Unopened: It takes too long.
        """
        if time.monotonic() > self.until:
            raise Unopened(f"it takes more than {MOST_SECONDS:.0f} seconds to count what it holds")

    def read(self, at: int, length: int) -> bytes:
        """Return some bytes."""
        self.file.seek(at)
        return self.file.read(length)

    def behind_words(self, one: Part) -> int:
        """Return where the boxes of a ``meta`` begin: FFmpeg looks for the first, every four bytes."""
        for start in range(one.inner, one.stop, BLOCK):
            data = self.read(start, min(BLOCK, one.stop - start))
            at = data.find(b"hdlr")
            while at % 4 and at >= 0:
                self.in_time()
                at = data.find(b"hdlr", at + 1)
            if at >= 0:
                return start + at - 4
        return one.stop

    def form(self, one: Part) -> None:
        """Note how a track is packed.

        Raises:
            Unopened: There may be tables in what says it.
        """
        if one.stop - one.inner > MOST_FORMS:
            raise Unopened(ELSEWHERE)
        data, track = self.read(one.inner, one.stop - one.inner), self.tracks[-1]
        pictures = one.kind == b"stsd" and track.handlers & MEDIA == {b"vide"}
        if NAMES.search(data, PICTURE_FORM if pictures else 0):
            raise Unopened(ELSEWHERE)
        if one.kind == b"stsd":
            track.forms.append(data[12:16] if data[4:8] == b"\0\0\0\1" else b"")

    def handler(self, _: Part, body: bytes) -> None:
        """Note what reads a track."""
        self.tracks[-1].handlers.add(body[8:12])

    def sizes(self, one: Part, body: bytes) -> None:
        """Count samples."""
        constant = one.kind == b"stsz" and body[4:8] != b"\0\0\0\0"
        track = self.tracks[-1] if constant else self.each
        counted = int.from_bytes(body[4:8] if one.kind == b"trun" else body[8:12], "big")
        track.samples += counted
        if one.fits and body[0] <= 1:
            track.most = max(track.most, counted)

    def edit(self, _: Part, body: bytes) -> None:
        """Count how often samples are shown."""
        self.edits = max(self.edits, int.from_bytes(body[4:8], "big"))

    def entries(self, one: Part, body: bytes) -> None:
        """Count the entries that a list says it has.

        Raises:
            Unopened: There are too many.
        """
        # Behind how many bytes the number stands, and how long it is.
        groups = 8 + 4 * min(body[0], 2)
        at = {b"HMMT": 0, b"iloc": 6, b"sgpd": groups}.get(one.kind, 4)
        width = 2 if body[0] < {b"iinf": 1, b"iloc": 2}.get(one.kind, 0) else 4
        if one.kind != b"sgpd" or body[4:8] == b"sync":
            self.listed += int.from_bytes(body[at : at + width], "big")
        if self.listed > MOST_LISTED:
            raise Unopened(f"its lists say that they hold more than {MOST_LISTED:,} entries")

    def index(self, one: Part, body: bytes) -> None:
        """Note where an index leads: to each piece behind it, by the lengths of those before."""
        width = 4 if body[0] == 0 else 8
        begun = one.inner + 12 + width
        at = one.stop + int.from_bytes(self.read(begun, width), "big")
        entries = self.read(begun + width + 4, 12 * int.from_bytes(self.read(begun + width + 2, 2), "big"))
        for entry in range(0, len(entries), 12):
            self.leads.add(at)
            at += int.from_bytes(entries[entry : entry + 4], "big") & 0x7FFFFFFF

    def timing(self, _: Part, body: bytes) -> None:
        """Note whether each sample takes one tick."""
        self.tracks[-1].times.append(body[4:8] == b"\0\0\0\1" == body[12:16])

    def shift(self, _: Part, __: bytes) -> None:
        """Note that samples are shown at times of their own."""
        self.tracks[-1].shifted = True

    def chunk(self, _: Part, body: bytes) -> None:
        """Count chunks."""
        self.tracks[-1].chunks += int.from_bytes(body[4:8], "big")

    def chunked(self, one: Part, body: bytes) -> None:
        """Note where how many samples are in a chunk is said."""
        entries = min(int.from_bytes(body[4:8], "big"), max(0, one.stop - one.inner - 8) // 12)
        self.tracks[-1].spans.append((one.inner + 8, entries))

    def counted(self) -> int:
        """Return how many pieces FFmpeg makes room for.

        Raises:
            AssetRefused: A table says that there are more frames than bytes.
        """
        samples = blocks = 0
        for track in [self.each, *self.tracks]:
            if not track.is_plain:
                samples += track.samples
                if track.most > self.size:
                    message = (
                        f"the clip is damaged: it says that it holds {track.most:,} frames, in {self.size:,} bytes"
                    )
                    raise AssetRefused(message, final=True)
            if any(track.times):
                largest = max((self.largest(at, entries) for at, entries in track.spans), default=0)
                blocks += track.chunks + track.chunks * largest // SOUND_BLOCK
        return samples * self.edits + blocks

    def largest(self, at: int, entries: int) -> int:
        """Return how many samples the largest chunk of a table holds."""
        most = 0
        for start in range(at, at + 12 * entries, 12 * (BLOCK // 12)):
            data = self.read(start, min(12 * (BLOCK // 12), at + 12 * entries - start))
            numbers = array("I", data[: len(data) // 12 * 12])
            if sys.byteorder == "little":
                numbers.byteswap()
            most = max(most, max(numbers[1::3], default=0))
        return most


READ_BY: dict[bytes, Callable[[Walk, Part, bytes], None]] = {
    b"stsz": Walk.sizes,
    b"stz2": Walk.sizes,
    b"trun": Walk.sizes,
    b"elst": Walk.edit,
    b"stts": Walk.timing,
    b"ctts": Walk.shift,
    b"stsc": Walk.chunked,
    b"stco": Walk.chunk,
    b"co64": Walk.chunk,
    b"hdlr": Walk.handler,
    b"sidx": Walk.index,
    **dict.fromkeys((b"iinf", b"iloc", b"keys", b"sgpd", b"HMMT"), Walk.entries),
}


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
    walk = Walk(file, size)
    try:
        walk.all()
    except Unopened as unopened:
        return str(unopened)
    return f"it says that it holds more than {MOST_SAMPLES:,} frames" if walk.counted() > MOST_SAMPLES else ""


COUNTED_BY: dict[str, Callable[[IO[bytes], int], str]] = {
    **wordcounts.COUNTED_BY,
    "mp4": boxes_overfull,
    "mov": boxes_overfull,
}
