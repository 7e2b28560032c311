"""Things: food, dishes, books and what else stands on a table or hangs in the sky.

Each stands on (0, 0) and is about one unit high.
"""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, clear, darker, lighter
from notebookgen.sandbox.looks import Look

if TYPE_CHECKING:
    from notebookgen.sandbox.canvas import Pen

__all__ = ["OBJECTS", "planet"]

_LEAF: RGB = (84, 142, 84)
_CREAM: RGB = (252, 244, 230)


def _apple(pen: Pen, look: Look, _: float) -> None:
    skin = look.of((208, 54, 50))
    pen.blob(((0, -0.72), (0.2, -0.8), (0.42, -0.66), (0.43, -0.36), (0.26, -0.03), (0, -0.03), (-0.26, -0.03),
        (-0.43, -0.36), (-0.42, -0.66), (-0.2, -0.8)), skin)
    pen.blob(((0.2, -0.8), (0.42, -0.66), (0.43, -0.36), (0.26, -0.03), (0.08, -0.02), (0.28, -0.3), (0.3, -0.6)),
        darker(skin, 0.22))
    pen.oval(-0.22, -0.58, 0.07, 0.12, lighter(skin, 0.5), 0.5)
    pen.stroke(((0, -0.72), (0.02, -0.86), (0.07, -0.94)), 0.035, (94, 66, 50), curved=True)
    pen.blob(((0.04, -0.82), (0.16, -0.98), (0.34, -0.96), (0.2, -0.82)), _LEAF)


def _orange(pen: Pen, look: Look, _: float) -> None:
    skin = look.of((244, 146, 44))
    pen.oval(0, -0.4, 0.42, 0.41, skin)
    pen.blob(((0.2, -0.77), (0.41, -0.5), (0.36, -0.14), (0.05, 0.0), (0.26, -0.3)), darker(skin, 0.18))
    pen.oval(-0.15, -0.56, 0.09, 0.07, lighter(skin, 0.45), -0.5)
    pen.blob(((0, -0.8), (0.12, -0.94), (0.3, -0.9), (0.16, -0.78)), _LEAF)


def _lemon(pen: Pen, look: Look, _: float) -> None:
    skin = look.of((250, 214, 70))
    pen.blob(((-0.56, -0.32), (-0.42, -0.42), (-0.2, -0.6), (0.2, -0.6), (0.42, -0.42), (0.57, -0.34), (0.42, -0.2),
        (0.2, -0.02), (-0.2, -0.02), (-0.42, -0.2)), skin)
    pen.blob(((0.2, -0.6), (0.42, -0.42), (0.57, -0.34), (0.42, -0.2), (0.2, -0.02), (-0.1, -0.02), (0.2, -0.2)),
        darker(skin, 0.15))
    pen.oval(-0.14, -0.46, 0.12, 0.05, lighter(skin, 0.55), -0.2)


def _pear(pen: Pen, look: Look, _: float) -> None:
    skin = look.of((186, 196, 84))
    pen.blob(((0, -0.94), (0.13, -0.86), (0.18, -0.6), (0.36, -0.36), (0.32, -0.06), (0, 0.0), (-0.32, -0.06),
        (-0.36, -0.36), (-0.18, -0.6), (-0.13, -0.86)), skin)
    pen.blob(((0.1, -0.88), (0.18, -0.6), (0.36, -0.36), (0.32, -0.06), (0.05, 0.0), (0.2, -0.3), (0.06, -0.6)),
        darker(skin, 0.2))
    pen.oval(-0.15, -0.36, 0.06, 0.1, lighter(skin, 0.5), 0.4)
    pen.stroke(((0, -0.93), (0.03, -1.08)), 0.035, (94, 66, 50))
    pen.blob(((0.03, -1.0), (0.16, -1.12), (0.3, -1.06), (0.16, -0.97)), _LEAF)


def _fruit(pen: Pen, look: Look, t: float) -> None:
    for x, y, size, draw in ((-0.3, -0.34, 0.42, _apple), (0.3, -0.32, 0.42, _pear), (0.02, -0.4, 0.46, _orange),
        (-0.12, -0.3, 0.36, _lemon)):
        draw(pen.at(x, y, size), Look(look.accent, look.second, look.ink, look.light), t)
    for i, (x, y) in enumerate(((0.22, -0.38), (0.3, -0.32), (0.14, -0.33), (0.36, -0.38), (0.25, -0.28))):
        pen.oval(x + 0.12, y, 0.065, None, lighter((110, 60, 130), 0.06 * i))
    bowl = look.of((64, 108, 140))
    pen.blob(((-0.62, -0.38), (0, -0.3), (0.62, -0.38), (0.46, -0.12), (0.24, -0.02), (-0.24, -0.02), (-0.46, -0.12)),
        bowl)
    pen.blob(((0.3, -0.34), (0.62, -0.38), (0.46, -0.12), (0.24, -0.02), (0.06, -0.02)), darker(bowl, 0.2))
    pen.stroke(((-0.55, -0.28), (0, -0.2), (0.55, -0.28)), 0.03, lighter(bowl, 0.5), curved=True)


