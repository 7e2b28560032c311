"""What carries us: boat, balloon, bicycle, car, train, rocket, plane.

Each stands on (0, 0), about one unit high or long, and faces right. `SEATS` says where a rider sits, and how large.
"""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, darker, lighter, mix

if TYPE_CHECKING:
    from notebookgen.sandbox.canvas import Pen
    from notebookgen.sandbox.looks import Look

__all__ = ["SEATS", "balloon", "bicycle", "boat", "car", "plane", "rocket", "train"]

_DARK: RGB = (38, 36, 48)
_GLASS: RGB = (176, 216, 228)

#: Where the rider's feet go, and how large the rider is, in the carrier's units.
SEATS = {
    "bicycle": (-0.13, -0.5, 0.6), "boat": (-0.12, -0.14, 0.42), "car": (-0.06, -0.42, 0.44), "horse": (-0.06, -0.5,
        0.56),
    "elephant": (-0.16, -0.68, 0.46), "whale": (-0.05, -0.64, 0.42), "turtle": (-0.04, -0.66, 0.42), "rocket": (0.0,
        -0.86, 0.36),
    "dragon": (-0.02, -0.54, 0.42), "cow": (-0.1, -0.54, 0.48), "train": (-0.42, -0.46, 0.44), "cup": (0.0, -0.56,
        0.5), "book": (0, -0.3, 0.7),
    "house": (-0.1, -0.84, 0.42), "mushroom": (0.0, -0.9, 0.5), "balloon": (0.0, -0.1, 0.24), "plane": (0.05, -0.6,
        0.36), "moon": (0.0, -0.86, 0.5),
}  # fmt: skip


def boat(pen: Pen, look: Look, t: float) -> None:
    """A sailing boat that rocks."""
    sail = look.of((252, 244, 228))
    pen = pen.at(0, 0.02 * math.sin(t * 2), 1, angle=0.05 * math.sin(t * 1.6))
    pen.stroke(((-0.02, -0.12), (-0.02, -1.0)), 0.024, (96, 68, 54))
    puff = 0.02 * math.sin(t * 2.3)
    pen.blob(((0.01, -0.97), (0.2 + puff, -0.66), (0.42 + puff, -0.22), (0.2, -0.2), (0.01, -0.21)), sail, 6)
    pen.poly(((-0.05, -0.9), (-0.36, -0.24), (-0.05, -0.22)), darker(sail, 0.16) if look.colour else look.accent)
    pen.blob(((0.01, -0.97), (0.06, -0.6), (0.08, -0.21), (0.01, -0.21)), darker(sail, 0.1), 6)
    pen.poly(((-0.02, -1.0), (0.11, -0.97), (-0.02, -0.93)), look.accent)
    hull = darker(look.accent, 0.35) if look.colour is None else darker(look.of(sail), 0.5)
    pen.blob(((-0.48, -0.16), (0, -0.13), (0.52, -0.19), (0.4, -0.03), (0.26, 0.04), (-0.28, 0.04), (-0.41, -0.03)),
        hull)
    pen.stroke(((-0.46, -0.135), (0, -0.105), (0.48, -0.155)), 0.026, look.light, curved=True)


def balloon(pen: Pen, look: Look, t: float) -> None:
    """A hot-air balloon of seven gores."""
    cloth = look.of(look.accent)
    other = lighter(cloth, 0.55) if look.colour else look.second
    pen = pen.at(0.02 * math.sin(t * 0.9 + look.turn), -0.03 * math.sin(t * 1.1 + look.turn), 1,
        angle=0.03 * math.sin(t * 0.8 + look.turn))
    for x in (-0.085, 0.085):
        pen.stroke(((x * 1.25, -0.36), (x, -0.14)), 0.009, (82, 62, 54), cap=False)
    profile = ((0.0, -1.06), (0.2, -1.02), (0.34, -0.88), (0.385, -0.72), (0.33, -0.55), (0.2, -0.42), (0.105, -0.34))
    for k, share in enumerate((1.0, 0.72, 0.36)):
        fill = (cloth, other, cloth)[k]
        line = [(x * share, y) for x, y in profile]
        pen.blob((*line, *[(-x, y) for x, y in reversed(line[1:])]), darker(fill, 0.0 if k else 0.06))
    pen.blob([(x, y) for x, y in profile] + [(x * 0.72, y) for x, y in reversed(profile)], darker(cloth, 0.24))
    pen.blob([(x * 0.72, y) for x, y in profile[1:]] + [(x * 0.36, y) for x, y in reversed(profile[1:])],
        darker(other, 0.14))
    pen.box(-0.1, -0.365, 0.2, 0.035, darker(cloth, 0.4), 0.015)
    pen.box(-0.1, -0.15, 0.2, 0.15, (156, 108, 70), 0.03)
    pen.box(-0.115, -0.16, 0.23, 0.035, (112, 74, 52), 0.015)


