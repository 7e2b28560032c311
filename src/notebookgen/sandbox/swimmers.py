"""What lives in water: fish, whale, turtle, jellyfish.

Each swims to the right around (0, -0.5) and is about one unit long.
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

__all__ = ["fish", "jellyfish", "turtle", "whale"]

_DARK: RGB = (30, 28, 40)


def fish(pen: Pen, look: Look, t: float) -> None:
    """A round fish with bands."""
    coat = look.of((244, 130, 50))
    pen = pen.at(0.02 * math.sin(t * 2 + look.turn), -0.5 + 0.03 * math.sin(t * 2.4 + look.turn))
    wag = 0.09 * math.sin(t * 7 + look.turn)
    fin = darker(coat, 0.15)
    pen.blob(((-0.28, 0), (-0.5, -0.22 + wag), (-0.58, -0.2 + wag), (-0.5, 0 + wag), (-0.58, 0.2 + wag),
        (-0.5, 0.22 + wag)), fin)
    pen.blob(((-0.2, -0.18), (-0.05, -0.4), (0.16, -0.36), (0.12, -0.2)), fin)
    pen.blob(((-0.1, 0.18), (-0.04, 0.36), (0.1, 0.32), (0.1, 0.2)), fin)
    pen.blob(((0.48, 0.0), (0.34, -0.18), (0.08, -0.27), (-0.2, -0.16), (-0.36, 0), (-0.2, 0.16), (0.08, 0.26),
        (0.34, 0.17)), coat)
    for x, tall in ((-0.16, 0.13), (0.1, 0.21)):
        pen.blob(((x - 0.035, -tall), (x + 0.06, -tall), (x + 0.085, 0), (x + 0.06, tall), (x - 0.035, tall), (x, 0)),
            (255, 250, 240))
    pen.blob(((0.02, 0.02), (-0.12, 0.06 + wag * 0.5), (-0.1, 0.17 + wag * 0.5), (0.04, 0.1)), fin)
    pen.oval(0.31, -0.05, 0.058, None, (255, 255, 255))
    pen.oval(0.325, -0.048, 0.034, None, _DARK)
    pen.oval(0.335, -0.06, 0.011, None, (255, 255, 255))
    pen.stroke(((0.47, 0.03), (0.42, 0.06), (0.37, 0.055)), 0.014, darker(coat, 0.5), curved=True)


def whale(pen: Pen, look: Look, t: float) -> None:
    """A whale that lifts its tail and blows."""
    coat = look.of((62, 104, 150))
    pen = pen.at(0, -0.42 + 0.02 * math.sin(t * 1.6), 1, angle=0.03 * math.sin(t * 1.2))
    wag = 0.05 * math.sin(t * 2.2)
    pen.blob(((-0.42, -0.02), (-0.58, -0.22 + wag), (-0.76, -0.34 + wag), (-0.66, -0.36 + wag), (-0.57, -0.3 + wag),
        (-0.56, -0.44 + wag), (-0.46, -0.3 + wag), (-0.38, -0.08)), darker(coat, 0.12))
    pen.blob(((0.52, 0.02), (0.46, -0.18), (0.2, -0.29), (-0.12, -0.24), (-0.4, -0.12), (-0.56, -0.22 + wag),
        (-0.5, 0.02), (-0.26, 0.2), (0.1, 0.27), (0.4, 0.2)), coat)
    pen.blob(((0.52, 0.04), (0.3, 0.09), (0.0, 0.12), (-0.22, 0.16), (-0.2, 0.215), (0.1, 0.265), (0.4, 0.2)),
        (238, 242, 240))
    for i in range(4):
        pen.stroke(((0.4 - i * 0.02, 0.115 + i * 0.035), (0.1 - i * 0.03, 0.15 + i * 0.03), (-0.1, 0.175 + i * 0.022)),
            0.008, darker(coat, 0.05), curved=True)
    pen.blob(((0.12, 0.12), (0.02, 0.32), (-0.12, 0.36), (-0.04, 0.14)), darker(coat, 0.25))
    pen.oval(0.34, -0.02, 0.028, None, _DARK)
    pen.oval(0.35, -0.03, 0.01, None, (255, 255, 255))
    pen.stroke(((0.51, 0.05), (0.42, 0.07), (0.34, 0.055)), 0.012, darker(coat, 0.5), curved=True)
    spray = 0.75 + 0.25 * math.sin(t * 3)
    for side in (-1, 1):
        pen.stroke(((0.22, -0.3), (0.22 + side * 0.02, -0.46 * spray), (0.22 + side * 0.13, -0.54 * spray),
            (0.22 + side * 0.2, -0.44 * spray)), 0.035, clear((235, 248, 252), 0.85), curved=True)


def turtle(pen: Pen, look: Look, t: float) -> None:
    """A sea turtle that rows."""
    shell, skin = look.of((88, 132, 82)), (148, 178, 112)
    pen = pen.at(0, -0.5 + 0.03 * math.sin(t * 2), 1, angle=-0.08)
    row = 0.3 * math.sin(t * 2.5)
    pen.at(0.14, 0.06, 1, angle=row).blob(((0.08, 0), (-0.02, 0.3), (-0.2, 0.4), (-0.12, 0.08)), darker(skin, 0.18))
    pen.at(-0.28, 0.06, 1, angle=row * 0.6).blob(((0.05, 0), (-0.12, 0.17), (-0.22, 0.16), (-0.06, -0.02)),
        darker(skin, 0.18))
    pen.blob(((0.3, 0.06), (0.42, -0.08), (0.56, -0.1), (0.6, 0.0), (0.5, 0.07), (0.36, 0.12)), skin)
    pen.oval(0.52, -0.035, 0.02, None, _DARK)
    pen.blob(((0.38, 0.1), (0.26, -0.12), (0.0, -0.24), (-0.26, -0.14), (-0.42, 0.1), (0, 0.15)), shell)
    for x, y, r in ((0.0, -0.06, 0.1), (0.2, -0.01, 0.075), (-0.2, -0.01, 0.075)):
        pen.poly([(x + r * math.cos(a * math.tau / 6), y + r * 0.85 * math.sin(a * math.tau / 6)) for a in range(6)],
            lighter(shell, 0.22))
    pen.stroke(((-0.42, 0.1), (0, 0.15), (0.38, 0.1)), 0.04, lighter(shell, 0.4), curved=True)


def jellyfish(pen: Pen, look: Look, t: float) -> None:
    """A jellyfish that pulses."""
    coat = look.of((240, 150, 200))
    pen = pen.at(0, -0.62 + 0.04 * math.sin(t * 1.8 + look.turn))
    pulse = 1 + 0.07 * math.sin(t * 3 + look.turn)
    for i in range(6):
        x = (i - 2.5) * 0.11
        line = [(x + 0.05 * math.sin(k * 1.1 + t * 2.4 + i), 0.08 + k * (0.1 + 0.015 * (i % 3))) for k in range(6)]
        pen.stroke(line, 0.03 if i % 2 else 0.018, clear(lighter(coat, 0.3), 0.8), curved=True)
    w = 0.36 * pulse
    pen.blob(((-w, 0.1), (-w * 0.9, -0.16), (0, -0.36), (w * 0.9, -0.16), (w, 0.1), (w * 0.5, 0.05), (0, 0.12),
        (-w * 0.5, 0.05)), coat)
    pen.blob(((-w * 0.6, 0.0), (-w * 0.5, -0.16), (0, -0.27), (w * 0.1, -0.2), (-w * 0.2, -0.08)), lighter(coat, 0.35))
    for side in (-1, 1):
        pen.oval(side * 0.1, -0.03, 0.028, None, _DARK)
