"""A 3D file's picture: flat-shaded triangles drawn from far to near with Pillow alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from notebookgen.errors import AssetError
from notebookgen.media.captions import size_words
from notebookgen.media.glb import parsed
from notebookgen.media.mesh import Mesh, gathered, thinned
from notebookgen.media.pictures import encoded, opened

if TYPE_CHECKING:
    from PIL.Image import Image

    from notebookgen.media.glb import Glb
    from notebookgen.media.mesh import Colour, Point, Texture
    from notebookgen.media.shown import Picture

__all__ = ["solid"]

DRAWN = 24_000  # triangles; more would not be seen at this size
LARGEST = 720  # pixels; twice that is drawn and scaled down
TEXTURE = 512  # pixels
MARGIN = 0.07
YAW, PITCH = math.radians(-32), math.radians(20)  # seen from the right, a little from above
DISTANCE = 4.0  # of the camera, in radii
GAMMA = 2.2
# Light in the camera's space (x right, y up, z towards the viewer), and how much of it.
KEY, FILL = (-0.48, 0.66, 0.58), (0.80, 0.10, 0.59)
AMBIENT, KEY_SHARE, FILL_SHARE = 0.30, 0.74, 0.20


def solid(path: str, *, edge: int, most_bytes: int, most_read: int, triangles: int, pixels: int) -> Picture:
    """Return the picture of a GLB file, on nothing, with a soft shadow under it.

    Args:
        path: The file.
        edge: Side, in pixels.
        most_bytes: Most bytes of the picture.
        most_read: Largest file that is read, in bytes.
        triangles: Most triangles that are read.
        pixels: Most pixels of a texture that is decoded.

    Raises:
        AssetError: It is damaged, too large, or in a form that is not read.
    """
    file = Path(path)
    if file.stat().st_size > most_read:
        raise AssetError(f"it is larger than {size_words(most_read)}")
    glb = parsed(file.read_bytes())
    textures: dict[int, Texture | None] = {}

    def texture(index: int) -> Texture | None:
        if index not in textures:
            textures[index] = painted(glb, index, pixels=pixels)
        return textures[index]

    mesh = thinned(gathered(glb, triangles=triangles, texture=texture), most=DRAWN)
    return encoded(rendered(mesh, side=min(edge, LARGEST)), edge=edge, most_bytes=most_bytes)


def painted(glb: Glb, index: int, *, pixels: int) -> Texture | None:
    """Return the colours of an image inside the file, or None where it has none that can be read."""
    try:
        source = glb.item("images", index)
        with opened(bytes(glb.view(source.get("bufferView"))), pixels=pixels) as image:
            image.draft("RGB", (TEXTURE, TEXTURE))
            small = image.convert("RGB")
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


def rendered(mesh: Mesh, *, side: int) -> Image:
    """Return the mesh drawn on a transparent square."""
    points = turned(mesh)
    full = 2 * side
    flat = projected(points, mesh, full=full)
    image = shadow(flat, mesh, full=full)
    draw = ImageDraw.Draw(image)
    for _, number, colour in sorted(shaded(points, mesh)):
        p, q, r = mesh.faces[number]
        draw.polygon((flat[p], flat[q], flat[r]), fill=colour, outline=colour)
    return image.resize((side, side), Pillow.Resampling.LANCZOS)


def turned(mesh: Mesh) -> list[Point]:
    """Return the points around their middle, in radii, as the camera sees them."""
    used = [mesh.points[corner] for face in mesh.faces for corner in face]
    lows, highs = [min(axis) for axis in zip(*used, strict=True)], [max(axis) for axis in zip(*used, strict=True)]
    mx, my, mz = ((low + high) / 2 for low, high in zip(lows, highs, strict=True))
    radius = math.dist(lows, highs) / 2
    if not radius:
        raise AssetError("it has no extent")
    sin_yaw, cos_yaw, sin_pitch, cos_pitch = math.sin(YAW), math.cos(YAW), math.sin(PITCH), math.cos(PITCH)
    out: list[Point] = []
    for x, y, z in mesh.points:
        px, py, pz = (x - mx) / radius, (y - my) / radius, (z - mz) / radius
        px, pz = px * cos_yaw + pz * sin_yaw, pz * cos_yaw - px * sin_yaw
        out.append((px, py * cos_pitch - pz * sin_pitch, pz * cos_pitch + py * sin_pitch))
    return out


def projected(points: list[Point], mesh: Mesh, *, full: int) -> list[tuple[float, float]]:
    """Return where the points fall on a square picture, filling it but for a margin."""
    flat = [(x / (DISTANCE - z), -y / (DISTANCE - z)) if z < DISTANCE / 2 else (0.0, 0.0) for x, y, z in points]
    used = [flat[corner] for face in mesh.faces for corner in face]
    left, top = (min(axis) for axis in zip(*used, strict=True))
    right, bottom = (max(axis) for axis in zip(*used, strict=True))
    scale = full * (1 - 2 * MARGIN) / (max(right - left, bottom - top) or 1.0)
    dx, dy = full / 2 - (left + right) / 2 * scale, full / 2 - (top + bottom) / 2 * scale
    return [(x * scale + dx, y * scale + dy) for x, y in flat]


def shaded(points: list[Point], mesh: Mesh) -> list[tuple[float, int, tuple[int, int, int]]]:
    """Return depth, number and colour of every face that has an area; both of its sides are lit."""
    curve = [round(255 * (value / 1023) ** (1 / GAMMA)) for value in range(1024)]
    (kx, ky, kz), (fx, fy, fz) = KEY, FILL
    out = []
    for number, (p, q, r) in enumerate(mesh.faces):
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = points[p], points[q], points[r]
        ux, uy, uz, vx, vy, vz = bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        length = math.sqrt(nx * nx + ny * ny + nz * nz)
        if not length:
            continue
        mx, my, mz = ax + bx + cx, ay + by + cy, az + bz + cz
        # Towards the camera, which stands at (0, 0, DISTANCE).
        if nx * mx + ny * my + nz * (mz - 3 * DISTANCE) > 0:
            length = -length
        light = AMBIENT + KEY_SHARE * max(0.0, (nx * kx + ny * ky + nz * kz) / length)
        light += FILL_SHARE * max(0.0, (nx * fx + ny * fy + nz * fz) / length)
        red, green, blue = mesh.colours[number]
        tone = 1023 * light
        depth = mz - (mx * mx + my * my) * 0.02  # farther from the axis is farther from the camera
        out.append((depth, number, (level(red * tone, curve), level(green * tone, curve), level(blue * tone, curve))))
    return out


def level(value: float, curve: list[int]) -> int:
    """Return a display value for linear light from 0 to 1023; whatever is no number is dark."""
    return curve[int(min(1023.0, value))] if value > 0 else 0


def shadow(flat: list[tuple[float, float]], mesh: Mesh, *, full: int) -> Image:
    """Return the empty picture with a soft ellipse where the object stands."""
    used = [flat[corner] for face in mesh.faces for corner in face]
    left, right, bottom = min(x for x, _ in used), max(x for x, _ in used), max(y for _, y in used)
    small = full // 4  # blurred anyway
    mask = Pillow.new("L", (small, small))
    half, tall, middle = (right - left) / 2 * 0.8, (right - left) / 2 * 0.2, (left + right) / 2
    box = [value / 4 for value in (middle - half, bottom - 1.6 * tall, middle + half, bottom + 0.2 * tall)]
    ImageDraw.Draw(mask).ellipse(box, fill=90)
    image = Pillow.new("RGBA", (full, full), (0, 0, 0, 0))
    image.putalpha(mask.filter(ImageFilter.GaussianBlur(small / 36)).resize((full, full), Pillow.Resampling.BICUBIC))
    return image
