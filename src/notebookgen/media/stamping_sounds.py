"""Where WAV, MP3 and FLAC files have room for a note. What is heard is copied as it is, byte for byte.

ID3: https://id3.org/id3v2.3.0 · FLAC: https://www.rfc-editor.org/rfc/rfc9639#section-8
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING

from notebookgen.media.stamping_notes import KEY, NoRoom, Span
from notebookgen.media.stamping_pictures import read

if TYPE_CHECKING:
    from notebookgen.media.stamping_notes import Note, Piece

__all__ = ["flac", "mp3", "wav"]

MOST_PARTS = 100_000
LONGEST_TITLE = 200
COMMENTS, LAST = 4, 0x80  # of a FLAC block: the kind that holds words, and the flag of the last one
MOST_BLOCK = 0xFFFFFF


def wav(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Append a list of words: name, software, and all as JSON in the comment."""
    (told,) = struct.unpack("<I", read(file, 4, 4))
    if told + 8 != size or size % 2:
        raise NoRoom("its length is not what its header says")
    at = 12
    for _ in range(MOST_PARTS):
        if at >= size:
            break
        kind, length = struct.unpack("<4sI", read(file, at, 8))
        at += 8 + length + length % 2
        if at > size or not kind.isascii():
            raise NoRoom("its parts are longer than it is")
    words = [(b"INAM", title(note).encode()), (b"ISFT", note.tool.encode()), (b"ICMT", note.text.encode("ascii"))]
    body = b"INFO" + b"".join(word(kind, text) for kind, text in words if text)
    chunk = b"LIST" + struct.pack("<I", len(body)) + body
    return [Span(0, 4), struct.pack("<I", told + len(chunk)), Span(8, size), chunk]


def word(kind: bytes, text: bytes) -> bytes:
    """Return one entry of a list of words: it ends with a NUL, at an even place."""
    data = text + b"\x00"
    return kind + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2)


def title(note: Note) -> str:
    """Return the prompt as the title that a player shows."""
    line = " ".join(note.prompt.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1] + "…"


def mp3(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Add to the tag at the beginning, or begin with one."""
    head = read(file, 0, 10)
    whole = b"\x00" + KEY.encode() + b"\x00" + note.text.encode("ascii")
    if head[:3] != b"ID3":
        named = [(b"TIT2", b"\x01\xff\xfe" + title(note).encode("utf-16-le"))] if note.prompt else []
        frames = b"".join(frame(kind, data, 3) for kind, data in [*named, (b"TXXX", whole)])
        return [b"ID3\x03\x00\x00" + unpacked(len(frames)) + frames, Span(0, size)]
    version, flags = head[3], head[5]
    if version not in {3, 4} or flags:
        raise NoRoom(f"its tag is of a making (2.{version}, flags {flags}) that is left as it is")
    length = packed(head[6:10])
    end = last_frame(file, 10, min(10 + length, size), version)
    added = frame(b"TXXX", whole, version)
    return [head[:6] + unpacked(length + len(added)), Span(10, end), added, Span(end, size)]


def frame(kind: bytes, data: bytes, version: int) -> bytes:
    """Return a frame of a tag."""
    length = unpacked(len(data)) if version == 4 else struct.pack(">I", len(data))
    return kind + length + b"\x00\x00" + data


def last_frame(file: IO[bytes], at: int, stop: int, version: int) -> int:
    """Return where a tag's frames end: the rest of it is room to grow."""
    for _ in range(MOST_PARTS):
        if at + 10 > stop:
            return at
        head = read(file, at, 10)
        if head[0] == 0:
            return at
        at += 10 + (packed(head[4:8]) if version == 4 else int(struct.unpack(">I", head[4:8])[0]))
        if at > stop:
            break
    raise NoRoom("its tag is not as long as it says")


def packed(data: bytes) -> int:
    """Read a length of which each byte has seven bits."""
    return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(data)))


def unpacked(length: int) -> bytes:
    """Write a length of which each byte has seven bits."""
    if length >= 1 << 28:
        raise NoRoom("its tag has no room for more")
    return bytes(length >> shift & 0x7F for shift in (21, 14, 7, 0))


def flac(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Add to the block of words, or put one behind the first block."""
    words = [f"{KEY.upper()}={note.text}".encode()]
    at, last = 4, False
    for _ in range(MOST_PARTS):
        head = read(file, at, 4)
        last, kind, length = bool(head[0] & LAST), head[0] & 0x7F, int.from_bytes(head[1:], "big")
        if kind == COMMENTS:
            block = with_words(read(file, at + 4, length), words)
            return [Span(0, at), block_head(block, last=last), block, Span(at + 4 + length, size)]
        if last:
            break
        at += 4 + length
    words += [f"TITLE={title(note)}".encode()] if note.prompt else []
    block = with_words(struct.pack("<I", len(KEY)) + KEY.encode() + struct.pack("<I", 0), words)
    first = read(file, 4, 4)
    alone = bool(first[0] & LAST)
    behind = 8 + int.from_bytes(first[1:], "big")
    opened = bytes([first[0] & 0x7F]) + first[1:]
    return [Span(0, 4), opened, Span(8, behind), block_head(block, last=alone), block, Span(behind, size)]


def block_head(block: bytes, *, last: bool) -> bytes:
    """Return the header of a block of words."""
    if len(block) > MOST_BLOCK:
        raise NoRoom("its block of words has no room for more")
    return bytes([COMMENTS | (LAST if last else 0)]) + len(block).to_bytes(3, "big")


def with_words(block: bytes, words: list[bytes]) -> bytes:
    """Return a block of words with more of them."""
    try:
        (maker,) = struct.unpack_from("<I", block)
        (count,) = struct.unpack_from("<I", block, 4 + maker)
    except struct.error as error:
        raise NoRoom("its block of words is cut short") from error
    more = b"".join(struct.pack("<I", len(one)) + one for one in words)
    return block[: 4 + maker] + struct.pack("<I", count + len(words)) + block[8 + maker :] + more
