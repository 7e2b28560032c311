"""From a GLB's scene to coloured triangles in one space: pure; every node once, every number checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from notebookgen.errors import AssetError
from notebookgen.media.glb import number

if TYPE_CHECKING:
    from notebookgen.media.glb import Glb, Row

__all__ = ["Mesh", "Texture", "gathered", "thinned"]

Point = tuple[float, float, float]
Colour = tuple[float, float, float]  # linear light, 0 to 1
Matrix = tuple[float, ...]  # three rows of four
Texture = Callable[[float, float], Colour]

SAME: Matrix = (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
WHITE: Colour = (1.0, 1.0, 1.0)
FARTHEST = 1e12
TRIANGLES, STRIP, FAN = 4, 5, 6
PRIMITIVE = 16  # what looking at a primitive costs, in corners
LEAST = 65_536  # corners that are always looked at
MOST_NODES = 20_000


@dataclass(slots=True)
class Mesh:
    """Triangles: points, three indices a face, and one colour a face; and how many corners were looked at for them."""

    points: list[Point] = field(default_factory=list)
    faces: list[tuple[int, int, int]] = field(default_factory=list)
    colours: list[Colour] = field(default_factory=list)
    cost: int = 0


def gathered(
    glb: Glb, *, triangles: int, texture: Callable[[int], Texture | None], going: Callable[[], None] = lambda: None
) -> Mesh:
    """Return all triangles of the default scene, moved to where its nodes put them.

    Args:
        glb: The container.
        triangles: Most triangles that are taken.
        texture: Gives the colours of an image by its index, or None where it cannot be read.
        going: Asked before each primitive whether there is time left; raises where there is none.

    Raises:
        AssetError: It is damaged, empty, or has more triangles.
    """
    mesh = Mesh()
    for node, matrix in placed(glb):
        if "mesh" in node:
            primitives = glb.item("meshes", node["mesh"]).get("primitives")
            for primitive in primitives if isinstance(primitives, list) else ():
                going()
                spend(mesh, PRIMITIVE, triangles=triangles)
                if isinstance(primitive, dict):
                    add(mesh, glb, primitive, matrix, triangles=triangles, texture=texture)
    if not mesh.faces:
        raise AssetError("it has no triangles")
    return mesh


def spend(mesh: Mesh, corners: int, *, triangles: int) -> None:
    """Count corners that are looked at: those that make no triangle take as long, and a small file can name them often.

    Raises:
        AssetError: They are twice as many as that many triangles have.
    """
    mesh.cost += corners
    if mesh.cost > max(6 * triangles, LEAST):
        raise AssetError("it has far more corners than triangles")


def placed(glb: Glb) -> list[tuple[dict[str, Any], Matrix]]:
    """Return every node of the default scene with its matrix; a node seen twice (a loop) counts once.

    Raises:
        AssetError: They are damaged, or far too many.
    """
    scenes, nodes = glb.document.get("scenes"), glb.document.get("nodes")
    count = len(nodes) if isinstance(nodes, list) else 0
    roots = glb.item("scenes", glb.document.get("scene", 0)).get("nodes") if scenes else list(range(count))
    waiting: list[tuple[object, Matrix]] = [(root, SAME) for root in reversed(roots)] if isinstance(roots, list) else []
    seen: set[object] = set()
    found: list[tuple[dict[str, Any], Matrix]] = []
    while waiting:
        index, above = waiting.pop()
        node = glb.item("nodes", index)
        if index in seen:
            continue
        seen.add(index)
        if len(seen) > MOST_NODES:
            raise AssetError(f"it has more than {MOST_NODES:,} nodes")
        matrix = combined(above, own_matrix(node))
        found.append((node, matrix))
        children = node.get("children")
        if isinstance(children, list):
            waiting.extend((child, matrix) for child in reversed(children))
    return found


def own_matrix(node: dict[str, Any]) -> Matrix:
    """Return a node's own matrix, from its sixteen numbers or from translation, rotation and scale."""
    given = numbers(node.get("matrix"), 16)
    if given:
        return tuple(given[column * 4 + row] for row in range(3) for column in range(4))
    x, y, z, w = numbers(node.get("rotation"), 4) or (0.0, 0.0, 0.0, 1.0)
    length = math.sqrt(x * x + y * y + z * z + w * w) or 1.0
    x, y, z, w = x / length, y / length, z / length, w / length
    sx, sy, sz = numbers(node.get("scale"), 3) or (1.0, 1.0, 1.0)
    tx, ty, tz = numbers(node.get("translation"), 3) or (0.0, 0.0, 0.0)
    return (
        *((1 - 2 * (y * y + z * z)) * sx, 2 * (x * y - z * w) * sy, 2 * (x * z + y * w) * sz, tx),
        *(2 * (x * y + z * w) * sx, (1 - 2 * (x * x + z * z)) * sy, 2 * (y * z - x * w) * sz, ty),
        *(2 * (x * z - y * w) * sx, 2 * (y * z + x * w) * sy, (1 - 2 * (x * x + y * y)) * sz, tz),
    )


