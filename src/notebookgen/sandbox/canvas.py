"""The drawing surface: everything that turns shapes into pixels lives here.

A `Canvas` is painted at twice its size and halved at the end, which smooths every edge at once. A `Pen` draws in units
of its own (placed, scaled, turned, mirrored), so that a fox is written once and stands wherever a scene wants it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from notebookgen.sandbox.colours import RGB, RGBA, mix

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Canvas", "Pen", "Point", "smooth"]

Point = tuple[float, float]

_TURN = tuple((math.cos(i * math.tau / 48), math.sin(i * math.tau / 48)) for i in range(48))
#: How coarse a circle may be while it looks round: up to this radius in real pixels, every n-th of its 48 points.
_COARSE = ((3.0, 6), (8.0, 4), (40.0, 2))
_OPAQUE = 255
_SHADES = 200
_TABLE = 256


@lru_cache(maxsize=2048)
def smooth(points: tuple[Point, ...], steps: int = 7, *, closed: bool = True) -> tuple[Point, ...]:
    """Return a smooth line through the points (Catmull-Rom), `steps` parts to each of them."""
    count = len(points)
    line: list[Point] = []
    for i in range(count if closed else count - 1):
        if closed:
            a, b, c, d = points[i - 1], points[i], points[(i + 1) % count], points[(i + 2) % count]
        else:
            a, b, c, d = points[max(0, i - 1)], points[i], points[i + 1], points[min(count - 1, i + 2)]
        for step in range(steps):
            t = step / steps
            p, q, r, s = -t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2
            line.append(
                ((a[0] * p + b[0] * q + c[0] * r + d[0] * s) / 2, (a[1] * p + b[1] * q + c[1] * r + d[1] * s) / 2)
            )
    if not closed:
        line.append(points[-1])
    return tuple(line)


class Canvas:
    """A picture being painted, `width` by `height` pixels, at `scale` times that size."""

    def __init__(self, width: int, height: int, *, scale: int = 2, base: Image.Image | None = None) -> None:
        self.width, self.height, self.scale = width, height, scale
        self.unit = float(min(width, height))
        self.image = Image.new("RGB", (width * scale, height * scale)) if base is None else base.copy()
        self.solid = ImageDraw.Draw(self.image)
        self.veil = ImageDraw.Draw(self.image, "RGBA")

    def finished(self) -> Image.Image:
        """Return the picture at its own size."""
        return self.image.reduce(self.scale) if self.scale > 1 else self.image

    def pen(self, x: float = 0.0, y: float = 0.0, size: float = 1.0, *, angle: float = 0.0, flip: bool = False) -> Pen:
        """Return a pen whose origin is at (x, y) in pixels and whose unit is `size` pixels."""
        size *= self.scale
        cos, sin = math.cos(angle) * size, math.sin(angle) * size
        side = -1.0 if flip else 1.0
        return Pen(self, cos * side, -sin, sin * side, cos, x * self.scale, y * self.scale)

    def gradient(self, stops: Sequence[tuple[float, RGB]], top: float = 0.0, bottom: float | None = None) -> None:
        """Fill the rows from `top` to `bottom` (pixels) with colours that blend from stop to stop (0 to 1)."""
        last = self.height if bottom is None else bottom
        first_row, last_row = round(top * self.scale), round(last * self.scale)
        rows = max(1, last_row - first_row)
        column = _column(tuple(stops), rows)
        self.image.paste(column.resize((self.image.width, rows), Image.Resampling.NEAREST), (0, first_row))

    def shaded(self, points: Sequence[Point], upper: RGB, lower: RGB) -> None:
        """Fill a shape (pixels) with a colour that blends downwards; the shape's own box sets the range."""
        scale = self.scale
        top = max(0, math.floor(min(y for _, y in points) * scale))
        bottom = min(self.image.height, math.ceil(max(y for _, y in points) * scale) + 1)
        left = max(0, math.floor(min(x for x, _ in points) * scale))
        right = min(self.image.width, math.ceil(max(x for x, _ in points) * scale) + 1)
        if bottom <= top or right <= left:
            return
        size = (right - left, bottom - top)
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon([(x * scale - left, y * scale - top) for x, y in points], fill=_OPAQUE)
        fill = _column(((0.0, upper), (1.0, lower)), size[1]).resize(size, Image.Resampling.NEAREST)
        self.image.paste(fill, (left, top), mask)

    def glow(self, x: float, y: float, radius: float, colour: RGB, strength: float = 1.0) -> None:
        """Lay a soft round light around (x, y), in pixels."""
        across, scale = round(2 * radius), self.scale
        left, top = round(x - across / 2), round(y - across / 2)
        box = (max(0, left), max(0, top), min(self.width, left + across), min(self.height, top + across))
        if box[2] <= box[0] or box[3] <= box[1]:
            return
        ratio = _TABLE / across
        part = ((box[0] - left) * ratio, (box[1] - top) * ratio, (box[2] - left) * ratio, (box[3] - top) * ratio)
        # Soft as it is, half the resolution is enough: smooth at the final size, then repeated up to the canvas's.
        mask = _glow(round(strength * 100)).resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BILINEAR, part)
        mask = mask.resize((mask.width * scale, mask.height * scale), Image.Resampling.NEAREST)
        self.image.paste(colour, (box[0] * scale, box[1] * scale), mask)


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws in its own units: x to the right, y down, mapped by the matrix (a b c d) and the shift (e f)."""

    canvas: Canvas
    a: float
    b: float
    c: float
    d: float
    e: float
    f: float
    air: RGB | None = None
    haze: float = 0.0

    def at(self, x: float, y: float, size: float = 1.0, *, angle: float = 0.0, flip: bool = False) -> Pen:
        """Return a pen placed, scaled, turned (radians, clockwise) and mirrored within this one."""
        cos, sin, side = math.cos(angle) * size, math.sin(angle) * size, -1.0 if flip else 1.0
        a, b, c, d = self.a, self.b, self.c, self.d
        return replace(
            self,
            a=(a * cos + b * sin) * side, b=-a * sin + b * cos, c=(c * cos + d * sin) * side, d=-c * sin + d * cos,
            e=a * x + b * y + self.e, f=c * x + d * y + self.f,
        )  # fmt: skip

    def lit(self, air: RGB, haze: float) -> Pen:
        """Return a pen whose colours all take on a share of the air between."""
        return replace(self, air=air, haze=haze)

    @property
    def size(self) -> float:
        """How many real pixels one unit is."""
        return math.hypot(self.a, self.c)

    def place(self, points: Sequence[Point]) -> list[Point]:
        """Return the points in real pixels."""
        a, b, c, d, e, f = self.a, self.b, self.c, self.d, self.e, self.f
        return [(a * x + b * y + e, c * x + d * y + f) for x, y in points]

    def poly(self, points: Sequence[Point], fill: RGB | RGBA) -> None:
        """Fill a shape with straight sides."""
        self._fill(self.place(points), fill)

    def blob(self, points: Sequence[Point], fill: RGB | RGBA, steps: int = 7) -> None:
        """Fill a shape whose outline runs smoothly through the points."""
        self._fill(self.place(smooth(tuple(points), steps)), fill)

    def oval(self, x: float, y: float, rx: float, ry: float | None, fill: RGB | RGBA, angle: float = 0.0) -> None:
        """Fill an ellipse around (x, y); `ry` None makes a circle."""
        ry = rx if ry is None else ry
        real = max(rx, ry) * self.size
        step = next((every for reach, every in _COARSE if real <= reach), 1)
        cos, sin = math.cos(angle), math.sin(angle)
        a, b, c, d, e, f = self.a, self.b, self.c, self.d, self.e, self.f
        px, py, qx, qy = rx * cos, rx * sin, -ry * sin, ry * cos
        ax, ay, bx, by = a * px + b * py, c * px + d * py, a * qx + b * qy, c * qx + d * qy
        x, y = a * x + b * y + e, c * x + d * y + f
        self._fill([(x + u * ax + v * bx, y + u * ay + v * by) for u, v in _TURN[::step]], fill)

    def box(self, x: float, y: float, w: float, h: float, fill: RGB | RGBA, round_by: float = 0.0) -> None:
        """Fill a rectangle from its upper left corner, with rounded corners where asked."""
        if round_by <= 0:
            self.poly([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], fill)
            return
        r = min(round_by, w / 2, h / 2)
        corners = ((x + w - r, y + h - r), (x + r, y + h - r), (x + r, y + r), (x + w - r, y + r))
        self.poly(
            [(cx + r * u, cy + r * v) for i, (cx, cy) in enumerate(corners) for u, v in _TURN[i * 12 : i * 12 + 13]],
            fill,
        )

    def stroke(
        self, points: Sequence[Point], width: float, fill: RGB | RGBA, *, curved: bool = False, cap: bool = True
    ) -> None:
        """Draw a line of even width through the points, round at both ends."""
        line = self.place(smooth(tuple(points), 5, closed=False) if curved else points)
        thick = max(1.0, width * self.size)
        colour, draw = self._ink(fill)
        if curved:
            draw.polygon(_ribbon(line, thick / 2), fill=colour)
        else:
            draw.line(line, fill=colour, width=round(thick), joint="curve" if len(line) > 2 else None)
        if cap and thick > 3:
            r = thick / 2 - 0.5
            for x, y in (line[0], line[-1]):
                draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def ring(self, x: float, y: float, radius: float, width: float, fill: RGB | RGBA) -> None:
        """Draw a circle's outline."""
        turn = (*_TURN, _TURN[0])
        outer, inner = radius + width / 2, radius - width / 2
        self.poly(
            [
                *[(x + u * outer, y + v * outer) for u, v in turn],
                *[(x + u * inner, y + v * inner) for u, v in reversed(turn)],
            ],
            fill,
        )

    def _fill(self, placed: list[Point], fill: RGB | RGBA) -> None:
        colour, draw = self._ink(fill)
        draw.polygon(placed, fill=colour)

    def _ink(self, fill: RGB | RGBA) -> tuple[RGB | RGBA, ImageDraw.ImageDraw]:
        colour: RGB = fill[:3]
        if self.air is not None:
            colour = mix(colour, self.air, self.haze)
        if len(fill) == 4 and fill[3] < _OPAQUE:
            return (*colour, fill[3]), self.canvas.veil
        return colour, self.canvas.solid


