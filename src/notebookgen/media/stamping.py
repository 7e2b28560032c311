"""Copies that say where they come from: model, prompt, settings, job, cost and time, where a format has room for them.

Only copies that a person saves are written to; what is kept stays as it came. Nothing is encoded anew: what is seen and
heard is copied as it is, and the note is put beside it. A copy that could not be read any more is never left behind:
the plain one takes its place, and why is told.
"""

from __future__ import annotations

import mmap
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from notebookgen.errors import AssetError
from notebookgen.media.inspect import look_at, opened_picture
from notebookgen.media.stamping_avif import avif
from notebookgen.media.stamping_clips import clip, film
from notebookgen.media.stamping_matroska import matroska
from notebookgen.media.stamping_notes import MARK, MOST, NoRoom, Span, found_in, note_of, sized
from notebookgen.media.stamping_pictures import gif, gif_comments, jpeg, png, webp
from notebookgen.media.stamping_solids import glb, gltf
from notebookgen.media.stamping_sounds import flac, mp3, wav
from notebookgen.sniff import HEAD, sniff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from notebookgen.media.stamping_notes import Note, Piece

__all__ = ["Draft", "drafted", "is_restamped", "read_note", "reads_like"]

BLOCK = 1024 * 1024
ROOM: Mapping[str, Callable[[IO[bytes], int, Note], list[Piece]]] = {
    "image/png": png,
    "image/jpeg": jpeg,
    "image/webp": webp,
    "image/gif": gif,
    "image/avif": avif,
    "video/mp4": clip,
    "video/quicktime": film,
    "video/webm": matroska,
    "video/x-matroska": matroska,
    "audio/webm": matroska,
    "audio/x-matroska": matroska,
    "audio/mp4": clip,
    "audio/wav": wav,
    "audio/mpeg": mp3,
    "audio/flac": flac,
    "model/gltf-binary": glb,
    "model/gltf+json": gltf,
}
HEADER_ONLY = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})  # their pictures lie as they lay
SAME_LENGTH = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Draft:
    """A copy that is to be written.

    Attributes:
        source: What it is a copy of.
        pieces: What it is made of, in its order.
        stamped: Whether a note is in it.
        why: Why none is, where one was wanted.
    """

    source: Path
    pieces: tuple[Piece, ...]
    stamped: bool = False
    why: str = ""

    def blocks(self) -> Iterator[bytes]:
        """Yield its bytes, a block at a time."""
        with self.source.open("rb") as file:
            for piece in self.pieces:
                if isinstance(piece, bytes):
                    yield piece
                    continue
                file.seek(piece.start)
                left = piece.stop - piece.start
                while left > 0 and (block := file.read(min(BLOCK, left))):
                    left -= len(block)
                    yield block

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return sized(self.pieces)

    def is_like(self, path: Path) -> bool:
        """Whether a file has exactly its bytes."""
        try:
            if path.stat().st_size != self.size:
                return False
            with path.open("rb") as file:
                return all(block == file.read(len(block)) for block in self.blocks())
        except OSError:
            return False

    def plain(self, why: str) -> Draft:
        """Return the same copy without a note."""
        return Draft(self.source, (Span(0, self.source.stat().st_size),), why=why)


def drafted(source: Path, mime: str, facts: Mapping[str, object] | None) -> Draft:
    """Return a copy of a kept file as it is to be written.

    Args:
        source: The kept file.
        mime: What it is, as told by its own bytes.
        facts: What is to be said in it; None for a plain copy.
    """
    size = source.stat().st_size
    whole: Sequence[Piece] = (Span(0, size),)
    if facts is None:
        return Draft(source, tuple(whole))
    if mime not in ROOM:
        return Draft(source, tuple(whole), why=f"{mime} has no place for it")
    try:
        with source.open("rb") as file:
            return Draft(source, tuple(ROOM[mime](file, size, note_of(facts))), stamped=True)
    except (
        NoRoom,
        struct.error,
        IndexError,
    ) as error:  # the latter two where a part is shorter than its kind has to be
        return Draft(
            source, tuple(whole), why=str(error) if isinstance(error, NoRoom) else "it is not made as it should be"
        )


def read_note(path: Path) -> dict[str, object] | None:
    """Return what a file says of where it comes from; None where it says nothing of the kind."""
    with suppress(OSError, ValueError), path.open("rb") as file:  # an empty file cannot be mapped
        head = file.read(HEAD)
        if sniff(head).mime == "image/gif":
            with suppress(NoRoom):
                found = (found_in(one) for one in gif_comments(file) if one.startswith(MARK))
                return next((one for one in found if one is not None), None)
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = data.find(MARK)
            return found_in(data[at : at + 4 * MOST]) if at >= 0 else None
    return None


def is_restamped(path: Path, original: Path, mime: str, facts: Mapping[str, object]) -> bool:
    """Whether a file is exactly what stamping a kept one with those facts gives: nobody has changed it since."""
    return drafted(original, mime, facts).is_like(path)


def reads_like(path: Path, source: Path) -> bool:
    """Whether a stamped copy is read as what it is a copy of: type, size, duration, sound."""
    try:
        with path.open("rb") as file, source.open("rb") as other:
            told, due = sniff(file.read(HEAD)), sniff(other.read(HEAD))
        if told != due:
            return False
        if told.mime in HEADER_ONLY:
            return pixels(path, told.mime) == pixels(source, told.mime)
        one, two = look_at(path, told), look_at(source, told)
    except (AssetError, OSError):
        return False
    if (one.seconds is None) != (two.seconds is None) or abs((one.seconds or 0) - (two.seconds or 0)) > SAME_LENGTH:
        return False
    return (one.told, one.width, one.height, one.has_sound) == (two.told, two.width, two.height, two.has_sound)


def pixels(path: Path, mime: str) -> tuple[int, int]:
    """Return a picture's size, from its header."""
    with path.open("rb") as file, opened_picture(file, mime) as image:
        return image.size
