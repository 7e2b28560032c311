"""The solids that have a shape of their own, and the superformula for all others (Gielis 2003)."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise

from notebookgen.sandbox.colours import RGB, darker, lighter, mix
from notebookgen.sandbox.creatures import CREATURES
from notebookgen.sandbox.furniture import FURNITURE
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


def _curve(profile: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """Return points on a smooth line through the given ones (Catmull and Rom 1974)."""
    ends = (profile[0], *profile, profile[-1])
    fine: list[tuple[float, float]] = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for i in range(6):
            t = i / 6
            near, far = -t + 2 * t**2 - t**3, -(t**2) + t**3
            one, other = 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3
            r, y = ((near * a[k] + one * b[k] + other * c[k] + far * d[k]) / 2 for k in (0, 1))
            fine.append((max(0.0, r), y))
    return [*fine, profile[-1]]


def _turned(profile: tuple[tuple[float, float], ...], natural: RGB, *, bands: tuple[tuple[float, RGB], ...] = (),
    smooth: bool = False, top: Callable[[Mesh], None] | None = None) -> _Shape:
    """Return a solid of revolution; `bands` paint it in other colours from a share of the way down."""

    def shape(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
        colour = named or natural
        fine = _curve(profile) if smooth else []
        for (r0, y0), (r1, y1) in pairwise(profile if not smooth else ()):
            fine += [(r0 + (r1 - r0) * i / 5, y0 + (y1 - y0) * i / 5) for i in range(5)]
        fine += [] if smooth else [profile[-1]]
        if top is not None:
            top(mesh)

        def paint(share: float) -> RGB:
            found = colour
            for start, tint in bands:
                if share >= start:
                    found = tint
            return found

        mesh.lathe(fine, paint)

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


def _stalk(mesh: Mesh, low: float) -> None:
    mesh.lathe(((0.02, low + 0.14), (0.015, low - 0.06)), lambda _: (96, 66, 44), columns=12)
    mesh.globe((0.09, low + 0.08, 0), (0.09, 0.025, 0.05), (98, 156, 78))


def _mushroom(mesh: Mesh, named: RGB | None, _colours: Palette, rng: random.Random) -> None:
    cap = named or _RED
    mesh.lathe(_curve(((0.01, 0.92), (0.2, 0.88), (0.38, 0.74), (0.46, 0.54), (0.42, 0.48))), lambda _: cap)
    mesh.lathe(_curve(((0.36, 0.5), (0.13, 0.48), (0.1, 0.3), (0.15, 0.02), (0.14, 0.0))), lambda _: _CREAM)
    for lift, count in ((0.72, 6), (0.84, 3)):
        far = 0.405 if lift < 0.8 else 0.27
        for i in range(count):
            turn = i * math.tau / count + lift * 9 + rng.random() * 0.3
            mesh.globe((far * math.cos(turn), lift, far * math.sin(turn)), (0.055, 0.045, 0.055), _CREAM)


def _balloon(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
    cloth = named or (224, 92, 70)
    profile = _curve(((0.01, 1.32), (0.22, 1.28), (0.38, 1.12), (0.42, 0.94), (0.36, 0.74), (0.22, 0.54), (0.12, 0.42)))
    stripes = (cloth, lighter(cloth, 0.65))
    mesh.lathe(profile, lambda share: stripes[int(share * 6) % 2])
    for x in (-0.08, 0.08):
        for z in (-0.08, 0.08):
            mesh.box((x, 0.3, z), (0.012, 0.28, 0.012), _DARK)
    mesh.box((0, 0.1, 0), (0.22, 0.2, 0.22), (170, 120, 76))
    mesh.box((0, 0.2, 0), (0.25, 0.03, 0.25), (120, 80, 52))


def _rocket(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
    paint = named or _RED
    body = _curve(((0.01, 1.3), (0.07, 1.2), (0.14, 1.0), (0.185, 0.74), (0.18, 0.48), (0.13, 0.24), (0.11, 0.18)))
    mesh.lathe(body, lambda share: paint if share < 0.32 else (244, 240, 234))
    mesh.lathe(((0.1, 0.2), (0.14, 0.1), (0.12, 0.1)), lambda _: (96, 98, 108))
    for side in (-1, 1):
        outline = ((0.12, 0.46), (0.12, 0.2), (0.34, 0.0), (0.3, 0.24))
        places = tuple((side * x, y) for x, y in outline)
        mesh.prism(places[::-1] if side == 1 else places, 0.045, paint)
    mesh.prism(((-0.022, 0.2), (0.022, 0.2), (0.022, 0.44), (-0.022, 0.44)), 0.46, paint)
    mesh.globe((0, 0.76, 0.155), (0.085, 0.085, 0.04), paint)
    mesh.globe((0, 0.76, 0.18), (0.062, 0.062, 0.03), (150, 206, 230))


def _cup(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
    glaze = named or (224, 92, 70)
    mesh.lathe(((0.02, 0.46), (0.29, 0.46)), lambda _: (96, 58, 40))
    mesh.lathe(_curve(((0.29, 0.45), (0.31, 0.52), (0.34, 0.5), (0.32, 0.3), (0.22, 0.1), (0.17, 0.05))), lambda _: glaze)
    mesh.lathe(((0.2, 0.06), (0.44, 0.1), (0.46, 0.07), (0.24, 0.0)), lambda _: lighter(glaze, 0.15))
    for i in range(21):
        turn = math.pi * (i / 20 - 0.5)
        mesh.globe((0.3 + 0.15 * math.cos(turn), 0.3 + 0.12 * math.sin(turn), 0), (0.034, 0.034, 0.034), glaze, detail=6)


def _pot(mesh: Mesh) -> None:
    mesh.lathe(((0.2, 0.26), (0.2, 0.2), (0.17, 0.19), (0.13, 0.0)), lambda _: (190, 104, 70))


def _flower(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    petal = named or colours.accent
    _pot(mesh)
    mesh.lathe(((0.022, 0.86), (0.028, 0.24)), lambda _: (84, 148, 84), columns=14)
    for side in (-1, 1):
        mesh.globe((side * 0.13, 0.44 + side * 0.06, 0), (0.13, 0.04, 0.06), (98, 164, 92))
    for i in range(9):
        turn = i * math.tau / 9
        mesh.globe((0.2 * math.cos(turn), 0.94 + 0.2 * math.sin(turn), 0.03), (0.105, 0.105, 0.04), petal)
    mesh.globe((0, 0.94, 0.05), (0.12, 0.12, 0.07), (244, 196, 84))


def _cactus(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    green = named or (86, 150, 96)
    _pot(mesh)
    mesh.globe((0, 0.66, 0), (0.16, 0.5, 0.16), lighter(green, 0.1), other=green)
    for side, low, tall in ((-1, 0.5, 0.2), (1, 0.64, 0.17)):
        mesh.globe((side * 0.19, low, 0), (0.14, 0.065, 0.07), green)
        mesh.globe((side * 0.3, low + tall * 0.7, 0), (0.075, tall, 0.075), lighter(green, 0.1), other=green)
    mesh.globe((0, 1.17, 0), (0.07, 0.05, 0.07), colours.accent)


def _heart(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
    red = named or (214, 52, 72)
    rows, columns = 24, 64
    mesh.lathe(((0.03, 0.24), (0.14, 0.0)), lambda _: darker(red, 0.5), columns=20)

    def at(row: int, column: int) -> Vector:
        turn, lift = column * math.tau / columns, row * math.pi / rows
        wide = math.sin(lift) ** 0.75
        x = 16 * math.sin(turn) ** 3
        y = 13 * math.cos(turn) - 5 * math.cos(2 * turn) - 2 * math.cos(3 * turn) - math.cos(4 * turn)
        return 0.029 * x * wide, 0.72 + 0.029 * y * wide, 0.2 * math.cos(lift)

    mesh.grid(rows, columns, at, lambda share: mix(lighter(red, 0.2), red, round(min(1.0, share * 2), 2)))


_RED: RGB = (206, 62, 52)
SHAPES: dict[str, _Shape] = {
    **CREATURES, **FURNITURE,
    "planet": _planet, "tree": _tree, "pine": _pine, "house": _house, "robot": _robot, "fish": _fish, "snowman": _snowman, "crystal": _crystal,
    "lighthouse": _turned(((0.01, 1.2), (0.12, 1.08), (0.08, 1.07), (0.08, 0.94), (0.14, 0.93), (0.14, 0.9),
        (0.11, 0.88), (0.2, 0.0)), (250, 244, 234), bands=((0.0, _RED), (0.2, (255, 220, 130)), (0.42, _DARK),
        (0.6, (250, 244, 234)), (0.75, _RED), (0.88, (250, 244, 234)))),
    "rocket": _rocket,
    "vase": _turned(((0.16, 1.0), (0.12, 0.88), (0.13, 0.78), (0.32, 0.46), (0.26, 0.14), (0.16, 0.0)), (64, 110, 142),
        smooth=True),
    "bottle": _turned(((0.085, 1.1), (0.085, 1.03), (0.065, 1.02), (0.065, 0.84), (0.09, 0.75), (0.18, 0.66), (0.21, 0.56),
        (0.21, 0.38), (0.21, 0.2), (0.21, 0.05), (0.17, 0.0)), (74, 128, 104), bands=((0.62, _CREAM), (0.82, (74, 128,
        104)))),
    "cup": _cup,
    "mushroom": _mushroom,
    "apple": _turned(((0.01, 0.64), (0.07, 0.68), (0.2, 0.75), (0.34, 0.7), (0.42, 0.5), (0.37, 0.24), (0.24, 0.05), (0.12,
        0.0), (0.03, 0.03)), (208, 54, 50), smooth=True, top=lambda mesh: _stalk(mesh, 0.7)),
    "pear": _turned(((0.01, 1.0), (0.1, 0.98), (0.16, 0.86), (0.19, 0.7), (0.28, 0.5), (0.35, 0.3), (0.31, 0.12), (0.18,
        0.01), (0.04, 0.0)), (186, 196, 84), smooth=True, top=lambda mesh: _stalk(mesh, 1.0)),
    "balloon": _balloon, "flower": _flower, "cactus": _cactus, "heart": _heart,
    "cake": _turned(((0.3, 0.66), (0.32, 0.62), (0.32, 0.38), (0.48, 0.36), (0.5, 0.32), (0.5, 0.02), (0.48, 0.0)),
        (246, 176, 188), bands=((0.36, _CREAM), (0.6, (246, 176, 188)), (0.85, (232, 190, 138)))),
}  # fmt: skip
