"""A clip's poster: its first frame that shows something; everything that decodes clips for previews lives here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import av
from PIL import Image as Pillow
from PIL import ImageDraw, ImageStat

from notebookgen.errors import AssetError
from notebookgen.media.captions import pixels_words
from notebookgen.media.pictures import encoded
from notebookgen.media.players import demuxer

if TYPE_CHECKING:
    from PIL.Image import Image

    from notebookgen.media.shown import Picture
    from notebookgen.records import Asset

__all__ = ["poster"]

MOST_FRAMES = 48  # two seconds at 24 frames a second
FLAT = 6.0  # a frame whose brightness varies less than this (of 255) is taken for a fade from black or white
SUPERSAMPLED = 4


def poster(asset: Asset, *, edge: int, most_bytes: int, pixels: int, seconds: float, mark: bool = False) -> Picture:
    """Return a frame of a clip.

    Args:
        asset: The clip.
        edge: Longest side, in pixels.
        most_bytes: Most bytes.
        pixels: Most pixels of a frame that is decoded.
        seconds: Most time spent on looking for a frame that shows something, in seconds.
        mark: Whether to draw the triangle that says that this is a clip.

    Raises:
        AssetError: There is no frame, or it has too many pixels.
    """
    deadline = time.monotonic() + seconds
    first: Image | None = None
    # A file object and a named format: neither a playlist nor a reference can lead FFmpeg elsewhere.
    with Path(asset.path).open("rb") as file, av.open(file, "r", format=demuxer(asset)) as container:
        if not container.streams.video:
            raise AssetError("it has no pictures")
        stream = container.streams.video[0]
        if stream.width * stream.height > pixels:
            raise AssetError(f"{pixels_words(stream.width, stream.height)} pixels are more than are decoded")
        for number, frame in enumerate(container.decode(stream)):
            if frame.width * frame.height > pixels:
                raise AssetError(f"{pixels_words(frame.width, frame.height)} pixels are more than are decoded")
            image: Image = frame.to_image()  # type: ignore[no-untyped-call] # has none in PyAV
            first = first or image
            if shows_something(image):
                first = image
                break
            if number >= MOST_FRAMES or time.monotonic() > deadline:
                break
    if first is None:
        raise AssetError("it has no pictures")
    first.thumbnail((edge, edge))
    return encoded(marked(first) if mark else first, edge=edge, most_bytes=most_bytes, lossless=False)


def shows_something(image: Image) -> bool:
    """Return whether a frame is more than one flat colour."""
    return bool(ImageStat.Stat(image.resize((64, 64)).convert("L")).stddev[0] > FLAT)


def marked(image: Image) -> Image:
    """Return the frame with a play triangle on a soft disc in its middle."""
    side = max(16, round(min(image.size) * 0.26))
    full = side * SUPERSAMPLED
    disc = Pillow.new("RGBA", (full, full))
    draw = ImageDraw.Draw(disc)
    draw.ellipse((0, 0, full - 1, full - 1), fill=(16, 18, 22, 150))
    draw.polygon(
        [(full * x, full * y) for x, y in ((0.40, 0.30), (0.40, 0.70), (0.73, 0.50))], fill=(255, 255, 255, 235)
    )
    small = disc.resize((side, side), Pillow.Resampling.LANCZOS)
    out = image.convert("RGB")
    out.paste(small, ((out.width - side) // 2, (out.height - side) // 2), small)
    return out
