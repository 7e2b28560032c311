"""People and their likes: a person, a portrait, an astronaut, a robot, a snowman.

Each stands on (0, 0) and is about one unit high.
"""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, clear, darker, lighter

if TYPE_CHECKING:
    from notebookgen.sandbox.canvas import Pen
    from notebookgen.sandbox.looks import Look

__all__ = ["astronaut", "person", "portrait", "robot", "snowman"]

_SKINS: tuple[RGB, ...] = ((246, 208, 176), (222, 168, 126), (176, 118, 82), (124, 80, 58))
_HAIRS: tuple[RGB, ...] = ((52, 36, 34), (110, 66, 40), (214, 160, 84), (36, 34, 48), (176, 74, 44))
_DARK: RGB = (38, 32, 40)


def person(pen: Pen, look: Look, t: float) -> None:
    """Somebody walking, in a coat and a hat."""
    skin, hair = _chosen(look)
    coat = look.of(look.accent)
    step = 0.16 * math.sin(t * 5) if t else 0.1
    for side in (1, -1):
        leg = pen.at(side * 0.035, -0.36, 1, angle=side * step)
        leg.box(-0.045, 0, 0.09, 0.34, darker(look.ink, 0.1) if side > 0 else lighter(look.ink, 0.12), 0.03)
        leg.box(-0.05, 0.31, 0.13, 0.05, _DARK, 0.025)
    pen.at(-0.1, -0.68, 1, angle=0.25 + step).box(-0.035, 0, 0.07, 0.3, darker(coat, 0.25), 0.035)
    pen.blob(((-0.09, -0.74), (0.09, -0.74), (0.15, -0.5), (0.19, -0.26), (0, -0.23), (-0.19, -0.26), (-0.15, -0.5)),
        coat)
    pen.blob(((0.03, -0.74), (0.09, -0.74), (0.15, -0.5), (0.19, -0.26), (0.08, -0.24), (0.09, -0.5)),
        darker(coat, 0.18))
    arm = pen.at(0.1, -0.68, 1, angle=-0.2 - step)
    arm.box(-0.035, 0, 0.07, 0.28, darker(coat, 0.1), 0.035)
    arm.oval(0, 0.29, 0.035, None, skin)
    pen.box(-0.035, -0.8, 0.07, 0.1, darker(skin, 0.12))
    pen.oval(0, -0.88, 0.1, 0.115, hair)
    pen.oval(0.02, -0.865, 0.088, 0.1, skin)
    pen.oval(0.055, -0.87, 0.013, None, _DARK)
    pen.oval(-0.01, -0.87, 0.013, None, _DARK)
    pen.stroke(((0.0, -0.815), (0.03, -0.805), (0.055, -0.82)), 0.012, darker(skin, 0.5), curved=True)
    pen.stroke(((-0.08, -0.755), (0.08, -0.755)), 0.06, look.second)
    pen.blob(((-0.11, -0.9), (-0.09, -1.0), (0, -1.04), (0.09, -1.0), (0.115, -0.9)), darker(look.second, 0.12))
    pen.oval(0, -1.04, 0.035, None, look.light)


