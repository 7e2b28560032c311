"""Where PNG, JPEG, WebP and GIF files have room for a note. What is drawn is copied as it is, byte for byte.

PNG: https://www.w3.org/TR/png-3/#11textinfo · WebP: https://developers.google.com/speed/webp/docs/riff_container
"""

from __future__ import annotations

import struct
import zlib
from typing import IO, TYPE_CHECKING

from notebookgen.media.stamping_notes import KEY, NoRoom, Span, xmp

if TYPE_CHECKING:
    from notebookgen.media.stamping_notes import Note, Piece

__all__ = ["gif", "gif_comments", "jpeg", "png", "read", "webp"]

XMP_IN_JPEG = b"http://ns.adobe.com/xap/1.0/\x00"
XMP_IN_PNG = b"XML:com.adobe.xmp\x00"
IHDR_ENDS = 33
MOST_SEGMENT = 65_533
MOST_PARTS = 100_000  # chunks, segments or blocks that are looked through
ALPHA, HAS_XMP = 0x10, 0x04  # flags of a WebP


def png(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Put texts behind the header: software, description, all as JSON, and an XMP packet where there is none."""
    head = read(file, 0, IHDR_ENDS)
    if head[8:16] != b"\x00\x00\x00\rIHDR":
        raise NoRoom("its header is not where a PNG has it")
    texts = [text_chunk("Software", note.tool), text_chunk(KEY, note.text)]
    if note.prompt:
        texts.insert(1, text_chunk("Description", note.prompt))
    if not has_packet(file, size):
        texts.append(text_chunk(XMP_IN_PNG[:-1].decode(), xmp(note, whole=False).decode()))
    return [head, *texts, Span(IHDR_ENDS, size)]


def text_chunk(keyword: str, text: str) -> bytes:
    """Return an iTXt chunk: UTF-8, not packed."""
    body = b"iTXt" + keyword.encode("ascii") + b"\x00\x00\x00\x00\x00" + text.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def has_packet(file: IO[bytes], size: int) -> bool:
    """Whether a PNG has an XMP packet."""
    at = 8
    for _ in range(MOST_PARTS):
        if at + 12 > size:
            return False
        length, kind = struct.unpack(">I4s", read(file, at, 8))
        if kind == b"iTXt" and read(file, at + 8, min(length, len(XMP_IN_PNG))) == XMP_IN_PNG:
            return True
        at += 12 + length
    raise NoRoom("it has more parts than a picture has")


def jpeg(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Put an XMP packet behind the first headers; a comment where there is a packet already."""
    at, packet, place = 2, False, 2
    for _ in range(MOST_PARTS):
        mark, kind, length = struct.unpack(">BBH", read(file, at, 4))
        if mark != 0xFF:
            raise NoRoom("its segments are not as a JPEG has them")
        if not (0xE0 <= kind <= 0xEF or kind == 0xFE):
            break
        start = read(file, at + 4, min(len(XMP_IN_JPEG), max(length - 2, 0)))
        if kind == 0xE2 and start.startswith(b"MPF\x00"):
            raise NoRoom("it holds several pictures, each with its place written down")
        packet = packet or start == XMP_IN_JPEG
        at += 2 + length
        if place == at - 2 - length and (kind == 0xE0 or (kind == 0xE1 and start.startswith(b"Exif\x00"))):
            place = at  # those two are to come first, and whoever looks for them looks there
    body = note.text.encode("ascii") if packet else XMP_IN_JPEG + xmp(note)
    if len(body) > MOST_SEGMENT:
        raise NoRoom("the note is larger than a segment of a JPEG")
    segment = struct.pack(">BBH", 0xFF, 0xFE if packet else 0xE1, len(body) + 2) + body
    return [Span(0, place), segment, Span(place, size)]


def webp(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Append an XMP packet; the header that a simple WebP lacks is put before its picture."""
    head = read(file, 0, 30)
    told, kind = struct.unpack("<I", head[4:8])[0] + 8, head[12:16]
    if told != size or size % 2:
        raise NoRoom("its length is not what its header says")
    packet = xmp(note)
    chunk = b"XMP " + struct.pack("<I", len(packet)) + packet + b"\x00" * (len(packet) % 2)
    if kind == b"VP8X":
        if head[20] & HAS_XMP:
            raise NoRoom("it has an XMP packet of its own")
        extended = head[12:20] + bytes([head[20] | HAS_XMP]) + head[21:30]
        start = 30
    elif kind in {b"VP8 ", b"VP8L"}:
        width, height, alpha = canvas(kind, head)
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        extended = b"VP8X" + struct.pack("<I", 10) + bytes([HAS_XMP | (ALPHA if alpha else 0), 0, 0, 0]) + sides
        start = 12
    else:
        raise NoRoom("its first part is none that is known")
    whole = size - start + 12 + len(extended) + len(chunk)
    return [b"RIFF" + struct.pack("<I", whole - 8) + b"WEBP" + extended, Span(start, size), chunk]


def canvas(kind: bytes, head: bytes) -> tuple[int, int, bool]:
    """Return width, height and whether there is transparency, from a simple WebP's picture."""
    if kind == b"VP8 ":
        if head[23:26] != b"\x9d\x01\x2a":
            raise NoRoom("its picture does not begin with a key frame")
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF, False
    if head[20] != 0x2F:
        raise NoRoom("its picture does not begin as it should")
    (bits,) = struct.unpack("<I", head[21:25])
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)


def gif(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Put a comment before the first picture, behind what says how often they are repeated."""
    place = first_picture(file)
    data = note.text.encode("ascii")
    blocks = b"".join(bytes([len(part)]) + part for part in (data[at : at + 255] for at in range(0, len(data), 255)))
    return [b"GIF89a", Span(6, place), b"\x21\xfe" + blocks + b"\x00", Span(place, size)]


def first_picture(file: IO[bytes]) -> int:
    """Return where the blocks of a GIF begin that belong to its first picture."""
    flags = read(file, 10, 1)[0]
    at = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    for _ in range(MOST_PARTS):
        if read(file, at, 2) not in {b"\x21\xff", b"\x21\xfe"}:
            return at
        at = after_blocks(file, at + 2)
    raise NoRoom("it has more parts than a picture has")


def after_blocks(file: IO[bytes], at: int) -> int:
    """Return where a chain of blocks ends."""
    for _ in range(MOST_PARTS):
        length = read(file, at, 1)[0]
        at += 1 + length
        if not length:
            return at
    raise NoRoom("it has more parts than a picture has")


def gif_comments(file: IO[bytes]) -> list[bytes]:
    """Return the comments that stand before a GIF's first picture, each in one piece."""
    found: list[bytes] = []
    end = first_picture(file)
    flags = read(file, 10, 1)[0]
    at = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    while at < end:
        stop = after_blocks(file, at + 2)
        if read(file, at, 2) == b"\x21\xfe":
            parts, inside = bytearray(), at + 2
            while length := read(file, inside, 1)[0]:
                parts += read(file, inside + 1, length)
                inside += 1 + length
            found.append(bytes(parts))
        at = stop
    return found


def read(file: IO[bytes], at: int, length: int) -> bytes:
    """Return bytes of a file.

    Raises:
        NoRoom: It ends before.
    """
    file.seek(at)
    data = file.read(length)
    if len(data) != length:
        raise NoRoom("it ends before it should")
    return data
