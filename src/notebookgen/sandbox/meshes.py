"""Triangles: a mesh that grows by closed parts (boxes, solids of revolution, globes), with normals and colours."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebookgen.sandbox.colours import RGB

__all__ = ["Mesh", "Vector"]

Vector = tuple[float, float, float]


class Mesh:
    """A list of triangles; y is up, one unit is about the size of a subject. Every part added is closed."""

    def __init__(self) -> None:
        self.positions = array("f")
        self.normals = array("f")
        self.colours = bytearray()

    def bounds(self) -> tuple[list[float], list[float]]:
        """Return the least and the greatest x, y and z."""
        axes = [self.positions[axis::3] for axis in range(3)]
        return [min(axis) for axis in axes], [max(axis) for axis in axes]

    def grid(self, rows: int, columns: int, at: Callable[[int, int], Vector], colour: Callable[[float], RGB]) -> None:
        """Add a surface that closes around itself sideways and narrows to a point at both ends."""
        points = [[at(row, column % columns) for column in range(columns)] for row in range(rows + 1)]
        normals = [[_normal(points, row, column) for column in range(columns)] for row in range(rows + 1)]
        tints = [_linear(colour(row / rows)) for row in range(rows + 1)]
        for row in range(rows):
            for column in range(columns):
                right = (column + 1) % columns
                a, b, c, d = (row, column), (row, right), (row + 1, right), (row + 1, column)
                upper = (a, b, c) if row else ()
                lower = (a, c, d) if row < rows - 1 else ()
                for i, j in (*upper, *lower):
                    self.positions.extend(points[i][j])
                    self.normals.extend(normals[i][j])
                    self.colours += tints[i]

    def lathe(
        self,
        profile: Sequence[tuple[float, float]],
        colour: Callable[[float], RGB],
        *,
        centre: Vector = (0, 0, 0),
        columns: int = 36,
    ) -> None:
        """Add a solid of revolution: (radius, height) from the top to the bottom; both ends are closed."""
        rings = [(0.0, profile[0][1]), *profile, (0.0, profile[-1][1])]
        turns = [(math.cos(i * math.tau / columns), math.sin(i * math.tau / columns)) for i in range(columns)]
        cx, cy, cz = centre
        self.grid(
            len(rings) - 1,
            columns,
            lambda row, column: (
                cx + rings[row][0] * turns[column][0],
                cy + rings[row][1],
                cz + rings[row][0] * turns[column][1],
            ),
            colour,
        )

    def globe(self, centre: Vector, radii: Vector, colour: RGB, *, other: RGB | None = None, detail: int = 14) -> None:
        """Add an ellipsoid, blending to another colour at its foot where one is given."""
        steps = [(math.sin(math.pi * i / detail), math.cos(math.pi * i / detail)) for i in range(detail + 1)]
        turns = [(math.cos(i * math.pi / detail), math.sin(i * math.pi / detail)) for i in range(2 * detail)]
        (cx, cy, cz), (rx, ry, rz) = centre, radii
        last = colour if other is None else other
        self.grid(
            detail, 2 * detail, lambda row, column: (cx + rx * steps[row][0] * turns[column][0], cy + ry * steps[row][1], cz + rz * steps[row][0] * turns[column][1]),
            lambda share: _blend(colour, last, share),
        )  # fmt: skip

    def box(self, centre: Vector, size: Vector, colour: RGB) -> None:
        """Add a block."""
        corners = [
            (sx * size[0] / 2, sy * size[1] / 2, sz * size[2] / 2) for sx in (-1, 1) for sy in (-1, 1) for sz in (-1, 1)
        ]
        self.hull(_BOX_FACES, [(centre[0] + x, centre[1] + y, centre[2] + z) for x, y, z in corners], colour)

    def prism(self, outline: Sequence[tuple[float, float]], depth: float, colour: RGB, *, z: float = 0.0) -> None:
        """Add an upright outline (x, y; convex, anticlockwise seen from the front) drawn out to a depth."""
        count = len(outline)
        front = [(x, y, z + depth / 2) for x, y in outline]
        back = [(x, y, z - depth / 2) for x, y in outline]
        faces = [tuple(range(count)), tuple(range(2 * count - 1, count - 1, -1))]
        faces += [(i, i + count, (i + 1) % count + count, (i + 1) % count) for i in range(count)]
        self.hull(faces, [*front, *back], colour)

    def hull(self, faces: Sequence[Sequence[int]], corners: Sequence[Vector], colour: RGB) -> None:
        """Add flat faces, each a list of corners seen anticlockwise from outside."""
        tint = _linear(colour)
        for face in faces:
            a, b, c = (corners[i] for i in face[:3])
            normal = _unit(_cross(_minus(b, a), _minus(c, a)))
            for i in range(1, len(face) - 1):
                for corner in (face[0], face[i], face[i + 1]):
                    self.positions.extend(corners[corner])
                    self.normals.extend(normal)
                    self.colours += tint


_BOX_FACES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def _linear(colour: RGB) -> bytes:
    """Return a colour as glTF keeps it: linear light, opaque."""
    return bytes((*(round(255 * (part / 255) ** 2.2) for part in colour), 255))


def _blend(one: RGB, other: RGB, share: float) -> RGB:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _minus(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _unit(a: Vector) -> Vector:
    length = math.sqrt(a[0] ** 2 + a[1] ** 2 + a[2] ** 2)
    return (0.0, 1.0, 0.0) if length == 0 else (a[0] / length, a[1] / length, a[2] / length)


def _normal(points: Sequence[Sequence[Vector]], row: int, column: int) -> Vector:
    last, count = len(points) - 1, len(points[0])
    if row in {0, last}:
        return (0.0, 1.0 if row == 0 else -1.0, 0.0)
    along = _minus(points[row + 1][column], points[row - 1][column])
    around = _minus(points[row][(column + 1) % count], points[row][column - 1])
    return _unit(_cross(around, along))
