"""The directories of a TIFF and of EXIF, which is one: what their entries claim to hold, added up before Pillow reads it.

Each entry names where its value stands, and nothing keeps two hundred of them from naming the same four megabytes.
https://www.loc.gov/preservation/digital/formats/content/tiff_tags.shtml
"""

from __future__ import annotations

import io
import os
import struct
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Claim", "claim", "note_overfull"]

EXIF = b"Exif\0\0"
MOST_STARTS = 2  # what stands before a note is at times written twice; each more is another copy of all of it
SPARE = 64 * 2**10  # bytes: small values may be shared, as two resolutions are
MOST_TAGS = 10_000  # of one directory; a raw photograph has some hundreds
MOST_NUMBERS = 4_000_000  # that are not bytes: places of strips and tiles; in memory each takes 36 bytes
WIDTH, HEIGHT = 256, 257
STEPS = 3
BELOW = {34665, 34853, 40965}  # directories of their own: EXIF, GPS, and in EXIF what it works together with
UNITS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}  # bytes, by type
WHOLE = {3: "H", 4: "L", 13: "L", 16: "Q"}
LARGE = 43  # a BigTIFF's number


class Claim(NamedTuple):
    """What a TIFF claims.

    Attributes:
        why: Why it is not read, in a few words; empty where it may be.
        width, height: Of its first picture, in pixels, where it says so.
    """

    why: str = ""
    width: int | None = None
    height: int | None = None


class Form(NamedTuple):
    """How a directory is written: the number of its entries, an entry, and how many bytes of a value stand in it."""

    order: str
    many: str
    entry: str
    inside: int

    def place(self, data: bytes, *, at: int = 0) -> int:
        """Return the place in the file that is written there."""
        (found,) = struct.unpack_from(self.order + ("Q" if self.inside == 8 else "L"), data, at)
        return int(found)

    def entries(self, file: IO[bytes], size: int, at: int) -> Iterator[Entry] | None:
        """Return a directory's entries, as many as are there; None where they are too many."""
        before, each = struct.calcsize(self.order + self.many), struct.calcsize(self.order + self.entry)
        if at > size - before:
            return iter(())
        file.seek(at)
        (many,) = struct.unpack(self.order + self.many, file.read(before))
        many = min(many, (size - at - before) // each)
        if many > MOST_TAGS:
            return None
        return map(Entry._make, struct.iter_unpack(self.order + self.entry, file.read(many * each)))

    def number(self, entry: Entry) -> int | None:
        """Return the whole number that stands in an entry; None where it is something else."""
        if not entry.many or entry.kind not in WHOLE or entry.length > self.inside:
            return None
        (found,) = struct.unpack_from(self.order + WHOLE[entry.kind], entry.value)
        return int(found)


class Entry(NamedTuple):
    """An entry of a directory: what it is of, its type and how many of it, and the value or its place."""

    tag: int
    kind: int
    many: int
    value: bytes

    @property
    def length(self) -> int:
        """In bytes."""
        return self.many * UNITS.get(self.kind, 0)


def claim(file: IO[bytes]) -> Claim:
    """Add up what the first directory of a TIFF and those below it claim. The file is at its beginning again."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(16).ljust(16, b"\0")
    order = "<" if head[:2] == b"II" else ">"
    classic, large = Form(order, "H", "HHL4s", 4), Form(order, "Q", "HHQ8s", 8)
    # Which of them a BigTIFF is read as depends on Pillow's version where its high byte stands first.
    claims = [
        added(file, size, form, form.place(head, at=8 if form is large else 4))
        for form in ((large, classic) if LARGE in head[2:4] else (classic,))
    ]
    file.seek(0)
    return claims[0]._replace(why=next((one.why for one in claims if one.why), ""))


def added(file: IO[bytes], size: int, form: Form, first: int) -> Claim:
    """Return what a directory and those below it claim; three steps down, so that none that leads to itself matters."""
    total = numbers = 0
    sides: dict[int, int] = {}
    places, why = {0: first}, ""
    for _ in range(STEPS):
        below: dict[int, int] = {}
        for at in places.values():
            entries = form.entries(file, size, at)
            if entries is None:
                why = f"it has more than {MOST_TAGS:,} notes"
            for entry in entries or ():
                if entry.length > form.inside:
                    total += min(entry.length, max(0, size - form.place(entry.value)))
                    numbers += entry.many if UNITS[entry.kind] > 1 else 0
                elif (number := form.number(entry)) is not None:
                    (below if entry.tag in BELOW else sides).setdefault(entry.tag, number)
        places = below
    if total > size + SPARE:
        why = "its notes claim more bytes than the file has"
    elif numbers > MOST_NUMBERS:
        why = f"its notes hold more than {MOST_NUMBERS:,} numbers"
    return Claim(why, sides.get(WIDTH), sides.get(HEIGHT))


def note_overfull(note: bytes) -> bool:
    """Whether an EXIF note claims more than it has."""
    for _ in range(MOST_STARTS):
        note = note.removeprefix(EXIF)
    return note.startswith(EXIF) or bool(claim(io.BytesIO(note)).why)
