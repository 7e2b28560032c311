"""Which size in pixels a request's settings ask for; every spelling the services use is read here."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CLIP_PIXELS", "LEAST_PIXELS", "PIXELS", "even", "size_of"]

#: What a drawn picture is capped at, in pixels, so that a class of thirty laptops is quick.
PIXELS = 1024 * 1024
#: The same for the frames of a clip.
CLIP_PIXELS = 640 * 360

_DEFAULT_SIDE = 896
_LEAST_SIDE = 64
#: The least that the cap may be set to: a square of the least sides.
LEAST_PIXELS = _LEAST_SIDE**2
_LONGEST_RATIO = 8.0
_EXACT = re.compile(r"^\s*(\d{2,5})\s*[x\u00d7*]\s*(\d{2,5})\s*$", re.IGNORECASE)
_RATIO = re.compile(r"^\s*(\d{1,4}(?:\.\d+)?)\s*[:/]\s*(\d{1,4}(?:\.\d+)?)\s*$")
_NAMED_RATIOS = {
    "square": 1.0,
    "landscape": 16 / 9,
    "portrait": 9 / 16,
    "wide": 21 / 9,
    "horizontal": 16 / 9,
    "vertical": 9 / 16,
}
#: Named resolutions: the pixels of a whole picture, before the cap.
_RESOLUTIONS = {
    "0.5k": 512**2, "512": 512**2, "512px": 512**2, "768": 768**2, "1k": 1024**2, "1024": 1024**2, "2k": 2048**2, "4k": 4096**2,
    "360p": 640 * 360, "480p": 854 * 480, "540p": 960 * 540, "580p": 1024 * 580, "720p": 1280 * 720, "1080p": 1920 * 1080,
}  # fmt: skip


def size_of(settings: Mapping[str, object] | Iterable[tuple[str, object]], *, most: int = PIXELS) -> tuple[int, int]:
    """Return (width, height) in pixels for a request's settings, both even.

    Read are `size` ("1024x1024", "720*1280", or a ratio or a resolution under that name), `width` and `height`,
    `aspect_ratio` ("16:9", "auto", "portrait") and `resolution` ("1k", "2K", "4k", "512", "480p", "1080p").
    What is drawn is capped at `most` pixels, about one megapixel by default (pass `CLIP_PIXELS` for a clip), so that
    a class of thirty laptops is quick: a "4K" picture keeps its shape, not its size. What cannot be read is ignored.
    """
    given = {str(name).lower(): value for name, value in dict(settings).items()}
    exact, ratio, pixels = _exact(given), None, None
    for name in ("aspect_ratio", "aspectratio", "ratio", "aspect", "size", "orientation", "resolution"):
        text = str(given.get(name, "")).strip().lower()
        ratio = ratio or _ratio(text)
        pixels = _RESOLUTIONS.get(text, pixels)
    if exact is not None:
        width, height = exact
    else:
        area, shape = pixels or _DEFAULT_SIDE**2, ratio or 1.0
        width, height = math.sqrt(area * shape), math.sqrt(area / shape)
    shrink = min(1.0, math.sqrt(most / (width * height)))
    return even(width * shrink), even(height * shrink)


def even(length: float) -> int:
    """Return the nearest even number of pixels, at least 64: H.264 and half-size colour need even sides."""
    return max(_LEAST_SIDE, round(length / 2) * 2)


def _exact(given: Mapping[str, object]) -> tuple[float, float] | None:
    for name in ("size", "resolution", "image_size", "dimensions"):
        found = _EXACT.match(str(given.get(name, "")))
        if found:
            return _bounded(float(found[1]), float(found[2]))
    width, height = given.get("width"), given.get("height")
    if isinstance(width, int | float) and isinstance(height, int | float) and width > 0 and height > 0:
        return _bounded(float(width), float(height))
    return None


def _bounded(width: float, height: float) -> tuple[float, float]:
    longest = max(width, height)
    return max(width, longest / _LONGEST_RATIO), max(height, longest / _LONGEST_RATIO)


def _ratio(text: str) -> float | None:
    found = _RATIO.match(text)
    if not found:
        return _NAMED_RATIOS.get(text)
    across, down = float(found[1]), float(found[2])
    if across <= 0 or down <= 0:
        return None
    return min(_LONGEST_RATIO, max(1 / _LONGEST_RATIO, across / down))