def _wheel(pen: Pen, x: float, y: float, r: float, t: float, rim: RGB) -> None:
    pen.ring(x, y, r, 0.036, _DARK)
    pen.ring(x, y, r * 0.86, 0.012, rim)
    for i in range(6):
        a = t * 5 + i * math.tau / 12
        pen.stroke(((x - r * 0.9 * math.cos(a), y - r * 0.9 * math.sin(a)), (x + r * 0.9 * math.cos(a),
            y + r * 0.9 * math.sin(a))), 0.007, rim, cap=False)
    pen.oval(x, y, 0.03, None, _DARK)


def bicycle(pen: Pen, look: Look, t: float) -> None:
    """A bicycle with turning wheels."""
    frame = look.of(look.accent)
    for x in (-0.42, 0.42):
        _wheel(pen, x, -0.29, 0.27, t, (206, 206, 206))
    for line in (((-0.42, -0.29), (-0.02, -0.29), (-0.14, -0.62), (-0.42, -0.29)), ((-0.12, -0.56), (0.3, -0.6),
        (-0.02, -0.29)), ((0.42, -0.29), (0.28, -0.7))):
        pen.stroke(line, 0.036, frame)
    pen.stroke(((-0.14, -0.62), (-0.16, -0.68)), 0.03, _DARK)
    pen.stroke(((-0.25, -0.69), (-0.08, -0.69)), 0.055, _DARK)
    pen.stroke(((0.28, -0.7), (0.26, -0.76), (0.38, -0.78), (0.42, -0.71)), 0.03, _DARK, curved=True)
    turn = t * 3
    pen.oval(-0.02, -0.29, 0.075, None, _DARK)
    for a in (turn, turn + math.pi):
        x, y = -0.02 + 0.12 * math.cos(a), -0.29 + 0.12 * math.sin(a)
        pen.stroke(((-0.02, -0.29), (x, y)), 0.022, (150, 150, 156))
        pen.stroke(((x - 0.04, y), (x + 0.04, y)), 0.024, _DARK)


def car(pen: Pen, look: Look, t: float) -> None:
    """A small round car."""
    paint = look.of(look.accent)
    bounce = 0.008 * math.sin(t * 9)
    body = pen.at(0, bounce)
    body.blob(((-0.38, -0.38), (-0.26, -0.58), (-0.02, -0.64), (0.2, -0.56), (0.33, -0.38), (0, -0.33)), paint)
    body.blob(((-0.31, -0.39), (-0.22, -0.54), (-0.06, -0.58), (-0.06, -0.39)), _GLASS)
    body.blob(((-0.01, -0.39), (-0.01, -0.58), (0.14, -0.53), (0.26, -0.39)), _GLASS)
    body.blob(((-0.66, -0.14), (-0.66, -0.3), (-0.52, -0.4), (-0.2, -0.42), (0.3, -0.42), (0.56, -0.36), (0.68, -0.24),
        (0.67, -0.13), (0, -0.1)), paint)
    body.blob(((-0.66, -0.14), (-0.64, -0.22), (0, -0.2), (0.66, -0.22), (0.67, -0.13), (0, -0.1)), darker(paint, 0.24))
    body.stroke(((-0.03, -0.38), (-0.04, -0.16)), 0.008, darker(paint, 0.35), cap=False)
    body.box(0.03, -0.32, 0.08, 0.02, (236, 232, 226), 0.01)
    body.oval(0.6, -0.27, 0.045, 0.055, (255, 240, 190))
    body.box(-0.67, -0.3, 0.035, 0.08, (196, 40, 44), 0.015)
    for x in (-0.38, 0.4):
        pen.oval(x, -0.13, 0.15, None, _DARK)
        pen.oval(x, -0.13, 0.085, None, (222, 218, 212))
        for i in range(5):
            a = t * 8 + i * math.tau / 5
            pen.oval(x + 0.05 * math.cos(a), -0.13 + 0.05 * math.sin(a), 0.014, None, (120, 116, 118))