def _chosen(look: Look) -> tuple[RGB, RGB]:
    pick = int(look.turn * 1000)
    return _SKINS[pick % len(_SKINS)], _HAIRS[(pick // 4) % len(_HAIRS)]


def portrait(pen: Pen, look: Look, t: float) -> None:
    """A head and shoulders, in flat colours."""
    skin, hair = _chosen(look)
    coat = look.of(look.accent)
    pen = pen.at(0, 0, 1, angle=0.015 * math.sin(t * 1.3))
    long_hair = int(look.turn * 100) % 2 == 0
    if long_hair:
        pen.blob(((-0.28, -0.2), (-0.34, -0.5), (-0.27, -0.86), (0, -1.0), (0.27, -0.86), (0.34, -0.5), (0.28, -0.2),
            (0, -0.3)), darker(hair, 0.2))
    pen.blob(((-0.6, 0.12), (-0.56, -0.1), (-0.4, -0.23), (-0.14, -0.3), (0.14, -0.3), (0.4, -0.23), (0.56, -0.1),
        (0.6, 0.12)), coat)
    pen.blob(((-0.12, -0.4), (0.12, -0.4), (0.13, -0.28), (0, -0.17), (-0.13, -0.28)), darker(skin, 0.16))
    for side in (-1, 1):
        pen.blob(((side * 0.13, -0.33), (side * 0.22, -0.25), (side * 0.06, -0.06), (0, -0.14)), lighter(coat, 0.35), 5)
        pen.oval(side * 0.225, -0.6, 0.04, 0.06, darker(skin, 0.1))
    pen.blob(((-0.22, -0.62), (-0.2, -0.82), (0, -0.9), (0.2, -0.82), (0.22, -0.62), (0.17, -0.44), (0, -0.34),
        (-0.17, -0.44)), skin)
    pen.blob(((0.08, -0.88), (0.2, -0.82), (0.22, -0.62), (0.17, -0.44), (0, -0.34), (0.11, -0.5), (0.14, -0.7)),
        darker(skin, 0.09))
    pen.blob(((-0.24, -0.6), (-0.27, -0.82), (-0.14, -0.97), (0.08, -0.98), (0.25, -0.86), (0.24, -0.6), (0.18, -0.74),
        (0.02, -0.83), (-0.16, -0.76)), hair)
    closed = t % 3.3 > 3.15
    for side in (-1, 1):
        x = side * 0.09
        pen.stroke(((x - 0.05, -0.675), (x, -0.69), (x + 0.045, -0.675)), 0.018, darker(hair, 0.2), curved=True)
        if closed:
            pen.stroke(((x - 0.035, -0.61), (x + 0.035, -0.61)), 0.014, _DARK)
        else:
            pen.oval(x, -0.615, 0.03, 0.034, _DARK)
            pen.oval(x + 0.01, -0.626, 0.01, None, (255, 255, 255))
        pen.oval(side * 0.135, -0.53, 0.042, 0.026, clear((232, 110, 100), 0.4))
    pen.stroke(((0.0, -0.6), (0.025, -0.535), (-0.005, -0.525)), 0.014, darker(skin, 0.3), curved=True)
    pen.blob(((-0.06, -0.46), (0, -0.452), (0.06, -0.46), (0.0, -0.418)), (186, 72, 70))


def astronaut(pen: Pen, look: Look, t: float) -> None:
    """An astronaut who waves."""
    suit = look.of((246, 244, 240))
    shade = darker(suit, 0.16)
    pen = pen.at(0, -0.02 * math.sin(t * 1.5), 1, angle=0.06 * math.sin(t * 1.1))
    pen.box(-0.22, -0.64, 0.44, 0.36, darker(suit, 0.35), 0.06)
    for side in (-1, 1):
        pen.stroke(((side * 0.09, -0.28), (side * 0.1, -0.06)), 0.13, suit if side < 0 else shade)
        pen.box(side * 0.1 - 0.075, -0.07, 0.15, 0.075, look.accent, 0.03)
    pen.stroke(((-0.15, -0.56), (-0.27, -0.42), (-0.24, -0.3)), 0.1, suit, curved=True)
    wave = 0.06 * math.sin(t * 5)
    pen.stroke(((0.15, -0.56), (0.3, -0.6), (0.34 + wave, -0.8)), 0.1, shade, curved=True)
    pen.oval(-0.24, -0.28, 0.06, None, look.accent)
    pen.oval(0.35 + wave, -0.84, 0.06, None, look.accent)
    pen.blob(((-0.17, -0.62), (0.17, -0.62), (0.2, -0.42), (0.16, -0.22), (-0.16, -0.22), (-0.2, -0.42)), suit)
    pen.box(-0.1, -0.48, 0.2, 0.12, shade, 0.02)
    for i, dot in enumerate(((226, 70, 60), (244, 190, 66), (70, 150, 200))):
        pen.oval(-0.055 + 0.055 * i, -0.42, 0.02, None, dot)
    pen.oval(0, -0.79, 0.22, 0.21, suit)
    pen.oval(0.012, -0.785, 0.165, 0.15, (40, 50, 84))
    pen.blob(((-0.1, -0.84), (-0.02, -0.9), (0.08, -0.88), (-0.04, -0.82)), (126, 166, 214), 5)
    pen.oval(0.09, -0.71, 0.03, 0.02, look.second)


def robot(pen: Pen, look: Look, t: float) -> None:
    """A friendly robot."""
    steel = look.of((122, 168, 178))
    shade = darker(steel, 0.22)
    bob = 0.01 * math.sin(t * 4)
    for side in (-1, 1):
        pen.box(side * 0.11 - 0.045, -0.2, 0.09, 0.17, shade)
        pen.box(side * 0.12 - 0.085, -0.07, 0.17, 0.08, darker(steel, 0.5), 0.035)
    body = pen.at(0, bob)
    for side in (-1, 1):
        arm = body.at(side * 0.25, -0.5, 1, angle=-side * (0.35 + (0.5 + 0.4 * math.sin(t * 5) if side > 0 else 0))
            if side < 0 or t == 0 else -2.2 + 0.3 * math.sin(t * 6))
        arm.stroke(((0, 0), (0, 0.2)), 0.055, shade)
        arm.oval(0, 0.23, 0.055, None, look.accent)
    body.box(-0.24, -0.58, 0.48, 0.42, steel, 0.07)
    body.box(0.12, -0.57, 0.12, 0.4, shade, 0.06)
    body.box(-0.15, -0.5, 0.3, 0.2, look.light, 0.03)
    beat = abs(math.sin(t * 3))
    line = ((-0.12, -0.4), (-0.05, -0.4), (-0.02, -0.46 - 0.02 * beat), (0.02, -0.34), (0.05, -0.4), (0.12, -0.4))
    body.stroke(line, 0.015, look.accent)
    body.box(-0.055, -0.64, 0.11, 0.08, darker(steel, 0.4))
    body.stroke(((0, -0.92), (0, -1.0)), 0.02, shade)
    body.oval(0, -1.02, 0.04, None, look.accent)
    body.box(-0.23, -0.93, 0.46, 0.3, steel, 0.09)
    body.box(-0.18, -0.88, 0.36, 0.2, (34, 42, 62), 0.07)
    for side in (-1, 1):
        body.box(side * 0.25 - 0.03, -0.83, 0.06, 0.11, shade, 0.02)
        body.oval(side * 0.085, -0.79, 0.04, 0.045 if t % 2.9 < 2.75 else 0.008, (124, 240, 220))
    body.stroke(((-0.05, -0.725), (0, -0.71), (0.05, -0.725)), 0.014, (124, 240, 220), curved=True)


def snowman(pen: Pen, look: Look, _: float) -> None:
    """A snowman with a scarf."""
    for y, r in ((-0.24, 0.28), (-0.6, 0.2), (-0.87, 0.145)):
        pen.oval(0, y, r, None, (250, 252, 255))
        pen.blob(((r * 0.3, y - r * 0.95), (r * 0.9, y - r * 0.4), (r * 0.92, y + r * 0.4), (r * 0.3, y + r * 0.95),
            (r * 0.62, y)), (214, 226, 240))
    for side in (-1, 1):
        pen.stroke(((side * 0.18, -0.64), (side * 0.36, -0.76), (side * 0.45, -0.74)), 0.022, (94, 66, 50))
        pen.oval(side * 0.052, -0.9, 0.018, None, _DARK)
    for y in (-0.66, -0.56, -0.3):
        pen.oval(0, y, 0.02, None, _DARK)
    pen.poly(((-0.01, -0.87), (0.17, -0.84), (-0.01, -0.825)), (240, 134, 50))
    scarf = look.of(look.accent)
    pen.stroke(((-0.14, -0.755), (0, -0.73), (0.14, -0.755)), 0.07, scarf, curved=True)
    pen.poly(((0.05, -0.75), (0.13, -0.75), (0.16, -0.5), (0.08, -0.5)), darker(scarf, 0.15))
    pen.box(-0.18, -1.0, 0.36, 0.035, _DARK, 0.015)
    pen.box(-0.11, -1.19, 0.22, 0.2, _DARK, 0.02)
    pen.box(-0.11, -1.04, 0.22, 0.04, scarf)