def _cake(pen: Pen, look: Look, t: float) -> None:
    icing = look.of((246, 176, 188))
    pen.oval(0, -0.02, 0.62, 0.05, _CREAM)
    for y, w, h in ((-0.36, 0.5, 0.34), (-0.64, 0.36, 0.3)):
        pen.box(-w, y, 2 * w, h, (232, 190, 138), 0.05)
        pen.box(-w, y + h * 0.45, 2 * w, h * 0.14, _CREAM)
        drips = [(-w + 2 * w * i / 10, y + (0.14 if i % 2 else 0.07)) for i in range(11)]
        pen.blob(((-w, y - 0.01), (w, y - 0.01), *reversed(drips)), icing, 5)
        pen.box(-w, y - 0.04, 2 * w, 0.08, icing, 0.04)
    for i, x in enumerate((-0.2, 0.0, 0.2)):
        pen.box(x - 0.02, -0.84, 0.04, 0.2, (look.accent, look.second, (90, 150, 190))[i])
        pen.oval(x, -0.89, 0.024, 0.045 + 0.008 * math.sin(t * 9 + i * 2), (255, 206, 90))
    for i in range(7):
        pen.oval(-0.42 + 0.14 * i, -0.385, 0.035, None, (206, 52, 60))


def _cup(pen: Pen, look: Look, t: float) -> None:
    glaze = look.of(look.accent)
    for i in range(3):
        x = -0.16 + 0.16 * i
        line = [(x + 0.045 * math.sin(k * 1.1 + t * 2.2 + i * 1.7), -0.72 - 0.09 * k) for k in range(6)]
        pen.stroke(line, 0.035, clear(look.light, 0.5), curved=True)
    pen.oval(0, -0.02, 0.62, 0.065, darker(glaze, 0.3))
    pen.oval(0, -0.04, 0.6, 0.055, lighter(glaze, 0.5))
    pen.ring(0.4, -0.36, 0.15, 0.06, darker(glaze, 0.12))
    pen.blob(((-0.42, -0.62), (0.42, -0.62), (0.39, -0.3), (0.25, -0.08), (-0.25, -0.08), (-0.39, -0.3)), glaze, 5)
    pen.blob(((0.16, -0.62), (0.42, -0.62), (0.39, -0.3), (0.25, -0.08), (0.05, -0.08), (0.2, -0.3)),
        darker(glaze, 0.16), 5)
    pen.oval(0, -0.62, 0.43, 0.085, lighter(glaze, 0.35))
    pen.oval(0, -0.615, 0.38, 0.066, (96, 58, 40))
    pen.oval(-0.06, -0.61, 0.17, 0.03, (206, 158, 112))
    pen.oval(-0.25, -0.4, 0.035, 0.1, lighter(glaze, 0.4), 0.2)


def _bottle(pen: Pen, look: Look, _: float) -> None:
    glass = look.of((74, 128, 104))
    pen.box(-0.07, -1.0, 0.14, 0.4, glass, 0.02)
    pen.box(-0.085, -1.0, 0.17, 0.07, (190, 150, 96), 0.02)
    pen.blob(((-0.07, -0.72), (-0.2, -0.54), (-0.2, -0.04), (0, 0.0), (0.2, -0.04), (0.2, -0.54), (0.07, -0.72)), glass)
    pen.box(-0.2, -0.44, 0.4, 0.26, _CREAM)
    pen.oval(0, -0.31, 0.075, None, look.accent)
    pen.stroke(((-0.12, -0.52), (-0.13, -0.46)), 0.035, lighter(glass, 0.5))
    pen.box(0.12, -0.56, 0.06, 0.5, darker(glass, 0.3), 0.03)


def _vase(pen: Pen, look: Look, t: float) -> None:
    glaze = look.of((64, 110, 142))
    for i, (x, y, tint) in enumerate(((-0.26, -0.84, look.accent), (0.0, -0.98, look.second),
        (0.25, -0.82, (236, 150, 160)), (-0.1, -0.74, (250, 240, 226)), (0.13, -0.7, look.accent))):
        sway = 0.015 * math.sin(t * 1.5 + i)
        pen.stroke(((0, -0.46), (x * 0.6, y + 0.2), (x + sway, y)), 0.02, (74, 120, 78), curved=True)
        bloom = pen.at(x + sway, y)
        for k in range(6):
            bloom.at(0, 0, 1, angle=k * math.tau / 6 + i).oval(0.065, 0, 0.06, 0.045, tint if k % 2 else lighter(tint,
                0.16))
        bloom.oval(0, 0, 0.04, None, (244, 190, 80))
    for x, y, turn in ((-0.2, -0.58, -0.6), (0.2, -0.56, 0.6)):
        pen.oval(x, y, 0.04, 0.11, _LEAF, turn)
    pen.blob(((-0.11, -0.5), (0.11, -0.5), (0.09, -0.4), (0.25, -0.2), (0.15, 0.0), (-0.15, 0.0), (-0.25, -0.2),
        (-0.09, -0.4)), glaze)
    pen.blob(((0.04, -0.5), (0.11, -0.5), (0.09, -0.4), (0.25, -0.2), (0.15, 0.0), (0.02, 0.0), (0.12, -0.2)),
        darker(glaze, 0.22))
    pen.oval(-0.13, -0.22, 0.03, 0.075, lighter(glaze, 0.5), 0.3)


