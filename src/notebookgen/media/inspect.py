"""What a file of a known type contains: dimensions, duration, sound; and whether it can be decoded at all.

Hostile bytes are opened here, so every decoder is told the type and may not guess, and pixels are counted before they
are decoded.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notebookgen.errors import AssetRefused
from notebookgen.media.counts import MOST_FRAME, overfull
from notebookgen.media.headers import Unread, begun
from notebookgen.media.hush import hushed
from notebookgen.media.shown import DECODED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    from notebookgen.sniff import Sniffed

__all__ = [
    "LARGE",
    "MOST_PIXELS",
    "PILLOW",
    "Seen",
    "in_turn",
    "look_at",
    "look_at_picture",
    "most_decoded",
    "opened_picture",
]

# Nobody sells more; what has more than are decoded, and fewer than these, is kept as it came.
MOST_PIXELS = 1_000_000_000
MOST_FILMED = 178_000_000  # of a clip: FFmpeg makes room for some frames as it opens one
PILLOW = {
    "image/png": ("PNG",),
    "image/jpeg": ("JPEG", "MPO"),
    "image/webp": ("WEBP",),
    "image/gif": ("GIF",),
    "image/avif": ("AVIF",),
    "image/bmp": ("BMP",),
    "image/tiff": ("TIFF",),
}
# FFmpeg's demuxers, by name: none of them reads playlists or opens other files.
FFMPEG = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "audio/mp4": "mp4",
    "video/webm": "webm",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "video/ogg": "ogg",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/flac": "flac",
    "audio/aac": "aac",
}
SOUND_ONLY = {
    "video/mp4": ("audio/mp4", ".m4a"),
    "video/webm": ("audio/webm", ".weba"),
    "video/x-matroska": ("audio/x-matroska", ".mka"),
    "video/ogg": ("audio/ogg", ".ogg"),
}
# A few hundred bytes may stand for a gigabyte of pixels: such pictures are decoded one at a time.
LARGE = 25_000_000  # pixels
# Their decoders hold the picture several times over: with fewer pixels they, too, keep to some 600 MB.
HEAVIER = {"WEBP": 2.5, "AVIF": 1.6}
large_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found inside.

    Attributes:
        told: What the file is; a clip without pictures in it is a sound after all.
        width, height: In pixels, as stored.
        seconds: Duration.
        has_sound: For clips, whether there is a sound track.
    """

    told: Sniffed
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    has_sound: bool | None = None


def look_at(path: Path, told: Sniffed) -> Seen:
    """Look into a file that was told by its first bytes; types without a decoder here are taken as they are.

    What would take more memory than a picture or a clip should is taken as it is, too: it was paid for.

    Raises:
        AssetRefused: It is damaged, cut short, or too large to be decoded.
    """
    if told.mime in PILLOW:
        with path.open("rb") as file:
            return look_at_picture(file, told)
    if told.mime in FFMPEG:
        return look_at_clip(path, told)
    return Seen(told)


def look_at_picture(file: IO[bytes], told: Sniffed) -> Seen:
    """Decode a picture once, whole; of a very large one only the header is read.

    Raises:
        AssetRefused: It is damaged, cut short, or too large to be decoded.
    """
    if not can_read(told.mime):
        return Seen(told)
    try:
        with opened_picture(file, told.mime) as image:
            width, height = image.size
            if width * height <= most_decoded(image):
                with in_turn(image):
                    if width * height > LARGE:
                        image.draft(None, (1, 1))  # a JPEG is read to its end all the same, into an eighth of its size
                    image.load()
            return Seen(told, width, height)
    except Unread as unread:
        if (unread.width or 0) * (unread.height or 0) > MOST_PIXELS:
            raise too_large() from unread
        return Seen(told, unread.width, unread.height)
    except AssetRefused:
        raise
    except Exception as error:  # a decoder that is fed hostile bytes may raise anything; all of it means damaged
        raise damaged("picture", told, error) from error


def most_decoded(image: Image, pixels: int = DECODED) -> int:
    """Return how many pixels of a picture of that form are decoded at the most, where a plain one may have so many."""
    return int(pixels / HEAVIER.get(image.format or "", 1))


@contextlib.contextmanager
def in_turn(image: Image) -> Iterator[None]:
    """Decode a picture within this: a large one waits for others of this process, however many threads draw; nothing is printed."""
    width, height = image.size
    with large_lock if width * height > LARGE else contextlib.nullcontext(), hushed():
        yield


def can_read(mime: str) -> bool:
    """Whether this Pillow reads that type; AVIF came late, and not every build has it."""
    from PIL import Image  # noqa: PLC0415 - loaded when a picture is there

    Image.init()  # its rarer plugins are only loaded when they are asked for
    return PILLOW[mime][0] in Image.OPEN


def opened_picture(file: IO[bytes], mime: str) -> ImageFile:
    """Return the picture with only its header read.

    Raises:
        AssetRefused: It has too many pixels, or is not of that type.
        Unread: It claims more than it holds.
    """
    from PIL import UnidentifiedImageError  # noqa: PLC0415 - loaded when a picture is there

    try:
        image = begun(file, PILLOW[mime])
    except UnidentifiedImageError as error:
        message = f"the picture calls itself {mime} and cannot be read as such"
        raise AssetRefused(message) from error
    width, height = image.size
    if width * height > MOST_PIXELS:
        image.close()
        raise too_large()
    return image


def look_at_clip(path: Path, told: Sniffed) -> Seen:
    """Open a clip or a sound and decode the first frame of its first track."""
    import av  # noqa: PLC0415 - loaded when a clip is there

    with path.open("rb") as file:
        if overfull(file, FFMPEG[told.mime]):
            return Seen(told)
    try:
        with av.open(str(path), format=FFMPEG[told.mime], options={"protocol_whitelist": "file"}) as container:
            pictures, sounds = container.streams.video, container.streams.audio
            stream = pictures[0] if pictures else sounds[0]
            seen = Seen(told, has_sound=bool(sounds) if pictures else None)
            if pictures:
                width, height = pictures[0].codec_context.width, pictures[0].codec_context.height
                if width * height > MOST_FILMED:
                    raise too_large(MOST_FILMED)
                seen = replace(seen, width=width, height=height)
            elif told.mime in SOUND_ONLY:
                seen = replace(
                    seen,
                    told=told._replace(kind="audio", mime=SOUND_ONLY[told.mime][0], suffix=SOUND_ONLY[told.mime][1]),
                )
            if (seen.width or 0) * (seen.height or 0) <= MOST_FRAME:
                next(iter(container.decode(stream)))
            length = container.duration / av.time_base if container.duration else None
            if length is None and stream.duration and stream.time_base:
                length = float(stream.duration * stream.time_base)
            return replace(seen, seconds=round(length, 3) if length and length > 0 else None)
    except AssetRefused:
        raise
    except (av.FFmpegError, StopIteration, IndexError, OSError, ValueError, OverflowError) as error:
        raise damaged("clip" if told.kind == "video" else "sound", told, error) from error


def too_large(most: int = MOST_PIXELS) -> AssetRefused:
    """Return the exception for more pixels than are kept."""
    return AssetRefused(f"it has more than {most // 1_000_000} million pixels, which may be a trap", final=True)


def damaged(what: str, told: Sniffed, error: Exception) -> AssetRefused:
    """Return the exception for a file that its decoder does not take."""
    said = " ".join(str(error).split())[:120] or type(error).__name__
    return AssetRefused(f"the {what} is damaged or cut short: it begins as {told.mime} and cannot be decoded ({said})")
