"""Pictures that move, as one PNG that moves: shown by every front end that shows a PNG, and by all others as its first frame."""

from __future__ import annotations

import contextlib
import io
import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image as Pillow

from notebookgen.media.grounds import JUDGED, Ground, Tones, ground, judged, laid_on_grey, tones
from notebookgen.media.hush import hushed
from notebookgen.media.inspect import LARGE
from notebookgen.media.pictures import opened
from notebookgen.media.shown import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["animation"]

MOST_FRAMES = 150
LEAST_EDGE = 96  # pixels: below that a still says more
MOST_PIXELS = 16_000_000  # of all frames as they are encoded; more would not fit into a cell's bytes
TRIES = 4
USUAL = 100  # milliseconds for a frame that says nothing


def animation(path: str, *, edge: int, most_bytes: int, pixels: int, seconds: float) -> Picture | None:
    """Return a picture that moves as a PNG that moves; None where it does not move, or cannot be made small enough.

    Args:
        path: The file.
        edge: Longest side, in pixels.
        most_bytes: Most bytes.
        pixels: Most pixels that are decoded, of all frames together.
        seconds: Most time spent decoding, in seconds; a still says enough of what takes longer.

    Raises:
        AssetError: One frame has more pixels than that.
    """
    deadline = time.monotonic() + seconds
    with Path(path).open("rb") as file, opened(file, pixels=pixels) as image, hushed():
        width, height = image.size
        if width * height > LARGE or not getattr(image, "is_animated", False):
            return None
        most = min(MOST_FRAMES, pixels // (width * height))
        if image.format == "PNG" and max(width, height) <= edge and file.seek(0, io.SEEK_END) <= most_bytes:
            count = int(getattr(image, "n_frames", 1))
            if not 1 < count <= most:
                return None
            if (behind := gone_through(image, count)) != "grey":
                file.seek(0)
                return Picture(file.read(), "image/png", width, height, behind)
        frames = decoded(image, most, min(edge, max(width, height)), deadline)
        # Which goes round where it says so alone; an AVIF says nothing, and always does.
        loop = int(image.info.get("loop", int(image.format == "GIF")))
    if not frames:
        return None
    if (behind := ground(*(frame for frame, _ in frames[:: apart(len(frames))]))) == "grey":
        frames, behind = [(laid_on_grey(frame), duration) for frame, duration in frames], None
    side = float(max(frames[0][0].size))
    for _ in range(TRIES):
        if side < min(LEAST_EDGE, width, height) or time.monotonic() > deadline:
            return None
        out, size = together(frames, round(side), loop)
        if len(out) <= most_bytes:
            return Picture(out, "image/png", *size, behind)
        side *= min(0.9, (most_bytes / len(out)) ** 0.5)
    return None


def gone_through(image: Image, count: int) -> Ground | None:
    """Decode all frames, and return on what they are made out; a damaged one is told so, not by a picture that stops."""
    drawn: list[Tones | None] = []
    for number in range(count):
        image.seek(number)
        image.load()
        if number % apart(count) == 0:
            drawn.append(tones(image))
    return judged(drawn)


def apart(count: int) -> int:
    """Return how far apart the frames are that are judged, of so many."""
    return -(-count // JUDGED)


def decoded(image: Image, most: int, side: int, deadline: float) -> list[tuple[Image, int]]:
    """Return the frames of a picture within a square, and how long each is seen; none where they are one, or too many.

    Counting those of a GIF is going through all of it, hence it ends where there are more than are wanted.
    """
    frames: list[tuple[Image, int]] = []
    with contextlib.suppress(EOFError):
        for number in itertools.count():
            image.seek(number)
            if number >= most or time.monotonic() > deadline:
                return []
            small = image.convert("RGBA")
            small.thumbnail((side, side), Pillow.Resampling.LANCZOS)
            frames.append((small, int(image.info.get("duration") or USUAL)))
            while len(frames) * small.width * small.height > MOST_PIXELS:
                side = max(1, side * 3 // 4)
                for one, _ in frames:
                    one.thumbnail((side, side), Pillow.Resampling.LANCZOS)
    return frames if len(frames) > 1 else []


def together(frames: list[tuple[Image, int]], side: int, loop: int) -> tuple[bytes, tuple[int, int]]:
    """Return frames as one PNG within a square of that side, and its size."""
    small: list[Image] = []
    for frame, _ in frames:
        one = frame.copy()
        one.thumbnail((side, side), Pillow.Resampling.LANCZOS)
        small.append(one)
    if all(one.mode == "RGB" or one.getchannel("A").getextrema() == (255, 255) for one in small):
        small = [one.convert("RGB") for one in small]
    out = io.BytesIO()
    durations = [duration for _, duration in frames]
    small[0].save(out, "PNG", save_all=True, append_images=small[1:], duration=durations, loop=loop)
    return out.getvalue(), small[0].size
