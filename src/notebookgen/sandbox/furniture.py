"""Solids of made things: furniture, vehicles, buildings and what stands on a table; and the words that only solids know."""

# fmt: off
# Sizes read best side by side, so these lines are broken by hand.
from __future__ import annotations

import math
import random
from collections.abc import Callable

from notebookgen.sandbox.colours import RGB, darker, lighter
from notebookgen.sandbox.meshes import Mesh
from notebookgen.sandbox.palettes import Palette

__all__ = ["FURNITURE", "disc", "thing"]

_Shape = Callable[[Mesh, RGB | None, Palette, random.Random], None]
_CREAM: RGB = (250, 240, 222)
_DARK: RGB = (40, 34, 42)
_WOOD: RGB = (164, 110, 70)
_GLASS: RGB = (140, 190, 214)
#: What no picture of the painter shows and a solid can: meaning: words, as the painter's own vocabulary is written.
_WORDS = """
    chair: chairs stool stuhl stuhle chaise chaises silla sillas
    sofa: couch armchair settee sessel fauteuil canape sillon
    table: tables desk tisch schreibtisch bureau mesa escritorio
"""
_MEANINGS = {word: line.split(":")[0].strip() for line in _WORDS.strip().splitlines() for word in line.replace(":",
    " ").split()}


def thing(words: list[str]) -> str:
    """Return the shape that a prompt names and that only solids have, or an empty text."""
    return next((_MEANINGS[word] for word in words if word in _MEANINGS), "")


