"""Pictures that move, as one PNG that moves: shown by every front end that shows a PNG, and by all others as its first frame."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image as Pillow
from PIL import ImageSequence

from notebookgen.media.pictures import opened
from notebookgen.media.shown import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["animation", "frames_of"]

MOST_FRAMES = 150
LEAST_EDGE = 96  # pixels: below that a still says more
TRIES = 4
USUAL = 100  # milliseconds for a frame that says nothing


def frames_of(path: str, *, pixels: int) -> int:
    """Return how many frames a picture has.

    Args:
        path: The file.
        pixels: Most pixels of one frame.

    Raises:
        AssetError: It has more pixels than that.
    """
    with opened(Path(path).read_bytes(), pixels=pixels) as image:
        return int(getattr(image, "n_frames", 1))


def animation(path: str, *, edge: int, most_bytes: int, pixels: int) -> Picture | None:
    """Return a picture that moves as a PNG that moves; None where it does not move, or cannot be made small enough.

    Args:
        path: The file.
        edge: Longest side, in pixels.
        most_bytes: Most bytes.
        pixels: Most pixels that are decoded, of all frames together.

    Raises:
        AssetError: One frame has more pixels than that.
    """
    data = Path(path).read_bytes()
    with opened(data, pixels=pixels) as image:
        count, (width, height) = int(getattr(image, "n_frames", 1)), image.size
        if not 1 < count <= MOST_FRAMES or count * width * height > pixels:
            return None
        if image.format == "PNG" and max(width, height) <= edge and len(data) <= most_bytes:
            for number in range(count):  # a damaged frame is told here, not by a picture that stops
                image.seek(number)
                image.load()
            return Picture(data, "image/png", width, height)
        once = int(
            image.format == "GIF"
        )  # which goes round where it says so alone; an AVIF says nothing, and always does
        loop = int(image.info.get("loop", once))
        frames = [
            (frame.convert("RGBA"), int(frame.info.get("duration") or USUAL)) for frame in ImageSequence.Iterator(image)
        ]
    side = float(min(edge, max(width, height)))
    for _ in range(TRIES):
        if side < min(LEAST_EDGE, width, height):
            return None
        out, size = together(frames, round(side), loop)
        if len(out) <= most_bytes:
            return Picture(out, "image/png", *size)
        side *= min(0.9, (most_bytes / len(out)) ** 0.5)
    return None


def together(frames: list[tuple[Image, int]], side: int, loop: int) -> tuple[bytes, tuple[int, int]]:
    """Return frames as one PNG within a square of that side, and its size."""
    small: list[Image] = []
    for frame, _ in frames:
        one = frame.copy()
        one.thumbnail((side, side), Pillow.Resampling.LANCZOS)
        small.append(one)
    if all(one.getchannel("A").getextrema() == (255, 255) for one in small):
        small = [one.convert("RGB") for one in small]
    out = io.BytesIO()
    durations = [duration for _, duration in frames]
    small[0].save(out, "PNG", save_all=True, append_images=small[1:], duration=durations, loop=loop)
    return out.getvalue(), small[0].size
