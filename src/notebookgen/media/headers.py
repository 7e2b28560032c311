"""A stranger's picture with its header read, by any Pillow that is allowed: what it claims is looked at by us first.

Nothing is decoded here, nothing is printed, and a picture of any size has one.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from notebookgen.errors import AssetError
from notebookgen.media.hush import hushed
from notebookgen.media.segments import GIFS, bearable
from notebookgen.media.shown import DECODED
from notebookgen.media.tags import claim, note_overfull

if TYPE_CHECKING:
    from typing import IO

    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

__all__ = ["Unread", "begun", "turn_of"]

ORIENTATION = 0x0112
HEAD, PREFIX = 32, 16  # bytes: in which a size may stand, and as many as Pillow gives to those who tell forms apart
TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"MM*\0", b"II\0*")
FAR_TOO_MANY = "it has far too many pixels to be decoded"
RAW = "Raw profile type exif"  # how ImageMagick writes it into a PNG: a length, and hexadecimal digits in lines


class Unread(AssetError):
    """A picture that is better not read; its message says why, in a few words.

    Attributes:
        width, height: In pixels, where they are known.
    """

    def __init__(self, message: str, width: int | None = None, height: int | None = None) -> None:
        super().__init__(message)
        self.width = width
        self.height = height


def begun(file: IO[bytes], forms: tuple[str, ...]) -> ImageFile:
    """Return a picture with its header read.

    Args:
        file: At its beginning.
        forms: What it may be, by Pillow's names.

    Raises:
        Unread: It claims more than it holds, or has more pixels than Pillow counts.
        AssetRefused: It is to be decoded in very many passes, or is in very many pieces.
        UnidentifiedImageError: It is of no such form.
    """
    from PIL import Image as Pillow  # noqa: PLC0415 - loaded when a picture is there

    start = file.read(HEAD)
    file.seek(0)
    if start.startswith(TIFFS) and (found := claim(file)).why:
        raise Unread(found.why, found.width, found.height)
    width, height = stated(start)
    if width * height > DECODED:  # the readers of these make room for them before they decode any
        raise Unread(FAR_TOO_MANY, width, height)
    file = bearable(file)
    with hushed():
        try:
            return Pillow.open(file, formats=forms)
        except Pillow.DecompressionBombError:
            return uncounted(file, start, forms)


def uncounted(file: IO[bytes], start: bytes, forms: tuple[str, ...]) -> ImageFile:
    """Return a picture with its header read, of whatever size; Pillow's limit is the whole process's, and left alone."""
    from PIL import Image as Pillow  # noqa: PLC0415 - loaded when a picture is there

    for form in forms:
        made, tells = Pillow.OPEN[form]
        if tells is None or tells(start[:PREFIX]) is True:
            file.seek(0)
            try:
                return made(file, "")
            except Pillow.DecompressionBombError as error:  # a GIF's first frame may be larger than it begins with
                raise Unread(FAR_TOO_MANY) from error
    raise Unread(FAR_TOO_MANY)


def stated(start: bytes) -> tuple[int, int]:
    """Return the size that a GIF or a WebP begins with; 0 by 0 of all others."""
    start = start.ljust(HEAD, b"\0")
    if start.startswith(GIFS):
        width, height = struct.unpack_from("<HH", start, 6)
        return width, height
    if start[8:12] != b"WEBP":
        return 0, 0
    # https://developers.google.com/speed/webp/docs/riff_container
    if start[12:16] == b"VP8X":
        return int.from_bytes(start[24:27], "little") + 1, int.from_bytes(start[27:30], "little") + 1
    if start[12:16] == b"VP8L":
        (packed,) = struct.unpack_from("<I", start, 21)
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", start, 26)
    return width & 0x3FFF, height & 0x3FFF


def turn_of(image: Image) -> int:
    """Return how a picture that was decoded is to be turned, as its EXIF has it; such notes are forgotten if they claim too much, or are none."""
    note, raw = image.info.get("exif"), image.info.get(RAW)
    if isinstance(note, bytes) and note_overfull(note):
        del image.info["exif"]
    if isinstance(raw, str) and note_overfull(unpacked(raw)):
        del image.info[RAW]
    try:
        with hushed():
            turn = image.getexif().get(ORIENTATION)
    except Exception:  # noqa: BLE001 - what reads a stranger's note may raise anything; the picture is fine without it
        image.info.pop("exif", None)
        image.info.pop(RAW, None)
        return 1
    return turn if isinstance(turn, int) else 1


def unpacked(raw: str) -> bytes:
    """Return the bytes that such a text stands for; none where it is no such text."""
    try:
        return bytes.fromhex("".join(raw.split("\n")[3:]))
    except ValueError:
        return b""
