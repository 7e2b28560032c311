"""Triangles onto pixels, the nearest one winning at each: pure, and quick enough in plain Python for a preview.

Sorting whole triangles from far to near would be quicker still, but hides small ones behind large ones (raised letters
behind their plate) and tears surfaces that touch; a depth at each pixel does neither.
"""

from __future__ import annotations

from array import array
from math import ceil
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Place", "covered", "extremes", "filled"]

Place = tuple[float, float, float]  # x and y in pixels, y down; nearness, the reciprocal of the distance
A_ROW = 12  # pixels that take as long as beginning a row
ASKED = 500_000  # pixels between two questions about time
by_row = itemgetter(1)


def covered(triangles: Iterable[tuple[Place, Place, Place]]) -> float:
    """Return how many pixels triangles cover, each counted by itself, and some for each row: what filling them takes."""
    return sum(
        abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2 + A_ROW * (max(ay, by, cy) - min(ay, by, cy))
        for (ax, ay, _), (bx, by, _), (cx, cy, _) in triangles
    )


def filled(
    triangles: Iterable[tuple[Place, Place, Place, int]], side: int, going: Callable[[], None] = lambda: None
) -> array[int]:
    """Return the pixels of a square picture as 32-bit numbers, 0 where nothing is.

    Args:
        triangles: Three corners and a colour each; nearness is linear on the screen, hence exact in between.
        side: Of the picture, in pixels.
        going: Asked now and then whether there is time left; raises where there is none.
    """
    pixels = array("I", bytes(4 * side * side))
    nearest = [0.0] * (side * side)
    done = 0
    for one, two, three, ink in triangles:
        (ax, ay, aw), (bx, by, bw), (cx, cy, cw) = sorted((one, two, three), key=by_row)
        top, bottom = max(0, ceil(ay - 0.5)), min(side, ceil(cy - 0.5))
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if top >= bottom or not area:
            continue
        step = ((bw - aw) * (cy - ay) - (cw - aw) * (by - ay)) / area
        lean, rise = (cx - ax) / (cy - ay), (cw - aw) / (cy - ay)
        for row in range(top, bottom):
            y = row + 0.5
            long = ax + (y - ay) * lean
            short = ax + (y - ay) * (bx - ax) / (by - ay) if y < by else bx + (y - by) * (cx - bx) / (cy - by)
            left, right = (long, short) if long < short else (short, long)
            first, last = max(0, ceil(left - 0.5)), min(side, ceil(right - 0.5))
            near = aw + (y - ay) * rise + (first + 0.5 - long) * step
            start = row * side
            done += A_ROW + max(0, last - first)
            if done > ASKED:
                done = 0
                going()
            for at in range(start + first, start + last):
                if near > nearest[at]:
                    nearest[at] = near
                    pixels[at] = ink
                near += step
    return pixels


def extremes(points: Sequence[Place]) -> tuple[Place, Place]:
    """Return the lowest and the highest of each coordinate."""
    xs, ys, zs = zip(*points, strict=True)
    return (min(xs), min(ys), min(zs)), (max(xs), max(ys), max(zs))