def disc(mesh: Mesh, x: float, y: float, radius: float, depth: float, colour: RGB, *, z: float = 0.0) -> None:
    """Add an upright disc that faces the front."""
    turns = [i * math.tau / 28 for i in range(28)]
    mesh.prism([(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns], depth, colour, z=z)


def _legs(mesh: Mesh, wide: float, deep: float, tall: float, thick: float, colour: RGB) -> None:
    for x in (-wide, wide):
        for z in (-deep, deep):
            mesh.box((x, tall / 2, z), (thick, tall, thick), colour)


def _chair(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    wood = named or _WOOD
    seat = lighter(wood, 0.35) if named else colours.accent
    _legs(mesh, 0.23, 0.23, 0.44, 0.07, wood)
    mesh.box((0, 0.47, 0), (0.56, 0.06, 0.56), wood)
    mesh.box((0, 0.52, 0.02), (0.48, 0.05, 0.46), seat)
    for x in (-0.24, 0.24):
        mesh.box((x, 0.8, -0.25), (0.07, 0.62, 0.06), wood)
    mesh.box((0, 1.04, -0.25), (0.46, 0.13, 0.05), wood)
    for x in (-0.12, 0.0, 0.12):
        mesh.box((x, 0.77, -0.25), (0.05, 0.44, 0.035), lighter(wood, 0.12))


def _sofa(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    cloth = named or colours.accent
    _legs(mesh, 0.5, 0.2, 0.1, 0.07, darker(_WOOD, 0.3))
    mesh.box((0, 0.2, 0), (1.1, 0.2, 0.52), darker(cloth, 0.12))
    mesh.box((0, 0.48, -0.22), (1.1, 0.5, 0.14), cloth)
    for side in (-1, 1):
        mesh.box((side * 0.5, 0.36, 0.02), (0.14, 0.3, 0.52), cloth)
        mesh.box((side * 0.215, 0.34, 0.06), (0.42, 0.1, 0.4), lighter(cloth, 0.2))
        mesh.box((side * 0.215, 0.52, -0.12), (0.4, 0.26, 0.08), lighter(cloth, 0.12))


def _table(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    wood = named or _WOOD
    _legs(mesh, 0.48, 0.26, 0.56, 0.07, darker(wood, 0.2))
    mesh.box((0, 0.52, 0), (0.98, 0.07, 0.54), darker(wood, 0.1))
    mesh.box((0, 0.59, 0), (1.14, 0.06, 0.7), wood)
    mesh.lathe(((0.05, 0.78), (0.04, 0.74), (0.08, 0.68), (0.05, 0.62)), lambda _: colours.accent, centre=(0.2, 0, 0.04))


def _lamp(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    shade = named or colours.accent
    mesh.lathe(((0.03, 0.09), (0.18, 0.07), (0.21, 0.05), (0.22, 0.02), (0.22, 0.0)), lambda _: _DARK)
    mesh.lathe(((0.025, 0.8), (0.025, 0.06)), lambda _: (200, 168, 96), columns=16)
    mesh.lathe(((0.16, 1.12), (0.17, 1.1), (0.33, 0.74), (0.34, 0.7)), lambda _: shade)
    mesh.globe((0, 0.69, 0), (0.09, 0.09, 0.09), (255, 240, 180))


def _book(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    covers = (named or colours.accent, colours.second, darker(named or colours.accent, 0.4))
    low = 0.0
    for cover, (x, wide, deep, tall) in zip(covers, ((0.0, 0.9, 0.62, 0.17), (0.05, 0.78, 0.56, 0.13), (-0.04, 0.66, 0.5,
        0.15)), strict=True):
        for y in (low + 0.015, low + tall - 0.015):
            mesh.box((x, y, 0), (wide, 0.03, deep), cover)
        mesh.box((x + 0.02, low + tall / 2, -0.02), (wide - 0.07, tall - 0.06, deep - 0.06), _CREAM)
        mesh.box((x, low + tall / 2, deep / 2 - 0.015), (wide, tall, 0.03), cover)
        mesh.box((x, low + tall / 2, deep / 2 + 0.003), (wide * 0.5, tall * 0.3, 0.01), lighter(cover, 0.5))
        low += tall


def _car(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
    paint = named or (206, 62, 52)
    mesh.prism(((-0.62, 0.16), (0.62, 0.16), (0.64, 0.28), (0.58, 0.36), (-0.58, 0.4), (-0.64, 0.34)), 0.52, paint)
    mesh.prism(((-0.44, 0.36), (0.3, 0.34), (0.12, 0.62), (-0.3, 0.62)), 0.44, paint)
    for left, right, high in ((-0.37, -0.1, 0.57), (-0.06, 0.2, 0.57)):
        top = (right - 0.12 if right > 0 else right), (left + 0.12 if left < -0.2 else left)
        mesh.prism(((left, 0.41), (right, 0.41), (top[0], high), (top[1], high)), 0.46, _GLASS)
    for x in (-0.36, 0.36):
        for z in (-0.24, 0.24):
            disc(mesh, x, 0.15, 0.15, 0.11, _DARK, z=z)
            disc(mesh, x, 0.15, 0.08, 0.13, (206, 210, 216), z=z)
    for z in (-0.17, 0.17):
        mesh.box((0.625, 0.27, z), (0.04, 0.07, 0.1), (255, 240, 180))
        mesh.box((-0.625, 0.31, z), (0.04, 0.06, 0.1), (170, 30, 36))


def _boat(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    hull = named or (150, 92, 58)
    mesh.lathe(((0.53, 0.06), (0.55, 0.05), (0.56, 0.03), (0.56, 0.0)), lambda _: (84, 156, 196), columns=48)
    mesh.prism(((-0.36, 0.05), (0.34, 0.05), (0.6, 0.32), (-0.48, 0.28)), 0.34, hull)
    mesh.prism(((-0.48, 0.28), (0.6, 0.32), (0.62, 0.36), (-0.49, 0.32)), 0.37, _CREAM)
    mesh.lathe(((0.02, 1.2), (0.025, 0.3)), lambda _: darker(_WOOD, 0.3), centre=(0.02, 0, 0), columns=12)
    mesh.prism(((-0.4, 0.42), (-0.02, 0.42), (-0.02, 1.14)), 0.02, _CREAM)
    mesh.prism(((0.06, 0.44), (0.44, 0.44), (0.06, 1.02)), 0.02, colours.accent)


def _castle(mesh: Mesh, named: RGB | None, colours: Palette, _rng: random.Random) -> None:
    stone = named or (204, 196, 184)
    for z, tall in ((0.32, 0.42), (-0.32, 0.42)):
        mesh.box((0, tall / 2, z), (0.9, tall, 0.08), stone)
        for number in range(7):
            mesh.box((-0.36 + 0.12 * number, tall + 0.03, z), (0.07, 0.06, 0.08), stone)
    for x in (-0.45, 0.45):
        mesh.box((x, 0.21, 0), (0.08, 0.42, 0.64), stone)
        for z in (-0.32, 0.32):
            mesh.lathe(((0.14, 0.66), (0.14, 0.6), (0.11, 0.58), (0.12, 0.0)), lambda _: darker(stone, 0.08), centre=(x,
                0, z), columns=24)
            mesh.lathe(((0.005, 0.98), (0.16, 0.66)), lambda _: colours.accent, centre=(x, 0, z), columns=24)
    mesh.box((0, 0.4, -0.06), (0.36, 0.8, 0.36), lighter(stone, 0.15))
    mesh.prism(((-0.23, 0.8), (0.23, 0.8), (0.0, 1.12)), 0.42, colours.accent, z=-0.06)
    mesh.box((0, 0.13, 0.36), (0.2, 0.26, 0.02), darker(_WOOD, 0.4))
    disc(mesh, 0, 0.26, 0.1, 0.02, darker(_WOOD, 0.4), z=0.36)
    for x in (-0.09, 0.09):
        mesh.box((x, 0.62, 0.125), (0.06, 0.12, 0.02), _DARK)


def _guitar(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
    wood = named or (214, 142, 72)
    mesh.box((0, 0.03, -0.05), (0.36, 0.06, 0.24), _DARK)
    for y, radius in ((0.33, 0.28), (0.62, 0.21)):
        disc(mesh, 0, y, radius, 0.14, darker(wood, 0.25))
        disc(mesh, 0, y, radius - 0.015, 0.16, wood)
    mesh.box((0, 0.47, 0), (0.36, 0.2, 0.155), wood)
    disc(mesh, 0, 0.55, 0.085, 0.17, _DARK)
    mesh.box((0, 0.27, 0.085), (0.2, 0.035, 0.03), _DARK)
    mesh.box((0, 0.94, 0.06), (0.085, 0.6, 0.06), darker(_WOOD, 0.5))
    mesh.box((0, 1.28, 0.05), (0.13, 0.16, 0.05), darker(_WOOD, 0.35))
    for x in (-0.03, -0.01, 0.01, 0.03):
        mesh.box((x, 0.77, 0.098), (0.005, 1.0, 0.006), (236, 232, 214))


FURNITURE: dict[str, _Shape] = {
    "chair": _chair, "sofa": _sofa, "table": _table, "lamp": _lamp, "book": _book, "car": _car, "boat": _boat,
    "castle": _castle, "guitar": _guitar,
}  # fmt: skip
