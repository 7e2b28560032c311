"""A 3D file's picture: flat-shaded triangles under one lamp, over a soft shadow. No renderer but our own."""

from __future__ import annotations

import io
import math
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from notebookgen.errors import AssetError
from notebookgen.media.captions import size_words
from notebookgen.media.glb import parsed
from notebookgen.media.inspect import in_turn
from notebookgen.media.mesh import Mesh, gathered, thinned
from notebookgen.media.pictures import encoded, halfway, opened
from notebookgen.media.raster import covered, extremes, filled

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

    from notebookgen.media.glb import Glb
    from notebookgen.media.mesh import Colour, Point, Texture
    from notebookgen.media.raster import Place
    from notebookgen.media.shown import Picture

__all__ = ["solid"]

DRAWN = 24_000  # triangles; more would not be seen at this size
LARGEST = 512  # pixels; twice that is drawn and scaled down
MOST_COVERED = 16_000_000  # pixels, each counted as often as a triangle covers it
LEAST_DRAWN = 96  # pixels: below that nothing is made out
RING = 48  # corners of the shadow
SPREAD = 1.0  # the shadow's width, of that of what stands on it
DARKNESS = 85  # of the shadow, of 255
TEXTURE = 512  # pixels
MARGIN = 0.06
YAW, PITCH = math.radians(-32), math.radians(20)  # seen from the right, a little from above
DISTANCE = 4.0  # of the camera, in radii
GAMMA = 2.2
# Light in the camera's space (x right, y up, z towards the viewer), and how much of it.
KEY, FILL = (-0.48, 0.66, 0.58), (0.80, 0.10, 0.59)
AMBIENT, KEY_SHARE, FILL_SHARE = 0.30, 0.74, 0.20


def solid(
    path: str, *, edge: int, most_bytes: int, most_read: int, triangles: int, pixels: int, seconds: float
) -> Picture:
    """Return the picture of a GLB file, on nothing, with a soft shadow under it.

    Args:
        path: The file.
        edge: Side, in pixels.
        most_bytes: Most bytes of the picture.
        most_read: Largest file that is read, in bytes.
        triangles: Most triangles that are read.
        pixels: Most pixels of a texture that is decoded.
        seconds: Most time that it takes, in seconds.

    Raises:
        AssetError: It is damaged, too large, or in a form that is not read.
    """
    deadline = time.monotonic() + seconds

    def going() -> None:
        if time.monotonic() > deadline:
            raise AssetError(f"it takes more than {seconds:g} seconds to draw")

    file = Path(path)
    if file.stat().st_size > most_read:
        raise AssetError(f"it is larger than {size_words(most_read)}")
    glb = parsed(file.read_bytes())
    textures: dict[int, Texture | None] = {}

    def texture(index: int) -> Texture | None:
        if index not in textures:
            textures[index] = painted(glb, index, pixels=pixels)
        return textures[index]

    mesh = thinned(gathered(glb, triangles=triangles, texture=texture, going=going), most=DRAWN)
    going()
    seen = encoded(rendered(mesh, side=min(edge, LARGEST), going=going), edge=edge, most_bytes=most_bytes)
    return replace(seen, ground=None)  # shape and shadow are made out in any theme


def painted(glb: Glb, index: int, *, pixels: int) -> Texture | None:
    """Return the colours of an image inside the file, or None where it has none that can be read."""
    try:
        source = glb.item("images", index)
        with opened(io.BytesIO(glb.view(source.get("bufferView"))), pixels=pixels) as image, in_turn(image):
            image.draft("RGB", (TEXTURE, TEXTURE))
            small = halfway(image, TEXTURE).convert("RGB")
    except (AssetError, OSError, SyntaxError, ValueError):
        return None  # the shape is worth showing in its base colour
    small.thumbnail((TEXTURE, TEXTURE))
    width, height = small.size
    data = small.tobytes()
    linear = [(value / 255) ** GAMMA for value in range(256)]

    def sample(u: float, v: float) -> Colour:
        if not (math.isfinite(u) and math.isfinite(v)):
            return 1.0, 1.0, 1.0
        at = 3 * (min(height - 1, int(v % 1.0 * height)) * width + min(width - 1, int(u % 1.0 * width)))
        return linear[data[at]], linear[data[at + 1]], linear[data[at + 2]]

    return sample