def _book(pen: Pen, look: Look, t: float) -> None:
    cover = look.of(look.accent)
    pen.blob(((-0.7, -0.02), (-0.66, -0.44), (0, -0.4), (0.66, -0.44), (0.7, -0.02), (0, 0.03)), darker(cover, 0.2), 3)
    for side in (-1, 1):
        pen.blob(((0, -0.02), (side * 0.32, -0.1), (side * 0.64, -0.05), (side * 0.6, -0.44), (side * 0.3, -0.5),
            (0, -0.42)), (252, 246, 232) if side < 0 else (238, 228, 210), 4)
        for row in range(5):
            pen.stroke(((side * 0.1, -0.38 + row * 0.06), (side * 0.3, -0.43 + row * 0.06),
                (side * 0.52, -0.4 + row * 0.062)), 0.012, (176, 164, 150), curved=True, cap=False)
    for i in range(5):
        rise = (t * 0.3 + i * 0.2) % 1.0
        x = (i - 2) * 0.17 + 0.03 * math.sin(t * 2 + i)
        spark = pen.at(x, -0.52 - 0.42 * (0.3 + rise * 0.7), 0.045 * (1.3 - rise))
        spark.poly(((0, -1.6), (0.35, -0.35), (1.6, 0), (0.35, 0.35), (0, 1.6), (-0.35, 0.35), (-1.6, 0),
            (-0.35, -0.35)), look.second)


def _lamp(pen: Pen, look: Look, _: float) -> None:
    pen.poly(((-0.45, -0.55), (0.45, -0.55), (0.75, 0.0), (-0.75, 0.0)), clear((255, 236, 170), 0.3))
    pen.oval(0, -0.02, 0.24, 0.05, look.ink)
    pen.stroke(((0, -0.04), (0, -0.6)), 0.035, look.ink)
    pen.poly(((-0.17, -0.98), (0.17, -0.98), (0.4, -0.55), (-0.4, -0.55)), look.of(look.accent))
    pen.oval(0, -0.55, 0.4, 0.045, (255, 232, 160))


def _guitar(pen: Pen, look: Look, t: float) -> None:
    wood = look.of((206, 138, 70))
    pen = pen.at(0, 0, 1, angle=0.2 + 0.03 * math.sin(t * 2))
    pen.box(-0.045, -1.02, 0.09, 0.6, (92, 62, 48))
    pen.box(-0.065, -1.14, 0.13, 0.15, (70, 46, 40), 0.03)
    pen.blob(((0, -0.58), (0.17, -0.54), (0.19, -0.42), (0.15, -0.34), (0.27, -0.2), (0.22, -0.03), (0, 0.02),
        (-0.22, -0.03), (-0.27, -0.2), (-0.15, -0.34), (-0.19, -0.42), (-0.17, -0.54)), wood)
    pen.oval(0, -0.36, 0.075, None, (70, 46, 40))
    pen.box(-0.1, -0.14, 0.2, 0.035, (70, 46, 40), 0.01)
    for i in range(4):
        pen.stroke(((-0.027 + 0.018 * i, -1.05), (-0.027 + 0.018 * i, -0.12)), 0.005, _CREAM, cap=False)


def _umbrella(pen: Pen, look: Look, t: float) -> None:
    cloth = look.of(look.accent)
    pen = pen.at(0, 0, 1, angle=0.12 + 0.03 * math.sin(t * 2))
    pen.stroke(((0, -0.95), (0, -0.08), (0.04, -0.01), (0.1, -0.03), (0.12, -0.1)), 0.03, (94, 66, 50), curved=True)
    pen.blob(((-0.55, -0.5), (-0.46, -0.76), (-0.22, -0.94), (0, -0.98), (0.22, -0.94), (0.46, -0.76), (0.55, -0.5),
        (0.36, -0.57), (0.19, -0.5), (0, -0.57), (-0.19, -0.5), (-0.36, -0.57)), cloth)
    pen.blob(((0, -0.98), (0.16, -0.76), (0.19, -0.5), (0, -0.57), (-0.19, -0.5), (-0.16, -0.76)), lighter(cloth, 0.22))
    pen.stroke(((0, -0.97), (0, -1.05)), 0.025, (94, 66, 50))


