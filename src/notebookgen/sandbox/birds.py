"""Birds and butterflies: owl, penguin, a songbird on the wing, a butterfly."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, darker, lighter, mix

if TYPE_CHECKING:
    from notebookgen.sandbox.canvas import Pen
    from notebookgen.sandbox.looks import Look

__all__ = ["bird", "butterfly", "owl", "penguin"]

_CREAM: RGB = (252, 243, 226)
_DARK: RGB = (36, 30, 40)
_BEAK: RGB = (244, 168, 54)


def owl(pen: Pen, look: Look, t: float) -> None:
    """An owl on a branch."""
    coat = look.of((134, 98, 74))
    pen.stroke(((-0.75, 0.03), (-0.2, 0.0), (0.3, 0.02), (0.8, -0.06)), 0.075, (84, 60, 50), curved=True)
    for x in (-0.66, 0.62):
        pen.oval(x, -0.06, 0.09, 0.035, (104, 140, 92), -0.5)
    pen.blob(((-0.2, -0.02), (-0.33, -0.3), (-0.3, -0.66), (-0.2, -0.86), (0, -0.9), (0.2, -0.86), (0.3, -0.66),
        (0.33, -0.3), (0.2, -0.02), (0, 0.06)), coat)
    for side in (-1, 1):
        pen.poly(((side * 0.08, -0.86), (side * 0.27, -1.02), (side * 0.27, -0.74)), coat)
    pen.blob(((-0.2, -0.32), (0, -0.56), (0.2, -0.32), (0.14, -0.06), (0, 0.01), (-0.14, -0.06)), lighter(coat, 0.5))
    for row in range(3):
        for i in range(3 - row % 2):
            x = (i - (2 - row % 2) / 2) * 0.12
            pen.blob(((x - 0.045, -0.36 + row * 0.1), (x + 0.045, -0.36 + row * 0.1), (x, -0.29 + row * 0.1)),
                darker(coat, 0.1), 5)
    lift = 0.02 * math.sin(t * 2)
    for side in (-1, 1):
        pen.blob(((side * 0.24, -0.58), (side * 0.37, -0.34 - lift), (side * 0.25, -0.02), (side * 0.19, -0.26)),
            darker(coat, 0.28))
    closed = t % 2.7 > 2.5
    for side in (-1, 1):
        x = side * 0.13
        pen.oval(x, -0.66, 0.16, None, lighter(coat, 0.62))
        if closed:
            pen.stroke(((x - 0.09, -0.65), (x, -0.62), (x + 0.09, -0.65)), 0.022, _DARK, curved=True)
        else:
            pen.oval(x, -0.66, 0.108, None, (250, 196, 66))
            pen.oval(x, -0.66, 0.066, None, _DARK)
            pen.oval(x + 0.025, -0.69, 0.022, None, (255, 255, 255))
        for toe in (-0.04, 0.01, 0.06):
            pen.oval(side * 0.1 + toe - 0.01, 0.005, 0.022, 0.038, _BEAK)
    pen.blob(((-0.045, -0.6), (0.045, -0.6), (0, -0.49)), _BEAK, 5)


def penguin(pen: Pen, look: Look, t: float) -> None:
    """A penguin that waddles."""
    coat = look.of((44, 52, 74))
    pen = pen.at(0, 0, 1, angle=0.05 * math.sin(t * 4 + look.turn))
    for side in (-1, 1):
        pen.oval(side * 0.12, -0.02, 0.13, 0.045, _BEAK)
        flap = pen.at(side * 0.24, -0.6, 1, angle=-side * (0.25 + 0.15 * math.sin(t * 4)))
        flap.blob(((-0.05, 0), (side * 0.05, 0), (side * 0.09, 0.24), (side * 0.02, 0.38), (-0.03, 0.2)),
            darker(coat, 0.25))
    pen.blob(((-0.2, -0.02), (-0.32, -0.3), (-0.25, -0.66), (-0.2, -0.86), (0, -0.98), (0.2, -0.86), (0.25, -0.66),
        (0.32, -0.3), (0.2, -0.02)), coat)
    pen.blob(((-0.16, -0.03), (-0.23, -0.28), (-0.17, -0.55), (0, -0.64), (0.17, -0.55), (0.23, -0.28), (0.16, -0.03)),
        (252, 250, 244))
    for side in (-1, 1):
        pen.oval(side * 0.085, -0.77, 0.095, 0.11, (252, 250, 244))
        pen.oval(side * 0.08, -0.78, 0.03, 0.035, _DARK)
        pen.oval(side * 0.08 + 0.01, -0.792, 0.01, None, (255, 255, 255))
        pen.oval(side * 0.15, -0.7, 0.035, 0.022, (248, 176, 160))
    pen.blob(((-0.06, -0.73), (0.06, -0.73), (0, -0.65)), _BEAK, 5)
    pen.stroke(((-0.23, -0.58), (0, -0.53), (0.23, -0.58)), 0.085, look.accent, curved=True)
    pen.poly(((0.1, -0.57), (0.2, -0.6), (0.25, -0.36), (0.14, -0.35)), darker(look.accent, 0.12))


def bird(pen: Pen, look: Look, t: float) -> None:
    """A songbird in flight, to the right."""
    coat = look.of(mix(look.accent, (66, 120, 180), 0.25))
    pen = pen.at(0, -0.5 + 0.03 * math.sin(t * 5), 1, angle=-0.12)
    beat = math.sin(t * 9 + look.turn + 1.2)
    wing = darker(coat, 0.22)
    back = pen.at(-0.02, -0.08, 1, angle=-0.2)
    back.blob(((-0.12, 0.04), (-0.24, -0.34 * beat), (-0.12, -0.62 * beat), (0.06, -0.34 * beat), (0.14, 0.02)),
        darker(coat, 0.4))
    pen.blob(((-0.4, 0.0), (-0.72, -0.08), (-0.7, 0.02), (-0.76, 0.1), (-0.4, 0.1)), wing)
    pen.blob(((-0.48, 0.05), (-0.2, -0.13), (0.18, -0.17), (0.36, -0.2), (0.47, -0.1), (0.36, 0.04), (0.1, 0.17),
        (-0.2, 0.15)), coat)
    pen.blob(((0.44, -0.02), (0.28, 0.08), (0.05, 0.16), (-0.2, 0.14), (0.0, 0.05), (0.26, -0.02)), lighter(coat, 0.55))
    pen.poly(((0.46, -0.15), (0.6, -0.09), (0.46, -0.06)), _BEAK)
    pen.oval(0.36, -0.12, 0.027, None, _DARK)
    pen.oval(0.368, -0.129, 0.009, None, (255, 255, 255))
    front = pen.at(-0.02, -0.03)
    front.blob(((-0.2, 0.05), (-0.36, -0.38 * beat), (-0.3, -0.74 * beat), (-0.02, -0.4 * beat), (0.14, 0.02),
        (0, 0.1)), wing)
    front.blob(((-0.12, 0.02), (-0.24, -0.28 * beat), (-0.18, -0.5 * beat), (0, -0.26 * beat), (0.08, 0.01)),
        lighter(wing, 0.2))


def butterfly(pen: Pen, look: Look, t: float) -> None:
    """A butterfly, wings open, seen from above."""
    coat = look.of(look.accent)
    pen = pen.at(0, -0.5 + 0.03 * math.sin(t * 3), 1, angle=0.25)
    fold = 0.72 + 0.28 * math.cos(t * 7)
    for side in (-1, 1):
        s = side * fold
        pen.blob(((0, -0.05), (s * 0.2, -0.36), (s * 0.5, -0.42), (s * 0.54, -0.2), (s * 0.34, 0.02), (0, 0.04)),
            darker(coat, 0.55))
        pen.blob(((s * 0.05, -0.06), (s * 0.22, -0.31), (s * 0.46, -0.36), (s * 0.48, -0.2), (s * 0.3, -0.02)), coat)
        pen.blob(((0, 0.02), (s * 0.32, 0.05), (s * 0.42, 0.24), (s * 0.26, 0.42), (s * 0.1, 0.3)), darker(coat, 0.55))
        pen.blob(((s * 0.04, 0.06), (s * 0.29, 0.09), (s * 0.36, 0.23), (s * 0.25, 0.35), (s * 0.12, 0.25)),
            lighter(coat, 0.3))
        pen.oval(s * 0.36, -0.25, 0.055, None, look.second)
        pen.oval(s * 0.24, 0.22, 0.045, None, look.second)
        pen.stroke(((0, -0.2), (s * 0.08, -0.38), (s * 0.15, -0.42)), 0.012, _DARK, curved=True)
    pen.oval(0, 0.02, 0.035, 0.24, _DARK)
    pen.oval(0, -0.2, 0.045, None, _DARK)
