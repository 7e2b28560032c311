"""Buildings, each standing on (0, 0) and about one unit high; windows are lit when it is dark."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, clear, darker, lighter

if TYPE_CHECKING:
    from notebookgen.sandbox.canvas import Pen
    from notebookgen.sandbox.looks import Look

__all__ = ["bridge", "castle", "church", "house", "lighthouse", "tent", "tower", "windmill"]

_LAMP: RGB = (255, 214, 122)
_PANE: RGB = (70, 92, 120)
_STONE: RGB = (222, 208, 188)


def _window(pen: Pen, look: Look, x: float, y: float, w: float, h: float, *, arched: bool = False) -> None:
    glass = _LAMP if look.lit else _PANE
    if arched:
        pen.oval(x + w / 2, y, w / 2, None, glass)
    pen.box(x, y, w, h, glass)


def house(pen: Pen, look: Look, t: float) -> None:
    """A cottage with a smoking chimney."""
    wall, roof = look.of((248, 232, 206)), look.accent if look.colour is None else darker(look.of(_STONE), 0.45)
    for i in range(4):
        age = (t * 0.5 + i / 4) % 1.0
        pen.oval(0.27 + 0.16 * age + 0.02 * math.sin(t * 2 + i), -0.98 - 0.36 * age, 0.04 + 0.06 * age, None,
            clear(look.light, 0.55 * (1 - age)))
    pen.box(0.2, -0.95, 0.12, 0.35, darker(roof, 0.3))
    pen.box(-0.42, -0.5, 0.84, 0.5, wall)
    pen.box(0.2, -0.5, 0.22, 0.5, darker(wall, 0.13))
    pen.poly(((-0.53, -0.46), (-0.28, -0.86), (0.34, -0.86), (0.53, -0.46)), roof)
    pen.poly(((0.2, -0.46), (0.34, -0.86), (0.53, -0.46)), darker(roof, 0.2))
    pen.box(-0.5, -0.48, 1.0, 0.035, darker(roof, 0.35))
    pen.box(-0.09, -0.3, 0.18, 0.3, darker(roof, 0.4), 0.02)
    pen.oval(0.055, -0.14, 0.014, None, _LAMP)
    for x in (-0.34, 0.2):
        pen.box(x - 0.02, -0.37, 0.18, 0.2, look.light)
        _window(pen, look, x, -0.35, 0.14, 0.16)
        pen.box(x + 0.062, -0.35, 0.016, 0.16, look.light)
        pen.box(x, -0.28, 0.14, 0.016, look.light)
    for i in range(7):
        pen.oval(-0.36 + 0.12 * i, -0.01, 0.07, 0.045, (84, 128, 84))


def lighthouse(pen: Pen, look: Look, t: float) -> None:
    """A striped lighthouse on its rock; the beam sweeps."""
    stripe = look.of((206, 62, 52))
    if look.lit or t:
        reach = math.cos(t * 1.4)
        for side in (-1, 1):
            far = side * (0.5 + 1.6 * abs(reach))
            pen.poly(((0, -0.855), (far, -0.98), (far, -0.7), (0, -0.825)), clear((255, 240, 190),
                0.3 if look.lit else 0.14))
    pen.blob(((-0.46, 0.04), (-0.36, -0.06), (-0.18, -0.12), (0.16, -0.11), (0.36, -0.04), (0.48, 0.05), (0, 0.1)),
        (86, 80, 88))
    pen.blob(((0.05, -0.1), (0.36, -0.04), (0.48, 0.05), (0.1, 0.08)), (64, 58, 70))
    for i in range(5):
        y0, y1 = -0.08 - 0.135 * i, -0.215 - 0.135 * i
        w0, w1 = 0.145 - 0.012 * i, 0.133 - 0.012 * i
        fill = stripe if i % 2 == 0 else (252, 246, 236)
        pen.poly(((-w0, y0), (w0, y0), (w1, y1), (-w1, y1)), fill)
        pen.poly(((w0 * 0.35, y0), (w0, y0), (w1, y1), (w1 * 0.35, y1)), darker(fill, 0.18))
    pen.box(-0.12, -0.775, 0.24, 0.03, (50, 46, 58))
    pen.box(-0.06, -0.9, 0.12, 0.13, _LAMP)
    for x in (-0.06, -0.008, 0.044):
        pen.box(x, -0.9, 0.016, 0.13, (50, 46, 58))
    pen.poly(((-0.09, -0.895), (0.09, -0.895), (0, -1.0)), stripe)
    pen.oval(0, -1.0, 0.016, None, (50, 46, 58))
    pen.box(-0.04, -0.2, 0.08, 0.11, (66, 48, 50), 0.03)
    for y in (-0.36, -0.58):
        _window(pen, look, -0.025, y, 0.05, 0.06, arched=True)


def castle(pen: Pen, look: Look, t: float) -> None:
    """A castle with pointed towers and waving flags."""
    stone, roof = look.of(_STONE), look.accent
    for x, w, h in ((-0.27, 0.16, 0.62), (0.3, 0.15, 0.56), (0.05, 0.2, 0.84)):
        pen.box(x - w / 2, -h, w, h, stone)
        pen.box(x + w * 0.12, -h, w * 0.38, h, darker(stone, 0.16))
        pen.poly(((x - w * 0.66, -h), (x, -h - w * 1.35), (x + w * 0.66, -h)), roof)
        pen.poly(((x + w * 0.12, -h), (x, -h - w * 1.35), (x + w * 0.66, -h)), darker(roof, 0.22))
        _flag(pen.at(x, -h - w * 1.33), look, t)
        _window(pen, look, x - 0.022, -h + 0.12, 0.044, 0.06, arched=True)
    for x, w, h in ((-0.46, 0.17, 0.42), (0.47, 0.17, 0.4)):
        pen.box(x - w / 2, -h, w, h, stone)
        pen.box(x + w * 0.12, -h, w * 0.38, h, darker(stone, 0.16))
        _teeth(pen, x - w / 2 - 0.015, -h, w + 0.03, 4, stone)
        _window(pen, look, x - 0.02, -h + 0.12, 0.04, 0.05, arched=True)
    pen.box(-0.4, -0.3, 0.8, 0.3, darker(stone, 0.06))
    _teeth(pen, -0.4, -0.3, 0.8, 10, darker(stone, 0.06))
    pen.oval(0, -0.15, 0.085, None, (74, 52, 46))
    pen.box(-0.085, -0.15, 0.17, 0.15, (74, 52, 46))
    for x in (-0.25, 0.25):
        _window(pen, look, x - 0.02, -0.2, 0.04, 0.06, arched=True)


def _flag(pen: Pen, look: Look, t: float) -> None:
    pen.box(-0.005, -0.1, 0.01, 0.1, look.ink)
    wave = 0.012 * math.sin(t * 6)
    pen.blob(((0, -0.1), (0.06, -0.105 + wave), (0.13, -0.075 - wave), (0.06, -0.055 + wave), (0, -0.05)), look.second,
        4)


def _teeth(pen: Pen, x: float, y: float, w: float, count: int, fill: RGB) -> None:
    step = w / (2 * count - 1)
    for i in range(count):
        pen.box(x + 2 * i * step, y - 0.04, step, 0.045, fill)


def church(pen: Pen, look: Look, _: float) -> None:
    """A village church."""
    wall, roof = look.of((246, 238, 224)), darker(look.accent, 0.25)
    pen.box(-0.1, -0.34, 0.56, 0.34, wall)
    pen.poly(((-0.1, -0.34), (0.0, -0.56), (0.42, -0.56), (0.52, -0.34)), roof)
    pen.box(-0.34, -0.62, 0.26, 0.62, lighter(wall, 0.2))
    pen.box(-0.18, -0.62, 0.1, 0.62, darker(wall, 0.12))
    pen.poly(((-0.38, -0.62), (-0.21, -1.0), (-0.04, -0.62)), roof)
    pen.box(-0.217, -1.1, 0.014, 0.12, look.ink)
    pen.box(-0.245, -1.07, 0.07, 0.014, look.ink)
    pen.oval(-0.21, -0.52, 0.055, None, look.ink)
    pen.oval(-0.21, -0.52, 0.042, None, look.light)
    for x in (0.02, 0.16, 0.3):
        _window(pen, look, x, -0.2, 0.06, 0.1, arched=True)
    pen.oval(-0.21, -0.14, 0.05, None, (86, 60, 52))
    pen.box(-0.26, -0.14, 0.1, 0.14, (86, 60, 52))


def windmill(pen: Pen, look: Look, t: float) -> None:
    """A windmill whose sails turn."""
    wall = look.of((246, 234, 214))
    pen.poly(((-0.2, 0), (-0.13, -0.64), (0.13, -0.64), (0.2, 0)), wall)
    pen.poly(((0.05, 0), (0.04, -0.64), (0.13, -0.64), (0.2, 0)), darker(wall, 0.16))
    pen.blob(((-0.16, -0.62), (-0.1, -0.76), (0, -0.8), (0.1, -0.76), (0.16, -0.62)), look.accent)
    pen.box(-0.05, -0.16, 0.1, 0.16, (92, 62, 50), 0.03)
    for y in (-0.3, -0.48):
        _window(pen, look, -0.03, y, 0.06, 0.07)
    for i in range(4):
        sail = pen.at(0, -0.68, 1, angle=0.5 + t * 1.1 + i * math.pi / 2)
        sail.box(-0.012, -0.48, 0.024, 0.5, (92, 66, 54))
        sail.poly(((0.012, -0.47), (0.12, -0.46), (0.1, -0.12), (0.012, -0.12)), (255, 250, 238))
        for y in (-0.4, -0.32, -0.24, -0.17):
            sail.box(0.012, y, 0.1, 0.01, (168, 146, 122))
    pen.oval(0, -0.68, 0.035, None, (92, 66, 54))


def tower(pen: Pen, look: Look, _: float) -> None:
    """An iron lattice tower."""
    iron = look.of((120, 84, 74))
    for side in (-1, 1):
        pen.poly(((side * 0.34, 0), (side * 0.22, 0), (side * 0.11, -0.3), (side * 0.04, -0.62), (side * 0.012, -1.0),
            (0, -1.0), (side * 0.06, -0.62), (side * 0.16, -0.3)), iron)
        pen.stroke(((side * 0.26, -0.02), (side * 0.13, -0.18), (0, -0.22)), 0.03, iron, curved=True)
    for y, w, h in ((-0.3, 0.18, 0.045), (-0.6, 0.085, 0.035), (-0.9, 0.03, 0.02)):
        pen.box(-w, y, 2 * w, h, darker(iron, 0.25))
    for y in range(6):
        a, b = 0.1 - 0.011 * y, -0.34 - 0.05 * y
        pen.stroke(((-a, b), (a, b - 0.045)), 0.009, iron, cap=False)
        pen.stroke(((a, b), (-a, b - 0.045)), 0.009, iron, cap=False)
    pen.box(-0.006, -1.1, 0.012, 0.12, iron)


def bridge(pen: Pen, look: Look, _: float) -> None:
    """A suspension bridge."""
    steel = look.of((200, 78, 56))
    for x in (-0.5, 0.5):
        pen.box(x - 0.035, -0.62, 0.07, 0.72, darker(steel, 0.12))
        pen.box(x - 0.05, -0.62, 0.1, 0.035, steel)
    sag = [(x / 20, -0.6 + 0.4 * (1 - (x / 10) ** 2)) for x in range(-10, 11)]
    pen.stroke(sag, 0.018, steel)
    for side in (-1, 1):
        pen.stroke(((side * 0.5, -0.6), (side * 1.3, -0.16)), 0.018, steel)
    for x, y in sag[1::2]:
        pen.stroke(((x, y), (x, -0.14)), 0.007, steel, cap=False)
    pen.box(-1.4, -0.16, 2.8, 0.05, darker(steel, 0.3))
    pen.box(-1.4, -0.17, 2.8, 0.015, lighter(steel, 0.25))


def tent(pen: Pen, look: Look, t: float) -> None:
    """A tent with a camp fire."""
    cloth = look.of(look.accent)
    pen.poly(((-0.62, 0), (-0.05, -0.62), (0.42, 0)), cloth)
    pen.poly(((-0.05, -0.62), (0.42, 0), (0.66, -0.06)), darker(cloth, 0.28))
    pen.poly(((-0.24, 0), (-0.05, -0.46), (0.14, 0)), (255, 220, 140) if look.lit else darker(cloth, 0.6))
    pen.poly(((-0.05, -0.46), (0.14, 0), (0.02, -0.06)), lighter(cloth, 0.3))
    fire = pen.at(0.86, 0, 1 + 0.12 * math.sin(t * 9))
    fire.blob(((-0.08, 0), (-0.07, -0.1), (0, -0.24), (0.07, -0.1), (0.08, 0)), (246, 130, 50))
    fire.blob(((-0.045, 0), (-0.03, -0.07), (0, -0.14), (0.035, -0.06), (0.045, 0)), (255, 220, 110))
    for side in (-1, 1):
        pen.stroke(((0.86 - side * 0.1, 0.01), (0.86 + side * 0.1, -0.03)), 0.035, (94, 66, 50))
