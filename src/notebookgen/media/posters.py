"""A clip's poster: the first of its frames that shows it well; everything that decodes clips for previews lives here."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av
from PIL import Image as Pillow
from PIL import ImageDraw, ImageStat

from notebookgen.errors import AssetError
from notebookgen.media.captions import pixels_words
from notebookgen.media.counts import MOST_FRAME, overfull
from notebookgen.media.pictures import encoded
from notebookgen.media.players import demuxer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av import VideoFrame, VideoStream
    from av.container import InputContainer
    from PIL.Image import Image

    from notebookgen.media.shown import Picture
    from notebookgen.records import Asset

__all__ = ["opened_clip", "poster"]

MOST_FRAMES = 48
MOST_SECONDS = 2.0  # of the clip: so long may it fade in
RICH = 40.0  # how much brightness varies (of 255) in a picture that is taken at once
BETTER = 1.15  # how much more it has to vary in a later one: the first frame is what a person expects
SCALE = 64  # pixels: that is enough to judge
SUPERSAMPLED = 4


@contextmanager
def opened_clip(asset: Asset) -> Iterator[InputContainer]:
    """Open a clip or a sound.

    Raises:
        AssetError: It is of a type that is not opened, or says that it holds too much.
    """
    # A file object and a named format: neither a playlist nor a reference can lead FFmpeg elsewhere.
    with Path(asset.path).open("rb") as file:
        if reason := overfull(file, demuxer(asset)):
            raise AssetError(reason)
        with av.open(file, "r", format=demuxer(asset)) as container:
            yield container


def poster(asset: Asset, *, edge: int, most_bytes: int, pixels: int, seconds: float, mark: bool = False) -> Picture:
    """Return a frame of a clip.

    Args:
        asset: The clip.
        edge: Longest side, in pixels.
        most_bytes: Most bytes.
        pixels: Most pixels of a frame that is decoded.
        seconds: Most time spent on looking for a frame that shows it well, in seconds.
        mark: Whether to draw the triangle that says that this is a clip.

    Raises:
        AssetError: There is no frame, or it has too many pixels.
    """
    deadline, most = time.monotonic() + seconds, min(pixels, MOST_FRAME)
    with opened_clip(asset) as container:
        if not container.streams.video:
            raise AssetError("it has no pictures")
        stream = container.streams.video[0]
        bearable(stream, most)
        best: VideoFrame | None = None
        varies = began = 0.0
        for number, frame in enumerate(container.decode(stream)):
            bearable(frame, most)
            seen, at = variety(frame), frame.time or 0.0
            if best is None:
                began = at
            if best is None or seen > varies * BETTER:
                best, varies = frame, seen
            if varies > RICH or at - began > MOST_SECONDS or number >= MOST_FRAMES or time.monotonic() > deadline:
                break
        if best is None:
            raise AssetError("it has no pictures")
        image: Image = best.to_image()  # type: ignore[no-untyped-call] # has none in PyAV
    image.thumbnail((edge, edge))
    return encoded(marked(image) if mark else image, edge=edge, most_bytes=most_bytes, lossless=False)


def bearable(seen: VideoStream | VideoFrame, most: int) -> None:
    """Make sure that a frame may be decoded.

    Raises:
        AssetError: It has too many pixels.
    """
    if seen.width * seen.height > most:
        raise AssetError(f"{pixels_words(seen.width, seen.height)} pixels are more than are decoded")


def variety(frame: VideoFrame) -> float:
    """Return how much the brightness of a frame varies: next to nothing in one that is still black."""
    grey: Image = frame.reformat(SCALE, SCALE, "gray").to_image()  # type: ignore[no-untyped-call] # has none in PyAV
    return float(ImageStat.Stat(grey.convert("L")).stddev[0])


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
