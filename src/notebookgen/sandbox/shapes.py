"""The solids that have a shape of their own, and the superformula for all others (Gielis 2003)."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise

from notebookgen.sandbox.colours import RGB, darker, lighter, mix
from notebookgen.sandbox.meshes import Mesh, Vector
from notebookgen.sandbox.palettes import Palette

__all__ = ["SHAPES", "supershape"]

_Shape = Callable[[Mesh, RGB | None, Palette, random.Random], None]
_CREAM: RGB = (250, 240, 222)
_DARK: RGB = (40, 34, 42)


def supershape(mesh: Mesh, upper: RGB, lower: RGB, rng: random.Random) -> None:
    """Add a closed form from two superformulas; almost every draw of their numbers looks like nothing else."""
    lobes = rng.randint(3, 11)
    a = (lobes, rng.uniform(0.35, 1.3), rng.uniform(0.9, 2.2), rng.uniform(0.9, 2.2))
    b = (rng.choice((2, 4, 6, 8)), rng.uniform(0.6, 2.5), rng.uniform(0.8, 2.2), rng.uniform(0.8, 2.2))
    rows, columns = 48, 96
    round_by = [_super(column / columns * math.tau - math.pi, *a) for column in range(columns)]
    up_by = [_super(row / rows * math.pi - math.pi / 2, *b) for row in range(rows + 1)]
    twist = rng.uniform(-0.8, 0.8)
    points: list[list[Vector]] = []
    for row in range(rows + 1):
        lift = math.pi / 2 - row / rows * math.pi
        line: list[Vector] = []
        for column in range(columns):
            turn = column / columns * math.tau - math.pi + twist * lift
            r, u = round_by[column], up_by[rows - row]
            flat = r * u * math.cos(lift) if 0 < row < rows else 0.0
            line.append((flat * math.cos(turn), u * math.sin(lift), flat * math.sin(turn)))
        points.append(line)
    tall = max(line[0][1] for line in points) - min(line[0][1] for line in points)
    wide = max(math.hypot(x, z) for line in points for x, _, z in line)
    low, stretch, spread = min(line[0][1] for line in points), 1.1 / tall, 0.52 / wide
    mesh.grid(rows, columns, lambda row, column: (points[row][column][0] * spread,
        (points[row][column][1] - low) * stretch, points[row][column][2] * spread), lambda share: mix(upper, lower,
        round(share, 3)))


def _super(turn: float, m: float, n1: float, n2: float, n3: float) -> float:
    total = abs(math.cos(m * turn / 4)) ** n2 + abs(math.sin(m * turn / 4)) ** n3
    return float(total ** (-1 / n1))


def _turned(profile: tuple[tuple[float, float], ...], natural: RGB, *, bands: tuple[tuple[float, RGB],
    ...] = ()) -> _Shape:
    """Return a solid of revolution; `bands` paint it in other colours from a share of the way down."""

    def shape(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
        colour = named or natural
        fine: list[tuple[float, float]] = []
        for (r0, y0), (r1, y1) in pairwise(profile):
            fine += [(r0 + (r1 - r0) * i / 5, y0 + (y1 - y0) * i / 5) for i in range(5)]
        fine.append(profile[-1])

        def paint(share: float) -> RGB:
            found = colour
            for start, tint in bands:
                if share >= start:
                    found = tint
            return found

        mesh.lathe(fine, paint)

    return shape


def _creature(natural: RGB, ear: str) -> _Shape:
    def shape(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
        coat = named or natural
        mesh.globe((0, 0.34, 0), (0.3, 0.36, 0.27), coat, other=darker(coat, 0.15))
        mesh.globe((0, 0.36, 0.13), (0.17, 0.25, 0.17), _CREAM)
        mesh.globe((0, 0.83, 0.05), (0.28, 0.24, 0.24), coat)
        mesh.globe((0, 0.76, 0.24), (0.12, 0.09, 0.1), _CREAM)
        mesh.globe((0, 0.8, 0.335), (0.035, 0.028, 0.025), _DARK)
        for side in (-1, 1):
            mesh.globe((side * 0.11, 0.88, 0.245), (0.035, 0.042, 0.03), _DARK)
            mesh.globe((side * 0.13, 0.06, 0.2), (0.09, 0.07, 0.13), darker(coat, 0.4 if ear == "pointed" else 0.1))
            if ear == "pointed":
                mesh.lathe(((0.01, 0.3), (0.06, 0.15), (0.11, 0.0)), lambda share: mix(_DARK, coat,
                    min(1.0, round(share * 2, 2))), centre=(side * 0.17, 0.96, 0.02), columns=20)
            elif ear == "long":
                mesh.globe((side * 0.1, 1.2, 0.02), (0.065, 0.25, 0.045), coat)
            else:
                mesh.globe((side * 0.2, 1.02, 0.03), (0.09, 0.09, 0.05), darker(coat, 0.15))
        mesh.globe((0.26, 0.2, -0.3), (0.13, 0.13, 0.28), coat, other=lighter(coat, 0.2))

    return shape


def _planet(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    body = named or colours.accent
    mesh.lathe([(0.4 * math.sin(math.pi * i / 28), 0.55 + 0.4 * math.cos(math.pi * i / 28)) for i in range(1, 28)],
        lambda share: (body, lighter(body, 0.25), darker(body, 0.12))[int(share * 9) % 3])
    mesh.lathe([(0.5, 0.555), (0.68, 0.56), (0.7, 0.55), (0.68, 0.54), (0.5, 0.545)], lambda _: colours.second,
        columns=64)
    mesh.lathe([(0.03, 0.16), (0.12, 0.0)], lambda _: darker(body, 0.5))


def _tree(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
    green = named or (70, 140, 92)
    mesh.lathe(((0.05, 0.6), (0.06, 0.2), (0.1, 0.0)), lambda _: (100, 70, 52))
    for x, y, z, r in ((0, 0.85, 0, 0.32), (0.2, 0.68, 0.08, 0.2), (-0.2, 0.7, 0.05, 0.21), (0.02, 0.72, -0.2, 0.2),
        (0.0, 0.7, 0.2, 0.2)):
        mesh.globe((x, y, z), (r, r * 0.92, r), lighter(green, 0.15), other=darker(green, 0.15))


def _pine(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
    green = named or (44, 104, 84)
    mesh.lathe(((0.07, 0.25), (0.08, 0.0)), lambda _: (100, 70, 52))
    for y, r in ((0.2, 0.4), (0.45, 0.32), (0.7, 0.23)):
        mesh.lathe(((0.01, y + 0.42), (r, y)), lambda share: mix(lighter(green, 0.3), green, round(min(1.0, share), 2)))


def _house(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    wall = named or (246, 230, 204)
    mesh.box((0, 0.25, 0), (0.8, 0.5, 0.6), wall)
    mesh.prism(((-0.5, 0.48), (0.5, 0.48), (0.0, 0.92)), 0.72, colours.accent)
    mesh.box((0.24, 0.82, -0.1), (0.12, 0.34, 0.12), darker(colours.accent, 0.4))
    mesh.box((0, 0.15, 0.3), (0.16, 0.3, 0.03), (98, 66, 50))
    for x in (-0.26, 0.26):
        mesh.box((x, 0.29, 0.3), (0.16, 0.16, 0.03), (255, 218, 130))


def _robot(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    steel = named or (122, 168, 178)
    mesh.box((0, 0.42, 0), (0.46, 0.4, 0.3), steel)
    mesh.box((0, 0.44, 0.15), (0.26, 0.2, 0.03), _CREAM)
    mesh.box((0, 0.82, 0), (0.44, 0.3, 0.3), lighter(steel, 0.12))
    mesh.box((0, 0.82, 0.15), (0.34, 0.18, 0.03), _DARK)
    mesh.lathe(((0.02, 1.1), (0.02, 0.95)), lambda _: steel, columns=12)
    mesh.globe((0, 1.12, 0), (0.045, 0.045, 0.045), colours.accent)
    for side in (-1, 1):
        mesh.globe((side * 0.08, 0.83, 0.165), (0.04, 0.045, 0.02), (124, 240, 220))
        mesh.box((side * 0.12, 0.1, 0.02), (0.12, 0.24, 0.16), darker(steel, 0.4))
        mesh.box((side * 0.29, 0.42, 0), (0.1, 0.3, 0.12), darker(steel, 0.2))
        mesh.globe((side * 0.29, 0.22, 0), (0.08, 0.08, 0.08), colours.accent)


def _fish(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
    coat = named or (242, 132, 56)
    mesh.lathe(((0.02, 0.4), (0.1, 0.0)), lambda _: darker(coat, 0.5), columns=16)
    mesh.globe((0.05, 0.6, 0), (0.46, 0.28, 0.17), coat, other=lighter(coat, 0.4))
    mesh.prism(((-0.36, 0.6), (-0.64, 0.82), (-0.56, 0.6), (-0.64, 0.38)), 0.05, darker(coat, 0.15))
    mesh.prism(((-0.14, 0.84), (0.2, 0.84), (-0.02, 1.02)), 0.04, darker(coat, 0.15))
    for side in (-1, 1):
        mesh.globe((0.32, 0.66, side * 0.12), (0.05, 0.055, 0.03), _DARK)


def _snowman(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    for y, r in ((0.27, 0.29), (0.64, 0.21), (0.92, 0.15)):
        mesh.globe((0, y, 0), (r, r, r), (250, 252, 255), other=(214, 226, 240))
    mesh.lathe(((0.18, 0.81), (0.2, 0.78), (0.18, 0.75)), lambda _: named or colours.accent)
    mesh.lathe(((0.12, 1.22), (0.12, 1.06), (0.2, 1.05), (0.2, 1.03)), lambda _: _DARK)
    mesh.globe((0, 0.92, 0.2), (0.025, 0.025, 0.12), (240, 134, 50))
    for side in (-1, 1):
        mesh.globe((side * 0.055, 0.96, 0.13), (0.02, 0.02, 0.02), _DARK)


def _crystal(mesh: Mesh, named: RGB | None, _colours: Palette, rng: random.Random) -> None:
    gem = named or (110, 196, 214)
    for i in range(5):
        turn, far = i * math.tau / 5 + rng.random(), 0.0 if i == 0 else 0.26
        tall, wide = (1.1, 0.2) if i == 0 else (rng.uniform(0.4, 0.7), rng.uniform(0.1, 0.14))
        mesh.lathe(((0.005, tall), (wide, tall * 0.7), (wide * 0.8, 0.0)), lambda share: mix(lighter(gem, 0.5), gem,
            round(min(1.0, share), 2)), centre=(far * math.cos(turn), 0, far * math.sin(turn)), columns=6)


_RED: RGB = (206, 62, 52)
SHAPES: dict[str, _Shape] = {
    "fox": _creature((226, 112, 46), "pointed"), "cat": _creature((96, 100, 124), "pointed"), "dog": _creature((198,
        142, 86), "round"),
    "rabbit": _creature((220, 204, 190), "long"), "bear": _creature((142, 96, 64), "round"), "lion": _creature((230,
        176, 92), "round"),
    "tiger": _creature((236, 140, 52), "round"), "panda": _creature((246, 244, 240), "round"),
    "planet": _planet, "tree": _tree, "pine": _pine, "house": _house, "robot": _robot, "fish": _fish, "snowman": _snowman, "crystal": _crystal,
    "lighthouse": _turned(((0.01, 1.2), (0.12, 1.08), (0.08, 1.07), (0.08, 0.94), (0.14, 0.93), (0.14, 0.9),
        (0.11, 0.88), (0.2, 0.0)), (250, 244, 234), bands=((0.0, _RED), (0.2, (255, 220, 130)), (0.42, _DARK),
        (0.6, (250, 244, 234)), (0.75, _RED), (0.88, (250, 244, 234)))),
    "rocket": _turned(((0.005, 1.25), (0.11, 1.05), (0.17, 0.8), (0.19, 0.5), (0.14, 0.2), (0.12, 0.16), (0.2, 0.0)),
        (244, 240, 234), bands=((0.0, _RED), (0.3, (244, 240, 234)), (0.8, _RED))),
    "vase": _turned(((0.16, 1.0), (0.12, 0.88), (0.13, 0.78), (0.32, 0.46), (0.26, 0.14), (0.16, 0.0)), (64, 110, 142)),
    "bottle": _turned(((0.07, 1.1), (0.07, 0.78), (0.2, 0.62), (0.21, 0.05), (0.17, 0.0)), (74, 128, 104)),
    "cup": _turned(((0.02, 0.44), (0.28, 0.46), (0.34, 0.5), (0.32, 0.28), (0.2, 0.08), (0.18, 0.05), (0.46, 0.06),
        (0.44, 0.0)), (224, 92, 70), bands=((0.0, (96, 58, 40)), (0.24, (224, 92, 70)))),
    "mushroom": _turned(((0.01, 0.92), (0.22, 0.86), (0.42, 0.66), (0.46, 0.52), (0.36, 0.49), (0.12, 0.5), (0.1, 0.3),
        (0.15, 0.0)), _RED, bands=((0.62, _CREAM),)),
    "apple": _turned(((0.01, 0.66), (0.1, 0.72), (0.26, 0.74), (0.4, 0.56), (0.38, 0.26), (0.22, 0.02), (0.08, 0.04)),
        (208, 54, 50)),
    "pear": _turned(((0.02, 1.0), (0.14, 0.94), (0.18, 0.74), (0.3, 0.46), (0.34, 0.26), (0.24, 0.04), (0.06, 0.02)),
        (186, 196, 84)),
    "balloon": _turned(((0.01, 1.3), (0.24, 1.25), (0.4, 1.05), (0.42, 0.88), (0.3, 0.6), (0.12, 0.36), (0.1, 0.3),
        (0.12, 0.22), (0.12, 0.02), (0.1, 0.0)), (224, 92, 70), bands=((0.25, (244, 196, 84)), (0.45, (224, 92, 70)),
        (0.7, (150, 104, 68)))),
    "cake": _turned(((0.3, 0.66), (0.32, 0.62), (0.32, 0.38), (0.48, 0.36), (0.5, 0.32), (0.5, 0.02), (0.48, 0.0)),
        (246, 176, 188), bands=((0.36, _CREAM), (0.6, (246, 176, 188)), (0.85, (232, 190, 138)))),
}  # fmt: skip