def combined(above: Matrix, below: Matrix) -> Matrix:
    """Return the matrix that applies ``below`` first, then ``above``."""
    return tuple(
        sum(above[row * 4 + k] * below[k * 4 + column] for k in range(3)) + (above[row * 4 + 3] if column == 3 else 0.0)
        for row in range(3)
        for column in range(4)
    )


def add(
    mesh: Mesh,
    glb: Glb,
    primitive: dict[str, Any],
    matrix: Matrix,
    *,
    triangles: int,
    texture: Callable[[int], Texture | None],
) -> None:
    """Add one primitive's triangles; points and lines are left out."""
    attributes, mode = primitive.get("attributes"), number(primitive.get("mode", TRIANGLES))
    if not isinstance(attributes, dict) or "POSITION" not in attributes or mode not in {TRIANGLES, STRIP, FAN}:
        return
    most = 3 * triangles
    positions = glb.rows(attributes["POSITION"], most=most)
    order = (
        [int(row[0]) for row in glb.rows(primitive["indices"], most=most)]
        if "indices" in primitive
        else list(range(len(positions)))
    )
    spend(mesh, len(order), triangles=triangles)
    corners = [face for face in faces(order, mode) if max(face) < len(positions)]
    if len(mesh.faces) + len(corners) > triangles:
        raise AssetError(f"it has more than {triangles:,} triangles")
    first = len(mesh.points)
    if first + len(positions) > most:
        raise AssetError(f"it has more than {most:,} points")
    a, b, c, d, e, f, g, h, i, j, k, m = matrix
    moved = [
        (a * x + b * y + c * z + d, e * x + f * y + g * z + h, i * x + j * y + k * z + m)
        for x, y, z in three(positions)
    ]
    good = [abs(x) + abs(y) + abs(z) < FARTHEST for x, y, z in moved]  # false for NaN, too
    corners = [face for face in corners if good[face[0]] and good[face[1]] and good[face[2]]]
    mesh.points.extend(point if fine else (0.0, 0.0, 0.0) for point, fine in zip(moved, good, strict=True))
    mesh.faces.extend((first + p, first + q, first + r) for p, q, r in corners)
    mesh.colours.extend(coloured(glb, primitive, attributes, corners, most=len(positions), texture=texture))


def coloured(
    glb: Glb,
    primitive: dict[str, Any],
    attributes: dict[str, Any],
    corners: Sequence[tuple[int, int, int]],
    *,
    most: int,
    texture: Callable[[int], Texture | None],
) -> list[Colour]:
    """Return each face's colour: the material's, times the mean of its corners', times its texture's at its middle."""
    factor, image, channel = material(glb, primitive.get("material"))
    out = [factor] * len(corners)
    if "COLOR_0" in attributes:
        tints = three(glb.rows(attributes["COLOR_0"], most=most))
        if tints and max(max(tint) for tint in tints[:64]) > 1.5:  # bytes that forgot to say that they are normalised
            tints = [(x / 255, y / 255, z / 255) for x, y, z in tints]
        out = [times(colour, mean(tints, face)) for colour, face in zip(out, corners, strict=True)]
    sample = texture(image) if image is not None else None
    name = f"TEXCOORD_{channel}"
    if sample and name in attributes:
        places = three(glb.rows(attributes[name], most=most))
        middles = (mean(places, face) for face in corners)
        out = [times(colour, sample(u, v)) for colour, (u, v, _) in zip(out, middles, strict=True)]
    return out


