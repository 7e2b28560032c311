"""A sound's picture: loudness over time, drawn so that it reads on light and dark pages alike."""

from __future__ import annotations

import io
import time
from array import array
from typing import TYPE_CHECKING

import av
from PIL import Image, ImageDraw

from notebookgen.errors import AssetError
from notebookgen.media.posters import opened_clip
from notebookgen.media.shown import Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.records import Asset

__all__ = ["drawn", "loudness", "waveform"]

RATE = 8000  # samples a second are plenty for an outline
WINDOW = 80  # samples to one peak: 10 ms
MOST_SECONDS = 600.0
FULL = 32768
INK = (86, 132, 214, 255)
FAINT = (86, 132, 214, 110)
BAR, GAP = 3, 2  # pixels
SUPERSAMPLED = 3


def waveform(asset: Asset, *, width: int, height: int, seconds: float) -> Picture:
    """Return the picture of a sound file.

    Args:
        asset: The sound.
        width: In pixels.
        height: In pixels.
        seconds: Most time spent decoding, in seconds; what is left of a long sound then stays blank.

    Raises:
        AssetError: It has no sound track, or nothing in it can be decoded.
    """
    peaks, complete = decoded(asset, seconds=seconds)
    if not peaks:
        raise AssetError("it has no sound")
    bars = max(1, (width + GAP) // (BAR + GAP))
    part = 1.0
    if not complete and asset.seconds:
        part = min(1.0, len(peaks) * WINDOW / RATE / asset.seconds)
    return drawn(loudness(peaks, max(1, round(bars * part))), width=width, height=height)


def decoded(asset: Asset, *, seconds: float) -> tuple[list[int], bool]:
    """Return the peaks of a sound, one for each 10 ms, and whether that is all of it."""
    deadline = time.monotonic() + seconds
    peaks: list[int] = []
    rest = array("h")
    with opened_clip(asset) as container:
        if not container.streams.audio:
            raise AssetError("it has no sound")
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        for frame in container.decode(container.streams.audio[0]):
            if frame.samples > MOST_SECONDS * frame.sample_rate:  # raised to our rate, it would fill the memory
                raise AssetError(f"{frame.sample_rate} samples a second are no sound")
            for small in resampler.resample(frame):
                rest.frombytes(memoryview(small.planes[0])[: small.samples * 2])
            whole = len(rest) // WINDOW * WINDOW
            for start in range(0, whole, WINDOW):
                part = rest[start : start + WINDOW]
                peaks.append(loudest(part))
            del rest[:whole]
            if len(peaks) * WINDOW > MOST_SECONDS * RATE or time.monotonic() > deadline:
                return peaks, False
    if rest:
        peaks.append(loudest(rest))
    return peaks, True


def loudest(samples: array[int]) -> int:
    """Return the largest excursion, up or down."""
    return max(*samples, -min(samples)) if len(samples) > 1 else abs(samples[0])


def loudness(peaks: Sequence[int], bars: int) -> list[float]:
    """Return the peaks gathered into that many bars, 0 to 1; a quiet sound is raised so that its shape is seen."""
    count = len(peaks)
    gathered = [
        max(peaks[index * count // bars : max((index + 1) * count // bars, index * count // bars + 1)])
        for index in range(bars)
    ]
    top = max(*gathered, FULL // 16)
    return [min(1.0, peak / top) for peak in gathered]


def drawn(levels: Sequence[float], *, width: int, height: int) -> Picture:
    """Return rounded bars around a middle line, on nothing, as a PNG."""
    image = Image.new("RGBA", (width * SUPERSAMPLED, height * SUPERSAMPLED), (*INK[:3], 0))
    draw = ImageDraw.Draw(image)
    middle = height * SUPERSAMPLED / 2
    for index, level in enumerate(levels):
        left = index * (BAR + GAP) * SUPERSAMPLED
        half = max(BAR * SUPERSAMPLED / 2, level * (height / 2 - 2) * SUPERSAMPLED)
        box = (left, middle - half, left + BAR * SUPERSAMPLED - 1, middle + half)
        draw.rounded_rectangle(box, radius=BAR * SUPERSAMPLED / 2, fill=INK if level > 0.02 else FAINT)
    out = io.BytesIO()
    image.resize((width, height), Image.Resampling.LANCZOS).save(out, "PNG", compress_level=6)
    return Picture(out.getvalue(), "image/png", width, height)