def train(pen: Pen, look: Look, t: float) -> None:
    """A steam train with one carriage."""
    paint = look.of(look.accent)
    for i in range(5):
        age = (t * 0.8 + i / 5) % 1.0
        pen.oval(0.6 - 0.75 * age, -0.8 - 0.26 * age, 0.06 + 0.09 * age, None, mix(look.light, (170, 170, 178),
            age * 0.5))
    pen.box(-1.25, -0.13, 2.2, 0.03, _DARK)
    pen.box(-1.2, -0.55, 0.95, 0.42, mix(paint, look.second, 0.85), 0.05)
    pen.box(-1.24, -0.6, 1.03, 0.07, darker(paint, 0.3), 0.03)
    for x in (-1.1, -0.82, -0.54):
        pen.box(x, -0.46, 0.2, 0.16, (255, 220, 140) if look.lit else _GLASS, 0.03)
    pen.box(-0.16, -0.68, 0.36, 0.55, paint, 0.03)
    pen.box(-0.21, -0.73, 0.46, 0.07, _DARK, 0.03)
    pen.box(-0.09, -0.59, 0.21, 0.18, (255, 220, 140) if look.lit else _GLASS, 0.03)
    pen.box(0.15, -0.48, 0.66, 0.3, darker(paint, 0.14), 0.1)
    pen.box(0.74, -0.46, 0.08, 0.26, _DARK, 0.04)
    pen.poly(((0.54, -0.47), (0.51, -0.76), (0.69, -0.76), (0.66, -0.47)), _DARK)
    pen.oval(0.35, -0.48, 0.07, None, (226, 180, 80))
    pen.poly(((0.8, -0.15), (0.98, 0), (0.76, 0)), darker(paint, 0.4))
    for x, r in ((-1.02, 0.1), (-0.44, 0.1), (0.0, 0.15), (0.34, 0.12), (0.62, 0.12)):
        pen.oval(x, -r, r, None, _DARK)
        pen.oval(x, -r, r * 0.55, None, (196, 60, 52))
        pen.oval(x + r * 0.55 * math.cos(t * 6), -r + r * 0.55 * math.sin(t * 6), 0.025, None, (230, 226, 220))


def rocket(pen: Pen, look: Look, t: float) -> None:
    """A rocket with its engine burning."""
    fin = look.of(look.accent)
    pen = pen.at(0.006 * math.sin(t * 23), 0.01 * math.sin(t * 19))
    flame = 1 + 0.2 * math.sin(t * 21)
    pen.blob(((-0.1, -0.1), (-0.13, 0.08), (0, 0.34 * flame), (0.13, 0.08), (0.1, -0.1)), (246, 130, 50))
    pen.blob(((-0.06, -0.1), (-0.07, 0.04), (0, 0.2 * flame), (0.07, 0.04), (0.06, -0.1)), (255, 226, 120))
    for side in (-1, 1):
        pen.blob(((side * 0.12, -0.44), (side * 0.32, -0.2), (side * 0.3, 0.02), (side * 0.12, -0.12)),
            darker(fin, 0.12 + 0.12 * side), 5)
    pen.blob(((-0.13, -0.1), (-0.2, -0.4), (-0.15, -0.74), (0, -1.0), (0.15, -0.74), (0.2, -0.4), (0.13, -0.1)),
        (246, 242, 234))
    pen.blob(((0.04, -0.1), (0.13, -0.1), (0.2, -0.4), (0.15, -0.74), (0, -1.0), (0.09, -0.7), (0.12, -0.4)),
        (214, 208, 206))
    pen.blob(((-0.145, -0.75), (0, -1.02), (0.145, -0.75), (0, -0.73)), fin, 6)
    pen.oval(0, -0.54, 0.095, None, fin)
    pen.oval(0, -0.54, 0.068, None, (120, 190, 220))
    pen.oval(-0.02, -0.56, 0.026, None, (220, 244, 250))
    pen.box(-0.13, -0.14, 0.26, 0.055, darker(fin, 0.3), 0.02)
    pen.box(-0.03, -0.34, 0.06, 0.28, fin, 0.03)


def plane(pen: Pen, look: Look, t: float) -> None:
    """A small propeller plane in the air."""
    paint = look.of(look.accent)
    pen = pen.at(0, -0.4 + 0.03 * math.sin(t * 2), 1, angle=-0.1)
    pen.blob(((-0.5, -0.1), (-0.72, -0.36), (-0.58, -0.38), (-0.38, -0.14)), darker(paint, 0.2), 5)
    pen.blob(((0.56, 0.0), (0.5, -0.13), (0.2, -0.18), (-0.2, -0.15), (-0.64, -0.08), (-0.5, 0.04), (0, 0.14),
        (0.44, 0.12)), paint)
    pen.blob(((0.54, 0.04), (0.2, 0.06), (-0.56, -0.02), (-0.5, 0.04), (0, 0.14), (0.44, 0.12)), (250, 244, 232))
    pen.blob(((-0.02, -0.17), (0.06, -0.29), (0.2, -0.29), (0.3, -0.16)), _GLASS)
    pen.blob(((0.26, 0.03), (0.1, 0.0), (-0.2, 0.3), (-0.08, 0.33)), darker(paint, 0.3), 5)
    pen.oval(0.57, 0.0, 0.035, 0.05, _DARK)
    pen.oval(0.59, 0.0, 0.018, 0.2 * (0.4 + 0.6 * abs(math.sin(t * 17 + 1))), mix(paint, (240, 240, 240), 0.7))