def rendered(mesh: Mesh, *, side: int, going: Callable[[], None] = lambda: None) -> Image:
    """Return the mesh drawn on a transparent square, in perspective, over its shadow on the ground.

    Where very much lies behind each other it is drawn smaller, so that it takes no longer.

    Raises:
        AssetError: It has no extent, or even that would take too long.
    """
    full = 2 * side
    low, high = extremes([mesh.points[corner] for face in mesh.faces for corner in face])
    points = turned([*mesh.points, *ring(low, high)], low, high)
    framed = {corner for face in mesh.faces for corner in face} | set(range(len(mesh.points), len(points)))
    places = projected(points, framed, full=full)
    while (area := covered((places[p], places[q], places[r]) for p, q, r in mesh.faces)) > MOST_COVERED:
        full = int(full * min(0.9, math.sqrt(MOST_COVERED / area))) // 4 * 4
        if full < LEAST_DRAWN:
            raise AssetError("far too many of its triangles lie behind each other")
        places = projected(points, framed, full=full)
    triangles = ((places[p], places[q], places[r], ink) for (p, q, r), ink in shaded(points, mesh))
    pixels = Pillow.frombytes("RGBA", (full, full), filled(triangles, full, going).tobytes())
    image = shadow(places[len(mesh.points) :], full=full)
    image.alpha_composite(pixels)
    return image.resize((side, side), Pillow.Resampling.LANCZOS)


def ring(low: Point, high: Point) -> list[Point]:
    """Return an ellipse on the ground, about as wide as what stands on it."""
    (x0, ground, z0), (x1, _, z1) = low, high
    angles = [math.tau * number / RING for number in range(RING)]
    across, deep = SPREAD * (x1 - x0) / 2, SPREAD * (z1 - z0) / 2
    return [((x0 + x1) / 2 + across * math.cos(a), ground, (z0 + z1) / 2 + deep * math.sin(a)) for a in angles]


def turned(points: list[Point], low: Point, high: Point) -> list[Point]:
    """Return points around the middle of these bounds, in radii, as the camera sees them."""
    radius = math.dist(low, high) / 2
    if not radius:
        raise AssetError("it has no extent")
    mx, my, mz = ((one + other) / 2 for one, other in zip(low, high, strict=True))
    sin_yaw, cos_yaw, sin_pitch, cos_pitch = math.sin(YAW), math.cos(YAW), math.sin(PITCH), math.cos(PITCH)
    out: list[Point] = []
    for x, y, z in points:
        px, py, pz = (x - mx) / radius, (y - my) / radius, (z - mz) / radius
        px, pz = px * cos_yaw + pz * sin_yaw, pz * cos_yaw - px * sin_yaw
        out.append((px, py * cos_pitch - pz * sin_pitch, pz * cos_pitch + py * sin_pitch))
    return out


def projected(points: list[Point], framed: set[int], *, full: int) -> list[Place]:
    """Return where points fall on a square picture that the framed ones fill but for a margin, and how near they are."""
    flat = [(x / away, -y / away, 1 / away) for x, y, z in points if (away := max(0.1, DISTANCE - z))]
    (left, top, _), (right, bottom, _) = extremes([flat[corner] for corner in framed])
    scale = full * (1 - 2 * MARGIN) / (max(right - left, bottom - top) or 1.0)
    dx, dy = full / 2 - (left + right) / 2 * scale, full / 2 - (top + bottom) / 2 * scale
    return [(x * scale + dx, y * scale + dy, near) for x, y, near in flat]


def shaded(points: list[Point], mesh: Mesh) -> list[tuple[tuple[int, int, int], int]]:
    """Return every face that has an area, with its colour as a pixel; both of its sides are lit."""
    curve = [round(255 * (value / 1023) ** (1 / GAMMA)) for value in range(1024)]
    (kx, ky, kz), (fx, fy, fz) = KEY, FILL
    out = []
    for face, (red, green, blue) in zip(mesh.faces, mesh.colours, strict=True):
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = (points[corner] for corner in face)
        ux, uy, uz, vx, vy, vz = bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        length = math.sqrt(nx * nx + ny * ny + nz * nz)
        if not length:
            continue
        if nx * ax + ny * ay + nz * (az - DISTANCE) > 0:  # it looks away from the camera, at (0, 0, DISTANCE)
            length = -length
        light = AMBIENT + KEY_SHARE * max(0.0, (nx * kx + ny * ky + nz * kz) / length)
        light += FILL_SHARE * max(0.0, (nx * fx + ny * fy + nz * fz) / length)
        tone = 1023 * light
        ink = bytes((level(red * tone, curve), level(green * tone, curve), level(blue * tone, curve), 255))
        out.append((face, int.from_bytes(ink, sys.byteorder)))
    return out


def level(value: float, curve: list[int]) -> int:
    """Return a display value for linear light from 0 to 1023; whatever is no number is dark."""
    return curve[int(min(1023.0, value))] if value > 0 else 0


def shadow(outline: list[Place], *, full: int) -> Image:
    """Return the empty picture with a soft shadow of that outline."""
    small = full // 4  # blurred anyway
    mask = Pillow.new("L", (small, small))
    ImageDraw.Draw(mask).polygon([(x / 4, y / 4) for x, y, _ in outline], fill=DARKNESS)
    image = Pillow.new("RGBA", (full, full), (0, 0, 0, 0))
    image.putalpha(mask.filter(ImageFilter.GaussianBlur(small / 40)).resize((full, full), Pillow.Resampling.BICUBIC))
    return image