def _crystal(pen: Pen, look: Look, t: float) -> None:
    gem = look.of((110, 196, 214))
    for x, tall, wide, lean in ((-0.24, 0.6, 0.14, -0.25), (0.26, 0.66, 0.14, 0.25), (0, 1.0, 0.2, 0.0)):
        pin = pen.at(x, 0, 1, angle=lean)
        pin.poly(((-wide, 0), (-wide, -tall * 0.7), (0, -tall), (0, 0)), lighter(gem, 0.45))
        pin.poly(((0, 0), (0, -tall), (wide, -tall * 0.7), (wide, 0)), darker(gem, 0.2))
        pin.poly(((-wide * 0.4, 0), (-wide * 0.4, -tall * 0.66), (0, -tall), (wide * 0.4, -tall * 0.66),
            (wide * 0.4, 0)), gem)
    pen.at(0.1, -0.8, 0.05 + 0.02 * math.sin(t * 4)).poly(((0, -2), (0.4, -0.4), (2, 0), (0.4, 0.4), (0, 2),
        (-0.4, 0.4), (-2, 0), (-0.4, -0.4)), (255, 255, 255))


def _heart(pen: Pen, look: Look, t: float) -> None:
    tint = look.of((222, 62, 84))
    pen = pen.at(0, -0.46, 0.95 + 0.05 * math.sin(t * 6))
    pen.blob(((0, 0.46), (-0.34, 0.14), (-0.5, -0.16), (-0.38, -0.42), (-0.14, -0.42), (0, -0.24), (0.14, -0.42),
        (0.38, -0.42), (0.5, -0.16), (0.34, 0.14)), tint)
    pen.blob(((0, 0.46), (0.34, 0.14), (0.5, -0.16), (0.38, -0.42), (0.26, -0.43), (0.36, -0.1), (0.16, 0.18)),
        darker(tint, 0.2))
    pen.oval(-0.28, -0.22, 0.07, 0.1, lighter(tint, 0.5), 0.6)


def _moon(pen: Pen, look: Look, _: float) -> None:
    face = look.of((248, 240, 214))
    pen = pen.at(0, -0.5)
    pen.oval(0, 0, 0.5, None, clear(face, 0.25))
    pen.oval(0, 0, 0.45, None, face)
    for x, y, r in ((-0.14, -0.14, 0.1), (0.16, 0.1, 0.13), (-0.1, 0.22, 0.07), (0.18, -0.22, 0.06),
        (-0.28, 0.08, 0.04)):
        pen.oval(x, y, r, None, darker(face, 0.1))


def planet(pen: Pen, look: Look, t: float) -> None:
    """A banded planet with a ring; the bands drift."""
    body = look.of(look.accent)
    pen = pen.at(0, -0.5, 1, angle=-0.32)
    ring = look.second
    half = [(0.76 * math.cos(i * math.pi / 24), 0.2 * math.sin(i * math.pi / 24)) for i in range(25)]
    inner = [(x * 0.74, y * 0.74) for x, y in reversed(half)]
    pen.poly([(-x, -y) for x, y in half + inner], darker(ring, 0.3))
    pen.oval(0, 0, 0.42, None, body)
    for k, (y, h) in enumerate(((-0.24, 0.05), (-0.08, 0.07), (0.12, 0.05), (0.26, 0.06))):
        w = math.sqrt(0.42**2 - y * y) * 0.99
        line = [(-w + 2 * w * i / 10, y + 0.014 * math.sin(i * 1.3 + t * 1.5 + k)) for i in range(11)]
        pen.poly([*line, *[(x * 0.98, yy + h) for x, yy in reversed(line)]], lighter(body, 0.22)
            if k % 2 else darker(body, 0.14))
    pen.blob(((0.02, -0.42), (0.3, -0.3), (0.42, 0), (0.3, 0.3), (0.02, 0.42), (0.2, 0.2), (0.26, 0)),
        clear(darker(body, 0.6), 0.4))
    pen.poly(half + inner, ring)
    pen.poly([(x * 0.86, y * 0.86) for x, y in half] + [(x * 0.82, y * 0.82) for x, y in reversed(half)],
        darker(ring, 0.2))


OBJECTS = {
    "apple": _apple, "orange_fruit": _orange, "lemon": _lemon, "pear": _pear, "fruit": _fruit, "cake": _cake, "cup": _cup, "bottle": _bottle,
    "vase": _vase, "book": _book, "lamp": _lamp, "guitar": _guitar, "umbrella": _umbrella, "crystal": _crystal, "heart": _heart, "moon": _moon,
}  # fmt: skip