def material(glb: Glb, index: object) -> tuple[Colour, int | None, int]:
    """Return a material's base colour, its texture's image and the channel of its places."""
    if index is None:
        return (0.8, 0.8, 0.8), None, 0
    surface = glb.item("materials", index).get("pbrMetallicRoughness")
    surface = surface if isinstance(surface, dict) else {}
    red, green, blue, _ = numbers(surface.get("baseColorFactor"), 4) or (1.0, 1.0, 1.0, 1.0)
    painted = surface.get("baseColorTexture")
    if not isinstance(painted, dict):
        return (red, green, blue), None, 0
    source, channel = glb.item("textures", painted.get("index")).get("source"), painted.get("texCoord", 0)
    return (red, green, blue), source if isinstance(source, int) else None, channel if isinstance(channel, int) else 0


def faces(order: Sequence[int], mode: int) -> list[tuple[int, int, int]]:
    """Return the triangles that a list of indices stands for."""
    if mode == TRIANGLES:
        return list(zip(order[0::3], order[1::3], order[2::3], strict=False))
    if mode == STRIP:
        return list(
            zip(order, order[1:], order[2:], strict=False)
        )  # which way round does not matter: both sides are lit
    return [(order[0], second, third) for second, third in pairwise(order[1:])]


def thinned(mesh: Mesh, *, most: int) -> Mesh:
    """Return the mesh with at most about that many faces: points that share a cell of a grid become one."""
    if len(mesh.faces) <= most:
        return mesh
    lows, highs = (
        [min(axis) for axis in zip(*mesh.points, strict=True)],
        [max(axis) for axis in zip(*mesh.points, strict=True)],
    )
    cell = max(high - low for low, high in zip(lows, highs, strict=True)) / math.sqrt(most / 4) or 1.0
    x0, y0, z0 = lows
    numbers_of: dict[tuple[int, int, int], int] = {}
    points: list[Point] = []
    renamed: list[int] = []
    for point in mesh.points:
        key = (int((point[0] - x0) / cell), int((point[1] - y0) / cell), int((point[2] - z0) / cell))
        number = numbers_of.setdefault(key, len(points))
        if number == len(points):
            points.append(point)
        renamed.append(number)
    out = Mesh(points=points)
    seen: set[tuple[int, int, int]] = set()
    for (p, q, r), colour in zip(mesh.faces, mesh.colours, strict=True):
        face = (renamed[p], renamed[q], renamed[r])
        if face[0] != face[1] and face[1] != face[2] and face[0] != face[2] and face not in seen:
            seen.add(face)
            out.faces.append(face)
            out.colours.append(colour)
    return out


def numbers(value: object, count: int) -> list[float] | None:
    """Return a list of exactly that many finite numbers, or None."""
    if not isinstance(value, list) or len(value) != count:
        return None
    if not all(isinstance(one, int | float) and abs(one) < FARTHEST for one in value):
        return None
    return [float(one) for one in value]


def three(rows: Sequence[Row]) -> list[Point]:
    """Return rows as three numbers each: filled up with zeros, or cut."""
    if rows and len(rows[0]) == 3:
        return list(rows)  # type: ignore[arg-type] # tuples of three, as was just seen
    filled = [(*row, 0.0, 0.0) for row in rows]
    return [(row[0], row[1], row[2]) for row in filled]


def mean(rows: Sequence[Point], face: tuple[int, int, int]) -> Point:
    """Return the mean of a face's three rows; white where it has none."""
    p, q, r = face
    if max(face) >= len(rows):
        return WHITE
    one, two, other = rows[p], rows[q], rows[r]
    return (one[0] + two[0] + other[0]) / 3, (one[1] + two[1] + other[1]) / 3, (one[2] + two[2] + other[2]) / 3


def times(one: Colour, other: Colour) -> Colour:
    """Return two colours multiplied."""
    return one[0] * other[0], one[1] * other[1], one[2] * other[2]