def _ribbon(line: Sequence[Point], half: float) -> list[Point]:
    """Return the outline of a line of even width through points that lie close together."""
    left: list[Point] = []
    right: list[Point] = []
    last = len(line) - 1
    for i, (x, y) in enumerate(line):
        (x0, y0), (x1, y1) = line[max(0, i - 1)], line[min(last, i + 1)]
        dx, dy = x1 - x0, y1 - y0
        scale = half / (math.hypot(dx, dy) or 1.0)
        left.append((x - dy * scale, y + dx * scale))
        right.append((x + dy * scale, y - dx * scale))
    right.reverse()
    return left + right


@lru_cache(maxsize=64)
def _column(stops: tuple[tuple[float, RGB], ...], rows: int) -> Image.Image:
    data = bytearray()
    for row in range(_SHADES):
        at = row / (_SHADES - 1)
        for (start, upper), (end, lower) in pairwise(stops):
            if at <= end or end == stops[-1][0]:
                share = 0.0 if end == start else min(1.0, max(0.0, (at - start) / (end - start)))
                data += bytes(mix(upper, lower, share))
                break
    return Image.frombytes("RGB", (1, _SHADES), bytes(data)).resize((1, rows), Image.Resampling.BILINEAR)


@lru_cache(maxsize=64)
def _glow(percent: int) -> Image.Image:
    fall = [min(255, round(percent / 100 * 255 * max(0.0, 1 - v / 180) ** 2)) for v in range(256)]
    return Image.radial_gradient("L").point(fall)
