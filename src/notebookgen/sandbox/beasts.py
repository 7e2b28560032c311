"""Animals on four legs seen from the side, walking to the right: horse, deer, elephant, sheep, cow, dragon.

Each stands on (0, 0) and is about one unit high.
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

__all__ = ["cow", "deer", "dragon", "elephant", "horse", "sheep"]

_DARK: RGB = (38, 30, 36)


def _legs(pen: Pen, t: float, spots: tuple[float, float, float, float], top: float, width: float, coat: RGB,
    hoof: RGB) -> None:
    """Four legs, the far two darker; they swing in pairs."""
    for i, x in enumerate(spots):
        swing = 0.2 * math.sin(t * 4 + (0, math.pi, math.pi, 0)[i]) if t else (0.06, -0.05, -0.04, 0.05)[i]
        leg = pen.at(x, top, 1, angle=swing)
        colour = darker(coat, 0.28) if i % 2 == 0 else coat
        low = -top
        leg.poly(((-width * 0.75, 0), (-width * 0.42, low * 0.55), (-width * 0.36, low), (width * 0.36, low),
            (width * 0.42, low * 0.5), (width * 0.8, 0)), colour)
        leg.poly(((-width * 0.42, low), (-width * 0.36, low * 0.9), (width * 0.36, low * 0.9), (width * 0.5, low)),
            hoof)


def horse(pen: Pen, look: Look, t: float) -> None:
    """A horse with a flowing mane."""
    coat = look.of((150, 92, 58))
    mane = darker(coat, 0.6)
    wave = 0.03 * math.sin(t * 4)
    pen.blob(((-0.4, -0.6), (-0.54, -0.56 + wave), (-0.62, -0.34 + wave), (-0.58, -0.16), (-0.5, -0.3), (-0.42, -0.48)),
        mane)
    _legs(pen, t, (-0.26, -0.33, 0.24, 0.17), -0.4, 0.095, coat, _DARK)
    pen.blob(((-0.42, -0.5), (-0.38, -0.64), (-0.2, -0.66), (0.05, -0.61), (0.22, -0.68), (0.33, -0.56), (0.28, -0.38),
        (0.1, -0.32), (-0.15, -0.33), (-0.36, -0.34)), coat)
    pen.blob(((0.06, -0.58), (0.22, -0.78), (0.32, -0.99), (0.42, -0.98), (0.46, -0.82), (0.37, -0.66), (0.33, -0.46),
        (0.18, -0.42)), coat)
    pen.blob(((0.3, -0.96), (0.42, -1.01), (0.52, -0.9), (0.67, -0.74), (0.66, -0.66), (0.56, -0.65), (0.44, -0.74),
        (0.34, -0.8)), coat)
    pen.blob(((0.6, -0.76), (0.68, -0.72), (0.65, -0.65), (0.57, -0.65)), darker(coat, 0.35))
    pen.poly(((0.33, -0.96), (0.35, -1.1), (0.42, -0.98)), coat)
    pen.blob(((0.38, -1.02), (0.27, -1.0), (0.14, -0.84 + wave), (0.02, -0.62 + wave), (0.1, -0.6), (0.22, -0.72),
        (0.31, -0.86), (0.4, -0.92)), mane)
    pen.oval(0.49, -0.85, 0.02, 0.024, _DARK)
    pen.oval(0.64, -0.71, 0.01, None, _DARK)
    pen.blob(((-0.16, -0.67), (0.03, -0.64), (0.05, -0.48), (-0.14, -0.46)), look.accent)


def deer(pen: Pen, look: Look, t: float) -> None:
    """A stag with antlers."""
    coat = look.of((168, 110, 68))
    _legs(pen, t, (-0.2, -0.27, 0.2, 0.14), -0.36, 0.062, coat, _DARK)
    pen.oval(-0.37, -0.54, 0.05, 0.07, (250, 240, 224), 0.5)
    pen.blob(((-0.36, -0.5), (-0.3, -0.6), (-0.1, -0.6), (0.14, -0.6), (0.27, -0.52), (0.22, -0.36), (0, -0.31),
        (-0.28, -0.34)), coat)
    pen.blob(((0.08, -0.54), (0.22, -0.7), (0.27, -0.82), (0.36, -0.8), (0.35, -0.64), (0.27, -0.42), (0.14, -0.4)),
        coat)
    pen.blob(((0.24, -0.82), (0.34, -0.86), (0.44, -0.78), (0.52, -0.7), (0.48, -0.66), (0.36, -0.68)), coat)
    pen.oval(0.51, -0.695, 0.018, None, _DARK)
    pen.blob(((0.27, -0.82), (0.16, -0.9), (0.14, -0.84), (0.22, -0.77)), darker(coat, 0.2))
    pen.oval(0.38, -0.78, 0.017, None, _DARK)
    pen.blob(((0.25, -0.66), (0.33, -0.62), (0.24, -0.42), (0.18, -0.5)), lighter(coat, 0.5))
    horn = (108, 78, 58)
    for dx, share in ((0.0, 1.0), (0.06, 0.9)):
        x = 0.3 + dx
        pen.stroke(((x, -0.86), (x - 0.1 * share, -1.02), (x - 0.03, -1.2)), 0.024, horn, curved=True)
        pen.stroke(((x - 0.07, -0.97), (x - 0.2 * share, -1.04)), 0.02, horn)
        pen.stroke(((x - 0.09 * share, -1.06), (x + 0.06, -1.12)), 0.02, horn)
    for x, y in ((-0.2, -0.52), (-0.1, -0.47), (0.0, -0.53), (-0.24, -0.43), (-0.03, -0.42)):
        pen.oval(x, y, 0.018, None, lighter(coat, 0.55))


def elephant(pen: Pen, look: Look, t: float) -> None:
    """An elephant that swings its trunk."""
    coat = look.of((134, 144, 164))
    swing = 0.05 * math.sin(t * 2)
    pen.stroke(((-0.46, -0.56), (-0.55, -0.42), (-0.53, -0.28)), 0.025, darker(coat, 0.2), curved=True)
    _legs(pen, t, (-0.26, -0.34, 0.16, 0.1), -0.38, 0.17, coat, lighter(coat, 0.35))
    pen.blob(((-0.47, -0.4), (-0.46, -0.66), (-0.26, -0.82), (0.04, -0.82), (0.26, -0.7), (0.26, -0.4), (0, -0.26),
        (-0.34, -0.27)), coat)
    pen.blob(((0.42, -0.74), (0.56, -0.6), (0.6 + swing, -0.36), (0.56 + swing, -0.14), (0.66 + swing, -0.06),
        (0.6 + swing, -0.02), (0.48 + swing, -0.08), (0.49, -0.34), (0.42, -0.48)), coat)
    pen.oval(0.32, -0.7, 0.22, 0.24, coat)
    pen.blob(((0.42, -0.5), (0.55, -0.4), (0.68, -0.44), (0.56, -0.35), (0.42, -0.42)), (252, 246, 232))
    ear = pen.at(0.2, -0.74, 1 + 0.04 * math.sin(t * 3))
    ear.blob(((0.04, -0.16), (-0.2, -0.12), (-0.26, 0.12), (-0.14, 0.3), (0.02, 0.2), (0.09, 0.02)), darker(coat, 0.18))
    ear.blob(((0.02, -0.09), (-0.14, -0.06), (-0.18, 0.12), (-0.1, 0.21), (0.01, 0.12)), mix(coat, (232, 150, 150),
        0.5))
    pen.oval(0.41, -0.74, 0.022, None, _DARK)


def sheep(pen: Pen, look: Look, t: float) -> None:
    """A woolly sheep."""
    wool, face = look.of((250, 244, 232)), (74, 62, 66)
    _legs(pen, t, (-0.18, -0.25, 0.18, 0.1), -0.26, 0.08, face, _DARK)
    for x, y, r in ((-0.26, -0.46, 0.17), (-0.1, -0.6, 0.19), (0.1, -0.6, 0.19), (0.24, -0.46, 0.17),
        (0.1, -0.34, 0.17), (-0.12, -0.34, 0.17)):
        pen.oval(x, y + 0.02, r, None, darker(wool, 0.1))
        pen.oval(x, y, r * 0.97, None, wool)
    pen.oval(0, -0.48, 0.24, 0.18, wool)
    head = pen.at(0.36, -0.6, 1, angle=0.08 * math.sin(t * 2))
    head.oval(-0.08, -0.02, 0.09, 0.035, darker(face, 0.2), -0.4)
    head.blob(((-0.09, -0.12), (0.06, -0.13), (0.13, 0.02), (0.1, 0.14), (0.01, 0.14), (-0.08, 0.02)), face)
    for x in (-0.05, 0.02, 0.07):
        head.oval(x, -0.12, 0.065, None, wool)
    head.oval(0.05, -0.01, 0.026, None, (255, 255, 255))
    head.oval(0.057, -0.008, 0.014, None, _DARK)


def cow(pen: Pen, look: Look, t: float) -> None:
    """A cow with patches and a bell."""
    coat, patch = look.of((250, 244, 236)), (84, 60, 54)
    pen.stroke(((-0.48, -0.62), (-0.57, -0.46), (-0.56 + 0.03 * math.sin(t * 3), -0.24)), 0.025, coat, curved=True)
    pen.oval(-0.56 + 0.03 * math.sin(t * 3), -0.22, 0.03, 0.06, patch)
    _legs(pen, t, (-0.32, -0.38, 0.2, 0.13), -0.34, 0.09, coat, _DARK)
    pen.oval(-0.2, -0.27, 0.09, 0.06, (244, 170, 166))
    pen.blob(((-0.5, -0.4), (-0.48, -0.66), (-0.2, -0.67), (0.1, -0.66), (0.3, -0.66), (0.34, -0.46), (0.22, -0.3),
        (-0.1, -0.27), (-0.42, -0.28)), coat)
    pen.blob(((-0.42, -0.66), (-0.2, -0.67), (-0.14, -0.52), (-0.28, -0.42), (-0.44, -0.5)), patch)
    pen.blob(((0.02, -0.4), (0.14, -0.5), (0.24, -0.42), (0.2, -0.31), (0.06, -0.29)), patch)
    head = pen.at(0.43, -0.68, 1, angle=0.06 * math.sin(t * 1.6))
    for side in (-1, 1):
        head.stroke(((side * 0.09, -0.13), (side * 0.16, -0.2), (side * 0.14, -0.27)), 0.035, (226, 208, 176),
            curved=True)
        head.oval(side * 0.19, -0.08, 0.08, 0.042, patch, side * 0.3)
    head.blob(((-0.13, -0.12), (0.13, -0.12), (0.12, 0.06), (0.08, 0.18), (-0.08, 0.18), (-0.12, 0.06)), coat)
    head.blob(((-0.13, -0.12), (-0.02, -0.13), (-0.02, 0.02), (-0.1, 0.05)), patch)
    head.oval(0, 0.14, 0.115, 0.075, (244, 184, 176))
    for side in (-1, 1):
        head.oval(side * 0.045, 0.14, 0.016, 0.022, (176, 96, 96))
        head.oval(side * 0.065, -0.02, 0.022, 0.026, _DARK)
    head.oval(0, 0.3, 0.05, 0.055, (236, 186, 66))


def dragon(pen: Pen, look: Look, t: float) -> None:
    """A dragon on the wing."""
    coat = look.of((72, 150, 110))
    belly = (244, 224, 160)
    pen = pen.at(0, -0.4 + 0.04 * math.sin(t * 2.5))
    beat = 0.75 + 0.3 * math.sin(t * 5)
    pen.poly(((-0.02, -0.16), (-0.02, -0.66 * beat), (-0.16, -0.46 * beat), (-0.26, -0.58 * beat),
        (-0.34, -0.34 * beat), (-0.46, -0.4 * beat), (-0.3, -0.06)), darker(coat, 0.45))
    pen.stroke(((-0.3, 0.06), (-0.56, 0.18), (-0.8, 0.08), (-0.88, -0.12)), 0.085, coat, curved=True)
    pen.poly(((-0.98, -0.08), (-0.9, -0.3), (-0.78, -0.1)), look.accent)
    pen.blob(((-0.4, 0.08), (-0.2, -0.14), (0.1, -0.18), (0.32, -0.4), (0.46, -0.4), (0.42, -0.16), (0.24, 0.1),
        (0, 0.22), (-0.24, 0.2)), coat)
    pen.blob(((0.42, -0.24), (0.3, 0.0), (0.06, 0.18), (-0.2, 0.19), (-0.04, 0.1), (0.2, -0.06), (0.34, -0.28)), belly)
    for x in (-0.12, 0.14):
        pen.stroke(((x, 0.14), (x + 0.08, 0.28), (x + 0.18, 0.28)), 0.075, darker(coat, 0.2))
    for i, (x, y) in enumerate(((-0.36, 0.0), (-0.24, -0.12), (-0.08, -0.17), (0.08, -0.19), (0.22, -0.3))):
        pen.poly(((x - 0.05, y + 0.03), (x - 0.03, y - 0.09 - 0.005 * i), (x + 0.05, y)), look.accent)
    pen.blob(((0.3, -0.36), (0.36, -0.52), (0.5, -0.52), (0.7, -0.4), (0.7, -0.33), (0.52, -0.3), (0.4, -0.28)), coat)
    for x in (0.36, 0.44):
        pen.stroke(((x, -0.5), (x - 0.06, -0.6), (x - 0.14, -0.64)), 0.035, belly, curved=True)
    pen.oval(0.49, -0.43, 0.04, None, (255, 250, 220))
    pen.oval(0.505, -0.43, 0.02, None, _DARK)
    pen.oval(0.68, -0.385, 0.012, None, _DARK)
    pen.poly(((0.06, -0.12), (0.16, -0.8 * beat), (0.0, -0.58 * beat), (-0.12, -0.72 * beat), (-0.2, -0.46 * beat),
        (-0.36, -0.52 * beat), (-0.2, -0.04)), mix(coat, look.accent, 0.45))
    pen.stroke(((0.04, -0.12), (0.16, -0.8 * beat)), 0.03, darker(coat, 0.2))
