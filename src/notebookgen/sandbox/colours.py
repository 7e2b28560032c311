"""Colours as (red, green, blue) of 0 to 255, and the few ways to mix them."""

from __future__ import annotations

import colorsys
from functools import lru_cache

__all__ = ["BLACK", "RGB", "RGBA", "WHITE", "clear", "darker", "hexed", "lighter", "luminance", "mix", "turned"]

RGB = tuple[int, int, int]
RGBA = tuple[int, int, int, int]

WHITE: RGB = (255, 255, 255)
BLACK: RGB = (0, 0, 0)


def hexed(text: str) -> RGB:
    """Return the colour written as six hex digits."""
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


@lru_cache(maxsize=4096)
def mix(one: RGB, other: RGB, share: float) -> RGB:
    """Return `one` with `share` (0 to 1) of `other` in it."""
    keep = 1.0 - share
    return (
        int(one[0] * keep + other[0] * share + 0.5),
        int(one[1] * keep + other[1] * share + 0.5),
        int(one[2] * keep + other[2] * share + 0.5),
    )


def lighter(colour: RGB, share: float) -> RGB:
    """Return the colour mixed with white."""
    return mix(colour, WHITE, share)


def darker(colour: RGB, share: float) -> RGB:
    """Return the colour mixed with a deep blue, which reads as shadow where black would read as dirt."""
    return mix(colour, (18, 16, 44), share)


def clear(colour: RGB, alpha: float) -> RGBA:
    """Return the colour with an opacity of 0 to 1."""
    return (*colour, max(0, min(255, round(alpha * 255))))


def turned(colour: RGB, hue: float, *, saturation: float = 1.0, value: float = 1.0) -> RGB:
    """Return the colour with its hue turned by a share of the circle and its saturation and value scaled."""
    h, s, v = colorsys.rgb_to_hsv(*(part / 255 for part in colour))
    red, green, blue = colorsys.hsv_to_rgb((h + hue) % 1.0, min(1.0, s * saturation), min(1.0, v * value))
    return round(red * 255), round(green * 255), round(blue * 255)


def luminance(colour: RGB) -> float:
    """Return how bright a colour looks, 0 to 1."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255
